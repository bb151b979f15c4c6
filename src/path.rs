//! Room `path`: a diagnosis → the private path of its route, as far as it can be read.

mod balancer;
mod balancer_reader;
mod http_api;
mod listener_rules;
mod network_reader;
mod path_reader;
mod private_path;
mod probe_reader;
mod probed;
mod reader;
mod route;

pub use balancer::{Balancer, CertificateReadings, Details, Network};
pub use private_path::{CloudMap, HeldCertificate, Link, OnPath, PrivatePath};
pub use probe_reader::{passes_tls_through, prober_site, read_probes};
pub use probed::{Probed, Spot};
pub use reader::read_path;
pub use route::{Resolved, are_apart, template};
