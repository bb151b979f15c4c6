//! vpclink-responder: names the broken hop behind a 5xx of an Amazon API Gateway private integration, and alerts once.
//!
//! Read the `mod` lines in order: **logs → causes → path → checks → incidents → alerts**. These six rooms pass one noun on;
//! the others serve them. `ARCHITECTURE.md` says why.

pub mod ids;

pub mod text;

pub mod logs;

pub mod causes;

pub mod probe;

pub mod aws;

pub mod path;

pub mod reachability;

pub mod checks;

pub mod incidents;

pub mod coverage;

pub mod alerts;

pub mod functions;

pub mod cli;
