//! What a text proves, and what the catalogue says of every log.

pub(crate) mod accuracy;
mod catalogue;
mod jvm;
