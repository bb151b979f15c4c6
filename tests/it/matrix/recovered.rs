//! Every fault after it was told: gone where a fresh walk sees the repaired account, and never while it is there, whatever
//! permission was taken away since.

use vpclink_responder::aws::{QueryKind, ReadError};
use vpclink_responder::checks::Assessment;
use vpclink_responder::checks::Finding;
use vpclink_responder::incidents::{Alert, KnownFault, Recovery, recovery};

use super::walk::{Level, now};
use super::{complain, decoys, faults, log, walk};

/// What is remembered of a fault that was told.
fn remembered(alert: &Alert) -> Option<KnownFault> {
    let finding = &alert.judgement.findings[alert.judgement.verdict.finding?];
    Some(KnownFault { code: finding.code.slug().to_owned(), resource: finding.resource.clone() })
}

#[test]
fn a_fault_is_gone_once_it_is_repaired_and_never_before() {
    let faults = faults();
    let wrong = walk::with_laptops(&faults, |laptop, fault| {
        let broken = fault.account();
        let event = walk::event(&broken, fault.row.log, Level::Info);
        let alert = laptop.alert(&broken, &event);
        let told = remembered(&alert);
        let subject = alert.news.example.subject.clone().later(now());
        let seen = |judgement: &Assessment| recovery(subject.cause, told.as_ref(), judgement);
        let mut wrong = Vec::new();
        // Who answered once is in the log and in no later reading.
        let logged = ["load-balancer-answered", "target-answered-5xx"].contains(&fault.row.expect);
        for (action, judgement) in laptop.walks(&broken, &subject) {
            if let (Recovery::Gone(how), false) = (seen(&judgement), logged) {
                wrong.push(format!("{} without {action}: still broken, but {how}", fault.label()));
            }
        }
        let repaired = &laptop.walks(&fault.on.healthy(), &subject)[0].1;
        match seen(repaired) {
            Recovery::Gone(_) if !fault.is_probed() => {}
            // No prober stands in the repaired account: what one met is not gone until one is asked again.
            Recovery::Unseen(_) if fault.is_probed() => {}
            other => wrong.push(format!("{}: repaired, but {other:?}", fault.label())),
        }
        wrong
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn where_nothing_was_found_nothing_readable_may_stay_unread() {
    let accounts: Vec<_> = decoys::accounts().into_iter().collect();
    let wrong = walk::with_laptops(&accounts, |laptop, (label, account)| {
        let event = walk::event(account, log::UNREACHABLE, Level::Info);
        let alert = laptop.alert(account, &event);
        assert_eq!(remembered(&alert), None, "{label}");
        let subject = alert.news.example.subject.clone().later(now());
        let walks = laptop.walks(account, &subject);
        let wrong = walks.iter().filter_map(|(denied, judgement)| {
            let seen = recovery(subject.cause, None, judgement);
            let gone = matches!(seen, Recovery::Gone(_));
            let readable = *denied == "nothing"
                || !judgement
                    .findings
                    .iter()
                    .filter_map(Finding::not_read)
                    // A prober that does not answer leaves no reading of the account undone.
                    .filter(|missing| missing.query != Some(QueryKind::Probe))
                    .any(|missing| matches!(missing.why, ReadError::Denied | ReadError::TimedOut));
            (gone != readable).then(|| format!("{label} without {denied}: {seen:?}"))
        });
        wrong.collect::<Vec<_>>()
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}
