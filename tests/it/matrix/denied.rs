//! Every fault, decoy and pair with every permission denied in turn: what nobody may read accuses nobody, and the
//! permission that is missing is named.
//!
//! AWS is asked once for each answer, over the SDK; a denial then takes the answer's place where the survey asks. That a
//! service's own refusal becomes that denial is tested here too, for every action over the real binary.

use super::walk::Level;
use super::{BOTH, LastAlert, complain, decoys, doubles, faults, log, walk};
use crate::harness::{Account, Aws};

struct Case {
    label: String,
    account: Account,
    log: &'static str,
}

fn cases() -> Vec<Case> {
    let faults = faults().into_iter().map(|fault| Case {
        label: fault.label(),
        account: fault.account(),
        log: fault.row.log,
    });
    let unreachable = |label, account| Case { label, account, log: log::UNREACHABLE };
    let decoys = decoys::accounts().into_iter().map(|(label, account)| unreachable(label, account));
    let doubles = doubles::accounts().into_iter().map(|(label, _, _, account)| unreachable(label, account));
    faults.chain(decoys).chain(doubles).collect()
}

/// What is wrong with an alert without this permission, set against the one with all of them.
pub(crate) fn wrong(of_zoo: bool, allowed: &LastAlert, denied: &LastAlert, action: &str) -> Option<String> {
    let mut invented: Vec<_> = denied.faulty.difference(&allowed.faulty).collect();
    // The PEM of the account's certificate names no server of the zoo. Where ACM's list of names is denied, it counts alone.
    invented.retain(|code| !(of_zoo && *code == "listener-certificate-name-mismatch"));
    // Where the nearest fault can't be read any more, one behind it that can be is the verdict.
    let right = denied.code.as_ref().is_none_or(|code| allowed.faulty.contains(code));
    if !invented.is_empty() {
        Some(format!("accuses {invented:?} for want of a permission"))
    } else if !right {
        Some(format!("the verdict is {denied}, with all permissions {allowed}"))
    } else if !denied.missing.contains(action) {
        Some(format!("the missing permission is not named: {denied}"))
    } else {
        None
    }
}

#[test]
fn no_missing_permission_accuses_anybody_and_each_is_named() {
    let cases = cases();
    let told = walk::with_laptops(&cases, |laptop, case| {
        let event = walk::event(&case.account, case.log, Level::Info);
        let (allowed, denied) = laptop.deny_each(&case.account, &event);
        let wrong = denied.iter().filter_map(|(action, told)| {
            Some(format!(
                "{} without {action}: {}",
                case.label,
                wrong(case.label.contains("of targets behind"), &allowed, told, action)?
            ))
        });
        (denied.len(), wrong.collect::<Vec<_>>())
    });
    let runs: usize = told.iter().map(|(runs, _)| runs).sum();
    println!("{runs} denials over {} accounts", cases.len());
    assert!(runs > 10 * cases.len(), "{runs} denials over {} accounts", cases.len());
    complain(&told.into_iter().flat_map(|(_, wrong)| wrong).collect::<Vec<_>>());
}

#[test]
fn a_services_own_refusal_is_a_missing_permission() {
    for on in BOTH {
        let account = on.healthy();
        let event = walk::event(&account, log::UNREACHABLE, Level::Info);
        let aws = Aws::start(account);
        let allowed = walk::told_over(&aws, &event);
        let mut actions: Vec<String> =
            aws.calls().iter().map(|call| call.action()).filter(|action| action != "sns:Publish").collect();
        actions.sort();
        actions.dedup();
        assert!(actions.len() >= 5, "{actions:?}");
        let told = walk::side_by_side(&actions, |action| {
            let aws = Aws::start(on.healthy());
            aws.deny(action);
            wrong(false, &allowed, &walk::told_over(&aws, &event), action)
        });
        complain(&told.into_iter().flatten().collect::<Vec<_>>());
    }
}
