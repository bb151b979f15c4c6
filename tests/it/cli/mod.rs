//! The real `vpclink`.

mod command_line;
#[cfg(feature = "live")]
mod coverage;
#[cfg(feature = "live")]
mod events;
#[cfg(feature = "live")]
mod replay;
