//! The one integration binary: everything that is tested from outside the library. Linking is the slow part of a run.

// `cfg(test)` is always true here; it tells Clippy that helpers beside the tests may unwrap as tests do.
#[cfg(test)]
mod access;
#[cfg(test)]
mod accuracy;
#[cfg(test)]
#[cfg(feature = "live")]
mod answers;
#[cfg(test)]
#[cfg(feature = "live")]
mod asked;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod beside;
#[cfg(test)]
#[cfg(feature = "live")]
mod caretaker;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod documents;
#[cfg(test)]
#[cfg(feature = "live")]
mod elsewhere;
#[cfg(test)]
#[cfg(feature = "live")]
mod events;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod grouping;
#[cfg(feature = "live")]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "it is the tests' library, and serves some yet to come"
)]
mod harness;
#[cfg(test)]
#[cfg(feature = "live")]
mod harness_selftest;
#[cfg(test)]
mod house_rules;
#[cfg(test)]
#[cfg(feature = "live")]
mod http_apis;
#[cfg(test)]
#[cfg(feature = "live")]
mod corpus_private;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod jvm;
#[allow(dead_code, reason = "the examples use more of it")]
mod losses;
#[cfg(test)]
#[cfg(feature = "live")]
mod matrix;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod network;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod pasted;
#[cfg(test)]
#[cfg(feature = "probe")]
mod probe;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod protocol_model;
#[cfg(test)]
mod recorded;
#[cfg(test)]
#[cfg(feature = "live")]
mod responder;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod sifting;
#[cfg(test)]
mod spread;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod template;
#[cfg(test)]
#[path = "../../benches/speed/traffic.rs"]
mod traffic;
#[cfg(test)]
#[cfg(feature = "live")]
mod watched;
