//! Alerts beyond the examples under `events/`: every cause family, every status, missing permissions, long lists, cut
//! text, and one fault that fails many APIs.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::causes::{Cause, Diagnosis, MANY_INCIDENTS, Route};
use vpclink_responder::ids::{AccountId, ApiId, Region};
use vpclink_responder::incidents::coverage::Flapping;
use vpclink_responder::incidents::job::{Job, Member, Need, Notice, Recovered, Reply, Same};
use vpclink_responder::incidents::plan::{EXPIRE_AFTER, update};
use vpclink_responder::incidents::record::{AlertRecord, AlertState, LastAlert};
use vpclink_responder::incidents::step::AlertTask;
use vpclink_responder::incidents::{
    Alert, AlertId, AlsoAffected, Coverage, Fingerprint, Policy, Recovery, Status, recovery,
};
use vpclink_responder::logs::Source;

use crate::alerts::golden::explained;

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

/// 2026-11-22T14:03:22Z, when the examples' first lines were logged.
const FIRST_LINE_AT: i64 = 1_795_356_202_000;

/// Every incident that is snapshot beside the examples, by name.
pub(crate) fn all() -> Vec<(&'static str, Alert)> {
    let mut incidents = vec![
        ("family-link-id", of("vpc-link-id-invalid/error-level.log", "stage-variable-dangling")),
        ("family-protocol", of("invalid-http-response/info-with-data-trace.log", "healthy")),
        ("family-reset", of("target-reset/info-with-data-trace.log", "healthy")),
        ("family-tls", of("certificate-expired/info-with-data-trace.log", "certificate-expired")),
        ("family-any", of("unrecognised-failure/error-level.log", "no-healthy-target")),
        (
            "family-elsewhere-mapping",
            of("mapping-method-response-missing/info-with-data-trace.log", "healthy"),
        ),
        ("nothing-readable", of("integration-unreachable/orders.log", "nothing")),
        ("nothing-read", unread()),
        ("long-lists", long_lists()),
        ("cut-text", cut_text()),
        ("several-apis", several_apis(8)),
        ("several-stages", several_stages()),
    ];
    for status in Status::ALL {
        incidents.push(match status {
            Status::Open => continue,
            Status::Ongoing => ("status-ongoing", with("no-healthy-target", |known| known.updated(None))),
            Status::Escalated => {
                ("status-escalated", with("no-healthy-target", |known| known.updated(Some(20))))
            }
            Status::Resolved => ("status-resolved", quiet("healthy", QUIET)),
            Status::Regressed => ("status-regressed", with("no-healthy-target", Published::regressed)),
            Status::Merged => ("status-merged", with("no-healthy-target", Published::merged)),
            Status::Test => ("status-test", test()),
        });
        let (name, alert) = incidents.last().unwrap();
        assert_eq!(alert.status, status, "{name}");
    }
    incidents.push(("status-ongoing-but-quiet", quiet("no-healthy-target", QUIET)));
    incidents.push(("status-quiet-without-permissions", quiet("nothing", QUIET)));
    incidents.push(("status-resolved-without-permissions", quiet("nothing", EXPIRE_AFTER)));
    incidents.push(("digest", digest()));
    incidents
}

const POLICY: Policy =
    Policy { repeat: Duration::from_secs(4 * 3600), resolve_after: Duration::from_secs(900) };

/// How long an alert is quiet before its path is read again.
const QUIET: Duration = Duration::from_secs(20 * 60);

/// An alert that is open, and the incident on it. What its messages say of themselves, the program's own steps word.
struct Published {
    alert: AlertRecord,
    member: Member,
    at: Timestamp,
}

impl Published {
    fn of(alert: &Alert) -> Self {
        let at: Timestamp = "2026-11-22T14:04:03Z".parse().unwrap();
        let fingerprint = alert.incident.fingerprint.clone();
        let opened = Coverage { failed: 42, ..Coverage::opened(at) };
        let id = opened.next_alert(&fingerprint);
        let coverage = Coverage { alert: Some(id.clone()), named: true, ..opened };
        let opening = AlertRecord::opening(id, fingerprint.clone(), Flapping::default(), at);
        Self {
            alert: AlertRecord { state: AlertState::Open, last: Some(LastAlert::first(at)), ..opening },
            member: Member { fingerprint, coverage, rate: None, base: Some(2), routes: 1, silenced: false },
            at,
        }
    }

    fn after(&self, seconds: i64) -> Timestamp {
        self.at.checked_add(SignedDuration::from_secs(seconds)).unwrap()
    }

    /// What a job publishes, where every step that it needs succeeds.
    fn notice(&self, job: Job, found: Option<&Recovered>, now: Timestamp) -> Notice {
        let (owner, lease) = ("a test".to_owned(), Duration::from_secs(65));
        let mut task = AlertTask::new(job, self.alert.clone(), vec![self.member.clone()], owner, lease);
        loop {
            let need = task.need(now);
            let reply = match &need {
                Need::Publish(notice) => return notice.clone(),
                Need::Path => Reply::Path { root: None, fault: None, same: Same::No },
                Need::Evidence => Reply::Evidence { recovery: found.unwrap().clone(), fault: None },
                Need::Members => {
                    let Member { fingerprint, coverage, .. } = &self.member;
                    Reply::Members(vec![(fingerprint.clone(), Some(coverage.clone()))])
                }
                Need::Change { change, .. } => Reply::Changed(self.member.coverage.changed(change)),
                Need::Nothing(outcome) => panic!("nothing was published: {outcome:?}"),
                _ => Reply::Done,
            };
            task.answer_to(&need, reply, POLICY, now);
        }
    }

    /// It fails for four hours, at this rate.
    fn updated(mut self, rate: Option<u64>) -> Notice {
        self.member.rate = rate;
        let now = self.after(4 * 3600);
        let due = update(&self.alert, std::slice::from_ref(&self.member), POLICY, now);
        let (status, reason) = due.expect("a message is due");
        self.notice(Job::Update { status, reason }, None, now)
    }

    /// It fails again forty minutes after its end.
    fn regressed(mut self) -> Notice {
        let (before, at) = (self.alert.id.clone(), self.at);
        let coverage = &mut self.member.coverage;
        (coverage.alert, coverage.named, coverage.generation) = (None, false, 1);
        coverage.ended = Some((before, at));
        let (now, next) = (self.after(40 * 60), self.member.coverage.next_alert(&self.member.fingerprint));
        let flapping = self.member.coverage.flaps(now);
        self.alert = AlertRecord::opening(next, self.member.fingerprint.clone(), flapping, now);
        self.notice(Job::Open, None, now)
    }

    /// An older alert is of the same broken resource.
    fn merged(self) -> Notice {
        let into = AlertId("1-b47f2859a6c01d3e-20261122-1".to_owned());
        self.notice(Job::Merge { into }, None, self.after(190))
    }
}

/// Log lines as CloudWatch Logs delivers them, a millisecond apart.
pub(crate) fn document(lines: &[String]) -> Vec<u8> {
    let event = |(line, n): (&String, i64)| json!({"id": n.to_string(), "timestamp": FIRST_LINE_AT + n, "message": line});
    let events: Vec<Value> = lines.iter().zip(0..).map(event).collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": GROUP, "logStream": "s", "logEvents": events})
        .to_string()
        .into_bytes()
}

/// The alert of a fixture over an account.
fn of(fixture: &str, account: &str) -> Alert {
    let log = fs::read_to_string(format!("tests/logs/{fixture}")).unwrap();
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    only(explained(document(&lines), &self::account(account)).alerts)
}

fn only(mut alerts: Vec<Alert>) -> Alert {
    assert_eq!(alerts.len(), 1);
    alerts.remove(0)
}

/// An example's account, or one made from it.
pub(crate) fn account(name: &str) -> RecordedAccount {
    let read = |name: &str| fs::read_to_string(format!("events/{name}.account.json")).unwrap();
    let text = match name {
        "nothing" => r#"{"format": "vpclink-responder/account/1", "answers": []}"#.to_owned(),
        "healthy" => {
            changed(&read("no-healthy-target"), "elasticloadbalancing:DescribeTargetHealth", |targets| {
                for target in targets.as_array_mut().unwrap() {
                    target["state"] = "healthy".into();
                    target["reason"] = Value::Null;
                    target["description"] = Value::Null;
                }
            })
        }
        "certificate-expired" => {
            changed(&read("no-healthy-target"), "acm:DescribeCertificate", |certificate| {
                certificate["not_after"] = "2026-11-21T23:59:59Z".into();
            })
        }
        name => read(name),
    };
    RecordedAccount::parse(&text).unwrap()
}

fn changed(account: &str, call: &str, change: impl Fn(&mut Value)) -> String {
    let mut account: Value = serde_json::from_str(account).unwrap();
    let answers = account["answers"].as_array_mut().unwrap();
    let mut found = answers.iter_mut().filter(|answer| answer["call"] == call).peekable();
    assert!(found.peek().is_some(), "{call}");
    found.for_each(|answer| change(&mut answer["answer"]));
    account.to_string()
}

/// A later message of an alert.
fn with(account: &str, publish: impl FnOnce(Published) -> Notice) -> Alert {
    noticed(of("integration-unreachable/orders.log", account), publish)
}

fn noticed(alert: Alert, publish: impl FnOnce(Published) -> Notice) -> Alert {
    let Notice { status, reason, is_unconfirmed } = publish(Published::of(&alert));
    Alert { status, reason, is_unconfirmed, ..alert }
}

/// It has not failed for so long, and is read again.
fn quiet(account: &str, quiet: Duration) -> Alert {
    let mut alert = of("integration-unreachable/orders.log", account);
    alert.incident.failed = 42;
    let found = match recovery(alert.news.example.cause, None, &alert.judgement) {
        Recovery::Gone(how) => Recovered::Gone(how),
        Recovery::Still(says) => Recovered::Still(says),
        Recovery::Unseen(why) => Recovered::Unseen(why),
    };
    let job = Job::Recover { quiet, may_expire: quiet >= EXPIRE_AFTER };
    noticed(alert, |known| {
        known.notice(job, Some(&found), known.after(i64::try_from(quiet.as_secs()).unwrap()))
    })
}

/// As `vpclink test-alert` publishes it.
fn test() -> Alert {
    let mut alert = of("integration-unreachable/orders.log", "nothing");
    alert.status = Status::Test;
    alert.reason = "an engineer ran `vpclink test-alert`".to_owned();
    alert.judgement.unread = Some("a test reads no account".to_owned());
    alert
}

/// No account was read.
fn unread() -> Alert {
    let log = fs::read("tests/logs/integration-timeout/to-001.log").unwrap();
    only(crate::alerts::golden::unread(log).alerts)
}

/// More routes, request ids and minutes than a reader wants.
fn long_lists() -> Alert {
    let lines: Vec<String> = (0..80)
        .flat_map(|n| {
            [
                format!("(request-{n}) HTTP Method: GET, Resource Path: /shelf-{n}/books"),
                format!("(request-{n}) Execution failed due to configuration error: There was an internal error while executing your request"),
                format!("(request-{n}) Method completed with status: 500"),
            ]
        })
        .collect();
    only(explained(document(&lines), &account("nothing")).alerts)
}

/// A path and a reason that fill every limit.
fn cut_text() -> Alert {
    let path = format!("/{}", "a-very-long-resource-name/".repeat(30));
    let reason = "the function said a whole paragraph. ".repeat(60);
    let lines = [
        format!("(request-1) HTTP Method: DELETE, Resource Path: {path}"),
        format!(
            "(request-1) Lambda execution failed with status 200 due to customer function error: {reason}"
        ),
        "(request-1) Method completed with status: 502".to_owned(),
    ];
    only(explained(document(&lines), &account("nothing")).alerts)
}

fn hit(api: &str, stage: &str, failed: u64, cause: &str) -> AlsoAffected {
    let source = Source {
        account: Some(AccountId::new("111122223333")),
        region: Some(Region::new("eu-west-1")),
        api: Some(ApiId::new(api)),
        stage: Some(stage.to_owned()),
        ..Source::default()
    };
    let route = Route { method: "GET".to_owned(), path: "/".to_owned() };
    let cause = Cause::of_slug(cause).unwrap();
    AlsoAffected { source, cause, failed, routes: BTreeMap::from([(route, failed)]) }
}

/// One broken resource behind so many more APIs.
pub(crate) fn several_apis(more: u64) -> Alert {
    let mut alert = of("integration-unreachable/orders.log", "no-healthy-target");
    alert.also_hit = (0..more)
        .map(|n| {
            hit(
                &format!("b{n:09}"),
                "prod",
                3 + n,
                ["integration-unreachable", "network-error"][n as usize % 2],
            )
        })
        .collect();
    if let Some(last) = alert.also_hit.last_mut() {
        last.source.account = Some(AccountId::new("444455556666"));
        last.source.canary = true;
    }
    alert
}

/// Incidents beyond the hourly limit of messages: one message counts them all.
fn digest() -> Alert {
    let mut alert = unread();
    let (id, leader) =
        (AlertId("many-incidents-20261122T140403".to_owned()), Fingerprint::kept(AlertRecord::DIGEST));
    let opened = "2026-11-22T14:04:03Z".parse().unwrap();
    let record = AlertRecord::opening(id, leader, Flapping::default(), opened);
    alert.reason = Notice::opening(&record, None, opened).reason;
    alert.judgement.unread = Some("no path is read for this message".to_owned());
    alert.news.example = Diagnosis::noted(
        MANY_INCIDENTS,
        Source::default(),
        None,
        "the hourly limit left no separate message for 2 incidents",
    );
    alert.incident.routes.clear();
    alert.incident.failed = 250;
    alert.also_hit =
        vec![hit("a1b2c3d4e5", "prod", 200, "network-error"), hit("b000000001", "prod", 50, "target-reset")];
    alert
}

fn several_stages() -> Alert {
    let mut alert = of("integration-unreachable/orders.log", "no-healthy-target");
    alert.also_hit = vec![hit("a1b2c3d4e5", "test", 2, "integration-unreachable")];
    alert.also_hit[0].source.region = None;
    alert
}
