//! Alert → message: one decision, rendered for each reader.
//!
//! Pure: no clock, no network, no terminal. Every format writes the blocks of one [`Report`] in the same order; only
//! [`escape`] turns outside text into inside text.

use crate::alerts::{chat, email, escape, html, machine, short, words};

use std::collections::BTreeMap;

use crate::alerts::report::Report;
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

/// How much of an alert is rendered: less where all of it would not fit into one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail {
    pub(crate) routes: usize,
    pub(crate) hits: usize,
    pub(crate) requests: usize,
    pub(crate) evidence: usize,
    pub(crate) findings: usize,
    /// Whether something was left out that an ordinary alert has.
    pub(crate) cut: bool,
}

pub(crate) const FULL: Detail =
    Detail { routes: 50, hits: 100, requests: 20, evidence: 12, findings: 60, cut: false };

/// From full to hardly anything; the last is small whatever the alert.
const DETAILS: [Detail; 3] = [
    FULL,
    Detail { routes: 10, hits: 20, requests: 5, evidence: 4, findings: 20, cut: true },
    Detail { routes: 2, hits: 3, requests: 1, evidence: 1, findings: 4, cut: true },
];

/// What SNS takes: 262,144 bytes for all bodies together, as JSON, and the attributes.
///
/// Sources: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>
const MOST_BYTES: usize = 262_144;

/// Renders all bodies of an alert.
pub fn message(alert: &Alert) -> Message {
    let mut message = render(alert, DETAILS[0]);
    for detail in &DETAILS[1..] {
        if message.size() < MOST_BYTES {
            break;
        }
        message = render(alert, *detail);
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

fn render(alert: &Alert, detail: Detail) -> Message {
    let report = Report::new(alert, detail);
    let (email, machine) = (email::body(&report), machine::body(&report));
    let mut bodies = BTreeMap::from([
        ("default", email.clone()),
        ("email", email),
        ("https", chat::body(&report)),
        ("sms", short::sms(&report)),
    ]);
    for protocol in ["email-json", "sqs", "lambda", "firehose"] {
        bodies.insert(protocol, machine.clone());
    }
    Message { subject: short::subject(&report), bodies, attributes: attributes(alert) }
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
