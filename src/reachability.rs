//! Room `reachability`.

mod flow;
mod flow_ends;
mod flow_steps;
mod network_acls;
mod routes;
mod rule_set;
mod security_groups;
mod space;

pub(crate) use flow::{Blocker, Leg, StepOutcome};
pub(crate) use flow_ends::{FlowEnd, FlowEnds};
pub(crate) use flow_steps::{CROSS_ZONE, FlowStep, behind, cross_zone, direct, entry, shut_before};
pub(crate) use network_acls::LAST;
pub(crate) use routes::{NextHop, Routes};
