//! Room `reachability`.

mod flow;
mod flow_ends;
mod flow_steps;
mod network_acls;
mod rule_set;
mod security_groups;
mod space;

pub(crate) use flow::{Blocker, Leg, StepOutcome};
pub(crate) use flow_ends::{FlowEnd, FlowEnds};
pub(crate) use flow_steps::{CROSS_ZONE, FlowStep, behind, cross_zone, direct, entry};
pub(crate) use network_acls::LAST;
