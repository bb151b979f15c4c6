//! The protocol of incidents and alerts: pure steps that ship, and that a model checker runs through exhaustively.
//!
//! An *incident* counts failures and remembers up to which count they are covered, and by which alert. An *alert* has one
//! key from its first message to its end. A *root* points to the alert of a broken resource. [`sweep::plan`] finds what has
//! to be done, a [`task::Task`] does one such thing: it says what it needs next, and takes the answer.

#[path = "alert_state.rs"]
pub mod alert;
pub mod coverage;
pub mod sweep;
pub mod task;
