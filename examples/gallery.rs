//! Writes `docs/gallery.md` and the README's picture: `cargo run --no-default-features --example gallery`.
//!
//! A test fails where one of them is stale.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]

#[path = "../tests/it/alerts/gallery.rs"]
mod gallery;

fn main() -> std::io::Result<()> {
    std::fs::write("docs/gallery.md", gallery::markdown())?;
    let readme = std::fs::read_to_string("README.md")?;
    std::fs::write("README.md", gallery::with_picture(&readme))
}
