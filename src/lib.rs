//! decode
pub mod classify;
pub mod config;
pub mod correlate;
pub mod decode;
pub mod incident;
pub mod judge;
pub mod render;
pub mod survey;
pub mod vocabulary;
