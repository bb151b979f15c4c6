//! What a catalogue entry is made of.

use std::time::Duration;

use crate::ids::Severity;
use crate::logs::Execution;

/// One catalogue entry. Its literal holds all that the program knows of the cause: no other code asks for a slug.
#[derive(Debug)]
pub struct Cause {
    /// The word on the screen, the file name and the documentation's anchor.
    pub slug: &'static str,
    /// What happened, in half a sentence: "API Gateway could not reach the backend".
    pub title: &'static str,
    /// How soon an engineer has to look, as far as the text alone shows.
    pub severity: Severity,
    /// The status that API Gateway answers such a failure with, unless a gateway response sets another one.
    ///
    /// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
    pub status: Option<u16>,
    /// Which findings can explain it.
    pub blames: Blames,
    /// What the line and its time suggest. Never proof.
    pub clue: fn(&Symptoms<'_>) -> Option<String>,
    /// What may hide the real fault from the log.
    pub masked_by: MaskedBy,
    /// Whether the text can be the mark of a connection that one side had already forgotten.
    pub names_reset: bool,
    /// Finds the line that proves it; `None` where the execution shows no such line.
    pub recognise: fn(&Execution<'_>) -> Option<Proof>,
    /// What the text looks like, for people: the sentence API Gateway writes.
    pub text: &'static str,
    /// What happened to the request.
    pub happened: &'static str,
    /// Why such a thing happens.
    pub why: &'static str,
    /// Who can repair it.
    pub owner: Owner,
    /// What to do, in order. `{placeholders}` are filled from what is known of the failure; see [`PLACEHOLDERS`].
    pub next_steps: &'static [NextStep],
    /// Pages that say more, each a URL.
    pub references: &'static [&'static str],
}

/// What a clue may be drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Symptoms<'e> {
    /// The line that proves the cause, wrapped lines joined.
    pub line: &'e str,
    /// The time between sending and failing, where both lines are dated and it was measured.
    pub waited: Option<Duration>,
    /// Whether the times are finer than whole seconds.
    pub fine: bool,
    /// Whether API Gateway called an https URI.
    pub https: bool,
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
pub const PLACEHOLDERS: [&str; 17] = [
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
    "scheme",
    "stage",
    "target_group",
];

/// Which live findings can explain a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blames {
    /// Faults on the way: link, endpoint service, load balancer, listener, targets, network.
    Path,
    /// Of those, the ones that let a request wait; what is refused or answered at once does not.
    Delay,
    /// The link's id: which link the integration names, and whether it exists.
    Link,
    /// Certificates and the protocol of listeners; the fault of the certificate, where the text names it.
    Tls(Option<CertificateFault>),
    /// Resets, idle timeouts, targets.
    Reset,
    /// Protocols and proxy protocol.
    Protocol,
    /// An error that came over the path: the application's own, or made by an application load balancer on the way.
    BackendAnswer,
    /// The API's own configuration: the stage and its variables, the integration. Nothing behind it.
    Configuration,
    /// Any fault, none of them for sure: the text does not say.
    Anything,
    /// Nothing along a private path: the fault is Lambda's, a mapping's, a policy's.
    Elsewhere,
}

impl Blames {
    /// Whether no fault of a private path can ever explain it.
    pub fn spares_path(self) -> bool {
        self == Self::Elsewhere
    }

    /// Whether the request never got an answer, and the text does not say where it was lost.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Path | Self::Delay)
    }
}

/// What a text says is wrong with the backend's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It has expired or is not valid yet.
    Dates,
    /// It is for another name.
    Name,
    /// No trusted authority issued it.
    Authority,
    /// The private key is another one's. No reading shows a key.
    Key,
    /// The other end spoke no TLS, so no certificate is at fault.
    NonePresented,
}

/// What may hide the real fault from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskedBy {
    /// Nothing: the text is about the fault itself.
    Nothing,
    /// An error that the backend answered, on which the mapping then broke.
    BackendAnswer,
}

/// Who can repair a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The team that runs the network between API Gateway and the backend.
    Platform,
    /// The team that owns the backend.
    Backend,
    /// The team that configures the API.
    Api,
    /// AWS.
    Aws,
    /// The team that runs the responder.
    Responder,
    /// The text does not say.
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
            Self::Responder => "the responder's own setup",
            Self::Undecided => "either side; the text alone does not say",
        }
    }
}

/// Which lines prove a cause: indexes into the execution's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The line that proves it.
    pub line: usize,
    /// Lines that add to the proof.
    pub also: Vec<usize>,
}

impl Proof {
    /// A proof of one line.
    pub fn at(line: usize) -> Self {
        Self { line, also: Vec::new() }
    }
}
