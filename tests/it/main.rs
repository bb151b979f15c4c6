//! The one integration binary: everything that is tested from outside the library.

#[cfg(feature = "live")]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "it is the tests' library, and serves some yet to come"
)]
mod harness;
// `cfg(test)` is always true here; it tells Clippy that helpers beside the tests may unwrap as tests do.
#[cfg(test)]
#[cfg(feature = "live")]
mod harness_selftest;
