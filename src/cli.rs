//! Room `cli`: the command line.

mod account;
pub mod args;
mod causes;
mod check;
mod coverage;
mod exit;
mod explain;
mod incidents;
mod output;
mod probe;
mod replay;
mod test_alert;
