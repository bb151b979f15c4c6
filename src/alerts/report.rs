//! What an alert says, before a format is chosen: lead facts, then sections of blocks, in the order of reading.
//!
//! A format is a writer over these blocks. It may leave a section out; terminal and chat move evidence before the steps. No
//! format decides the words.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::alerts::steps::next_steps;
use crate::alerts::{links, words};
use crate::aws::ReadError;
use crate::causes::Evidence;
use crate::checks::{Assessment, Confidence, Finding, Hop, Remedy, State};
use crate::ids::Region;
use crate::incidents::{Alert, Status};
use crate::text::counted;

/// How much of an alert is rendered: less where all of it would not fit into one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    pub(crate) routes: usize,
    pub(crate) hits: usize,
    pub(crate) requests: usize,
    pub(crate) evidence: usize,
    pub(crate) findings: usize,
    /// Whether something was left out that an ordinary alert has.
    pub(crate) cut: bool,
}

pub(crate) const FULL: Amount =
    Amount { routes: 50, hits: 100, requests: 20, evidence: 12, findings: 60, cut: false };

/// An alert as blocks.
pub(crate) struct Report<'a> {
    pub(crate) alert: &'a Alert,
    pub(crate) amount: Amount,
    /// "GET /orders (orders/prod) returns 500".
    pub(crate) headline: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) links: Links,
}

/// One of the first lines: what a reader has to know before anything else.
pub(crate) struct Fact {
    pub(crate) about: About,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Verdict,
    Readings,
    MaskedBy,
    Clue,
    Failed,
    WhyNow,
    DoFirst,
    Cause,
    Incident,
}

impl About {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Verdict => "Verdict",
            Self::Readings => "Readings",
            Self::MaskedBy => "Masked by this",
            Self::Clue => "Possible clue (not proof)",
            Self::Failed => "Failed",
            Self::WhyNow => "Why now",
            Self::DoFirst => "Do first",
            Self::Cause => "Cause in the log",
            Self::Incident => "Incident",
        }
    }
}

pub(crate) struct Section<'a> {
    pub(crate) kind: SectionKind,
    /// What holds for the whole of it: "read 41 s after the failure".
    pub(crate) note: Option<String>,
    pub(crate) block: Block<'a>,
    /// How many entries did not fit.
    pub(crate) more: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Routes,
    AlsoAffected,
    Path,
    AlsoBroken,
    StillBroken,
    Healthy,
    NotChecked,
    Steps,
    Evidence,
    Links,
}

impl SectionKind {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Routes => "Routes",
            Self::AlsoAffected => "Also affected",
            Self::Path => "Path",
            Self::AlsoBroken => "Also broken",
            Self::StillBroken => "Still broken",
            Self::Healthy => "Healthy",
            Self::NotChecked => "Not checked",
            Self::Steps => "What to do",
            Self::Evidence => "Evidence",
            Self::Links => "Links",
        }
    }
}

pub(crate) enum Block<'a> {
    List(Vec<Item<'a>>),
    Steps(Vec<Remedy>),
    Quotes(Vec<Quote<'a>>),
    Path(&'a [Hop]),
    Table(Vec<(String, u64)>),
}

/// A line of a list.
pub(crate) struct Item<'a> {
    pub(crate) text: String,
    pub(crate) state: Option<State>,
    /// The permission that would help.
    pub(crate) needs: Option<&'a str>,
    /// An address of ours.
    pub(crate) url: Option<String>,
}

impl Item<'_> {
    fn of(state: State, text: String) -> Self {
        Self { text, state: Some(state), needs: None, url: None }
    }

    fn link(text: String, url: &str) -> Self {
        Self { text, state: None, needs: None, url: Some(url.to_owned()) }
    }
}

/// A log line; one of them proves the cause.
pub(crate) struct Quote<'a> {
    pub(crate) line: &'a Evidence,
    /// What it says, with the route's template in the place of its path.
    pub(crate) text: Cow<'a, str>,
    pub(crate) is_proof: bool,
}

/// Addresses in the console, as far as they are known.
#[derive(Default)]
pub(crate) struct Links {
    pub(crate) logs: Option<String>,
    pub(crate) runbook: Option<String>,
    /// Console pages of the path's resources: "load balancer orders-nlb" and its address.
    pub(crate) consoles: Vec<(String, String)>,
}

/// Something that could not be looked at.
pub(crate) struct NotChecked {
    pub(crate) what: String,
    /// The permission that would help; none where no permission would.
    pub(crate) action: Option<&'static str>,
    pub(crate) why: String,
}

impl<'a> Report<'a> {
    pub(crate) fn new(alert: &'a Alert, amount: Amount) -> Self {
        let explaining = alert.judgement.verdict.finding.map(|index| &alert.judgement.findings[index]);
        let steps = next_steps(alert, explaining);
        let links = links_of(alert);
        Self {
            alert,
            amount,
            headline: words::headline(alert),
            facts: facts(alert, explaining, steps.first()),
            sections: sections(alert, amount, explaining, steps, &links),
            links,
        }
    }

    /// The fact about this, where there is one.
    pub(crate) fn fact(&self, about: About) -> Option<&str> {
        self.facts.iter().find(|fact| fact.about == about).map(|fact| fact.text.as_str())
    }

    pub(crate) fn section(&self, kind: SectionKind) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    pub(crate) fn steps(&self) -> &[Remedy] {
        match self.section(SectionKind::Steps).map(|section| &section.block) {
            Some(Block::Steps(steps)) => steps,
            _ => &[],
        }
    }

    pub(crate) fn quotes(&self) -> &[Quote<'a>] {
        match self.section(SectionKind::Evidence).map(|section| &section.block) {
            Some(Block::Quotes(quotes)) => quotes,
            _ => &[],
        }
    }

    /// Whether something was left out to fit into one message.
    pub(crate) fn is_cut(&self) -> bool {
        self.amount.cut
            || self.sections.iter().any(|section| section.more > 0 && section.kind != SectionKind::Routes)
    }
}

fn facts(alert: &Alert, explaining: Option<&Finding>, first: Option<&Remedy>) -> Vec<Fact> {
    let (diagnosis, verdict) = (&alert.news.example, &alert.judgement.verdict);
    let is_broken = words::is_broken(alert.status);
    let surety = if matches!(alert.status, Status::Resolved | Status::Merged) {
        About::Readings
    } else {
        About::Verdict
    };
    // A clue is worth reading only while no reading has confirmed the fault.
    let clue = diagnosis.clue.clone().filter(|_| is_broken && verdict.tier != Confidence::Confirmed);
    let is_incident = !alert.is_digest();
    let known = [
        (surety, is_incident.then(|| words::surety(alert, explaining))),
        (About::MaskedBy, diagnosis.masked_by()),
        (About::Clue, clue),
        (About::Failed, Some(words::failures(alert))),
        (About::WhyNow, Some(alert.reason.clone())),
        (About::DoFirst, first.map(|step| step.what.clone())),
        (About::Cause, Some(format!("{} ({})", diagnosis.cause.title, diagnosis.cause.slug))),
        (About::Incident, Some(alert.incident.id.clone())),
    ];
    known.into_iter().filter_map(|(about, text)| Some(Fact { about, text: text? })).collect()
}

/// The order in which an alert is read: how far the fault reaches, where it is, what to do, and what all this rests on.
fn sections<'a>(
    alert: &'a Alert,
    amount: Amount,
    explaining: Option<&'a Finding>,
    steps: Vec<Remedy>,
    links: &Links,
) -> Vec<Section<'a>> {
    let rest =
        if alert.status == Status::Resolved { SectionKind::StillBroken } else { SectionKind::AlsoBroken };
    let sections = [
        routes(alert, amount),
        also_affected(alert, amount),
        Section::of(SectionKind::Path, Block::Path(&alert.judgement.path)),
        findings(rest, &[State::Faulty, State::Warning], alert, amount, explaining),
        findings(SectionKind::Healthy, &[State::Healthy], alert, amount, explaining),
        Section::of(
            SectionKind::NotChecked,
            Block::List(unread_of(alert, amount).into_iter().map(missing).collect()),
        ),
        Section::of(SectionKind::Steps, Block::Steps(steps)),
        evidence(alert, amount),
        Section::of(SectionKind::Links, Block::List(all_links(alert, links))),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect()
}

impl<'a> Section<'a> {
    fn of(kind: SectionKind, block: Block<'a>) -> Self {
        Self { kind, note: None, block, more: 0 }
    }

    fn is_empty(&self) -> bool {
        match &self.block {
            Block::List(items) => items.is_empty(),
            Block::Steps(steps) => steps.is_empty(),
            Block::Quotes(quotes) => quotes.is_empty(),
            Block::Path(hops) => hops.is_empty(),
            // A single route stands in the headline.
            Block::Table(rows) => rows.len() < 2 && self.more == 0,
        }
    }
}

fn routes(alert: &Alert, amount: Amount) -> Section<'_> {
    let all = words::routes(alert);
    let more = all.len().saturating_sub(amount.routes) as u64;
    let rows = all.iter().take(amount.routes).map(|(route, failed)| (words::route_label(route), *failed));
    Section { more, ..Section::of(SectionKind::Routes, Block::Table(rows.collect())) }
}

/// Those that fail most come first.
fn also_affected(alert: &Alert, amount: Amount) -> Section<'_> {
    let mut hits: Vec<_> = alert.also_hit.iter().collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.failed));
    let more = hits.len().saturating_sub(amount.hits) as u64;
    let item = |hit| Item::of(State::Faulty, words::affected(alert, hit));
    let items = hits.into_iter().take(amount.hits).map(item).collect();
    Section { more, ..Section::of(SectionKind::AlsoAffected, Block::List(items)) }
}

fn findings<'a>(
    kind: SectionKind,
    states: &[State],
    alert: &'a Alert,
    amount: Amount,
    explaining: Option<&'a Finding>,
) -> Section<'a> {
    let is_headline = |finding: &Finding| explaining.is_some_and(|known| std::ptr::eq(known, finding));
    let all = alert.judgement.findings.iter();
    let shown: Vec<&Finding> =
        all.filter(|f| states.contains(&f.state) && !is_headline(f)).take(amount.findings).collect();
    let at_once = words::read_at_once(alert, &shown);
    let item = |finding: &&Finding| {
        let read = words::distance(alert, finding).filter(|_| at_once.is_none());
        let read = read.map_or(String::new(), |read| format!(" (read {read})"));
        Item::of(finding.state, format!("{}{read}", finding.says))
    };
    let block = Block::List(shown.iter().map(item).collect());
    Section { note: at_once.map(|read| format!("read {read}")), ..Section::of(kind, block) }
}

fn missing(missing: NotChecked) -> Item<'static> {
    let text = format!("{}: {}", missing.what, missing.why);
    Item { needs: missing.action, ..Item::of(State::Unknown, text) }
}

/// What no reading of this alert looked at.
pub(crate) fn unread_of(alert: &Alert, amount: Amount) -> Vec<NotChecked> {
    other_paths(alert).into_iter().chain(not_checked(&alert.judgement, amount)).collect()
}

/// Routes that fail too, and lead elsewhere than the one whose path was read.
fn other_paths(alert: &Alert) -> Option<NotChecked> {
    let facts = &alert.judgement.facts;
    let read = alert.news.example.route.as_ref().filter(|_| alert.judgement.unread.is_none())?;
    let apart = alert.incident.routes.keys().filter(|route| facts.are_apart(read, route));
    let names: BTreeSet<String> = apart.map(|route| words::route_label(&facts.templated(route))).collect();
    let first = names.first()?;
    let more = names.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" and {}", counted(more, "more route")) };
    Some(NotChecked {
        what: format!("the path of {first}{more}"),
        action: None,
        why: format!(
            "its VPC link, load balancer or listener is another than that of {}",
            words::route_label(&facts.templated(read))
        ),
    })
}

/// What the readings of one path left out.
pub(crate) fn not_checked(judgement: &Assessment, amount: Amount) -> Vec<NotChecked> {
    if let Some(why) = &judgement.unread {
        return vec![NotChecked { what: "the live account".to_owned(), action: None, why: why.clone() }];
    }
    let helps = |why: &ReadError| matches!(why, ReadError::Denied | ReadError::RoleRefused(_));
    let mut missing: Vec<NotChecked> = Vec::new();
    for not_read in judgement.findings.iter().filter_map(Finding::not_read).take(amount.findings) {
        let (what, why) = (not_read.what.clone(), not_read.why.to_string());
        if missing.iter().all(|known| known.what != what) {
            missing.push(NotChecked {
                what,
                action: not_read.action().filter(|_| helps(&not_read.why)),
                why,
            });
        }
    }
    missing.extend(judgement.refused.iter().map(|refused| NotChecked {
        what: refused.what.clone(),
        action: refused.action().filter(|_| helps(&refused.why)),
        why: refused.why.to_string(),
    }));
    missing
}

/// The first lines of the request, the proof among them whatever its place.
fn evidence(alert: &Alert, amount: Amount) -> Section<'_> {
    let diagnosis = &alert.news.example;
    let proof = &diagnosis.evidence;
    let mut lines: Vec<&Evidence> = diagnosis.context.iter().chain([proof]).collect();
    lines.sort_by_key(|line| line.number());
    if lines.len() > amount.evidence {
        lines.truncate(amount.evidence);
        if !lines.iter().any(|line| std::ptr::eq(*line, proof)) {
            lines.pop();
            lines.push(proof);
        }
    }
    let quote = |line| Quote { line, text: templated(alert, line), is_proof: std::ptr::eq(line, proof) };
    let block = Block::Quotes(lines.into_iter().map(quote).collect());
    Section { note: words::request_label(diagnosis), ..Section::of(SectionKind::Evidence, block) }
}

/// What a line says, with the route as it is shown in the place of its path.
fn templated<'a>(alert: &Alert, line: &'a Evidence) -> Cow<'a, str> {
    const OPENINGS: [&str; 3] = ["HTTP Method: ", "Endpoint request URI: ", "Sending request to "];
    let text = line.text();
    let route = alert.news.example.route.as_ref().filter(|_| OPENINGS.iter().any(|o| text.starts_with(o)));
    let (head, query) = text.split_at(text.find('?').unwrap_or(text.len()));
    let before = route.and_then(|route| head.strip_suffix(&*route.path));
    match before.zip(words::shown_route(alert)) {
        Some((before, shown)) => Cow::Owned(format!("{before}{}{query}", shown.path)),
        None => Cow::Borrowed(text),
    }
}

fn links_of(alert: &Alert) -> Links {
    // Logs often do not say their Region; the path's own ARNs do.
    let region = alert.news.example.source.region.clone().or_else(|| alert.judgement.facts.region());
    let known = |region: Region| Links {
        logs: links::logs(&region, alert),
        runbook: Some(links::runbook(&region)),
        consoles: if words::is_broken(alert.status) { links::consoles(&region, alert) } else { Vec::new() },
    };
    region.filter(links::is_region).map(known).unwrap_or_default()
}

fn all_links(alert: &Alert, links: &Links) -> Vec<Item<'static>> {
    let diagnosis = &alert.news.example;
    let logs = links.logs.iter().map(|url| Item::link("Log lines around the failures".to_owned(), url));
    let consoles = links.consoles.iter().map(|(label, url)| Item::link(format!("Console: {label}"), url));
    let runbook = |url: &String| Item::link(format!("AWS's runbook ({})", words::runbook_inputs(alert)), url);
    let background = diagnosis.cause.references.iter().map(|url| Item::link("Background".to_owned(), url));
    logs.chain(consoles).chain(links.runbook.iter().map(runbook)).chain(background).collect()
}
