//! Every cause against every log, and the catalogue against its own rules.

use vpclink_responder::causes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use vpclink_responder::causes::{CATALOGUE, Cause, NextStep, PLACEHOLDERS};

use crate::fixtures;
use crate::fixtures::{diagnoses, pasted_cause};

/// The contract's causes that a log line can show, in its order.
const SLUGS: [&str; 34] = [
    "integration-unreachable",
    "vpc-link-id-invalid",
    "vpc-link-error",
    "target-reset",
    "certificate-name-mismatch",
    "certificate-untrusted",
    "certificate-expired",
    "certificate-key-mismatch",
    "endpoint-not-tls",
    "tls-handshake-failed",
    "invalid-http-response",
    "response-too-large",
    "endpoint-address-invalid",
    "network-error",
    "integration-timeout",
    "lambda-permission-missing",
    "lambda-throttled",
    "lambda-invocation-rejected",
    "lambda-malformed-response",
    "lambda-function-timeout",
    "lambda-function-error",
    "integration-role-not-assumable",
    "authorizer-failed",
    "mapping-no-match",
    "mapping-method-response-missing",
    "mapping-request-failed",
    "mapping-response-failed",
    "mapping-base64-failed",
    "mapping-mock-status-invalid",
    "backend-error",
    "waf-error",
    "undecodable-batch",
    "many-incidents",
    "unrecognised-failure",
];

#[test]
fn every_log_gets_the_cause_of_its_folder() {
    let mut wrong = Vec::new();
    for fixture in fixtures::all() {
        let found = diagnoses(&fixture.text());
        let right = fixtures::is_right(&fixture.cause, &found);
        let found: Vec<_> = found.iter().map(|found| found.cause.slug).collect();
        if !right {
            wrong.push(format!("{}: {found:?}", fixture.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cross_firing_matrix_is_the_reviewed_one() {
    let mut matrix = String::new();
    for fixture in fixtures::all() {
        let fired = fixtures::with_executions(&fixture.text(), |executions| {
            let failed = executions.iter().filter(|execution| execution.is_failed());
            let of_one = |execution| {
                let fired = causes::proofs(execution).map(|(cause, _)| cause.slug);
                // Every failure is one that the last resort would take.
                fired.filter(|slug| *slug != "unrecognised-failure").collect::<Vec<_>>().join(" > ")
            };
            failed.map(of_one).collect::<Vec<_>>().join("; ")
        });
        writeln!(matrix, "{}: {fired}", fixture.name()).expect("a String takes all text");
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn the_proof_is_quoted_and_what_lies_under_it_goes_along() {
    #[track_caller]
    fn check(fixture: &str, proof: &str, beside: &str) {
        let fixture = fixtures::all().into_iter().find(|f| f.name() == fixture).expect("the fixture exists");
        let found = diagnoses(&fixture.text());
        let [found] = &found[..] else { panic!("{}: one diagnosis", fixture.name()) };
        let quoted = found.evidence.text();
        assert!(quoted.starts_with(proof), "{}: {quoted}", fixture.name());
        let beside_it = found.context.iter().any(|line| line.text().starts_with(beside));
        assert!(beside_it, "{}: {:?}", fixture.name(), found.context);
    }
    let ce = "Execution failed due to configuration error:";
    check(
        "authorizer-failed/auth-001.log",
        &format!("{ce} Invalid permissions"),
        &format!("{ce} Authorizer"),
    );
    check("authorizer-failed/throttled.log", "Lambda invocation failed with status: 429", ce);
    check("authorizer-failed/function-error.log", "Lambda execution failed", &format!("{ce} Authorizer"));
    check(
        "mapping-no-match/info-with-data-trace.log",
        &format!("{ce} No match"),
        "Received response. Status: 403",
    );
    let missing = "mapping-method-response-missing/info-with-data-trace.log";
    check(missing, &format!("{ce} Output mapping"), "Received response. Status: 403");
    check("lambda-throttled/logged-as-malformed-2018.log", "Endpoint response headers: {", ce);
    check("lambda-throttled/info-with-data-trace.log", "Lambda invocation failed with status: 429", ce);
    check("lambda-invocation-rejected/error-level.log", "Lambda invocation failed with status: 403", ce);
    check("backend-error/status-passed-through.log", "Received response. Status: 503", "Method completed");
    check("backend-error/lambda-returns-500.log", "Method completed with status: 500", "Received response");
    check(
        "unrecognised-failure/error-level.log",
        &format!("{ce} Upstream pool is draining"),
        "Gateway response type",
    );
}

#[test]
fn a_reason_pasted_alone_is_recognised() {
    for (reason, expected) in [
        ("There was an internal error while executing your request", "integration-unreachable"),
        ("Invalid VpcLink Id a1b2c3 referenced in integration", "vpc-link-id-invalid"),
        (
            "Host name 'a' does not match the certificate subject provided by the peer (CN=b)",
            "certificate-name-mismatch",
        ),
        ("PKIX path building failed: a.B: unable to find valid certification path", "certificate-untrusted"),
        ("unable to find valid certification path to requested target", "certificate-untrusted"),
        ("PKIX path validation failed: a.B: validity check failed", "certificate-expired"),
        ("NotAfter: Sat Feb 28 23:59:59 UTC 2026", "certificate-expired"),
        ("Cannot verify ECDH ServerKeyExchange signature", "certificate-key-mismatch"),
        ("Unsupported or unrecognized SSL message", "endpoint-not-tls"),
        ("plaintext connection?", "endpoint-not-tls"),
        ("General SSLEngine problem", "tls-handshake-failed"),
        (
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
            "tls-handshake-failed",
        ),
        ("Not a valid protocol version: SSH-2.0-OpenSSH_9.6", "invalid-http-response"),
        (
            "Integration response of reported length 10485877 is larger than allowed maximum",
            "response-too-large",
        ),
        ("Header value too long", "response-too-large"),
        ("Invalid endpoint address", "endpoint-address-invalid"),
        ("Connection reset by peer", "network-error"),
        ("Connection is closed.", "network-error"),
        ("Network error communicating with endpoint", "network-error"),
        ("Invalid permissions on Lambda function", "lambda-permission-missing"),
        ("Rate Exceeded.", "lambda-throttled"),
        ("x-amzn-ErrorType=TooManyRequestsException", "lambda-throttled"),
        ("Malformed Lambda proxy response", "lambda-malformed-response"),
        ("Task timed out after 3.00 seconds", "lambda-function-timeout"),
        (
            "2026-03-02T10:15:33.123Z 52fdfc07-2182-454f-963f-5f0f9a621d72 Task timed out after 3.00 seconds",
            "lambda-function-timeout",
        ),
        (
            "API Gateway does not have permission to assume the provided role arn:aws:iam::111122223333:role/r",
            "integration-role-not-assumable",
        ),
        ("Authorizer error", "authorizer-failed"),
        ("No match for output mapping and no default output mapping configured.", "mapping-no-match"),
        ("Output mapping refers to an invalid method response: 200", "mapping-method-response-missing"),
        ("Unable to transform request", "mapping-request-failed"),
        ("Unable to transform response", "mapping-response-failed"),
        ("Unable to base64 decode the body.", "mapping-base64-failed"),
        ("statusCode should be an integer which defined in request template", "mapping-mock-status-invalid"),
    ] {
        assert_eq!(pasted_cause(reason), Some(expected), "{reason}");
        assert_eq!(pasted_cause(&reason.to_ascii_uppercase()), Some(expected), "{reason}");
    }
}

#[test]
fn a_reason_that_a_page_wrapped_is_recognised() {
    for (reason, expected) in [
        (
            "Host name 'a' \ndoes not match the certificate subject provided by the peer (CN=b)\n",
            Some("certificate-name-mismatch"),
        ),
        ("There was an internal error\n  while executing your request", Some("integration-unreachable")),
        (
            "PKIX path building failed: a.B:\nunable to find valid\ncertification path",
            Some("certificate-untrusted"),
        ),
        ("There was an internal error at our bank\nwhile executing your request", None),
        ("We saw this:\nInvalid endpoint address", None),
    ] {
        assert_eq!(pasted_cause(reason), expected, "{reason}");
    }
}

#[test]
fn prose_is_no_reason() {
    for text in [
        "vpclink-responder names the broken hop behind a 5xx of a private integration",
        "Connection is closed when the server restarts, says the manual",
        "Our TLS certificate was renewed after the handshake problem of last week",
        "Headers are documented in the wiki",
        "The authorizer error of last week was ours",
        "Usage Plan check failed due to an internal error",
        "Unauthorized request: 3323ffe5-6ddf-45c8-896a-b45ec2284cc0",
        "Received: nothing",
        "internal error",
        "error",
        "TLS",
    ] {
        assert_eq!(pasted_cause(text), None, "{text}");
        assert!(diagnoses(text).is_empty(), "{text}");
    }
}

#[test]
fn the_catalogue_is_the_contracts() {
    let listed: BTreeSet<_> = CATALOGUE.iter().map(|cause| cause.slug).collect();
    assert_eq!(listed, SLUGS.into_iter().collect());
    assert_eq!(CATALOGUE.len(), SLUGS.len(), "each once");
    assert!(CATALOGUE.last().is_some_and(|cause| cause.is_last_resort()));
}

#[test]
fn every_file_is_registered_under_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/causes");
    let files = fs::read_dir(folder).expect("the catalogue's folder can be listed");
    let causes: BTreeSet<_> = files
        .map(|file| file.expect("an entry can be read").path())
        .filter(|path| path.is_file())
        .filter(|path| fs::read_to_string(path).expect("a file").contains("static CAUSE: Cause"))
        .map(|path| path.file_stem().expect("a name").to_str().expect("ASCII").replace('_', "-"))
        .collect();
    assert_eq!(causes, SLUGS.into_iter().map(str::to_owned).collect());
}

#[test]
fn every_cause_has_three_logs() {
    let mut logs: BTreeMap<String, usize> = BTreeMap::new();
    for fixture in fixtures::all() {
        *logs.entry(fixture.cause).or_default() += 1;
    }
    // No line shows that no line could be read.
    let shown = SLUGS.into_iter().filter(|slug| !["undecodable-batch", "many-incidents"].contains(slug));
    let known: BTreeSet<_> = shown.chain(["none"]).map(str::to_owned).collect();
    assert_eq!(logs.keys().cloned().collect::<BTreeSet<_>>(), known);
    assert!(logs.values().all(|count| *count >= 3), "{logs:?}");
}

#[test]
fn every_entry_reads_well() {
    for cause in CATALOGUE {
        let title = cause.title;
        assert!(!title.ends_with(['.', '!', ' ']), "{}: {title}", cause.slug);
        let first = title.split(' ').next().expect("split yields at least one");
        let name = ["API", "AWS", "Lambda"].contains(&first);
        assert!(name || first.chars().all(|c| c.is_lowercase() || c == '\''), "{}: {title}", cause.slug);
        // It stands in a subject line of under 100 characters.
        assert!(title.chars().count() <= 75, "{}: {title}", cause.slug);
        for text in [cause.happened, cause.why] {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", cause.slug);
        }
        assert!(!cause.text.is_empty() && !cause.next_steps.is_empty(), "{}", cause.slug);
        assert!(!cause.references.is_empty(), "{}", cause.slug);
        for reference in cause.references {
            let aws = ["https://docs.aws.amazon.com/", "https://repost.aws/"];
            assert!(aws.iter().any(|site| reference.starts_with(site)), "{}: {reference}", cause.slug);
        }
        assert!(
            cause.next_steps.iter().any(|step| step.verify.is_some()),
            "{}: no proof of repair",
            cause.slug
        );
    }
}

/// Source: <https://repost.aws/knowledge-center/api-gateway-500-error-vpc>, in its order.
#[test]
fn the_articles_remedies_are_among_the_steps() {
    let remedies: [(&str, &[&str]); 6] = [
        (
            "integration-unreachable",
            &[
                "load balancer still exists",
                "VPC link is AVAILABLE",
                "Replace a FAILED",
                "deploy the API",
                "endpoint connection is available",
                "stage variable",
                "listens on port {port}",
                "network ACLs",
                "security groups",
                "targets are healthy",
                "listens on the target's port",
            ],
        ),
        (
            "certificate-name-mismatch",
            &["a name that the certificate covers", "a certificate that covers the host name"],
        ),
        ("certificate-untrusted", &["Expiry, host name and the presence of a root authority"]),
        ("certificate-key-mismatch", &["the files for authority, certificate and key"]),
        ("target-reset", &["above the load balancer's, which is 350 seconds"]),
        (
            "invalid-http-response",
            &[
                "from a VPC endpoint",
                "Capture packets",
                "avoids encrypting twice",
                "insecureSkipVerification to true",
            ],
        ),
    ];
    for (slug, remedies) in remedies {
        let cause = Cause::of_slug(slug).expect("the slug is the contract's");
        for remedy in remedies {
            let told = cause.next_steps.iter().any(|step| step.what.contains(remedy));
            assert!(told, "{slug}: {remedy}");
        }
    }
}

#[test]
fn steps_name_only_placeholders_that_are_filled() {
    for (cause, step) in steps() {
        for text in [Some(step.what), step.command, step.verify].into_iter().flatten() {
            for name in placeholders(text) {
                assert!(PLACEHOLDERS.contains(&name), "{}: {{{name}}} in {text}", cause.slug);
            }
        }
    }
}

#[test]
fn commands_look_or_repair_and_never_destroy() {
    /// Commands that change something, each the repair that its step describes.
    const REPAIRS: [&str; 5] = [
        "aws apigateway create-deployment",
        "aws apigateway update-integration",
        "aws iam update-assume-role-policy",
        "aws lambda add-permission",
        "aws lambda update-function-configuration",
    ];
    for (cause, step) in steps() {
        if let Some(verify) = step.verify {
            assert!(only_looks(verify), "{}: {verify}", cause.slug);
        }
        if let Some(command) = step.command {
            let repairs = REPAIRS.iter().any(|repair| command.starts_with(repair));
            assert!(repairs || only_looks(command), "{}: {command}", cause.slug);
            assert_eq!(command.matches('\'').count() % 2, 0, "{}: an open quote in {command}", cause.slug);
        }
    }
}

fn steps() -> impl Iterator<Item = (&'static Cause, &'static NextStep)> {
    CATALOGUE.iter().flat_map(|cause| cause.next_steps.iter().map(|step| (*cause, step)))
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|rest| rest.split('}').next().expect("split yields at least one"))
}

fn only_looks(command: &str) -> bool {
    let words: Vec<_> = command.split(' ').collect();
    match words[..] {
        ["aws", "logs", "tail", ..] | ["curl" | "dig" | "openssl", ..] | ["vpclink", "incidents", ..] => true,
        ["aws", _, verb, ..] => {
            ["get-", "describe-", "list-", "filter-"].iter().any(|looking| verb.starts_with(looking))
        }
        _ => false,
    }
}
