//! The incidents of the table, as lines for a terminal.

use jiff::Timestamp;

use crate::alerts::escape::terminal as safe;
use crate::alerts::words::time;
use crate::incidents::{Incident, Silence, Status};
use crate::text::counted;

/// Incidents and silences, the latest failure first.
pub fn list(incidents: &[Incident], silences: &[Silence], now: Timestamp) -> String {
    let mut incidents: Vec<&Incident> = incidents.iter().collect();
    incidents.sort_by(|a, b| b.last_failure.cmp(&a.last_failure).then_with(|| a.id.cmp(&b.id)));
    let mut out = Vec::new();
    for incident in &incidents {
        out.push(line(incident, silences, now));
        let routes =
            incident.routes.iter().take(3).map(|(route, n)| format!("{} {} ×{n}", route.method, route.path));
        let routes: Vec<String> = routes.map(|route| safe(&route)).collect();
        if !routes.is_empty() {
            let more = incident.routes.len().saturating_sub(routes.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            out.push(format!("    {}{more}", routes.join(", ")));
        }
        if let Some(page) = &incident.page {
            out.push(format!("    covered by the alert of incident {page}"));
        }
    }
    let holding: Vec<&Silence> = silences.iter().filter(|silence| silence.until > now).collect();
    out.extend(holding.iter().map(|silence| silenced(silence).trim_end().to_owned()));
    out.push(format!("{}, {}", counted(incidents.len(), "incident"), counted(holding.len(), "silence")));
    out.join("\n") + "\n"
}

fn line(incident: &Incident, silences: &[Silence], now: Timestamp) -> String {
    let Incident { id, source, cause, failed, members, .. } = incident;
    let status = match &incident.told {
        _ if silences.iter().any(|silence| silence.holds(incident, now)) => "silenced",
        _ if incident.page.is_some() => "covered by another alert",
        None => "no alert sent yet",
        Some(told) if told.quiet => "quiet, repair not confirmed",
        Some(told) if told.status == Status::Resolved => "resolved",
        Some(told) => told.status.as_str(),
    };
    let api = source.api.as_ref().map_or("?", |api| api.as_str());
    let stage = source.stage.as_deref().unwrap_or("?");
    let what = if members.is_empty() {
        format!("{failed} failed")
    } else {
        format!("{} incidents in one alert", members.len())
    };
    let last = incident.last_failure.or(incident.counted_at).map_or("never".to_owned(), time);
    format!("{id}  {status}  {}/{}  {}  {what}, last {last}", safe(api), safe(stage), cause.slug)
}

/// A silence in one line.
pub fn silenced(silence: &Silence) -> String {
    format!("`{}` is muted until {}; failures are still counted\n", safe(&silence.id), time(silence.until))
}
