//! Every fault after it was told: gone where a fresh walk sees the repaired account, and never while it is there, whatever
//! permission was taken away since.

use vpclink_responder::incident::{Alert, Fault, Recovery, recovery};
use vpclink_responder::judge::Judgement;

use super::walk::{self, Level, now};
use super::{complain, faults};

/// What is remembered of a fault that was told.
fn remembered(alert: &Alert) -> Option<Fault> {
    let finding = &alert.judgement.findings[alert.judgement.verdict.finding?];
    Some(Fault { code: finding.code.slug().to_owned(), resource: finding.resource.clone() })
}

#[test]
fn a_fault_is_gone_once_it_is_repaired_and_never_before() {
    let faults = faults();
    let wrong = walk::with_laptops(&faults, |laptop, fault| {
        let broken = fault.account();
        let event = walk::event(&broken, fault.row.log, Level::Info);
        let alert = laptop.alert(&broken, &event);
        let told = remembered(&alert);
        let subject = alert.news.example.subject().later(now());
        let seen = |judgement: &Judgement| recovery(subject.cause, told.as_ref(), judgement);
        let mut wrong = Vec::new();
        for (action, judgement) in laptop.walks(&broken, &subject) {
            if let Recovery::Gone(how) = seen(&judgement) {
                wrong.push(format!("{} without {action}: still broken, but {how}", fault.label()));
            }
        }
        let repaired = &laptop.walks(&fault.on.healthy(), &subject)[0].1;
        match seen(repaired) {
            Recovery::Gone(_) => {}
            other => wrong.push(format!("{}: repaired, but {other:?}", fault.label())),
        }
        wrong
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}
