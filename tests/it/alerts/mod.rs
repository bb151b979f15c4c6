//! What a person and a machine see.

pub(crate) mod bodies;
pub(crate) mod gallery;
pub(crate) mod golden;
mod limits;
pub(crate) mod schema;
