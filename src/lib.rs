//! decode
#[cfg(feature = "live")]
pub mod aws;
pub mod classify;
pub mod cli;
pub mod config;
pub mod correlate;
pub mod decode;
pub mod incident;
pub mod judge;
#[cfg(feature = "live")]
pub mod lambda;
pub mod pipeline;
pub mod publish;
pub mod render;
pub mod survey;
pub mod vocabulary;
