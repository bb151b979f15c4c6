//! Which resource broke an incident, and what the message of an alert shows of its members.

use crate::causes::{Diagnosis, MANY_INCIDENTS};
use crate::checks::{Assessment, HopKind};
use crate::incidents::step::AlertTask;
use crate::incidents::{AlsoAffected, FailureGroup, Fingerprint, Incident, KnownFault, Status};

/// The resource that explains a failure and may explain others: anything beyond the API's own configuration.
pub(crate) fn root(diagnosis: &Diagnosis, judgement: &Assessment) -> Option<Fingerprint> {
    let source = &diagnosis.source;
    let of = |resource: &str| Fingerprint::of_root(source.account.as_ref(), source.region.as_ref(), resource);
    // Group all unknown APIs in one alert: an attacker can invent any number of API ids.
    if judgement.has_no_api() {
        return Some(of("no API of that id"));
    }
    let finding = &judgement.findings[judgement.verdict.finding?];
    let shared = finding.hop > HopKind::Integration && !finding.code.is_metric();
    let resource = finding.resource.as_deref().filter(|_| shared)?;
    Some(of(resource))
}

/// The finding that explains a failure, to be looked for again when it is quiet.
pub(crate) fn fault(judgement: &Assessment) -> Option<KnownFault> {
    let finding = &judgement.findings[judgement.verdict.finding?];
    Some(KnownFault { code: finding.code.slug().to_owned(), resource: finding.resource.clone() })
}

/// An alert as a message shows it: its own key and times, the counts of the incident that comes first, the others beside.
pub(crate) fn view(
    task: &AlertTask,
    incidents: &[Incident],
    news: &FailureGroup,
    status: Status,
) -> (Incident, Vec<AlsoAffected>) {
    let is_end = matches!(status, Status::Resolved | Status::Merged);
    let member =
        |incident: &Incident| task.members.iter().find(|member| member.fingerprint == incident.fingerprint);
    // A silenced member is counted and not named; an end names all that the alert covered.
    let shown = |incident: &&Incident| {
        member(incident)
            .is_none_or(|member| if is_end { task.ends(&member.coverage) } else { !member.silenced })
    };
    let counted = |incident: &Incident| {
        let known = member(incident).map_or(&incident.coverage, |member| &member.coverage);
        let failed = if is_end { known.covered } else { known.failed };
        // What came late is counted beside.
        failed.saturating_sub(known.ended_failed).max(u64::from(incident.failed > 0))
    };
    // The one that the example is of comes first.
    let mut members: Vec<&Incident> = incidents.iter().filter(shown).collect();
    members.sort_by_key(|incident| incident.fingerprint != news.fingerprint);
    let mut members = members.into_iter();
    let leader = if task.alert.is_digest() { None } else { members.next() };
    let mut first = match leader.or(incidents.first()) {
        Some(first) => Incident { failed: counted(first), ..first.clone() },
        None => Incident::of_news(news, task.alert.opened_at),
    };
    if let (true, Some(route)) = (first.routes.is_empty(), &news.example.route) {
        // The batches named none; that of one request was looked up.
        first.routes.insert(route.clone(), 1);
    }
    let also: Vec<AlsoAffected> = members
        .map(|incident| AlsoAffected {
            source: incident.source.clone(),
            cause: incident.cause,
            failed: counted(incident),
            routes: incident.routes.clone(),
        })
        .collect();
    first.id = task.alert.id.to_string();
    first.opened_at = Some(task.alert.opened_at);
    first.coverage.alert = Some(task.alert.id.clone());
    if task.alert.is_digest() {
        first.cause = MANY_INCIDENTS;
        first.failed = also.iter().map(|hit| hit.failed).sum();
        first.routes.clear();
    }
    (first, also)
}
