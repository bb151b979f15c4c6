//! The incidents of the table, as lines for a terminal.

use jiff::Timestamp;

use crate::alerts::escape::terminal as safe;
use crate::alerts::words::time;
use crate::incidents::record::AlertState;
use crate::incidents::store::Contents;
use crate::incidents::{AlertRecord, Incident, Silence};
use crate::text::counted;

/// Alerts with their members, incidents that are on none, and silences.
pub fn list(contents: &Contents, silences: &[Silence], now: Timestamp) -> String {
    let mut incidents: Vec<&Incident> = contents.incidents.iter().collect();
    incidents.sort_by(|a, b| b.last_failure.cmp(&a.last_failure).then_with(|| a.id.cmp(&b.id)));
    let mut out = Vec::new();
    for alert in &contents.alerts {
        out.push(format!("{}  {}", safe(&alert.id.0), state(alert)));
        let on = incidents.iter().filter(|one| one.coverage.alert.as_ref() == Some(&alert.id));
        out.extend(on.flat_map(|one| lines(one, silences, now)).map(|line| format!("  {line}")));
    }
    let kept = |one: &&&Incident| {
        let on = one.coverage.alert.as_ref();
        on.is_none_or(|on| !contents.alerts.iter().any(|alert| alert.id == *on))
    };
    out.extend(incidents.iter().filter(kept).flat_map(|one| lines(one, silences, now)));
    let holding: Vec<&Silence> = silences.iter().filter(|silence| silence.until > now).collect();
    out.extend(holding.iter().map(|silence| silenced(silence).trim_end().to_owned()));
    out.push(format!(
        "{}, {}, {}",
        counted(contents.alerts.len(), "alert"),
        counted(incidents.len(), "incident"),
        counted(holding.len(), "silence")
    ));
    out.join("\n") + "\n"
}

fn state(alert: &AlertRecord) -> String {
    let last = alert.last.as_ref();
    let messages = last.map_or(0, |last| last.number);
    let said = last.map_or_else(String::new, |last| format!(", the last at {}", time(last.at)));
    let word = match &alert.state {
        AlertState::Opening { .. } => "opening".to_owned(),
        AlertState::Open if last.is_some_and(|last| last.quiet) => "quiet, repair not confirmed".to_owned(),
        AlertState::Open if alert.is_digest() => "open, a digest".to_owned(),
        AlertState::Open => "open".to_owned(),
        AlertState::Ending(end) => format!("ending: {}", safe(&end.reason)),
        AlertState::Ended(end) => format!("ended at {}: {}", time(end.at), safe(&end.reason)),
    };
    let flapping = alert.flapping_words().map_or_else(String::new, |words| format!(", {words}"));
    format!("{word}, {} sent{said}{flapping}", counted(messages, "message"))
}

fn lines(incident: &Incident, silences: &[Silence], now: Timestamp) -> Vec<String> {
    let Incident { id, source, cause, coverage, .. } = incident;
    let status = match coverage.uncovered() {
        _ if silences.iter().any(|silence| silence.holds(incident, now)) => "silenced",
        0 if coverage.alert.is_none() && coverage.ended.is_some() => "ended",
        0 => "reported",
        _ if coverage.alert.is_some() => "in the next message",
        _ => "no alert sent yet",
    };
    let api = source.api.as_ref().map_or("?", |api| api.as_str());
    let stage = source.stage.as_deref().unwrap_or("?");
    let last = incident.last_failure.or(incident.counted_at).map_or("never".to_owned(), time);
    let failed = format!("{} failed, {} reported", coverage.failed, coverage.covered);
    let (api, stage, slug) = (safe(api), safe(stage), cause.slug);
    let mut lines = vec![format!("{id}  {status}  {api}/{stage}  {slug}  {failed}, last {last}")];
    let routes =
        incident.routes.iter().take(3).map(|(route, n)| format!("{} {} ×{n}", route.method, route.path));
    let routes: Vec<String> = routes.map(|route| safe(&route)).collect();
    if !routes.is_empty() {
        let more = incident.routes.len().saturating_sub(routes.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("    {}{more}", routes.join(", ")));
    }
    lines
}

/// A silence in one line.
pub fn silenced(silence: &Silence) -> String {
    format!("`{}` is muted until {}; failures are still counted\n", safe(&silence.id), time(silence.until))
}
