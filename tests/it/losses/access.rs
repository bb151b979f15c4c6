//! Access logs in the history: a stage that writes both logs, HTTP APIs that write no other, and what the table knows of their
//! groups: the truth, nothing, or a format that was changed since.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use vpclink_responder::ids::{ApiId, ApiKind};
use vpclink_responder::logs::{LogType, LogWriter, LogWriters};

use super::history::{Failure, History, Log, UNREACHABLE, execution_group, minutes};
use super::world::{EPOCH, time};

/// A REST API of which both logs are watched.
pub(crate) const BOTH: &str = "both000001";
/// An HTTP API whose group the table knows.
pub(crate) const KNOWN: &str = "known00001";
/// An HTTP API whose group the table does not know before the caretaker comes by.
pub(crate) const ABSENT: &str = "absent0001";
/// An HTTP API whose format was changed since the caretaker came by.
pub(crate) const STALE: &str = "stale00001";

/// When the caretaker comes by and keeps what is true.
const KEPT: [usize; 2] = [10, 25];

const OF_BOTH: &str = r#"{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status","integrationError":"$context.integration.error"}"#;
const BEFORE: &str = r#"$context.identity.sourceIp [$context.requestTime] "$context.routeKey" $context.status $context.integration.status $context.requestId"#;
const AFTER: &str = "id=$context.requestId;route=$context.routeKey;client=$context.status;backend=$context.integration.status;wait=$context.responseLatency";

/// When the format of the API whose group the table knows is changed.
const CHANGED: Duration = minutes(6);

/// The group under which the account holds what AWS says of one at this time.
pub(crate) fn asked_then(group: &str, now: Timestamp) -> String {
    let is_before = group == self::group(KNOWN) && now < time(CHANGED);
    if is_before { format!("{group} before") } else { group.to_owned() }
}

/// In which format a line is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Both,
    Before,
    After,
}

/// The groups to which access lines of these APIs go.
pub(crate) fn group(api: &str) -> String {
    format!("/aws/apigateway/{api}")
}

impl Failure {
    /// Its access line, or that of a request that went well.
    fn access_line(&self, shape: Shape, failed: bool) -> String {
        let Self { id, route, .. } = self;
        let (status, backend) = if failed { ("503", "-") } else { ("200", "200") };
        match shape {
            Shape::Both => {
                let (status, error) = if failed { ("500", self.line()) } else { ("200", "-") };
                format!(
                    r#"{{"requestId":"{id}","httpMethod":"GET","resourcePath":"{route}","status":"{status}","integrationError":"{error}"}}"#
                )
            }
            Shape::Before => {
                format!(r#"203.0.113.7 [22/Nov/2026:14:00:00 +0000] "GET {route}" {status} {backend} {id}"#)
            }
            Shape::After => {
                format!("id={id};route=GET {route};client={status};backend={backend};wait=31")
            }
        }
    }
}

impl History {
    /// The document of access lines that tell of these failures, by their places in the history. Among them are lines of requests
    /// that went well, and one of another program.
    fn access(&self, shape: Shape, failures: impl IntoIterator<Item = usize>) -> Value {
        let failures: Vec<&Failure> = failures.into_iter().map(|place| &self.failures[place]).collect();
        let first = failures[0];
        let well = Failure { id: format!("{}w=", &first.id[..first.id.len() - 1]), ..first.clone() };
        let failed = failures.iter().map(|failure| failure.access_line(shape, true));
        let other = "another program's line, 204 times".to_owned();
        let lines = [well.access_line(shape, false), other].into_iter().chain(failed);
        let at = EPOCH * 1000 + i64::try_from(first.at.as_millis()).expect("a short history");
        let event = |(place, line): (usize, String)| json!({ "id": format!("{at:028}{place:028}"), "timestamp": at, "message": line });
        json!({
            "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": group(&first.api), "logStream": "stream",
            "subscriptionFilters": ["vpclink-responder"], "logEvents": lines.enumerate().map(event).collect::<Vec<_>>(),
        })
    }

    /// Some requests of an API without an execution log fail; their access lines reach the function a moment later.
    fn fail_over_http(&mut self, api: &str, shape: Shape, at: Duration, count: usize) {
        let before = self.failures.len();
        let _ = self.fail(api, UNREACHABLE, "/orders", at, count);
        for failure in &mut self.failures[before..] {
            failure.log = Log::Access;
            failure.id = format!("JKJ{}=", failure.id.replace('-', ""));
        }
        let document = self.access(shape, before..self.failures.len());
        self.subscription(at + Duration::from_millis(300), &document);
    }

    /// Some requests of a stage fail whose two logs are both watched, and one more whose route writes no execution log.
    fn fail_in_both(&mut self, at: Duration, access_after: Duration, execution_after: Duration) {
        let before = self.failures.len();
        let of_execution = self.fail(BOTH, UNREACHABLE, "/orders", at, 2);
        let joined = self.failures.len();
        let _ = self.fail(BOTH, UNREACHABLE, "/orders", at, 1);
        self.joined.extend(before..joined);
        let of_access = self.access(Shape::Both, before..self.failures.len());
        self.subscription(at + access_after, &of_access);
        self.subscription(at + execution_after, &of_execution);
    }

    /// All of it.
    pub(crate) fn fail_in_access_logs(&mut self) {
        let ms = Duration::from_millis;
        // Two containers at once; then each log before the other.
        self.fail_in_both(ms(4_000), ms(100), ms(105));
        self.fail_in_both(ms(24_000), ms(100), ms(4_000));
        self.fail_in_both(minutes(8), ms(3_000), ms(100));
        self.fail_over_http(KNOWN, Shape::Before, ms(5_000), 2);
        self.fail_over_http(ABSENT, Shape::Before, ms(6_000), 2);
        self.fail_over_http(STALE, Shape::After, ms(7_000), 2);
        // Lines of before the change come late.
        self.fail_over_http(STALE, Shape::Before, ms(7_500), 1);
        // The format changes under way: the containers know the old one by now.
        self.fail_over_http(KNOWN, Shape::After, CHANGED, 1);
        let back = minutes(45) + ms(600);
        self.fail_in_both(back, ms(100), ms(200));
        for api in [KNOWN, ABSENT, STALE] {
            self.fail_over_http(api, Shape::After, back, 1);
        }
        self.writers =
            [(execution_group(BOTH), known(BOTH, None)), (group(BOTH), known(BOTH, Some(OF_BOTH)))].into();
        self.writers.extend([KNOWN, STALE].map(|api| (group(api), known(api, Some(BEFORE)))));
        let kept = [KNOWN, ABSENT, STALE].map(|api| (group(api), known(api, Some(AFTER))));
        let kept: Vec<_> = self.writers.iter().take(2).cloned().chain(kept).collect();
        self.kept = KEPT.map(|round| (round, kept.clone())).into();
    }
}

/// What the table says of a group that one stage writes to.
fn known(api: &str, format: Option<&str>) -> LogWriters {
    LogWriters { writers: vec![writer(api, format)], subscribed: true }
}

fn writer(api: &str, format: Option<&str>) -> LogWriter {
    let is_both = api == BOTH;
    LogWriter {
        api: ApiId::new(api),
        stage: "prod".to_owned(),
        kind: if is_both { ApiKind::Rest } else { ApiKind::Http },
        log: if format.is_some() { LogType::Access } else { LogType::Execution },
        twice: is_both,
        format: format.map(str::to_owned),
    }
}

/// What AWS says of the HTTP APIs, in front of the recorded account's load balancer, and of who writes to which group.
pub(crate) fn answers() -> Vec<Value> {
    let line = |call: &str, of: String, answer: Value| json!({ "call": call, "of": of, "read_at": "2026-11-22T14:04:03Z", "answer": answer });
    let listener = json!({
        "actions": [{ "kind": "forward", "target_groups": [[TARGETS, 1]] }], "arn": LISTENER, "load_balancer": BALANCER,
        "port": 8443, "protocol": "TLS",
    });
    let link = json!({
        "generation": 2, "id": "v2link", "message": null, "name": "web-link", "status": "AVAILABLE", "targets": [],
        "subnets": ["subnet-0aa1", "subnet-0bb2"], "security_groups": ["sg-0target"],
    });
    let interfaces = json!([{
        "addresses": ["10.0.1.7"], "groups": ["sg-0target"], "id": "eni-00000000000000009", "subnet": "subnet-0aa1",
        "vpc": "vpc-0aa11bb22cc33dd44",
    }]);
    // The balancer's group and the link's, as the account has each by itself.
    let groups = json!(["sg-0balancer", "sg-0target"].map(|id| {
        let open = json!({ "cidrs": ["10.0.0.0/16"], "from_port": null, "to_port": null, "groups": [], "prefix_lists": [], "protocol": "-1" });
        json!({ "id": id, "name": id, "ingress": [open], "egress": [open] })
    }));
    let mut answers = vec![
        line("apigatewayv2:GetVpcLink", "v2link".to_owned(), link),
        line("elasticloadbalancing:DescribeListeners/one", LISTENER.to_owned(), listener),
        line("ec2:DescribeSecurityGroups", "sg-0balancer,sg-0target".to_owned(), groups),
        line("ec2:DescribeNetworkInterfaces", "subnet-0aa1,subnet-0bb2".to_owned(), interfaces),
    ];
    for api in [KNOWN, ABSENT, STALE] {
        let integration = json!({
            "kind": "HTTP_PROXY", "uri": null, "private": true, "connection_id": "v2link", "target": LISTENER, "timeout_ms": 30000,
            "insecure_skip_verification": null, "http": { "tls": true, "server_name": null, "path": null, "host": null },
        });
        let format = if api == ABSENT { BEFORE } else { AFTER };
        answers.extend([
            line("apigatewayv2:GetApi", api.to_owned(), json!({ "name": "web", "kind": "http" })),
            line(
                "apigatewayv2:GetStage",
                format!("{api}/prod"),
                json!({ "variables": {}, "canary_overrides": {}, "auto_deploy": true }),
            ),
            line(
                "apigatewayv2:GetRoutes",
                api.to_owned(),
                json!([{ "path": "/orders", "integrations": { "GET": integration } }]),
            ),
            line("apigatewayv2:GetStages", group(api), json!([writer(api, Some(format))])),
        ]);
        let absent = |call: &str| json!({ "call": call, "of": api, "read_at": "2026-11-22T14:04:03Z", "absent": true });
        answers.push(absent("apigateway:GetRestApi"));
    }
    let before = format!("{} before", group(KNOWN));
    answers.push(line("apigatewayv2:GetStages", before, json!([writer(KNOWN, Some(BEFORE))])));
    answers.push(line("apigatewayv2:GetStages", group(BOTH), json!([])));
    answers.push(line("apigateway:GetStages", group(BOTH), json!([writer(BOTH, Some(OF_BOTH))])));
    answers
}

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/orders-nlb/50dc6c495c0c9188";
const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/net/orders-nlb/50dc6c495c0c9188/f2f7dc8efc522ab2";
const TARGETS: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders-blue/73e2d6bc24d8a067";
