//! Secrets that stand in logs and accounts leave in no body; the ids that AWS asks for do.

use vpclink_responder::alerts;
use vpclink_responder::alerts::terminal;

#[cfg(feature = "live")]
mod live;
pub(crate) mod measured;

use std::fs;

use proptest::prelude::*;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::causes::redact;
use vpclink_responder::incidents::Alert;
use vpclink_responder::logs::line::LogLine;

use crate::alerts::bodies;
use crate::alerts::golden::explained;

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
    let alerts = explained(bodies::document(lines), &bodies::account(account)).alerts;
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
            let alerts = explained(bodies::document(&lines), &bodies::account("nothing")).alerts;
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
    let alerts = explained(bodies::document(&lines), &bodies::account("nothing")).alerts;
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

#[test]
fn few_secrets_are_missed() {
    let misses = measured::KNOWN.misses();
    println!("{}{}", misses.table, misses.wrong.join("\n"));
    assert!(misses.all >= 400, "{}", misses.all);
    assert_eq!(misses.wrong, Vec::<String>::new());
}

#[test]
fn harmless_lines_stay() {
    let alarms = measured::KNOWN.false_alarms();
    println!("{}{}", alarms.table, alarms.wrong.join("\n"));
    assert!(alarms.all >= 400 && measured::KNOWN.harmless_words() >= 400, "{}", alarms.all);
    assert_eq!(alarms.wrong, Vec::<String>::new());
}

#[test]
fn fresh_lines_are_measured_too() {
    let (misses, alarms) = (measured::FRESH.misses(), measured::FRESH.false_alarms());
    println!("{}{}\n{}{}", misses.table, misses.wrong.join("\n"), alarms.table, alarms.wrong.join("\n"));
    assert!(misses.all >= 150 && alarms.all >= 150, "{} and {}", misses.all, alarms.all);
    // Numbers that are no secret by themselves (a bot's, a port), and addresses in spellings that no log of ours has shown.
    assert!(misses.wrong.len() <= 6, "{}", misses.wrong.join("\n"));
    assert_eq!(alarms.wrong, Vec::<String>::new());
}

#[test]
fn second_fresh_lines_are_measured_too() {
    let (misses, alarms) = (measured::SECOND.misses(), measured::SECOND.false_alarms());
    println!("{}{}\n{}{}", misses.table, misses.wrong.join("\n"), alarms.table, alarms.wrong.join("\n"));
    assert!(misses.all >= 300 && alarms.all >= 200, "{} and {}", misses.all, alarms.all);
    // Names and homes of people, which nothing announces, are more than half of them.
    assert!(misses.wrong.len() <= 30, "{}", misses.wrong.join("\n"));
    assert_eq!(alarms.wrong, Vec::<String>::new());
}

#[test]
fn third_fresh_lines_are_measured_too() {
    let (misses, alarms) = (measured::THIRD.misses(), measured::THIRD.false_alarms());
    println!("{}{}\n{}{}", misses.table, misses.wrong.join("\n"), alarms.table, alarms.wrong.join("\n"));
    assert!(misses.all >= 400 && alarms.all >= 300, "{} and {}", misses.all, alarms.all);
    // What has no look of its own, such as an address in one number, or a password where a port may stand.
    assert!(misses.wrong.len() <= 7, "{}", misses.wrong.join("\n"));
    // Ids that only AWS's documents hold, and a commit that nothing calls one.
    assert!(alarms.wrong.len() <= 3, "{}", alarms.wrong.join("\n"));
}

/// What is not quoted may still be a route, a host or an id in an alert.
#[test]
fn no_measured_secret_leaves_in_any_body() {
    let missed = measured::KNOWN.misses().wrong.join("\n");
    // A few digits may stand anywhere.
    let told: Vec<Secret> = measured::KNOWN
        .secrets()
        .into_iter()
        .filter(|secret| secret.text.len() >= 8 && !missed.contains(&format!("`{}`", secret.name)))
        .map(|secret| Secret { line: secret.line(), name: secret.name, text: secret.text })
        .collect();
    let mut leaked = Vec::new();
    for secret in &told {
        let lines = request("a", [secret.line.as_str()]);
        leaked.extend(leaks(&lines, "nothing", std::slice::from_ref(secret)));
    }
    assert_eq!(leaked, Vec::<String>::new());
}

/// What a client writes into a path parameter has no look of its own: the template says that it is one.
#[test]
fn a_path_is_shown_as_its_template() {
    let text = fs::read_to_string("events/no-healthy-target.account.json").unwrap();
    let account = RecordedAccount::parse(&text.replace("\"/orders\"", "\"/users/{name}/orders\"")).unwrap();
    let lines = [
        "(a) HTTP Method: GET, Resource Path: /users/bob-the-builder/orders",
        "(a) Endpoint request URI: https://orders.internal.example:8443/users/bob-the-builder/orders",
        "(a) Sending request to https://orders.internal.example:8443/users/bob-the-builder/orders?a=b",
        "(a) Execution failed due to configuration error: There was an internal error while executing your request",
        "(a) Method completed with status: 500",
    ];
    let alerts = explained(crate::alerts::bodies::document(&lines.map(str::to_owned)), &account).alerts;
    let shown = everything(&alerts[0]);
    for (form, body) in &shown {
        assert!(!body.contains("bob-the-builder"), "{form}: {body}");
    }
    let machine = &shown.iter().find(|(form, _)| form == "sqs").unwrap().1;
    assert!(machine.contains("orders.internal.example:8443/users/{name}/orders?a=[redacted]"), "{machine}");
}

#[test]
fn marks_that_hide_text_are_gone() {
    for hidden in [
        "\u{fffe}",
        "\u{ffff}",
        "\u{206a}",
        "\u{206f}",
        "\u{3164}",
        "\u{115f}",
        "\u{34f}",
        "\u{200b}",
        "\u{202e}",
        "\u{8}",
        "\u{7f}",
        "\u{9b}",
        "\u{600}",
        "\u{890}",
        "\u{e000}",
        "\u{110bd}",
        "\u{13430}",
        "\u{1b}[1m",
    ] {
        let line = format!("Execution failed due to an internal{hidden} error, pass{hidden}word=hunter2");
        let quote = measured::quoted(&line);
        assert_eq!(quote, "Execution failed due to an internal error, password=[redacted]", "{hidden:?}");
        assert_eq!(redact::uri(&format!("/or{hidden}ders")), "/orders", "{hidden:?}");
    }
}

/// A line costs no more than its first 4,096 characters.
#[test]
fn what_is_never_quoted_is_never_read() {
    let head = "password=a b/c?d=e 10.0.0.1 ".repeat(200);
    let head = &head[..4096];
    for tail in ["x", "=secret", " bob@example.com", "]"] {
        assert_eq!(redact::text(&format!("{head}{}", tail.repeat(100_000))), redact::text(head));
    }
}

/// Pieces that rules look for, in any order.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "[redacted]",
        "[redac",
        "…",
        "password",
        "token",
        "=",
        ":",
        "\"",
        "'",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "</",
        "/",
        "?",
        "&",
        "#",
        "@",
        "%40",
        "%25",
        "\\u0040",
        "&#64;",
        "://",
        "arn:aws:",
        "eyJ",
        "AKIA",
        "-----BEGIN PRIVATE KEY-----",
        "Cookie",
        "Authorization",
        "Bearer",
        "code",
        "key",
        " ",
        "  ",
        ", ",
        ";",
        ".",
        "-",
        "+",
        "203.0.113.7",
        "2001:db8::1",
        "::ffff:",
        "4111111111111111",
        "DE89370400440532013000",
        "+49 170 5550123",
        "123-45-6789",
        "8f2f7a1e-0000-4000-8000-000000000001",
        "is",
        "not",
        "abc",
        "ü",
        "密码",
        "\n",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "bob@example.com",
        "reset",
        "\u{200b}",
        "\u{1b}[31m",
        "\u{1b}[",
        "20 ",
        "\u{13}",
        "rejected value ",
        "Failing row contains (",
        "VALUES (",
        "Some(",
        "\"\"\"",
        "[\"password\",\"",
        "does not match: ",
        "expected ",
        "got ",
        "hunter2x",
        "[TRUNCATED]",
        "jane@exam",
        "card ",
        "4111 1111 1111 1112",
        "mysql -p",
        "Request ID: ",
        "commit ",
        "9fceb02d0ae598e95dc970b74767f19372d61af8",
        ".js:42:17",
        "tokens",
        "&colon;",
        "\\u003a",
        "\"value\":\"",
        "\",\"name\":\"",
        "is not a valid ",
    ];
    let piece =
        prop_oneof![6 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_redacted_stays_as_it_is(text in hostile(), longest in 20_usize..200) {
        let once = redact::text(&text);
        prop_assert_eq!(redact::text(&once), once);
        let once = redact::uri(&text);
        prop_assert_eq!(redact::uri(&once), once);
        let openings = [
            "Execution failed due to configuration error: ", "Method request headers: ", "Sending request to ", "HTTP Method: GET, Resource Path: ",
        ];
        for opening in openings {
            let text = text.replace('\n', " ");
            let quote = |text: &str| redact::line(&LogLine::parse(text), opening.len() + longest);
            let once = quote(&format!("{opening}{}", text.trim()));
            prop_assert!(once.chars().count() <= opening.len() + longest);
            prop_assert_eq!(quote(&once), once);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_marked_key_goes_whatever_stands_around_it(before in hostile(), after in hostile()) {
        for redacted in [redact::text, redact::uri] {
            let quote = redacted(&format!("{before} AKIAQX4BIPW3AHOV29GN {after}"));
            prop_assert!(!quote.contains("X4BIPW3AHOV29"), "{quote}");
        }
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
