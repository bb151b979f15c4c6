//! Coverage, for a terminal and for machines: which stages with a private integration are monitored, and the gaps.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::alerts::escape::terminal as safe;
use crate::alerts::terminal::Screen;
use crate::coverage::{BlindSpot, Inventory, InventoryStage, ProberPlace, StageLog};
use crate::ids::ApiKind;
use crate::logs::LogType;
use crate::text::counted;

/// The version of the JSON form; members are added, never renamed.
pub const SCHEMA: &str = "vpclink-responder/coverage/1";

/// The stages with a private integration, and whether each is monitored.
fn private(seen: &Inventory) -> impl Iterator<Item = (&InventoryStage, bool)> {
    seen.stages.iter().filter(|stage| stage.is_private()).map(|stage| (stage, seen.watches(stage)))
}

/// For people.
pub fn terminal(seen: &Inventory, spots: &[BlindSpot], screen: Screen) -> String {
    let paint = |style: Style, text: &str| {
        if screen.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let (green, red) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
    let mut out = vec![paint(Style::new().bold(), "stages with a private integration")];
    for (stage, watched) in private(seen) {
        let sign = if watched { paint(green, "✓") } else { paint(red, "✗") };
        let what = match (&stage.kind, stage.private.as_ref().map_or(0, Vec::len)) {
            (ApiKind::Rest, routes) => {
                format!("{}, execution logging {}", counted(routes, "private route"), level(stage))
            }
            _ => "HTTP API".to_owned(),
        };
        let by = match seen.log_of(stage) {
            StageLog::Access(group, _) => format!(", access log {group}"),
            StageLog::Delivered(group) => format!(", delivered to {group}"),
            _ => String::new(),
        };
        out.push(format!(
            "  {sign} {}/{} ({}), {}",
            safe(&stage.api.name),
            safe(&stage.name),
            stage.api.id,
            safe(&(what + &by)),
        ));
    }
    out.push(String::new());
    for spot in spots {
        let mark = paint(AnsiColor::Yellow.on_default().bold(), &format!("blind[{}]", spot.kind.as_str()));
        out.push(format!("{mark}{}", paint(Style::new().bold(), &format!(": {}", safe(&spot.says)))));
        out.push(format!("  --> {}", safe(&spot.of)));
        out.push(format!("   = next: {}", safe(&spot.remedy)));
        out.extend(spot.command.as_ref().map(|command| format!("   = run:  {}", safe(command))));
        out.push(String::new());
    }
    if !seen.probers.is_empty() {
        out.push(paint(Style::new().bold(), "probers"));
    }
    for place in &seen.probers {
        let (sign, says) = match place.stands {
            Some(true) => (paint(green, "✓"), "deployed"),
            Some(false) => ("–".to_owned(), "not deployed: real responses of its targets can't be checked"),
            None => ("?".to_owned(), "unknown: the prober could not be invoked"),
        };
        out.push(format!("  {sign} {}: {says}", safe(&place.serves)));
        if place.stands == Some(false) {
            out.push(format!("   = run:  {}", safe(&place.command)));
        }
    }
    if !seen.probers.is_empty() {
        out.push(String::new());
    }
    let (all, watched) = (private(seen).count(), private(seen).filter(|(_, watched)| *watched).count());
    out.push(format!("{watched} of {all} private stages monitored, {}", counted(spots.len(), "gap")));
    out.join("\n") + "\n"
}

/// The level that holds where a route has none of its own.
fn level(stage: &InventoryStage) -> &str {
    stage.settings.logging.get("*/*").map_or("OFF", String::as_str)
}

/// For machines.
pub fn machine(seen: &Inventory, spots: &[BlindSpot]) -> String {
    let stage = |(stage, watched): (&InventoryStage, bool)| {
        json!({
            "api": { "id": stage.api.id.as_str(), "name": stage.api.name },
            "stage": stage.name,
            "kind": stage.kind.as_str(),
            "log_group": match seen.log_of(stage) {
                StageLog::Access(group, _) | StageLog::Delivered(group) => Some(group),
                StageLog::Execution => Some(stage.log_group(&seen.prefix)),
                _ if stage.kind == ApiKind::Rest => Some(stage.log_group(&seen.prefix)),
                _ => None,
            },
            "log": match seen.log_of(stage) {
                StageLog::Access(..) => Some(LogType::Access.as_str()),
                StageLog::Delivered(_) => Some(LogType::Delivered.as_str()),
                StageLog::Execution => Some(LogType::Execution.as_str()),
                _ => None,
            },
            "private_routes": stage.private.as_ref().map_or(0, Vec::len),
            "logging": level(stage),
            "watched": watched,
        })
    };
    let blind = |spot: &BlindSpot| {
        json!({
            "kind": spot.kind.as_str(),
            "of": spot.of,
            "says": spot.says,
            "remedy": spot.remedy,
            "command": spot.command,
        })
    };
    let prober = |place: &ProberPlace| json!({ "serves": place.serves, "stands": place.stands, "command": place.command });
    let coverage = json!({
        "schema": SCHEMA,
        "region": seen.region.as_ref().map(|region| region.as_str()),
        "complete": seen.report.is_complete() && seen.unread.is_empty() && seen.skipped == 0,
        "stages": private(seen).map(stage).collect::<Vec<Value>>(),
        "probers": seen.probers.iter().map(prober).collect::<Vec<Value>>(),
        "blind": spots.iter().map(blind).collect::<Vec<Value>>(),
    });
    coverage.to_string() + "\n"
}
