//! decode
pub mod classify;
pub mod correlate;
pub mod decode;
pub mod judge;
pub mod survey;
pub mod vocabulary;
