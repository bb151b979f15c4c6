//! What happens: which requests fail when, how their lines reach the function, and when the fault is repaired.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::logs::LogWriters;

use super::access;
use super::world::EPOCH;

/// An account whose targets are all unhealthy, as it ships with the product.
const ACCOUNT: &str = include_str!("../../../events/no-healthy-target.account.json");

/// The API of that account; the others are made like it, behind the same load balancer.
pub(crate) const FIRST: &str = "a1b2c3d4e5";

pub(crate) const UNREACHABLE: &str = "integration-unreachable";
pub(crate) const MALFORMED: &str = "lambda-malformed-response";
pub(crate) const UNDECODABLE: &str = "undecodable-batch";

/// The route that calls another endpoint than the others do.
pub(crate) const STOCK: &str = "/stock";

/// The host that a route's integration calls.
pub(crate) fn host(route: &str) -> &'static str {
    if route == STOCK { "stock.internal.example" } else { "orders.internal.example" }
}

/// One request that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) id: String,
    pub(crate) api: String,
    pub(crate) route: String,
    pub(crate) cause: &'static str,
    /// Since the start.
    pub(crate) at: Duration,
    pub(crate) log: Log,
}

/// Which log tells of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// The execution log, alone or with the access log.
    Execution,
    /// The access log of an HTTP API, which has no sentence of it.
    Access,
}

/// The group of an API's execution log.
pub(crate) fn execution_group(api: &str) -> String {
    format!("API-Gateway-Execution-Logs_{api}/prod")
}

impl Failure {
    pub(crate) fn line(&self) -> &'static str {
        match self.cause {
            UNREACHABLE => {
                "Execution failed due to configuration error: There was an internal error while executing your request"
            }
            _ => "Execution failed due to configuration error: Malformed Lambda proxy response",
        }
    }

    fn status(&self) -> &'static str {
        if self.cause == UNREACHABLE {
            "Method completed with status: 500"
        } else {
            "Method completed with status: 502"
        }
    }

    /// Its lines, without their request's id.
    pub(crate) fn lines(&self) -> Vec<String> {
        let route = &self.route;
        if self.log == Log::Access {
            return vec!["access log: status 503, integration.status -".to_owned()];
        }
        let mut lines = vec![format!("HTTP Method: GET, Resource Path: {route}")];
        if self.cause == UNREACHABLE {
            lines.push(format!("Endpoint request URI: https://{}:8443{route}", host(route)));
        }
        lines.extend([self.line().to_owned(), self.status().to_owned()]);
        lines
    }
}

/// How a payload comes.
#[derive(Clone, Debug)]
pub(crate) enum Via {
    /// An asynchronous invocation, as a subscription makes it.
    Subscription(Vec<u8>),
    /// Records of a stream; Lambda hands over what is left of them.
    Stream(Vec<Value>),
}

/// What reaches the function, and when.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) at: Duration,
    pub(crate) via: Via,
}

/// Everything that happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) failures: Vec<Failure>,
    pub(crate) payloads: Vec<Payload>,
    /// The account while it is broken, and when it was repaired.
    pub(crate) accounts: Arc<Vec<RecordedAccount>>,
    /// When it is whole: from, to.
    pub(crate) whole: Vec<(Duration, Duration)>,
    /// An API, one endpoint of which stays broken beyond the first repair: the host.
    pub(crate) half: Option<(String, &'static str)>,
    /// An API that is muted until then.
    pub(crate) silenced: Option<(String, Duration)>,
    /// Whether all of it can be read.
    pub(crate) is_readable: bool,
    /// When the fault comes back.
    pub(crate) back: Duration,
    /// When payloads of the failure queue are run again.
    pub(crate) redriven: Vec<Duration>,
    /// Rounds of the caretaker, one a minute.
    pub(crate) rounds: usize,
    /// Failures, by their places, of which both logs of their stage tell.
    pub(crate) joined: Vec<usize>,
    /// Who writes to which log group, as the table has it at first.
    pub(crate) writers: Vec<(String, LogWriters)>,
    /// The same as the caretaker finds it, and in which rounds.
    pub(crate) kept: Vec<(usize, Vec<(String, LogWriters)>)>,
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

impl History {
    /// Whether a reading finds the fault of an API's endpoint then. A cause that no reading shows is over when it is quiet.
    pub(crate) fn is_broken(&self, api: &str, cause: &str, host: &str, at: Duration) -> bool {
        let repaired = self.whole.iter().position(|(from, to)| (*from..*to).contains(&at));
        let is_half = || self.half.as_ref().is_some_and(|half| (half.0.as_str(), half.1) == (api, host));
        cause == UNREACHABLE && repaired.is_none_or(|time| time == 0 && is_half())
    }

    /// Some requests of an API fail; the document that tells of them.
    pub(crate) fn fail(
        &mut self,
        api: &str,
        cause: &'static str,
        route: &str,
        at: Duration,
        count: usize,
    ) -> Value {
        let mut events = Vec::new();
        for _ in 0..count {
            let number = self.failures.len();
            let id = format!("8f2f7a1e-0000-4000-8000-{number:012}");
            let failure =
                Failure { id, api: api.to_owned(), route: route.to_owned(), cause, at, log: Log::Execution };
            let at = EPOCH * 1000 + i64::try_from(at.as_millis()).expect("a short history");
            for line in failure.lines() {
                let event = format!("{number:028}{:028}", events.len());
                let message = format!("({}) {line}", failure.id);
                events.push(json!({ "id": event, "timestamp": at, "message": message }));
            }
            self.failures.push(failure);
        }
        json!({
            "messageType": "DATA_MESSAGE", "owner": "111122223333",
            "logGroup": execution_group(api), "logStream": "stream",
            "subscriptionFilters": ["vpclink-responder"], "logEvents": events,
        })
    }

    pub(crate) fn subscription(&mut self, at: Duration, document: &Value) {
        let event = json!({ "awslogs": { "data": packed(document) } });
        self.payloads.push(Payload { at, via: Via::Subscription(event.to_string().into_bytes()) });
    }

    fn stream(&mut self, at: Duration, data: Vec<String>) {
        let record = |(place, data): (usize, &String)| json!({ "kinesis": { "sequenceNumber": format!("{place:056}"), "data": data }, "awsRegion": "eu-west-1" });
        self.payloads.push(Payload { at, via: Via::Stream(data.iter().enumerate().map(record).collect()) });
    }
}

/// One dead target group behind four APIs, seen by several containers at once, with everything that deliveries do: lines
/// twice, late, in another order, by stream, and with a record that can't be read; and access logs, of HTTP APIs before it too. It is repaired, and comes back once.
pub(crate) fn history() -> History {
    let mut history = History {
        whole: vec![(minutes(20), minutes(45)), (minutes(50), minutes(1000))],
        silenced: Some(("silent0001".to_owned(), minutes(12))),
        back: minutes(45),
        redriven: vec![minutes(30), minutes(70)],
        rounds: 150,
        ..History::default()
    };
    let ms = Duration::from_millis;
    let first = history.fail(FIRST, UNREACHABLE, "/orders", ms(0), 3);
    history.subscription(ms(100), &first);
    let second = history.fail("b2c3d4e5f6", UNREACHABLE, "/orders", ms(50), 2);
    history.subscription(ms(120), &second);
    let race = history.fail(FIRST, UNREACHABLE, "/orders", ms(80), 2);
    history.subscription(ms(125), &race);
    let stock = history.fail(FIRST, UNREACHABLE, STOCK, ms(90), 1);
    history.subscription(ms(130), &stock);
    let other = history.fail("c3d4e5f6a7", MALFORMED, "/orders", ms(1500), 2);
    history.subscription(ms(2000), &other);
    let silent = history.fail("silent0001", UNREACHABLE, "/orders", ms(2500), 2);
    history.subscription(ms(3000), &silent);
    history.subscription(ms(60_000), &first);
    let late = history.fail("b2c3d4e5f6", UNREACHABLE, "/orders", ms(20), 1);
    let records = [
        history.fail("d4e5f6a7b8", UNREACHABLE, "/orders", ms(19_000), 1),
        history.fail(FIRST, UNREACHABLE, "/orders", ms(19_100), 1),
        history.fail("b2c3d4e5f6", UNREACHABLE, "/orders", ms(19_200), 1),
    ];
    let mut data: Vec<String> = records.iter().map(packed).collect();
    data.insert(1, STANDARD.encode("no gzip"));
    history.stream(ms(20_000), data);
    let route = history.fail(FIRST, UNREACHABLE, "/orders/{id}", minutes(6), 2);
    history.subscription(minutes(6) + ms(400), &route);
    history.subscription(minutes(7), &late);
    let back = history.fail(FIRST, UNREACHABLE, "/orders", minutes(45) + ms(500), 2);
    history.subscription(minutes(45) + ms(900), &back);
    history.fail_in_access_logs();
    let apis = [FIRST, "b2c3d4e5f6", "d4e5f6a7b8", "silent0001", access::BOTH];
    history.accounts = Arc::new(accounts_with(&apis, |_, answers| answers.extend(access::answers())));
    history
}

/// Days, in full ten: a fault of nine hours behind many APIs, in full 130, one of them muted, one repaired hours after the others; failures around the
/// ends; a cause that flaps; a payload of the failure queue, run two days later; and a week in which nothing fails.
pub(crate) fn days(days: u64, apis: u64) -> History {
    const HOUR: u64 = 60;
    const DAY: u64 = 24 * HOUR;
    let mut history = History {
        whole: vec![
            (minutes(9 * HOUR), minutes(12 * HOUR)),
            (minutes(12 * HOUR), minutes(2 * DAY)),
            (minutes(2 * DAY + 40), minutes(100 * DAY)),
        ],
        half: Some(("half000001".to_owned(), host(STOCK))),
        silenced: Some(("silent0001".to_owned(), minutes(8 * HOUR))),
        back: minutes(2 * DAY),
        is_readable: true,
        redriven: vec![minutes(DAY), minutes(3 * DAY)],
        rounds: usize::try_from(days * DAY).expect("it fits"),
        ..History::default()
    };
    let many: Vec<String> = (0..apis - 3).map(|n| format!("many{n:06}")).collect();
    let send_to = |history: &mut History, api: &str, cause, route: &str, at: Duration| {
        let document = history.fail(api, cause, route, at, 1);
        history.subscription(at + Duration::from_millis(200), &document);
    };
    let send = |history: &mut History, api: &str, cause, at| send_to(history, api, cause, "/orders", at);
    for api in [FIRST, "half000001", "silent0001"] {
        (0..9).for_each(|hour| send(&mut history, api, UNREACHABLE, minutes(hour * HOUR + 1)));
    }
    for hour in 0..9 {
        send_to(&mut history, "half000001", UNREACHABLE, STOCK, minutes(hour * HOUR + 3));
    }
    for (n, api) in (0..).zip(&many) {
        send(&mut history, api, UNREACHABLE, minutes(2 + n / 4));
    }
    // Around the time at which readings end the alert: a quarter of an hour after the last failure.
    for second in [0, 2, 5, 30] {
        let at = minutes(9 * HOUR) + Duration::from_secs(899 + second);
        send(&mut history, "half000001", UNREACHABLE, at);
    }
    for n in 0..6 {
        send(&mut history, "c3d4e5f6a7", MALFORMED, minutes(DAY + 31 * n));
    }
    let late = history.fail(FIRST, UNREACHABLE, "/orders", minutes(HOUR), 1);
    history.subscription(minutes(DAY + 17 * HOUR), &late);
    for (api, route) in [(FIRST, "/orders"), ("half000001", "/orders"), ("half000001", STOCK)] {
        send_to(&mut history, api, UNREACHABLE, route, minutes(2 * DAY) + Duration::from_millis(500));
    }
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().chain([FIRST, "half000001", "silent0001"]).collect();
    history.accounts = Arc::new(half_repaired(&names, "half000001", STOCK));
    history
}

/// The account while it is broken, while one route of an API still calls a port that no listener has, and when all is repaired.
pub(crate) fn half_repaired(apis: &[&str], half: &str, route: &str) -> Vec<RecordedAccount> {
    let wrong_port = |_: bool, answers: &mut Vec<Value>| {
        let of_half = |line: &&mut Value| line["of"].as_str().is_some_and(|of| of.starts_with(half));
        for line in answers.iter_mut().filter(of_half) {
            let (right, wrong) = (format!(":8443{route}"), format!(":9443{route}"));
            let answer = line["answer"].to_string().replace(&right, &wrong);
            line["answer"] = serde_json::from_str(&answer).expect("a port for a port");
        }
    };
    let mut accounts = accounts_with(apis, wrong_port);
    accounts.extend(self::accounts(apis).pop());
    accounts
}

/// The account while it is broken, and when it was repaired.
pub(crate) fn accounts(apis: &[&str]) -> Vec<RecordedAccount> {
    accounts_with(apis, |_, _| {})
}

/// The same, with what else is true of each.
pub(crate) fn accounts_with(apis: &[&str], change: impl Fn(bool, &mut Vec<Value>)) -> Vec<RecordedAccount> {
    let account = |repaired| {
        let mut file: Value = serde_json::from_str(ACCOUNT).expect("a recorded account is JSON");
        let answers = file["answers"].as_array_mut().expect("a recorded account has answers");
        answers.iter_mut().for_each(add_stock);
        answers.iter_mut().for_each(|line| probe(line, repaired));
        if repaired {
            answers.iter_mut().for_each(repair);
        }
        let own: Vec<Value> = answers
            .iter()
            .filter(|line| line["of"].as_str().is_some_and(|of| of.starts_with(FIRST)))
            .cloned()
            .collect();
        for api in apis.iter().filter(|api| **api != FIRST) {
            answers.extend(own.iter().cloned().map(|mut line| {
                line["of"] = line["of"].as_str().unwrap_or_default().replace(FIRST, api).into();
                line
            }));
        }
        change(repaired, answers);
        RecordedAccount::parse(&file.to_string()).expect("a recorded account")
    };
    vec![account(false), account(true)]
}

/// Lets the account's prober answer: while the account is broken, nothing listens on the targets. The load balancer answers.
fn probe(line: &mut Value, repaired: bool) {
    if line["call"] != "lambda:Invoke" {
        return;
    }
    let of = line["of"].as_str().expect("a reading is of something").to_owned();
    let of_node = of.contains("/tls/");
    let tls = if of_node { json!({ "handshake": "completed", "sni": true }) } else { json!({}) };
    let facts = |address: &str| {
        let accepted = json!({ "strict": repaired, "insecure_skip_verification": repaired });
        json!({
            "schema": "vpclink-responder/probe/1", "address": address, "server_name": null, "vantage": "vpc", "ms": 1,
            "tcp": if repaired || of_node { "connected" } else { "refused" }, "tls": tls.clone(),
            "http": {}, "accepted": accepted,
        })
    };
    let (_, addresses) = of.rsplit_once('/').expect("a prober is asked of addresses");
    line["answer"] = addresses.split(',').map(facts).collect();
    line.as_object_mut().expect("a line is an object").remove("absent");
}

/// Adds the route that calls another endpoint, and that endpoint's name to the certificate.
fn add_stock(line: &mut Value) {
    if line["answer"]["names"].is_array() {
        line["answer"]["names"].as_array_mut().expect("it is one").push(host(STOCK).into());
    }
    let resources = line["answer"].as_array_mut().into_iter().flatten();
    if let Some(orders) = resources.into_iter().find(|resource| resource["path"] == "/orders") {
        let orders = orders.to_string();
        let stock = orders.replace(host(""), host(STOCK)).replace("/orders", STOCK);
        let stock = serde_json::from_str(&stock).expect("a host for a host");
        line["answer"].as_array_mut().expect("it is one").push(stock);
    }
}

fn repair(line: &mut Value) {
    if line["call"] == "elasticloadbalancing:DescribeTargetHealth" {
        for target in line["answer"].as_array_mut().expect("a list of targets") {
            target["state"] = "healthy".into();
            target["reason"] = Value::Null;
            target["description"] = Value::Null;
        }
    }
}

/// Base64 of gzip of JSON.
fn packed(document: &Value) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(document.to_string().as_bytes()).expect("a vector takes all that is written");
    STANDARD.encode(encoder.finish().expect("a vector takes all that is written"))
}
