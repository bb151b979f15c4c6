//! `vpclink check`: each format of what it found, over recorded accounts, one of them an enemy's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use super::{ended, vpclink};

const STAGE: [&str; 5] = ["check", "--api", "a1b2c3d4e5", "--stage", "prod"];
const ROUTE: [&str; 4] = ["--method", "GET", "--resource", "/orders"];

fn check_of(account: &Path, more: &[&str]) -> Output {
    vpclink(&[&STAGE[..], &ROUTE, &["--account", account.to_str().unwrap()], more].concat(), "")
}

fn example(event: &str) -> PathBuf {
    PathBuf::from(format!("events/{event}.account.json"))
}

/// An example's account with other answers, in a file of its own.
fn changed(event: &str, name: &str, change: impl Fn(&str, &mut Value)) -> PathBuf {
    let mut account: Value = serde_json::from_str(&fs::read_to_string(example(event)).unwrap()).unwrap();
    for answer in account["answers"].as_array_mut().unwrap() {
        let call = answer["call"].as_str().unwrap().to_owned();
        // An absent answer stays absent.
        if let Some(answer) = answer.get_mut("answer") {
            change(&call, answer);
        }
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.account.json"));
    fs::write(&file, account.to_string()).unwrap();
    file
}

fn json_of(account: &Path, code: i32) -> Value {
    let (out, _) = ended(&check_of(account, &["--format", "json"]), code);
    assert_eq!(out.matches('\n').count(), 1, "one line: {out}");
    serde_json::from_str(&out).unwrap()
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|entry| entry[member].as_str()).collect()
}

/// All targets of the example well again.
fn healed(name: &str) -> PathBuf {
    changed("no-healthy-target", name, |call, answer| {
        if call == "elasticloadbalancing:DescribeTargetHealth" {
            for target in answer.as_array_mut().unwrap() {
                target["state"] = "healthy".into();
                target["reason"] = Value::Null;
                target["description"] = Value::Null;
            }
        }
    })
}

#[test]
fn a_route_is_checked_hop_by_hop_without_a_log() {
    let (out, _) = ended(&check_of(&example("no-healthy-target"), &[]), 10);
    assert!(out.contains("✓ load balancer orders-nlb"), "{out}");
    assert!(out.contains("✗ no target of `orders-blue` is healthy"), "{out}");
    assert!(out.contains("next: Check that the service runs"), "{out}");
}

#[test]
fn exit_codes_say_what_was_found() {
    let healed = healed("healed-codes");
    for format in ["terminal", "json", "html"] {
        ended(&check_of(&example("no-healthy-target"), &["--format", format]), 10);
        ended(&check_of(&healed, &["--format", format]), 0);
    }
    ended(&check_of(&healed, &["--format", "email"]), 2);
    ended(&vpclink(&["check", "--api", "a1b2c3d4e5"], ""), 2);
    ended(&vpclink(&["check", "--api", "a", "--stage", "b", "--method", "GET"], ""), 2);
    let (_, err) = ended(&check_of(Path::new("no/such/account.json"), &[]), 1);
    assert!(err.contains("cannot read `no/such/account.json`"), "{err}");
}

#[test]
fn json_has_the_members_of_the_contract() {
    let found = json_of(&example("no-healthy-target"), 10);
    let mut members: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["schema", "api", "route", "verdict", "findings", "not_checked", "path", "next_steps"];
    expected.sort_unstable();
    members.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(found["schema"], "vpclink-responder/check/1");
    let api = serde_json::json!({"id": "a1b2c3d4e5", "name": "orders", "stage": "prod", "canary": false, "kind": "rest"});
    assert_eq!(found["api"], api);
    assert_eq!(found["route"], serde_json::json!({"method": "GET", "resource": "/orders"}));
    assert_eq!(found["verdict"]["code"], "targets-unhealthy");
    let faulty: Vec<&Value> =
        found["findings"].as_array().unwrap().iter().filter(|finding| finding["state"] == "faulty").collect();
    let [faulty] = faulty[..] else { panic!("one fault: {faulty:?}") };
    assert_eq!(faulty["action"], "elasticloadbalancing:DescribeTargetHealth");
    assert_eq!(faulty["read_at"], "2026-11-22T14:04:03Z");
    assert_eq!(faulty["detail"]["reason"], "Target.FailedHealthChecks");
    assert_eq!(
        texts(&found["path"], "hop"),
        [
            "stage",
            "integration",
            "vpc-link",
            "endpoint-service",
            "load-balancer",
            "listener",
            "target-group",
            "target"
        ]
    );
    assert_eq!(found["path"][7]["state"], "faulty");
    assert!(texts(&found["not_checked"], "why").contains(&"not in the recorded account"), "{found:#}");
    let verify = texts(&found["next_steps"], "verify");
    assert!(verify[0].starts_with("aws elbv2 describe-target-health --target-group-arn arn:"), "{verify:?}");
}

#[test]
fn json_of_a_healthy_path_asks_for_nothing() {
    let found = json_of(&healed("healed-json"), 0);
    assert_eq!(found["next_steps"], serde_json::json!([]));
    assert!(!texts(&found["findings"], "state").contains(&"faulty"), "{found:#}");
    // Without a route the document says that it is of none.
    let account = healed("healed-stage");
    let args = ["--account", account.to_str().unwrap(), "--format", "json"];
    let (out, _) = ended(&vpclink(&[&STAGE[..], &args].concat(), ""), 0);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["route"], Value::Null);
}

#[test]
fn html_is_one_page_with_what_is_broken_first() {
    let (page, _) = ended(&check_of(&example("no-healthy-target"), &["--format", "html"]), 10);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("<title>The private path of a1b2c3d4e5/prod</title>"), "{page}");
    let at = |heading: &str| page.find(&format!("\">{heading}</h3>")).expect(heading);
    assert!(at("The private path") < at("Broken"), "{page}");
    assert!(at("Broken") < at("Not checked") && at("Not checked") < at("Healthy"), "{page}");
    assert!(page.contains("<li>No target of <code>orders-blue</code> is healthy"), "{page}");
    // A step without a command shows no empty box.
    assert!(!page.contains("<code></code>"), "{page}");
    let (page, _) = ended(&check_of(&healed("healed-html"), &["--format", "html"]), 0);
    assert!(!page.contains("\">Broken</h3>"), "{page}");
}

const TAG: &str = "</title></code><script>alert(1)</script><img src=x onerror=alert(1)>";
const STEERING: &str = "\u{1b}[2J\u{202e}";

/// Names and reasons of an account that an enemy chose; the ids of the path hold commands.
fn hostile(name: &str) -> PathBuf {
    let names = changed("no-healthy-target", name, |call, answer| match call {
        "apigateway:GetRestApi" => answer["name"] = format!("orders{TAG}{STEERING}").into(),
        "apigateway:GetVpcLink" => answer["name"] = format!("\" onmouseover=\"alert(1){STEERING}").into(),
        "elasticloadbalancing:DescribeLoadBalancers" => answer["name"] = format!("`{TAG}`").into(),
        "elasticloadbalancing:DescribeTargetGroups" => {
            answer[0]["name"] = format!("https://evil.example/{TAG}{STEERING}").into();
        }
        "elasticloadbalancing:DescribeTargetHealth" => {
            for target in answer.as_array_mut().unwrap() {
                target["reason"] = format!("Target.{TAG}").into();
            }
        }
        _ => {}
    });
    let text = fs::read_to_string(&names).unwrap();
    fs::write(&names, text.replace(":targetgroup/", ":targetgroup/'; $(id); '")).unwrap();
    names
}

#[test]
fn html_of_a_hostile_account_opens_no_tag() {
    let (page, _) = ended(&check_of(&hostile("hostile-html"), &["--format", "html"]), 10);
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert_eq!(page.matches("</title></code>").count(), 0, "{page}");
    for attack in ["<img", "\" onmouseover", "https://evil.example", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(attack), "{attack}: {page}");
    }
    // It is shown as what it is.
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
}

#[test]
fn json_of_a_hostile_account_steers_no_terminal_and_no_shell() {
    let account = hostile("hostile-json");
    let (out, _) = ended(&check_of(&account, &["--format", "json"]), 10);
    assert!(!out.trim_end().contains(['\u{1b}', '\u{202e}', '\n']), "{out}");
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["api"]["name"], format!("orders{TAG}[2J"));
    let commands: Vec<&str> =
        ["command", "verify"].iter().flat_map(|member| texts(&found["next_steps"], member)).collect();
    assert!(!commands.is_empty(), "{found:#}");
    for command in commands {
        assert!(shlex::split(command).unwrap().iter().any(|word| word.contains("; $(id); ")), "{command}");
        // What a shell would run stands inside of quotes.
        assert!(
            !command.replace(r"'\''", "").split('\'').step_by(2).any(|bare| bare.contains([';', '$'])),
            "{command}"
        );
    }
}

#[test]
fn the_terminal_is_not_steered_by_a_hostile_account() {
    let (out, _) = ended(&check_of(&hostile("hostile-terminal"), &["--color", "never"]), 10);
    assert!(!out.contains(['\u{1b}', '\u{202e}']) && !out.contains("https://evil.example"), "{out:?}");
}

#[test]
fn a_result_goes_to_the_file_and_not_to_the_screen() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for format in ["terminal", "json", "html"] {
        let account = example("no-healthy-target");
        let (shown, _) = ended(&check_of(&account, &["--format", format]), 10);
        let file = folder.join(format!("checked.{format}"));
        let (out, err) =
            ended(&check_of(&account, &["--format", format, "--output", file.to_str().unwrap()]), 10);
        assert_eq!((out.as_str(), err.as_str()), ("", ""));
        assert_eq!(fs::read_to_string(&file).unwrap(), shown);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_whatever_was_found() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let below = format!("{folder}/no-such-folder/checked.html");
    for format in ["terminal", "json", "html"] {
        for path in [below.as_str(), folder] {
            let args = ["--format", format, "--output", path];
            let (out, err) = ended(&check_of(&example("no-healthy-target"), &args), 1);
            assert_eq!(out, "");
            assert!(err.starts_with(&format!("error: cannot write `{path}`: ")), "{err}");
        }
    }
}

#[test]
fn a_stage_that_logs_nothing_is_found_by_a_check() {
    let account = changed("target-group-empty", "silent", |call, answer| {
        if call == "apigateway:GetStage" {
            answer["logging"] = serde_json::json!({"*/*": "INFO", "/orders/GET": "OFF"});
        }
    });
    let (out, _) = ended(&check_of(&account, &[]), 10);
    assert!(out.contains("✗ stage prod logs nothing of this route's requests"), "{out}");
    let other = ["--account", account.to_str().unwrap(), "--method", "GET", "--resource", "/orders/1"];
    let (out, _) = ended(&vpclink(&[&STAGE[..], &other].concat(), ""), 10);
    assert!(!out.contains("logs nothing"), "{out}");
}

#[test]
fn a_timeout_and_a_streamed_response_stand_beside_the_integration() {
    let account = changed("target-group-empty", "streaming", |call, answer| {
        if call == "apigateway:GetExport" {
            for resource in answer.as_array_mut().unwrap() {
                for integration in resource["integrations"].as_object_mut().unwrap().values_mut() {
                    integration["timeout_ms"] = 60_000.into();
                    integration["streaming"] = true.into();
                }
            }
        }
    });
    let (out, _) = ended(&check_of(&account, &[]), 10);
    assert!(out.contains("integration of /orders (timeout 60000 ms, response streaming)"), "{out}");
}
