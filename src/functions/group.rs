//! Which incidents one resource broke, and what the page that tells them says.

use std::collections::BTreeMap;

use crate::causes::Diagnosis;
use crate::checks::{Assessment, HopKind};
use crate::functions::notify::PendingAlert;
use crate::incidents::{AlsoAffected, FailureGroup, Fault, Fingerprint, Incident};

/// Incidents that one resource broke, or one that stands alone.
pub(crate) struct AlertGroup<'a> {
    pub(crate) root: Option<Fingerprint>,
    pub(crate) walked: Vec<(PendingAlert<'a>, Assessment)>,
}

/// Puts together what shares a root. What is on a page already, and what only this container remembers, stays where it is.
pub(crate) fn group_by_root(walked: Vec<(PendingAlert<'_>, Assessment)>) -> Vec<AlertGroup<'_>> {
    let mut folded: Vec<AlertGroup<'_>> = Vec::new();
    let mut places: BTreeMap<(Fingerprint, bool), usize> = BTreeMap::new();
    for (due, judgement) in walked {
        let root = root(&due.news.example, &judgement).filter(|_| due.page.members.is_empty());
        let place = match &root {
            Some(root) => *places.entry((root.clone(), due.may_repeat)).or_insert(folded.len()),
            None => folded.len(),
        };
        match folded.get_mut(place) {
            Some(known) => known.walked.push((due, judgement)),
            None => folded.push(AlertGroup { root, walked: vec![(due, judgement)] }),
        }
    }
    folded
}

/// The resource that explains a failure and may explain others: anything beyond the API's own configuration.
fn root(diagnosis: &Diagnosis, judgement: &Assessment) -> Option<Fingerprint> {
    let finding = &judgement.findings[judgement.verdict.finding?];
    let shared = finding.hop > HopKind::Integration && !finding.code.is_metric();
    let resource = finding.resource.as_deref().filter(|_| shared)?;
    let source = &diagnosis.source;
    Some(Fingerprint::of_root(source.account.as_ref(), source.region.as_ref(), resource))
}

/// The finding that explains a failure, to be looked for again when it is quiet.
pub(crate) fn fault(judgement: &Assessment) -> Option<Fault> {
    let finding = &judgement.findings[judgement.verdict.finding?];
    Some(Fault { code: finding.code.slug().to_owned(), resource: finding.resource.clone() })
}

/// A page as an alert shows it: its own id and times, the counts of the incident that comes first, and the others beside.
pub(crate) fn view(
    page: &Incident,
    members: Vec<Incident>,
    news: &FailureGroup,
) -> (Incident, Vec<AlsoAffected>) {
    let mut members = members.into_iter();
    let mut first = members.next().unwrap_or_else(|| page.clone());
    if let (true, Some(route)) = (first.routes.is_empty(), &news.example.route) {
        // The batches named none; that of one request was looked up.
        first.routes.insert(route.clone(), 1);
    }
    let shown = Incident {
        id: page.id.clone(),
        fingerprint: page.fingerprint.clone(),
        opened_at: page.opened_at,
        told: page.told.clone(),
        ..first
    };
    let hit = |Incident { source, cause, failed, routes, .. }: Incident| AlsoAffected {
        source,
        cause,
        failed,
        routes,
    };
    (shown, members.map(hit).collect())
}
