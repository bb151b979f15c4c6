//! Failures over time: grouping, the protocol, the stores.

mod grouping;
pub(crate) mod protocol_model;
mod sequences;
mod stores;
