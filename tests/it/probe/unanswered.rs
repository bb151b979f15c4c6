//! A prober that fails in every way: the alert says what was not checked, accuses no hop, and is never late.

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};
use vpclink_responder::alerts;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::aws::{Account, Answer, Answered, Query, ReadError};
use vpclink_responder::functions::{ReadFrom, explain};

use crate::losses::history::{FIRST, History, UNREACHABLE, accounts};

const BUDGET: Duration = Duration::from_secs(8);

/// What becomes of asking the prober.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Missing,
    Denied,
    Throttled,
    Inactive,
    Garbled,
    AnotherAnswer,
    Never,
    TooLate,
    NoFacts,
}

const ALL: [Fate; 9] = [
    Fate::Missing,
    Fate::Denied,
    Fate::Throttled,
    Fate::Inactive,
    Fate::Garbled,
    Fate::AnotherAnswer,
    Fate::Never,
    Fate::TooLate,
    Fate::NoFacts,
];

struct Asked {
    account: RecordedAccount,
    fate: Fate,
}

#[async_trait]
impl Account for Asked {
    async fn ask(&self, query: &Query) -> Answered {
        let Query::Probe(of) = query else { return self.account.ask(query).await };
        assert!(of.function.starts_with("vpclink-prober-") && !of.request.addresses.is_empty(), "{of:?}");
        assert!(of.request.budget_ms.is_some_and(|ms| Duration::from_millis(ms) < BUDGET), "{of:?}");
        let now = "2026-11-22T14:00:05Z".parse().unwrap();
        match self.fate {
            Fate::Missing => Ok((Answer::Absent, now)),
            Fate::Denied => Err(ReadError::Denied),
            Fate::Throttled => Err(ReadError::Throttled),
            Fate::Inactive => Err(ReadError::Unreachable("the prober is inactive".to_owned())),
            Fate::Garbled => Err(ReadError::Malformed("it is no prober's".to_owned())),
            Fate::AnotherAnswer => Ok((Answer::Listeners(Vec::new()), now)),
            Fate::Never => std::future::pending().await,
            Fate::TooLate => {
                sleep(BUDGET * 4).await;
                Ok((Answer::Probe(Vec::new()), now))
            }
            Fate::NoFacts => Ok((Answer::Probe(Vec::new()), now)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_not_checked_and_never_late() {
    for fate in ALL {
        let whole = accounts(&[FIRST]).pop().expect("the history has a repaired account");
        let account = Asked { account: whole, fate };
        let document = History::default().fail(FIRST, UNREACHABLE, "/orders", Duration::ZERO, 1);
        let from = ReadFrom { account: &account, budget: BUDGET };
        let begun = Instant::now();
        let now = "2026-11-22T14:00:05Z".parse().unwrap();
        let explained = explain(&[document.to_string().into_bytes()], Some(from), now).await.unwrap();
        // On the test's own clock, which moves only where the program waits.
        assert!(begun.elapsed() <= BUDGET, "{fate:?}: {:?}", begun.elapsed());
        assert_eq!(explained.alerts.len(), 1, "{fate:?}");
        let alert: Value = serde_json::from_str(&alerts::machine_body(&explained.alerts[0])).unwrap();
        assert_eq!(alert["verdict"]["tier"], "unknown", "{fate:?}: {alert}");
        let findings = alert["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["state"] != "faulty"), "{fate:?}: {alert}");
        let unread = alert["not_checked"].as_array().unwrap();
        let about =
            |one: &&Value| one["what"].as_str().is_some_and(|what| what.contains("respond to a connection"));
        let named: Vec<&Value> = unread.iter().filter(about).collect();
        assert_eq!(named.len(), usize::from(fate != Fate::NoFacts), "{fate:?}: {alert}");
        // A permission is named where it would help.
        let denied = named.iter().any(|one| one["action"] == "lambda:InvokeFunction");
        assert_eq!(denied, fate == Fate::Denied, "{fate:?}: {alert}");
        let steps = alert["next_steps"].to_string();
        assert!(fate != Fate::Missing || steps.contains("templates/prober.yaml"), "{steps}");
        assert!(fate != Fate::Inactive || steps.contains("aws lambda invoke"), "{steps}");
    }
}
