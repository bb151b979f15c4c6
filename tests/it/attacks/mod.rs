//! What a hostile client or a careless configuration can do with a log and an alert.

mod forgery;
mod hostile_text;
pub(crate) mod secrets;
