//! vpclink-responder: names the broken hop behind a 5xx of an Amazon API Gateway private integration, and alerts once.
//!
//! Read the `mod` lines in order: **decode → correlate → classify → survey → judge → incident → render → publish**. Each
//! room takes the noun of the room before it and hands on one noun of its own. `ARCHITECTURE.md` says why.

pub mod vocabulary;

pub mod decode;

pub mod correlate;

pub mod classify;

pub mod survey;

pub mod context;

pub mod judge;

pub mod incident;

#[allow(missing_docs, reason = "the house no longer asks for it")]
#[path = "incidents/protocol.rs"]
pub mod protocol;

pub mod render;

pub mod publish;

#[cfg(feature = "live")]
pub mod aws;

pub mod coverage;

pub mod metrics;

pub mod config;

pub mod pipeline;

pub mod cli;

#[cfg(feature = "live")]
pub mod lambda;

#[cfg(feature = "live")]
pub mod caretaker;
