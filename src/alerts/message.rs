//! Alert → message: one decision, rendered for each reader.
//!
//! Pure: no clock, no network, no terminal. Every format writes the blocks of one [`Report`] in the same order; only
//! [`escape`] turns outside text into inside text.

use crate::alerts::{chat, email, escape, html, machine, words};

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use crate::alerts::report::{Amount, FULL, Report};
use crate::causes::RouteContext;
use crate::checks::Assessment;
use crate::incidents::Alert;

/// A rendered alert: what one SNS `Publish` carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The e-mail's subject: below 100 characters, without control characters.
    pub subject: String,
    /// A body for each of SNS's protocols, `default` among them.
    pub bodies: BTreeMap<&'static str, String>,
    /// Message attributes, for filter policies and pagers.
    pub attributes: BTreeMap<&'static str, String>,
}

/// The future of a publish.
pub type Published<'a> = Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + 'a>>;

/// A message could not be handed over. It must not be reported as delivered.
#[derive(Debug, thiserror::Error)]
#[error("cannot publish to `{target}`: {reason}")]
pub struct PublishError {
    /// The topic or file.
    pub target: String,
    /// The service's words.
    pub reason: String,
    /// Whether the message itself is refused, so that another try can't help.
    pub is_final: bool,
}

/// Takes messages for their readers.
pub trait Publish: Send + Sync {
    /// Hands a message over; returns once it is there.
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a>;
}

/// From full to hardly anything; the last is small whatever the alert.
const AMOUNTS: [Amount; 3] = [
    FULL,
    Amount { routes: 10, hits: 20, requests: 5, evidence: 4, findings: 20, cut: true },
    Amount { routes: 2, hits: 3, requests: 1, evidence: 1, findings: 4, cut: true },
];

/// What SNS takes: 262,144 bytes for all bodies together, as JSON, and the attributes.
///
/// Sources: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>
const MOST_BYTES: usize = 262_144;

/// Renders all bodies of an alert.
pub fn message(alert: &Alert) -> Message {
    let mut message = render(alert, AMOUNTS[0]);
    for amount in &AMOUNTS[1..] {
        if message.size() < MOST_BYTES {
            break;
        }
        message = render(alert, *amount);
    }
    message
}

/// The plain text that goes out by e-mail.
pub fn email_body(alert: &Alert) -> String {
    email::body(&Report::new(alert, FULL))
}

/// The Amazon Q Developer custom notification.
pub fn chat_body(alert: &Alert) -> String {
    chat::body(&Report::new(alert, FULL))
}

/// The machine alert, one line of JSON.
pub fn machine_body(alert: &Alert) -> String {
    machine::body(&Report::new(alert, FULL))
}

/// What `vpclink check` found of a route, as one JSON document.
pub fn check_document(subject: &RouteContext, judgement: &Assessment) -> String {
    machine::check(subject, judgement)
}

/// The same as one HTML page.
pub fn check_page(title: &str, judgement: &Assessment) -> String {
    html::checked(title, judgement)
}

/// The HTML report: one page, whatever the number of alerts.
pub fn html_page(alerts: &[Alert]) -> String {
    html::page(alerts)
}

impl Message {
    /// The `Message` parameter of a `Publish` with `MessageStructure=json`.
    pub fn structure(&self) -> String {
        serde_json::to_string(&self.bodies).expect("a map of texts always serialises")
    }

    /// What SNS counts: the bodies, and name, type and value of each attribute.
    pub fn size(&self) -> usize {
        let attribute = |(name, value): (&&str, &String)| name.len() + "String".len() + value.len();
        self.structure().len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

fn render(alert: &Alert, amount: Amount) -> Message {
    let report = Report::new(alert, amount);
    let (email, machine) = (email::body(&report), machine::body(&report));
    let mut bodies = BTreeMap::from([
        ("default", email.clone()),
        ("email", email),
        ("https", chat::body(&report)),
        ("sms", words::sms(alert)),
    ]);
    for protocol in ["email-json", "sqs", "lambda", "firehose"] {
        bodies.insert(protocol, machine.clone());
    }
    Message { subject: words::subject(alert), bodies, attributes: attributes(alert) }
}

fn attributes(alert: &Alert) -> BTreeMap<&'static str, String> {
    let source = &alert.news.example.source;
    let known = |text: Option<String>| escape::attribute(text.as_deref().unwrap_or("unknown"));
    BTreeMap::from([
        ("severity", words::severity(alert).as_str().to_owned()),
        ("status", alert.status.as_str().to_owned()),
        ("cause", alert.news.example.cause.slug.to_owned()),
        ("api", known(source.api.as_ref().map(ToString::to_string))),
        ("stage", known(source.stage.clone())),
        ("dedup_key", words::dedup_key(alert)),
        ("event_action", alert.status.event_action().to_owned()),
    ])
}
