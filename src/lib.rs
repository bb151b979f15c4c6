//! decode
#[cfg(feature = "live")]
pub mod aws;
pub mod classify;
pub mod config;
pub mod correlate;
pub mod decode;
pub mod incident;
pub mod judge;
pub mod publish;
pub mod render;
pub mod survey;
pub mod vocabulary;
