//! Coverage's decisions: what must hold for any log group, and that a narrow filter lets no known failure pass unseen.

use vpclink_responder::causes;

use proptest::collection::vec;
use proptest::prelude::*;
use vpclink_responder::aws::model::{AccessLogSettings, Stage};
use vpclink_responder::aws::{Filter, ListedApi, LogGroup};
use vpclink_responder::coverage::{
    Change, FormatQuality, Inventory, InventoryStage, MOST_FILTERS, Scope, SkipReason, change, narrow,
};
use vpclink_responder::ids::{ApiId, ApiKind, Arn};
use vpclink_responder::logs::{Batch, LogEvent, RECOMMENDED_FORMAT, Source, correlate};

use crate::fixtures;

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

fn ours() -> Filter {
    filter(0, 0, 0)
}

/// One of a few filters; that of name 0 is ours, and leads where it should with pattern 0 and destination 0.
fn filter(name: usize, pattern: usize, destination: usize) -> Filter {
    Filter {
        name: ["ours", "siem", "archive"][name].to_owned(),
        pattern: ["", "ERROR"][pattern].to_owned(),
        destination: Arn::new(
            ["arn:aws:lambda:eu-west-1:1:function:responder", "arn:aws:kinesis:eu-west-1:1:stream/s"]
                [destination],
        ),
    }
}

/// A log group's filters: each name once, two at most, as AWS has it.
fn filters() -> impl Strategy<Value = Vec<Filter>> {
    vec((0..3usize, 0..2usize, 0..2usize), 0..6).prop_map(|drawn| {
        let mut filters: Vec<Filter> = Vec::new();
        for (name, pattern, destination) in drawn {
            let filter = filter(name, pattern, destination);
            if filters.len() < MOST_FILTERS && filters.iter().all(|known| known.name != filter.name) {
                filters.push(filter);
            }
        }
        filters
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let names = || vec(proptest::sample::select(&["*", "*/prod", "*/test", GROUP][..]), 0..2);
    (names(), names(), any::<bool>()).prop_map(|(include, exclude, ended)| Scope {
        include: include.into_iter().map(str::to_owned).collect(),
        exclude: exclude.into_iter().map(str::to_owned).collect(),
        own: Vec::new(),
        ended,
        by_destination: false,
    })
}

/// What AWS makes of a step.
fn applied(filters: &[Filter], change: &Change) -> Vec<Filter> {
    let others = || filters.iter().filter(|filter| filter.name != ours().name).cloned();
    match change {
        Change::Keep | Change::SkipReason(_) => filters.to_vec(),
        Change::Subscribe | Change::Replace => others().chain([ours()]).collect(),
        Change::Remove => others().collect(),
    }
}

proptest! {
    #[test]
    fn no_step_touches_a_foreign_filter_and_none_is_needed_twice(
        before in filters(), scope in scope(), subscribable in any::<bool>()
    ) {
        let group = LogGroup { name: GROUP.to_owned(), subscribable };
        let first = change(&group, &before, &ours(), &scope);
        let after = applied(&before, &first);
        let foreign = |filters: &[Filter]| -> Vec<Filter> {
            filters.iter().filter(|filter| filter.name != ours().name).cloned().collect()
        };
        prop_assert_eq!(foreign(&before), foreign(&after));
        prop_assert!(after.len() <= MOST_FILTERS);
        let second = change(&group, &after, &ours(), &scope);
        prop_assert!(matches!(second, Change::Keep | Change::SkipReason(_)), "{:?} after {:?}", second, first);
        let has_ours = after.iter().any(|filter| filter.name == ours().name);
        prop_assert!(!has_ours || scope.wants(GROUP), "what is not meant to be watched is not");
        if let Change::SkipReason(SkipReason::Full(names)) = second {
            prop_assert_eq!(names.len(), MOST_FILTERS);
        }
    }
}

/// A REST stage with two private routes, of which the execution log has one.
fn partly_logged() -> Inventory {
    let format = RECOMMENDED_FORMAT.to_owned();
    let destination = Arn::new("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/apigateway/orders");
    let settings = Stage {
        logging: [("*/*", "ERROR"), ("/orders/GET", "OFF")]
            .map(|(route, level)| (route.to_owned(), level.to_owned()))
            .into(),
        access_log: Some(AccessLogSettings { destination: Some(destination), format: Some(format) }),
        ..Stage::default()
    };
    let api = ListedApi { id: ApiId::new("a1b2c3d4e5"), name: "orders".to_owned() };
    let private = ["GET", "PUT"].map(|verb| ("/orders".to_owned(), verb.to_owned())).to_vec();
    let stage = InventoryStage {
        api,
        kind: ApiKind::Rest,
        name: "prod".to_owned(),
        settings,
        private: Some(private),
    };
    let prefix = "API-Gateway-Execution-Logs_".to_owned();
    Inventory { prefix, access_logs: true, stages: vec![stage], ..Inventory::default() }
}

#[test]
fn a_stage_whose_execution_log_lacks_a_route_is_watched_in_both_logs_and_the_table_says_so() {
    let seen = partly_logged();
    let wanted = seen.wanted_groups("ERROR");
    let groups: Vec<&str> = wanted.keys().map(String::as_str).collect();
    assert_eq!(groups, ["/aws/apigateway/orders", GROUP]);
    assert!(wanted.values().all(|group| group.writers.tells_twice("a1b2c3d4e5", "prod")));
    assert_eq!(wanted["/aws/apigateway/orders"].pattern, "{ $.status = \"5*\" }");
    assert_eq!(wanted[GROUP].pattern, "ERROR");
    // Where all of it is logged, the execution log is enough.
    let mut whole = seen.clone();
    whole.stages[0].settings.logging.remove("/orders/GET");
    assert!(whole.wanted_groups("").is_empty());
    // Where access logs are not read, no group of theirs is wanted.
    assert!(Inventory { access_logs: false, ..seen }.wanted_groups("").is_empty());
}

#[test]
fn a_pattern_of_failures_alone_is_put_where_every_writer_allows_it() {
    let mut seen = partly_logged();
    let mut other = seen.stages[0].clone();
    other.name = "test".to_owned();
    other.settings.access_log.as_mut().unwrap().format =
        Some("$context.requestId $context.status".to_owned());
    seen.stages.push(other);
    let wanted = seen.wanted_groups("");
    assert_eq!(
        wanted["/aws/apigateway/orders"].pattern, "",
        "a pattern for JSON would lose the other stage's failures"
    );
    assert_eq!(FormatQuality::of(Some("$context.requestId $context.path")), FormatQuality::NoStatus);
    assert_eq!(FormatQuality::of(Some("$context.requestId $context.status")), FormatQuality::NoReason);
    assert_eq!(FormatQuality::of(Some(RECOMMENDED_FORMAT)), FormatQuality::Full);
}

#[test]
fn under_a_former_name_only_filters_that_lead_to_us_go() {
    let group = LogGroup { name: GROUP.to_owned(), subscribable: true };
    for (destination, expected) in [(0, Change::Remove), (1, Change::SkipReason(SkipReason::OutOfScope))] {
        let filters = [filter(0, 1, destination)];
        assert_eq!(change(&group, &filters, &ours(), &Scope::former()), expected);
        assert_eq!(
            change(&group, &filters, &ours(), &Scope::ended()),
            Change::Remove,
            "our own name always goes"
        );
    }
}

/// Whether a pattern of `?` terms passes a message: where any phrase stands in it, with its letter case, its ends at ends of
/// words. That is the strictest reading of what AWS documents; were phrases found within words too, more would pass.
fn passes(pattern: &str, message: &str) -> bool {
    let phrases =
        pattern.split('?').map(|term| term.trim().trim_matches('"')).filter(|phrase| !phrase.is_empty());
    let inner = |c: char| c.is_alphanumeric();
    let stands = |phrase: &str| {
        message.match_indices(phrase).any(|(place, _)| {
            let (before, after) = (&message[..place], &message[place + phrase.len()..]);
            !(before.ends_with(inner) || after.starts_with(inner) && phrase.ends_with(inner))
        })
    };
    pattern.is_empty() || phrases.into_iter().any(stands)
}

/// Whether a line by itself says that its request failed.
fn is_failure(text: &str) -> bool {
    let event = LogEvent { number: 1, id: None, at: None, message: text.into() };
    let batch = [Batch { source: Source::default(), events: vec![event], passed: 0 }];
    correlate(&batch).iter().any(|execution| causes::classify(execution).is_some())
}

#[test]
fn a_narrow_filter_misses_no_known_failure() {
    let pattern = narrow();
    let (mut failed, mut passed, mut all) = (0, 0, 0);
    let mut missed = Vec::new();
    for fixture in fixtures::all() {
        fixtures::with_executions(&fixture.text(), |executions| {
            for execution in executions.iter().filter(|execution| causes::classify(execution).is_some()) {
                let lines = execution.entries.iter().map(|entry| entry.line.text);
                let through: Vec<&str> = lines.filter(|text| passes(&pattern, text)).collect();
                if !through.iter().any(|text| is_failure(text)) {
                    missed.push(fixture.name());
                }
                failed += 1;
                passed += through.len();
                all += execution.entries.len();
            }
        });
    }
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(failed > 100 && passed < all, "{passed} of {all} lines of {failed} failed requests pass");
    println!("{passed} of {all} lines of {failed} failed requests pass");
}

#[test]
fn the_evaluator_keeps_to_whole_words() {
    assert!(passes(r#"?"status: 500" ?"x y""#, "(id) Method completed with status: 500"));
    assert!(!passes(r#"?"status: 50""#, "Method completed with status: 500"));
    assert!(!passes(r#"?"status: 500""#, "Received response. Status: 500"), "letter case counts");
    assert!(passes("", "anything"));
}

#[test]
fn a_narrow_filter_passes_no_line_of_a_request_that_went_well() {
    let pattern = narrow();
    for line in [
        "(id) Starting execution for request: id",
        "(id) HTTP Method: GET, Resource Path: /orders",
        "(id) Received response. Status: 200, Integration latency: 7 ms",
        "(id) Successfully completed execution",
        "(id) Method completed with status: 200",
        "(id) Method completed with status: 404",
    ] {
        assert!(!passes(&pattern, line), "{line}");
    }
}
