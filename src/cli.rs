//! Room `cli`.

mod account;
pub mod args;
mod causes;
mod check;
mod coverage;
mod explain;
mod incidents;
mod probe;
mod replay;
mod test_alert;
