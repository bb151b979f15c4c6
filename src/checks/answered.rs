//! Who made an error that came over the path: an application load balancer by itself, or what it forwards to?
//!
//! Evidence, the strongest first: the `Server` header that data tracing logs; a status that only a load balancer has; a
//! rule or a group that left it no target; what it counted in the minute of the failure.
//! Sources: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::aws::model::{Rule, Target};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::causes::{BackendAnswer, Blames, MaskedBy, RouteContext};
use crate::checks::code::{Code, State};
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::OnPath;
use crate::text::counted;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// What an application load balancer puts into the `Server` header of its own answers.
const OWN_SERVER: &str = "awselb";

/// About the ten seconds after which it gives up opening a connection to a target.
const CONNECTING: RangeInclusive<Duration> = Duration::from_millis(9_000)..=Duration::from_millis(11_000);

/// Statuses that no application has: 460 and 463 are about the client, 464 about versions of HTTP, 561 and 562 about
/// authentication.
const OWN_STATUSES: [u16; 5] = [460, 463, 464, 561, 562];

/// Its own answers that it counts by status.
const COUNTED_APART: [u16; 4] = [500, 502, 503, 504];

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let Some(answer) = subject.answer.as_ref().filter(|_| subject.cause.blames == Blames::BackendAnswer)
    else {
        return Vec::new();
    };
    if on.next.is_some() || answer.status.is_some_and(|status| status < 400) {
        return Vec::new();
    }
    // Where a mapping broke on an answer of unknown status, nothing says that it was an error.
    let unnamed = answer.status.is_none() && subject.cause.masked_by == MaskedBy::BackendAnswer;
    let found = match on.is_network() {
        _ if on.arn.is_none() => on.targets.keys().next().filter(|_| !unnamed).map(|service| {
            // The instances of a Cloud Map service are called without a load balancer.
            let status = named(answer);
            let says = format!(
                "an instance of the Cloud Map service answered {status}: the path has no load balancer"
            );
            let finding = Finding::read(Code::TargetAnswered5xx, &on.target_groups, says).of(service);
            finding.detail("evidence", "path")
        }),
        true if unnamed => None,
        true => Some(passed_on(on, answer)),
        false => {
            Some(answered(on, answer, subject.at)).filter(|found| !(unnamed && found.state == State::Unknown))
        }
    };
    let status = answer.status.map_or_else(String::new, |status| status.to_string());
    let told = found.map(|found| if status.is_empty() { found } else { found.detail("status", status) });
    told.into_iter().collect()
}

/// What the log alone says of who answered; `None` where no answer failed the request.
pub(crate) fn unread(subject: &RouteContext) -> Option<String> {
    let told = subject.cause.blames == Blames::BackendAnswer && !subject.spares_path();
    let answer = subject.answer.as_ref().filter(|_| told)?;
    Some(if is_own_server(answer) {
        "nothing was read; the answer's `Server` header shows that a load balancer sent it".to_owned()
    } else {
        "nothing was read; the log does not say who answered, the application or a load balancer".to_owned()
    })
}

/// A network load balancer passes connections on and answers no HTTP.
fn passed_on(on: OnPath<'_>, answer: &BackendAnswer) -> Finding {
    let groups = on.called_target_groups();
    let known = groups.iter().filter_map(|arn| on.target_group(arn));
    let balanced = known.clone().any(|group| group.kind == "alb");
    if balanced || groups.is_empty() || known.count() < groups.len() {
        let why = "the targets of the Network Load Balancer could not be read";
        return undecided(on.target_groups.unavailable().cloned(), why);
    }
    let status = named(answer);
    if is_own_server(answer) {
        let says = format!(
            "the answer's `Server` header shows that an unread Application Load Balancer behind `{}` answered {status}",
            name(on)
        );
        let finding = Finding::read(Code::LoadBalancerAnswered, &on.target_groups, says);
        return finding.detail("evidence", "header").partial();
    }
    let says = format!(
        "the target itself (application or proxy) answered {status}: a Network Load Balancer never answers HTTP"
    );
    application(
        on,
        Finding::read(Code::TargetAnswered5xx, &on.target_groups, says).detail("evidence", "path"),
    )
}

/// Who answered at an application load balancer.
fn answered(on: OnPath<'_>, answer: &BackendAnswer, failed: Option<Timestamp>) -> Finding {
    let (status, by_rule) = (named(answer), told_by_rule(on, answer.status));
    let own = |why: String, evidence| {
        // A rule that says what to answer needs no other explanation.
        let meaning = if by_rule.is_some() { "" } else { meaning(answer) };
        let says = format!("load balancer `{}` answered {status} itself: {why}{meaning}", name(on));
        let basis =
            if on.load_balancer.value().is_some() { &on.load_balancer } else { return balancer_unread(on) };
        let finding = Finding::read(Code::LoadBalancerAnswered, basis, says).detail("evidence", evidence);
        of_balancer(on, finding).remedy(remedy(answer.status), None, None)
    };
    if is_own_server(answer) {
        return own("its answer carries the load balancer's own `Server` header".to_owned(), "header");
    }
    if let Some(server) = &answer.server {
        let says = format!(
            "the application answered {status} itself: its answer carries `Server: {server}`, not the load balancer's own"
        );
        return application(
            on,
            Finding::read(Code::TargetAnswered5xx, &on.load_balancer, says).detail("evidence", "header"),
        );
    }
    if answer.status.is_some_and(|status| OWN_STATUSES.contains(&status)) {
        return own(format!("no application answers {status}{}", asked_to_authenticate(on)), "status");
    }
    if let Some(why) = by_rule.clone() {
        return own(why, "state");
    }
    if let Some(why) = left_no_target(on, answer.status) {
        return own(why, "state");
    }
    by_counters(on, answer, failed, own)
}

fn balancer_unread(on: OnPath<'_>) -> Finding {
    undecided(on.load_balancer.unavailable().cloned(), "the load balancer is gone")
}

/// The rule that takes the request and answers it with this status.
fn told_by_rule(on: OnPath<'_>, status: Option<u16>) -> Option<String> {
    let rules = on.taking_rules().filter(|_| status.is_some())?;
    let first = rules.first()?;
    rules
        .iter()
        .all(|rule| own_answer(rule) == status)
        .then(|| format!("{} returns it (fixed-response)", which(first)))
}

/// Why the load balancer can only have answered by itself, as its groups stand.
fn left_no_target(on: OnPath<'_>, status: Option<u16>) -> Option<String> {
    if on.taking_rules().is_none() && on.rules.unavailable().is_some() {
        return None;
    }
    let groups = on.called_target_groups();
    let empty = |targets: &Vec<Target>| targets.iter().all(|target| target.state == "unused");
    let dead = groups.iter().all(|arn| on.targets.get(arn).and_then(Reading::value).is_some_and(empty));
    let unavailable = status.is_none_or(|status| status == 503);
    (dead && unavailable && !groups.is_empty())
        .then(|| "no target group that it forwards to has a registered target in use".to_owned())
}

/// The status that a rule answers by itself.
fn own_answer(rule: &Rule) -> Option<u16> {
    rule.actions.iter().find(|action| action.kind == "fixed-response")?.status
}

fn which(rule: &Rule) -> String {
    rule.priority.map_or_else(|| "the default rule".to_owned(), |priority| format!("rule {priority}"))
}

/// Which rule asks for authentication, where one does.
fn asked_to_authenticate(on: OnPath<'_>) -> String {
    let asks = |rule: &&Rule| {
        rule.actions
            .iter()
            .find(|action| action.kind.starts_with("authenticate-") || action.kind == "jwt-validation")
            .map(|action| format!("; {} asks for {}", which(rule), action.kind))
    };
    on.taking_rules().into_iter().flatten().find_map(|rule| asks(&rule)).unwrap_or_default()
}

/// What was counted of one thing around the failure: in its own minute, else in the two beside it, since an answer may be
/// counted in another minute than it was logged in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    own: u64,
    around: u64,
}

impl Counters {
    fn of(on: OnPath<'_>, name: &str, failed: Timestamp) -> Option<Self> {
        let series = on.details.metrics.value()?.iter().filter(|series| series.name == name);
        let (groups, whole): (Vec<_>, Vec<_>) = series.partition(|series| series.target_group.is_some());
        let called = on.called_target_groups();
        let counts = |arn: &Arn| groups.iter().any(|series| series.target_group.as_ref() == Some(arn));
        // What groups of other requests answered is none of this one.
        let shared = on.target_groups.value().is_none_or(|all| all.len() > called.len());
        let by_group = shared && !called.is_empty() && called.iter().all(counts);
        let minute = |at: Timestamp| failed.duration_since(at);
        let within = |first: SignedDuration, last: SignedDuration| {
            let points = if by_group { &groups } else { &whole }.iter().flat_map(|series| &series.points);
            let wanted = points.filter(|point| minute(point.at) >= first && minute(point.at) < last);
            wanted.map(|point| point.count).sum()
        };
        Some(Self { own: within(SignedDuration::ZERO, MINUTE), around: within(-MINUTE, MINUTE * 2) })
    }
}

fn by_counters(
    on: OnPath<'_>,
    answer: &BackendAnswer,
    failed: Option<Timestamp>,
    own: impl Fn(String, &'static str) -> Finding,
) -> Finding {
    if let Some(unavailable) = on.details.metrics.unavailable() {
        return undecided(Some(unavailable.clone()), "");
    }
    let nothing = "CloudWatch counted no 5xx by the load balancer or its targets around then";
    let Some(failed) = failed else {
        return undecided(None, "the log does not say when the request failed");
    };
    let of = |name: &str| Counters::of(on, name, failed).unwrap_or_default();
    let apart = |status: u16| of(&format!("HTTPCode_ELB_{status}_Count"));
    let any_apart = COUNTED_APART.iter().any(|status| apart(*status).around > 0);
    let balancer = match answer.status.filter(|status| any_apart && COUNTED_APART.contains(status)) {
        Some(status) => apart(status),
        None => of("HTTPCode_ELB_5XX_Count"),
    };
    let target = of("HTTPCode_Target_5XX_Count");
    let pair = match (balancer.own, target.own) {
        (0, 0) => (balancer.around, target.around),
        own => own,
    };
    match pair {
        (0, 0) => undecided(None, nothing),
        (made, passed) if made >= passed => {
            let why = format!(
                "CloudWatch counted {} by the load balancer and {} by targets around then",
                counted(made, "such answer"),
                counted(passed, "5xx answer")
            );
            let errors = of("TargetConnectionErrorCount");
            let (errors, rejected) = (errors.own.max(errors.around), of("RejectedConnectionCount").around);
            let errors = if errors > 0 {
                format!(". Also, {} to targets failed", counted(errors, "connection"))
            } else {
                String::new()
            };
            let full = if rejected > 0 {
                format!(
                    ". The load balancer rejected {} at its connection limit",
                    counted(rejected, "connection")
                )
            } else {
                String::new()
            };
            let finding =
                own(format!("{why}{errors}{full}"), "counters").detail("own", made).detail("targets", passed);
            if passed > 0 || target.around > 0 { finding.partial() } else { finding }
        }
        (made, passed) => {
            let says = format!(
                "the application answered {} itself: CloudWatch counted {} by targets and {made} by the load balancer \
                 around then",
                named(answer),
                counted(passed, "5xx answer")
            );
            let finding = Finding::read(Code::TargetAnswered5xx, &on.details.metrics, says);
            let finding =
                finding.detail("evidence", "counters").detail("own", made).detail("targets", passed);
            let mixed = made > 0 || balancer.around > 0;
            application(on, if mixed { finding.partial() } else { finding })
        }
    }
}

/// A finding about what the targets answered.
fn application(on: OnPath<'_>, finding: Finding) -> Finding {
    let groups = on.called_target_groups();
    let finding = match groups.as_slice() {
        [one] => finding.of(one),
        _ => of_balancer(on, finding),
    };
    finding.remedy("Read the application's own log at this time: the request reached it.", None, None)
}

fn of_balancer(on: OnPath<'_>, finding: Finding) -> Finding {
    match &on.arn {
        Some(arn) => finding.of(arn),
        None => finding,
    }
}

fn undecided(unread: Option<NotRead>, why: &str) -> Finding {
    let unread = unread.unwrap_or_else(|| {
        NotRead::not_asked("whether the load balancer or its target answered", Some(QueryKind::Metrics), why)
    });
    Finding::unknown(Code::LoadBalancerAnswered, &unread)
}

fn is_own_server(answer: &BackendAnswer) -> bool {
    answer.server.as_deref().is_some_and(|server| server.to_ascii_lowercase().starts_with(OWN_SERVER))
}

fn named(answer: &BackendAnswer) -> String {
    answer.status.map_or_else(|| "a 5xx".to_owned(), |status| status.to_string())
}

fn name(on: OnPath<'_>) -> String {
    let known = on.load_balancer.value().map(|balancer| balancer.name.clone());
    known.unwrap_or_else(|| on.arn.as_ref().map_or("?", |arn| arn.resource()).to_owned())
}

/// What makes it answer so.
fn meaning(answer: &BackendAnswer) -> &'static str {
    let connecting = answer.latency.is_some_and(|took| CONNECTING.contains(&took));
    match answer.status {
        Some(504) if connecting => {
            ". It took 10 s, its limit for opening a connection: packets between it and the target are dropped"
        }
        Some(502) => {
            ". It returns 502 when a target closes the connection, sends a malformed response, or fails TLS"
        }
        Some(503) => ". It returns 503 when no registered target can take the request",
        Some(504) => {
            ". It returns 504 when no connection to a target opens within 10 s, or no response comes within its idle timeout"
        }
        Some(464) => ". It returns 464 when the target group expects another version of HTTP",
        _ => "",
    }
}

fn remedy(status: Option<u16>) -> &'static str {
    match status {
        Some(502) => {
            "Check the targets' logs and restarts at this time. Keep their keep-alive above the load balancer's idle \
             timeout, and headers below 32 K."
        }
        Some(503) => "Check which rule takes the request, and whether its target group has a target in use.",
        Some(504) => {
            "Check whether the load balancer reaches its targets (security groups, network ACLs, routes), and how long they \
             take."
        }
        _ => {
            "Read the load balancer's access log at this time: its `actions_executed` and `error_reason` say why."
        }
    }
}

/// Whether a finding explains the answer, given who made it. Only what lies at the load balancer that answered, and behind
/// it, can.
pub(crate) fn explains(findings: &[Finding], finding: &Finding) -> bool {
    let is = |code, states: &'static [State]| {
        findings.iter().find(move |finding| finding.code == code && states.contains(&finding.state))
    };
    if is(Code::TargetAnswered5xx, &[State::Faulty]).is_some() {
        return finding.code == Code::TargetAnswered5xx;
    }
    let Some(own) = is(Code::LoadBalancerAnswered, &[State::Faulty, State::Unknown]) else { return false };
    let status = own.detail.get("status").and_then(|status| status.parse().ok());
    // What leaves some requests working explains nothing while it is not known who answered, unless it makes just this answer.
    let makes = makes(status, finding);
    let open = own.state == State::Unknown && finding.partial && makes != Makes::Surely;
    finding.code == Code::LoadBalancerAnswered
        || (finding.balancer == own.balancer && !open && makes != Makes::Nothing)
}

/// Whether the finding that explains the answer does so beyond doubt, as far as who answered decides it.
pub(crate) fn is_sure(subject: &RouteContext, findings: &[Finding], finding: &Finding) -> bool {
    let own = findings.iter().find(|finding| finding.code == Code::LoadBalancerAnswered);
    let decided = own.is_some_and(|own| own.state == State::Faulty && !own.partial);
    let status = subject.answer.as_ref().and_then(|answer| answer.status);
    let sure = match finding.code {
        Code::LoadBalancerAnswered | Code::TargetAnswered5xx => true,
        _ => decided && makes(status, finding) == Makes::Surely,
    };
    // A mapping that broke on the answer is a fault of its own, unless no application gives such a status.
    let own_status = status.is_some_and(|status| OWN_STATUSES.contains(&status));
    sure && (subject.cause.masked_by == MaskedBy::Nothing || own_status)
}

/// Whether the finding speaks of the failure's own time, whenever it was read: the log's header or status, the counters of
/// that minute.
pub(crate) fn is_dated(finding: &Finding) -> bool {
    matches!(finding.code, Code::LoadBalancerAnswered | Code::TargetAnswered5xx)
        && finding
            .detail
            .get("evidence")
            .is_some_and(|evidence| !["state", "path"].contains(&evidence.as_str()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makes {
    Nothing,
    Perhaps,
    Surely,
}

/// Whether a fault makes an application load balancer answer this status by itself.
fn makes(status: Option<u16>, finding: &Finding) -> Makes {
    let reasons = finding.detail.get("reason").map(String::as_str).unwrap_or_default();
    let only = |reason: &str| if reasons == reason { Makes::Surely } else { Makes::Perhaps };
    let is = |wanted: u16| status.is_none_or(|status| status == wanted);
    match finding.code {
        Code::ListenerForwardsNowhere => match finding.detail.get("answers") {
            Some(own) if status.is_some_and(|status| *own == status.to_string()) => Makes::Surely,
            None if is(503) => Makes::Perhaps,
            _ => Makes::Nothing,
        },
        Code::TargetGroupEmpty | Code::TargetGroupUnused | Code::TargetsUnused if is(503) => Makes::Surely,
        Code::TargetsDraining | Code::TargetsInitial if is(503) => Makes::Perhaps,
        Code::TargetGroupProtocolMismatch if status == Some(464) => Makes::Surely,
        Code::TargetsUnhealthy if is(502) && reasons.contains("Target.FailedHealthChecks") => {
            only("Target.FailedHealthChecks")
        }
        Code::TargetsUnhealthy if is(504) && reasons.contains("Target.Timeout") => only("Target.Timeout"),
        Code::TargetsUnhealthy if (is(502) || is(504)) && !reasons.contains("Target.") => Makes::Perhaps,
        Code::TlsNegotiationErrorsRising if is(502) => Makes::Perhaps,
        Code::IdleTimeoutMismatch if is(504) => Makes::Perhaps,
        // What leads into the load balancer let the request through.
        code if code.is_network() && is(504) && finding.detail.contains_key("target_group") => Makes::Surely,
        _ => Makes::Nothing,
    }
}
