//! The templates and the code, held together: what the roles may do is what the code asks, the variables are those that it
//! reads, the table's keys are the store's. Each both ways.

use std::collections::BTreeSet;
use std::fs;

use vpclink_responder::aws::{CoverageCall, Query};
use vpclink_responder::functions::metrics::{Metric, NAMESPACE};
use vpclink_responder::logs::RECOMMENDED_FORMAT;

const TEMPLATE: &str = "template.yaml";

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The lines of a resource, or of what stands under another name at the same depth.
fn resource(file: &str, name: &str) -> String {
    let text = read(file);
    let (_, rest) = text.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{file}: {name}"));
    let own = rest.lines().take_while(|line| line.starts_with("    ") || line.is_empty());
    own.collect::<Vec<_>>().join("\n")
}

/// Every `service:Action` that stands in an `Action` list of a role or a policy.
fn allowed(file: &str, name: &str) -> BTreeSet<String> {
    let text = resource(file, name);
    let mut actions = BTreeSet::new();
    let mut within = false;
    for line in text.lines() {
        let line = line.trim();
        within = line.starts_with("Action:") || within && (line.starts_with("- ") || line.is_empty());
        if within {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == ':'));
            actions.extend(words.filter(|word| is_action(word)).map(str::to_owned));
        }
    }
    actions
}

fn is_action(word: &str) -> bool {
    let Some((service, name)) = word.split_once(':') else { return false };
    !service.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn words<const N: usize>(actions: [&str; N]) -> BTreeSet<String> {
    actions.map(str::to_owned).into()
}

/// What the questions of a walk need.
fn asked() -> BTreeSet<String> {
    Query::samples().iter().map(|question| question.action().to_owned()).collect()
}

/// What the store of incidents calls, read off its source.
fn stored() -> BTreeSet<String> {
    let operations = [
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
    ];
    let files =
        walkdir::WalkDir::new("src/incidents/store").into_iter().map(|entry| entry.unwrap().into_path());
    let source: String =
        files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect();
    let called = |operation: &&&str| source.contains(&format!(".{}()", snake(operation)));
    operations.iter().filter(called).map(|operation| format!("dynamodb:{operation}")).collect()
}

/// `GetItem` as the SDK's method is called.
fn snake(operation: &str) -> String {
    let mut name = String::new();
    for letter in operation.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The actions of a role of template.yaml: its own, and those of the policies that it shares.
fn of_role(role: &str) -> BTreeSet<String> {
    let text = resource(TEMPLATE, role);
    let shared = text.lines().filter_map(|line| line.trim().strip_prefix("- !Ref "));
    let shared: Vec<&str> = shared.filter(|name| name.ends_with("Policy")).collect();
    assert_eq!(shared, ["ReadPolicy", "AlertPolicy"], "{role}");
    shared.iter().flat_map(|policy| allowed(TEMPLATE, policy)).chain(allowed(TEMPLATE, role)).collect()
}

#[track_caller]
fn compare(allowed: &BTreeSet<String>, needed: &BTreeSet<String>) {
    let missing: Vec<_> = needed.difference(allowed).collect();
    assert!(missing.is_empty(), "needed, but not allowed: {missing:?}");
    let idle: Vec<_> = allowed.difference(needed).collect();
    assert!(idle.is_empty(), "allowed, but not needed: {idle:?}");
}

/// What an alert takes: the topic, the key where the stack has one, the way into other accounts.
fn alerting() -> BTreeSet<String> {
    words(["kms:Decrypt", "kms:GenerateDataKey", "sns:Publish", "sts:AssumeRole"])
}

/// What Lambda does itself with a function's role.
fn logging() -> BTreeSet<String> {
    words(["logs:CreateLogStream", "logs:PutLogEvents"])
}

#[test]
fn the_responders_role_allows_what_it_does_and_nothing_else() {
    let queue =
        words(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]);
    let mut needed: BTreeSet<String> =
        [asked(), stored(), alerting(), logging(), queue].into_iter().flatten().collect();
    // Only the caretaker goes through all incidents.
    needed.remove("dynamodb:Scan");
    compare(&of_role("ResponderRole"), &needed);
}

#[test]
fn the_caretakers_role_allows_what_it_does_and_nothing_else() {
    // It reads the path as the responder does, request lines included: it publishes what a crash left unpublished.
    let coverage = CoverageCall::ALL.iter().map(|call| call.action().to_owned()).collect();
    let needed = [asked(), coverage, stored(), alerting(), logging()].into_iter().flatten().collect();
    compare(&of_role("CaretakerRole"), &needed);
}

#[test]
fn the_role_in_a_member_account_allows_what_the_questions_need_and_nothing_else() {
    let mut needed = asked();
    // Who may take it on is an action of its trust policy.
    needed.insert("sts:AssumeRole".to_owned());
    compare(&allowed("templates/member-account.yaml", "ReadRole"), &needed);
}

/// The variables that a part of the template sets.
fn variables(text: &str) -> BTreeSet<String> {
    let Some((_, variables)) = text.split_once("Variables:\n") else { return BTreeSet::new() };
    let names = variables.lines().map_while(|line| line.trim().split_once(": ")).map(|(name, _)| name);
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    names.take_while(is_name).map(str::to_owned).collect()
}

/// The variables that a part of the configuration reads.
fn configured(source: &str) -> BTreeSet<String> {
    let production = source.split("#[cfg(test)]").next().unwrap();
    let quoted = production.split('"').skip(1).step_by(2);
    let is_name = |text: &&str| {
        (text.contains('_') || *text == "PROBE") && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

/// Left at their defaults, for those who know why they change them; or set by Lambda.
const NOT_SET: [&str; 7] = [
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_REGION",
    "INVESTIGATION_BUDGET",
    "LOG_GROUP_PREFIX",
    "MAX_BATCH_BYTES",
    "MAX_MESSAGES_PER_HOUR",
    "SUBSCRIPTION_CALLS_PER_SECOND",
];

#[test]
fn the_functions_variables_are_those_that_the_code_reads() {
    let text = read(TEMPLATE);
    let globals = variables(text.split("\nResources:").next().unwrap());
    let responder: BTreeSet<_> =
        variables(&resource(TEMPLATE, "Responder")).union(&globals).cloned().collect();
    let caretaker: BTreeSet<_> =
        variables(&resource(TEMPLATE, "Caretaker")).union(&globals).cloned().collect();
    let source = read("src/functions/config.rs");
    let (shared, own) = source.split_once("/// What the environment asks of the caretaker.").unwrap();
    let set = |source: &str| -> BTreeSet<String> {
        configured(source).into_iter().filter(|name| !NOT_SET.contains(&name.as_str())).collect()
    };
    assert_eq!(responder, set(shared));
    assert_eq!(caretaker, set(shared).union(&set(own)).cloned().collect());
}

/// SAM builds functions together that have the same code, runtime and metadata.
#[test]
fn both_functions_are_one_build_of_a_binary_of_this_package_and_each_has_its_role() {
    let text = read(TEMPLATE);
    assert_eq!(text.matches("AWS::Serverless::Function").count(), 2);
    assert_eq!(text.matches("    CodeUri: .\n").count(), 1, "once, in Globals");
    let build = |function: &str| -> Vec<String> {
        let text = resource(TEMPLATE, function);
        let (_, metadata) = text.split_once("    Metadata:\n").unwrap();
        let own = metadata.lines().take_while(|line| line.starts_with("      "));
        own.filter(|line| !line.trim().starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(build("Responder"), build("Caretaker"));
    assert!(build("Responder").iter().any(|line| line.trim() == "Binary: vpclink-lambda"));
    assert!(read("Cargo.toml").contains("name = \"vpclink-lambda\""));
    for (function, role) in [("Responder", "responder"), ("Caretaker", "caretaker")] {
        assert!(resource(TEMPLATE, function).contains(&format!("      Handler: {role}\n")), "{function}");
        assert!(read("src/functions/start.rs").contains(&format!("\"{role}\" => ")), "{role}");
    }
}

#[test]
fn the_recommended_format_is_short_enough_and_stands_where_people_look() {
    assert!(RECOMMENDED_FORMAT.len() < 1024, "an HTTP API's stage takes no more");
    assert!(read(TEMPLATE).contains(&format!("    Value: '{RECOMMENDED_FORMAT}'\n")));
    assert!(read("docs/operating.md").contains(RECOMMENDED_FORMAT));
}

#[test]
fn one_permission_lets_every_log_group_invoke_the_responder() {
    let permission = resource(TEMPLATE, "InvokeFromExecutionLogs");
    assert!(permission.contains("SourceAccount: !Ref AWS::AccountId"), "{permission}");
    assert!(permission.contains(":log-group:*"), "{permission}");
    assert_eq!(read(TEMPLATE).matches("Principal: logs.amazonaws.com").count(), 1);
}

#[test]
fn the_tables_keys_are_the_stores() {
    let table = resource(TEMPLATE, "IncidentTable");
    let names: Vec<&str> = table
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("AttributeName: "))
        .collect();
    assert_eq!(names, ["id", "id", "expires_at"]);
    assert!(table.contains("AttributeType: S") && !table.contains("RANGE"));
    let store = read("src/incidents/store/table.rs");
    assert!(store.contains("A table with partition key `id` (S) and TTL attribute `expires_at`"));
    let update = read("src/incidents/store/update.rs");
    assert!(store.contains(r#".key("id", Value::S("#) && update.contains(r#"name("expires_at")"#));
}

/// The parameters of a template, each with its lines.
fn parameters(file: &str) -> Vec<(String, String)> {
    let text = read(file);
    let (_, rest) = text.split_once("\nParameters:\n").unwrap();
    let section: Vec<&str> =
        rest.lines().take_while(|line| line.is_empty() || line.starts_with("  ")).collect();
    let names = section.iter().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.trim().trim_end_matches(':').to_owned())
        .map(|name| (resource(file, &name), name))
        .map(|(lines, name)| (name, lines))
        .collect()
}

#[test]
fn every_parameter_has_a_default_a_place_a_word_and_a_check_and_they_are_few() {
    let text = read(TEMPLATE);
    let (interface, _) = text.split_once("\nParameters:\n").unwrap();
    let all = parameters(TEMPLATE);
    assert_eq!(all[0].0, "AlertEmail", "the one that most people set is asked for first");
    assert!(all.len() <= 15, "what few need is a line in docs/operating.md: {}", all.len());
    for (name, lines) in all {
        assert!(lines.contains("Default: "), "`{name}` has no default: it would have to be answered");
        assert!(lines.contains("Description: "), "`{name}` is not explained");
        // `sam deploy --guided` would insist on an answer, were it typed unseen.
        assert!(!lines.contains("NoEcho"), "`{name}` can't be left empty");
        let checked = ["AllowedPattern: ", "AllowedValues: "].iter().any(|check| lines.contains(check));
        assert!(checked, "`{name}` takes anything");
        let grouped =
            interface.lines().filter(|line| line.contains("Parameters: [") || line.trim().starts_with("- "));
        assert!(
            grouped.into_iter().any(|line| line.split([' ', ',', '[', ']']).any(|word| word == name)),
            "`{name}` is in no group"
        );
    }
}

#[test]
fn every_alarm_has_a_runbook_and_every_runbook_an_alarm() {
    let mut alarms = BTreeSet::new();
    for file in [TEMPLATE, "templates/central-stream.yaml"] {
        for line in read(file).lines().filter(|line| line.contains("AlarmDescription: ")) {
            let (_, runbook) =
                line.trim_end_matches('.').rsplit_once(" Runbook ").unwrap_or_else(|| panic!("{line}"));
            alarms.insert(runbook.to_owned());
        }
        let made = read(file).matches("AWS::CloudWatch::Alarm\n").count();
        assert_eq!(made, read(file).matches("AlarmDescription: ").count(), "{file}");
    }
    let runbooks = read("docs/operating.md");
    let runbooks = runbooks.lines().filter_map(|line| line.strip_prefix("### Alarm "));
    assert_eq!(alarms, runbooks.map(str::to_owned).collect());
}

#[test]
fn the_dashboard_shows_metrics_that_are_written() {
    let dashboard = resource("templates/dashboard.yaml", "Dashboard");
    assert!(read(TEMPLATE).contains(&format!("Namespace: {NAMESPACE}\n")));
    for metric in Metric::ALL {
        assert!(dashboard.contains(metric.name()), "`{}` is on no dashboard", metric.name());
        if let Some(dimension) = metric.dimension() {
            assert!(dashboard.contains(&format!("{{{NAMESPACE},{dimension}}} MetricName")), "{dimension}");
        }
    }
}

#[test]
fn the_failure_queue_hides_a_message_for_six_times_the_functions_time() {
    let number = |text: &str, name: &str| -> u32 {
        let (_, rest) = text.split_once(&format!("{name}: ")).unwrap();
        rest.lines().next().unwrap().parse().unwrap()
    };
    let timeout = number(&resource(TEMPLATE, "Responder"), "Timeout");
    assert_eq!(number(&resource(TEMPLATE, "FailureQueue"), "VisibilityTimeout"), 6 * timeout);
}

#[test]
fn queue_and_topics_refuse_plain_http() {
    for policy in ["FailureQueuePolicy", "AlertTopicPolicy", "OpsTopicPolicy"] {
        let text = resource(TEMPLATE, policy);
        let (_, statement) =
            text.split_once("- Sid: RefusePlainHttp\n").unwrap_or_else(|| panic!("{policy}"));
        for line in
            ["Effect: Deny", "Principal: \"*\"", "Condition: {Bool: {\"aws:SecureTransport\": \"false\"}}"]
        {
            assert!(statement.contains(line), "{policy}: {line}");
        }
    }
}

#[test]
fn what_may_be_conditioned_is() {
    let filters = resource(TEMPLATE, "CaretakerRole");
    let (_, put) = filters.split_once("- Sid: PutSubscriptionFilters\n").unwrap();
    let put = put.split("- Sid: ").next().unwrap();
    assert!(put.contains(
        "\"logs:DestinationArn\": !If [SendElsewhere, !Ref DestinationArn, !GetAtt Responder.Arn]"
    ));
    let read = resource(TEMPLATE, "ReadPolicy");
    let (_, assume) = read.split_once("- Sid: ReadOtherAccounts\n").unwrap();
    assert!(assume.contains("Condition: {StringEquals: {\"sts:ExternalId\": !Ref AWS::StackName}}"));
    let globals = self::read(TEMPLATE);
    assert!(globals.contains("READ_ROLE_EXTERNAL_ID: !If [ReadOtherAccounts, !Ref AWS::StackName, \"\"]"));
}

#[test]
fn every_alarm_has_a_reader_wherever_alerts_have_one() {
    let text = read(TEMPLATE);
    let actions: Vec<&str> =
        text.lines().filter(|line| line.trim().starts_with("AlarmActions: ")).map(str::trim).collect();
    let either = "AlarmActions: [!If [AlarmsToAlertTopic, !Ref AlertTopicArn, !Ref OpsTopic]]";
    // The other alarm is about a topic that this stack makes.
    assert_eq!(actions.iter().filter(|action| **action != either).count(), 1, "{actions:?}");
    assert!(resource(TEMPLATE, "AlertsNotDelivered").contains("Condition: MakeTopic"));
    assert!(
        resource(TEMPLATE, "Caretaker")
            .contains("ALARM_TOPIC_ARN: !If [AlarmsToAlertTopic, \"\", !Ref OpsTopic]")
    );
}
