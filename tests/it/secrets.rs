//! Secrets that stand in logs and accounts leave in no body; the ids that AWS asks for do.

use vpclink_responder::alerts;
use vpclink_responder::alerts::terminal;

#[cfg(feature = "live")]
mod live;

use std::fs;

use proptest::prelude::*;
use vpclink_responder::incidents::Alert;

use crate::golden::explained;
use crate::incidents;

/// Stands in the place of the secret.
const PLACE: &str = "«…»";

/// The end of every planted request, so that it fails whatever its line says.
const END: [&str; 3] = [
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "Gateway response type: API_CONFIGURATION_ERROR with status code: 500",
    "Method completed with status: 500",
];

/// A secret, and the log line in which it stands.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) line: String,
}

/// The secrets of `tests/secrets/corpus.tsv`.
pub(crate) fn corpus() -> Vec<Secret> {
    let text = fs::read_to_string("tests/secrets/corpus.tsv").unwrap();
    let secret = |line: &str| {
        let [name, secret, line] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(line.contains(PLACE), "{name}");
        Secret { name: name.to_owned(), text: secret.to_owned(), line: line.replace(PLACE, secret) }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(secret).collect()
}

/// A failed request with these lines. One of them may itself be the failure; then no other is added, so that it is quoted.
pub(crate) fn request<'a>(id: &str, lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lines: Vec<&str> = lines.into_iter().collect();
    let fails = |line: &&str| {
        ["Execution failed", "Lambda execution failed", "There was an error"]
            .iter()
            .any(|opening| line.starts_with(opening))
    };
    let end = if lines.iter().any(fails) { &END[2..] } else { &END[..] };
    lines.iter().chain(end).map(|line| format!("({id}) {line}")).collect()
}

/// Everything that an alert is told in.
pub(crate) fn everything(alert: &Alert) -> Vec<(String, String)> {
    let message = alerts::message(alert);
    let screen = terminal::Screen { color: false, width: 4_000 };
    let mut bodies: Vec<(String, String)> =
        message.bodies.iter().map(|(name, body)| ((*name).to_owned(), body.clone())).collect();
    bodies
        .extend(message.attributes.iter().map(|(name, value)| (format!("attribute {name}"), value.clone())));
    bodies.push(("subject".to_owned(), message.subject));
    bodies.push(("terminal".to_owned(), terminal::block(alert, screen)));
    bodies.push(("html".to_owned(), alerts::html_page(std::slice::from_ref(alert))));
    bodies
}

fn leaks(lines: &[String], account: &str, secrets: &[Secret]) -> Vec<String> {
    let alerts = explained(incidents::document(lines), &incidents::account(account)).alerts;
    assert!(!alerts.is_empty(), "{lines:?}");
    let mut leaks = Vec::new();
    for (form, body) in alerts.iter().flat_map(everything) {
        let leaked = secrets.iter().filter(|secret| body.contains(&secret.text));
        leaks.extend(leaked.map(|secret| format!("{} in {form}", secret.name)));
    }
    leaks
}

#[test]
fn no_planted_secret_leaves_in_any_body() {
    let corpus = corpus();
    assert!(corpus.len() >= 40, "{}", corpus.len());
    let mut leaked = Vec::new();
    for secret in &corpus {
        let lines = request("a", [secret.line.as_str()]);
        leaked.extend(leaks(&lines, "no-healthy-target", std::slice::from_ref(secret)));
    }
    assert_eq!(leaked, Vec::<String>::new());
}

/// A line that is not quoted at all would hide its secret from the test above.
#[test]
fn failures_are_quoted_without_their_secrets() {
    for secret in corpus() {
        if secret.name.starts_with("failure-") || secret.name.starts_with("lambda-error-") {
            let lines = request("a", [secret.line.as_str()]);
            let alerts = explained(incidents::document(&lines), &incidents::account("nothing")).alerts;
            let proof = alerts[0].news.example.evidence.text();
            let opening = &secret.line[..30];
            assert!(proof.starts_with(opening) && proof != END[0], "{}: {proof}", secret.name);
        }
    }
}

#[test]
fn ids_that_aws_asks_for_stay() {
    let id = "8f2f7a1e-0000-4000-8000-000000000001";
    let function =
        "Lambda invocation failed with status: 429. Lambda request id: 758a8c2f-35eb-4713-b55e-56879fbc968b";
    let role = "Execution failed due to configuration error: API Gateway does not have permission to assume the provided role arn:aws:iam::111122223333:role/apigateway-invoke";
    let lines = [request(id, [function]), request(&format!("{id}-b"), [role])].concat();
    let alerts = explained(incidents::document(&lines), &incidents::account("nothing")).alerts;
    for form in ["sqs", "email", "https"] {
        let body = &alerts::message(&alerts[0]).bodies[form];
        for kept in
            ["758a8c2f-35eb-4713-b55e-56879fbc968b", "arn:aws:iam::111122223333:role/apigateway-invoke"]
        {
            let mut told = alerts.iter().map(|alert| alerts::message(alert).bodies[form].clone());
            assert!(told.any(|body| body.contains(kept)), "{kept} in {form}: {body}");
        }
        assert!(form == "https" || body.contains(id), "{form}: {body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several in one request, in any order, with any request id and any account.
    #[test]
    fn no_mixture_of_secrets_leaves(
        chosen in proptest::sample::subsequence(corpus(), 1..12).prop_shuffle(),
        id in "[a-z0-9-]{1,40}",
        account in proptest::sample::select(vec!["nothing", "healthy", "no-healthy-target", "vpc-link-failed", "permission-missing"]),
    ) {
        let lines = request(&id, chosen.iter().map(|secret| secret.line.as_str()));
        prop_assert_eq!(leaks(&lines, account, &chosen), Vec::<String>::new());
    }
}
