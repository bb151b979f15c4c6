//! The one integration binary: everything that is tested from outside the library. Linking is the slow part of a run.

// `cfg(test)` is always true here; it tells Clippy that helpers beside the tests may unwrap as tests do.
#[cfg(test)]
mod alerts;
#[cfg(test)]
#[cfg(feature = "live")]
mod answers;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod beside;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
#[cfg(feature = "live")]
mod functions;
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
mod incidents;
#[cfg(test)]
mod logs;
#[allow(dead_code, reason = "the examples use more of it")]
mod losses;
#[cfg(test)]
#[cfg(feature = "live")]
mod matrix;
#[cfg(test)]
mod network;
#[cfg(test)]
mod oracle;
#[cfg(test)]
#[cfg(feature = "probe")]
mod probe;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod rises;
#[cfg(test)]
mod template;
#[cfg(test)]
#[path = "../../benches/speed/traffic.rs"]
mod traffic;
