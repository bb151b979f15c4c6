//! Room `path`.

mod details;
mod listener_rules;
mod network;
mod network_reader;
mod private_path;
mod reader;
mod route;
mod variables;

pub use details::{CertificateReadings, Details};
pub use network::Network;
pub use private_path::PrivatePath;
pub use reader::read_path;
pub use route::template;
pub use variables::Resolved;
