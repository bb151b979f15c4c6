//! Which lines a subscription filter passes.
//!
//! The language: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>. `?` before a term
//! makes it one of several of which any is enough; a term in quotes is a phrase, compared with its letter case.

/// Sentences that only a failing request logs, and API Gateway's words for a status that it sends to the client.
const FAILURES: [&str; 5] = [
    "Execution failed",
    "Lambda execution failed with status",
    "Lambda invocation failed with status",
    "There was an error evaluating the AWS WAF rules",
    "Failed to call WAF",
];

/// Words before the status that the client is sent, in `Method completed with status: 500` and `Gateway response type:
/// DEFAULT_5XX with status code: 500`. AWS does not say whether a phrase may end within a number, so every status is written
/// out.
const STATUS: [&str; 2] = ["status:", "code:"];

/// Statuses with a meaning: those of HTTP, of gateways in front of a backend, and of proxies. Another one, from a backend
/// that makes up its own, is seen by the wide pattern alone.
fn statuses() -> impl Iterator<Item = u16> {
    (500..=511).chain(520..=530).chain(598..=599)
}

/// Passes what proves a failure; the rest of the request is looked up when there is something to tell.
pub fn narrow() -> String {
    let statuses = STATUS.iter().flat_map(|words| statuses().map(move |status| format!("{words} {status}")));
    let phrases = FAILURES.map(str::to_owned).into_iter().chain(statuses);
    let mut terms: Vec<String> = phrases.map(|phrase| format!("?\"{phrase}\"")).collect();
    terms.push("?AuthorizerConfigurationException".to_owned());
    terms.join(" ")
}

/// Passes everything.
pub const WIDE: &str = "";

/// What AWS takes at most.
pub const LONGEST: usize = 1024;
