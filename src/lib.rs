//! decode
pub mod classify;
pub mod correlate;
pub mod decode;
pub mod vocabulary;
