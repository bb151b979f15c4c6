//! Certainty: beside each confirmed verdict, accounts with the very same findings in which something else made the text.
//! There the verdict may name the fault, and may not be sure of it.

use super::walk::{Laptop, Level};
use vpclink_responder::checks::HopKind;

use super::{Fault, LastAlert, complain, faults, log, walk};

/// A text of which it is not known what it means.
const UNHEARD: &str = "Execution failed due to a fault that AWS adds tomorrow";

/// The request's lines name the endpoint that is configured, and no link: only the link may be another.
const DRAFT: &str = "what requests ran over could not be read: the link may be the draft's alone";

type Twin = fn(&Laptop, &Fault) -> LastAlert;

const TWINS: &[(&str, Twin)] = &[
    ("the request failed half an hour before the fault was read", |laptop, fault| {
        let account = fault.account();
        let event = walk::event_minutes_ago(&account, fault.row.log, 30);
        laptop.told(&account, &event)
    }),
    (DRAFT, |laptop, fault| {
        let account = fault.account();
        let event = walk::event(&account, fault.row.log, Level::Info);
        laptop.told_without(&account, &event, "apigateway:GetExport")
    }),
    ("the text does not say what failed", |laptop, fault| {
        let account = fault.account();
        laptop.told(&account, &walk::event(&account, UNHEARD, Level::Info))
    }),
];

#[test]
fn no_verdict_is_sure_where_something_else_may_have_made_the_text() {
    // The log's header and the counts of that minute say who answered, whenever the rest is read.
    let dated = |fault: &Fault| ["load-balancer-answered", "target-answered-5xx"].contains(&fault.row.expect);
    let sure = faults().into_iter().filter(|fault| fault.tier() == "confirmed" && !dated(fault));
    let sure: Vec<Fault> = sure.collect();
    assert!(sure.len() > 100, "{} confirmed verdicts", sure.len());
    let wrong = walk::with_laptops(&sure, |laptop, fault| {
        let of_twin = |(name, twin): &(&str, Twin)| {
            if *name == DRAFT && fault.hop() > HopKind::EndpointService {
                return None;
            }
            let told = twin(laptop, fault);
            (told.tier == "confirmed").then(|| format!("{}, {name}: {told}", fault.label()))
        };
        TWINS.iter().filter_map(of_twin).collect::<Vec<_>>()
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn a_text_that_names_a_path_is_not_blamed_on_what_an_application_load_balancer_answers() {
    // It answers for what is broken behind it, so API Gateway would have logged an answer.
    for fault in faults().into_iter().filter(|fault| fault.row.log != log::HANDSHAKE) {
        let kept = fault.is_answer()
            || fault.is_probed()
            || fault.row.unanswered
            || fault.row.expect == "client-ip-preservation-unsupported";
        let behind = fault.on == super::Generation::V2 && fault.is_behind() && !kept;
        assert!(!behind || fault.tier() == "likely", "{}", fault.label());
    }
}
