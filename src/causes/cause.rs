//! What a catalogue entry is made of.

use crate::ids::Severity;
use crate::logs::Execution;

/// One catalogue entry.
#[derive(Debug)]
pub struct Cause {
    /// The word on the screen, the file name and the documentation's anchor.
    pub slug: &'static str,
    /// What happened, in half a sentence: "API Gateway could not reach the backend".
    pub title: &'static str,
    /// How soon somebody has to look, as far as the text alone tells.
    pub severity: Severity,
    /// Which findings can explain it.
    pub family: Blames,
    /// Finds the line that proves it; `None` where the execution shows no such line.
    pub recognise: fn(&Execution<'_>) -> Option<Proof>,
    /// What the text looks like, for people: the sentence API Gateway writes.
    pub text: &'static str,
    /// What happened to the request.
    pub happened: &'static str,
    /// Why such a thing happens.
    pub why: &'static str,
    /// Whose move it is.
    pub side: Owner,
    /// What to do, in order. `{placeholders}` are filled from what is known of the failure; see [`PLACEHOLDERS`].
    pub next_steps: &'static [NextStep],
    /// Pages that say more, each a URL.
    pub references: &'static [&'static str],
}

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub struct NextStep {
    /// An imperative sentence.
    pub what: &'static str,
    /// A command that does it or shows it; never one that destroys.
    pub command: Option<&'static str>,
    /// A command that proves that it worked.
    pub verify: Option<&'static str>,
}

/// What a next step may name; an unknown one is printed as its name in capitals.
pub const PLACEHOLDERS: [&str; 16] = [
    "account",
    "api",
    "endpoint_service",
    "host",
    "link",
    "listener",
    "load_balancer",
    "log_group",
    "method",
    "path",
    "port",
    "region",
    "request_id",
    "resource_id",
    "stage",
    "target_group",
];

/// Which live findings can explain a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blames {
    /// Faults on the way: link, endpoint service, load balancer, listener, targets, network.
    Path,
    /// The link's id: which link the integration names, and whether it exists.
    LinkId,
    /// Certificates and the protocol of listeners.
    Tls,
    /// Resets, idle timeouts, targets.
    Reset,
    /// Protocols and proxy protocol.
    Protocol,
    /// Any fault, none of them for sure: the text does not tell.
    Anything,
    /// Nothing along a private path: the fault is Lambda's, a mapping's, a policy's.
    Elsewhere,
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Whoever runs the network between API Gateway and the backend.
    Platform,
    /// Whoever owns the backend.
    Backend,
    /// Whoever configured the API.
    Api,
    /// AWS.
    Aws,
    /// The text does not tell.
    Undecided,
}

impl Owner {
    /// The words that end "this is a matter of …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "the network path between API Gateway and the backend",
            Self::Backend => "the backend",
            Self::Api => "the API's own configuration",
            Self::Aws => "AWS",
            Self::Undecided => "either side; the text alone does not tell",
        }
    }
}

/// Where a cause was seen: indexes into the execution's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The line that proves it.
    pub line: usize,
    /// Lines that add to the proof.
    pub also: Vec<usize>,
}

impl Proof {
    /// A sighting in one line.
    pub fn at(line: usize) -> Self {
        Self { line, also: Vec::new() }
    }
}
