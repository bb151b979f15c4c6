//! How an account becomes an alert: through the real binary, or, where many answers are asked for, through the same
//! pipeline and SDK in this process.

use async_trait::async_trait;
use vpclink_responder::{alerts, aws};

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_apigateway::config::Credentials;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use vpclink_responder::aws::live::{LiveAccount, https};
use vpclink_responder::aws::{Answered, CachedAccount, Query, ReadError};
use vpclink_responder::causes::RouteContext;
use vpclink_responder::checks::Assessment;
use vpclink_responder::functions::{ReadFrom, check, explain};
use vpclink_responder::incidents::Alert;
use vpclink_responder::path::Resolved;

use super::hostile::Shared;
use super::{Fault, LastAlert, complain};
use crate::harness::{Account, Aws, Function, Lambda, Outcome, Start, event_of, subscription_document_at};

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// As many as the machines that run this have cores.
const THREADS: usize = 2;

/// What the stage logs: all lines of a request, or the failure alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Info,
    Error,
}

/// What the real binary tells of one failed request over an account.
pub(crate) fn responder(account: Account, log: &str) -> LastAlert {
    let event = event(&account, log, Level::Info);
    let aws = Aws::start(account);
    told_over(&aws, &event)
}

/// What the real binary tells over a double that is already set up.
pub(crate) fn told_over(aws: &Aws, event: &Value) -> LastAlert {
    let mut lambda = start(aws);
    match lambda.invoke(event) {
        Outcome::Response(_) => {}
        other => panic!("the invocation should have succeeded: {other:?}"),
    }
    let published = aws.published();
    assert_eq!(published.len(), 1, "exactly one alert");
    LastAlert::of(serde_json::from_str(&published[0].bodies["sqs"]).unwrap())
}

fn start(aws: &Aws) -> Lambda {
    let function =
        Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).env("ALERT_TOPIC_ARN", TOPIC).calling(aws);
    let mut lambda = function.start();
    let started = lambda.started();
    assert_eq!(started, Start::Ready, "{}", lambda.log());
    lambda
}

/// The event of one failed `GET /orders`, failed just now.
pub(crate) fn event(account: &Account, log: &str, level: Level) -> Value {
    event_in(account, log, level, GROUP)
}

/// The same of a request that failed a while ago.
pub(crate) fn event_minutes_ago(account: &Account, log: &str, minutes: i64) -> Value {
    event_at(account, log, Level::Info, GROUP, now() - SignedDuration::from_mins(minutes))
}

/// The same from another log group.
pub(crate) fn event_in(account: &Account, log: &str, level: Level, group: &str) -> Value {
    event_at(account, log, level, group, now())
}

fn event_at(account: &Account, log: &str, level: Level, group: &str, at: Timestamp) -> Value {
    let request = "8f2f7a1e-0000-4000-8000-000000000001";
    let mut lines = Vec::new();
    if level == Level::Info {
        lines.push(format!("Starting execution for request: {request}"));
        lines.push("HTTP Method: GET, Resource Path: /orders".to_owned());
        if let Some(called) = called(account, group.ends_with("/Canary")) {
            lines.push(format!("Endpoint request URI: {called}"));
            lines.push(format!("Sending request to {called}"));
        }
    }
    lines.extend(log.lines().map(str::to_owned));
    lines.push("Method completed with status: 500".to_owned());
    let lines: Vec<String> = lines.iter().map(|line| format!("({request}) {line}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    event_of(&subscription_document_at(group, &lines, at.as_millisecond()))
}

/// The URI that API Gateway calls for `GET /orders`: the deployed one, its stage variables filled in.
fn called(account: &Account, canary: bool) -> Option<String> {
    let api = account.rest_apis.values().next()?;
    let deployed = api.deployed.as_ref().unwrap_or(&api.resources);
    let method = deployed.iter().find(|resource| resource.path == "/orders")?.methods.get("GET")?.as_ref()?;
    let stage = api.stages.get("prod")?;
    let mut variables = stage.variables.clone();
    if let Some(canary) = stage.canary.as_ref().filter(|_| canary) {
        variables.extend(canary.stage_variable_overrides.clone());
    }
    let filled = Resolved::new(method.uri.as_deref()?, &variables);
    filled.undefined.is_empty().then_some(filled.text)
}

/// Takes the items side by side and keeps the answers in their order.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((place, item)) = take(items, &next) {
                    let answer = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, answer)| answer).collect()
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, items.get(place)?))
}

/// The pipeline in this process, over the real SDK and a double.
pub(crate) struct Laptop {
    aws: Aws,
    live: Arc<LiveAccount>,
    runtime: Runtime,
}

impl Laptop {
    pub(crate) fn new() -> Self {
        let aws = Aws::start(Account::default());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .endpoint_url(aws.url())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("ASIAEXAMPLEEXAMPLE00", "secret", None, None, "matrix"));
        let live = Arc::new(LiveAccount::new(&runtime.block_on(config.load()), now));
        Self { aws, live, runtime }
    }

    /// Diagnoses an event over an account, once with every permission and once without each of the actions that the first
    /// time asked for. AWS is asked once for each answer; a denial takes the place of the answer at the survey's own port.
    pub(crate) fn deny_each(
        &self,
        account: &Account,
        event: &Value,
    ) -> (LastAlert, Vec<(&'static str, LastAlert)>) {
        self.aws.change(|held| held.clone_from(account));
        let answers = CachedAccount::new(Denying::new(&*self.live, None));
        let listening = Denying::new(&answers, None);
        let allowed = self.explain(event, &listening);
        let asked = listening.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let denied = asked
            .into_iter()
            .map(|action| (action, self.explain(event, &Denying::new(&answers, Some(action)))));
        (allowed, denied.collect())
    }

    /// The alert over an account.
    pub(crate) fn alert(&self, account: &Account, event: &Value) -> Alert {
        self.aws.change(|held| held.clone_from(account));
        self.explained(event, &Denying::new(&*self.live, None))
    }

    /// What is found in an account without a failure.
    pub(crate) fn checked(&self, account: &Account, subject: &RouteContext) -> Assessment {
        self.aws.change(|held| held.clone_from(account));
        let from = ReadFrom { account: &*self.live, budget: Duration::from_secs(20) };
        self.runtime.block_on(check(subject, &from))
    }

    /// What walks find in an account: one with every answer first, then two without each: denied, and too late.
    pub(crate) fn walks(&self, account: &Account, subject: &RouteContext) -> Vec<(&'static str, Assessment)> {
        self.aws.change(|held| held.clone_from(account));
        let answers = CachedAccount::new(Denying::new(&*self.live, None));
        let listening = Denying::new(&answers, None);
        let walk = |account: &dyn aws::Account| {
            let from = ReadFrom { account, budget: Duration::from_secs(20) };
            self.runtime.block_on(check(subject, &from))
        };
        let allowed = ("nothing", walk(&listening));
        let asked = listening.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let without = asked.into_iter().flat_map(|action| {
            [ReadError::Denied, ReadError::TimedOut]
                .map(|why| (action, walk(&Denying { why, ..Denying::new(&answers, Some(action)) })))
        });
        std::iter::once(allowed).chain(without).collect()
    }

    /// Diagnoses an event over an account.
    pub(crate) fn told(&self, account: &Account, event: &Value) -> LastAlert {
        self.aws.change(|held| held.clone_from(account));
        self.explain(event, &Denying::new(&*self.live, None))
    }

    /// The same where the role may not make this call.
    pub(crate) fn told_without(&self, account: &Account, event: &Value, call: &'static str) -> LastAlert {
        self.aws.change(|held| held.clone_from(account));
        self.explain(event, &Denying::new(&*self.live, Some(call)))
    }

    fn explain(&self, event: &Value, account: &dyn aws::Account) -> LastAlert {
        LastAlert::of(serde_json::from_str(&alerts::machine_body(&self.explained(event, account))).unwrap())
    }

    /// The live account, for a recorder.
    pub(crate) fn shared(&self) -> Shared {
        Shared(Arc::clone(&self.live))
    }

    /// The alert over an account that is read by way of another.
    pub(crate) fn over(&self, held: &Account, event: &Value, account: &dyn aws::Account) -> Alert {
        self.aws.change(|known| known.clone_from(held));
        self.explained(event, account)
    }

    pub(crate) fn explained(&self, event: &Value, account: &dyn aws::Account) -> Alert {
        let reading = ReadFrom { account, budget: Duration::from_secs(20) };
        let input = event.to_string().into_bytes();
        let mut explained = self.runtime.block_on(explain(&[input], Some(reading), now())).unwrap();
        assert_eq!(explained.alerts.len(), 1, "one failure, one alert");
        explained.alerts.remove(0)
    }
}

/// An account that denies one action, or one call, and remembers which were asked for.
struct Denying<'a> {
    account: &'a dyn aws::Account,
    denied: Option<&'static str>,
    why: ReadError,
    asked: Mutex<BTreeSet<&'static str>>,
}

impl<'a> Denying<'a> {
    fn new(account: &'a dyn aws::Account, denied: Option<&'static str>) -> Self {
        Self { account, denied, why: ReadError::Denied, asked: Mutex::default() }
    }
}

#[async_trait]
impl aws::Account for Denying<'_> {
    async fn ask(&self, question: &Query) -> Answered {
        let action = question.action();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(action);
        if self.denied.is_some_and(|denied| denied == action || denied == question.call()) {
            return Err(self.why.clone());
        }
        self.account.ask(question).await
    }
}

/// Whether every fault of the matrix is told as expected in another guise of the account or its log.
pub(crate) fn same_verdicts(account: fn(Fault) -> Account, level: Level) {
    let faults = super::faults();
    let wrong = with_laptops(&faults, |laptop, fault| {
        let account = account(*fault);
        let told = laptop.told(&account, &event(&account, fault.row.log, level));
        let right = told.code.as_deref() == Some(fault.row.expect) && told.tier == fault.tier();
        // A log at ERROR names neither route nor path, so which method or rule is meant can't be known.
        let (expect, ruled) = (fault.row.expect, fault.row.name.starts_with("rule of"));
        let unnamed = level == Level::Error
            && (ruled || expect == "integration-missing" || fault.row.log == super::log::MOCK);
        let right = right || (unnamed && told.faulty.iter().all(|code| code == expect));
        (!right).then(|| format!("{}: expected {}, got {told}", fault.label(), fault.row.expect))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

/// Takes the items side by side, each thread with a laptop of its own.
pub(crate) fn with_laptops<T: Sync, R: Send>(items: &[T], work: impl Fn(&Laptop, &T) -> R + Sync) -> Vec<R> {
    thread_local! {
        static LAPTOP: Laptop = Laptop::new();
    }
    side_by_side(items, |item| LAPTOP.with(|laptop| work(laptop, item)))
}

#[expect(clippy::disallowed_methods, reason = "what just failed has to be dated now")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millisecond(since.as_millis().try_into().unwrap()).unwrap()
}
