//! Room `checks`: the private path → findings → the verdict of a failure.

mod assessment;
mod attributes;
mod certificate;
mod certificate_presented;
mod cloud_map;
mod code;
mod endpoint_service;
mod finding;
mod hops;
mod listener;
mod load_balancer;
mod metrics;
mod network;
mod network_remedy;
mod network_sentences;
mod placeholders;
mod probe;
mod stage;
mod targets;
mod verdict;
mod vpc_link;
mod zones;

pub use assessment::{Assessment, assess};
pub use code::{CODES, Code, FindingKind, HopKind, State};
pub use finding::{Basis, Finding, Remedy};
pub use hops::Hop;
pub use metrics::{Rise, rise, rise_since_yesterday};
pub use verdict::Confidence;
