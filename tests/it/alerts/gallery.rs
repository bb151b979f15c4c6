//! One alert in every format, as `docs/gallery.md` and the README show it.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use vpclink_responder::alerts::{self, terminal};
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::functions::{ReadFrom, explain};
use vpclink_responder::incidents::Alert;

/// The failure that is shown.
const EVENT: &str = "events/no-healthy-target";

/// When it is explained.
const NOW: &str = "2026-11-22T14:04:03Z";

/// What makes both documents anew.
pub(crate) const COMMAND: &str = "cargo run --no-default-features --example gallery";

fn alert() -> Alert {
    let account = fs::read_to_string(format!("{EVENT}.account.json")).unwrap();
    let account = RecordedAccount::parse(&account).unwrap();
    let input = fs::read(format!("{EVENT}.json")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let reading = ReadFrom { account: &account, budget: Duration::from_secs(5) };
    runtime.block_on(explain(&[input], Some(reading), NOW.parse().unwrap())).unwrap().alerts.remove(0)
}

/// The block of a terminal.
fn block(alert: &Alert, width: usize) -> String {
    terminal::block(alert, terminal::Screen { color: false, width })
}

/// `docs/gallery.md`, whole.
pub(crate) fn markdown() -> String {
    let alert = alert();
    let message = alerts::message(&alert);
    let pretty =
        |json: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(json).unwrap()).unwrap();
    let attributes: Vec<String> =
        message.attributes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let mut out = format!(
        "# Gallery: one alert in every format\n\nBoth targets of an orders service fail their health check. API Gateway \
         logs only its vague sentence. This is what each reader gets.\n\nThe program made this page: `{COMMAND}`. A test \
         fails when it is stale. `vpclink explain {EVENT}.json --account {EVENT}.account.json --format html --output \
         report.html` makes the HTML report of the same alert.\n"
    );
    for (title, language, body) in [
        ("Terminal", "text", block(&alert, 110)),
        ("E-mail: subject", "text", message.subject.clone()),
        ("E-mail: body", "text", message.bodies["email"].clone()),
        ("Text message", "text", message.bodies["sms"].clone()),
        (
            "Slack and Teams (Amazon Q Developer custom notification)",
            "json",
            pretty(&message.bodies["https"]),
        ),
        ("Machine alert (queues, functions, pagers)", "json", pretty(&message.bodies["sqs"])),
        ("Message attributes", "text", attributes.join("\n")),
    ] {
        out.push_str(&format!("\n## {title}\n\n```{language}\n{}\n```\n", body.trim_end()));
    }
    out
}

/// The README's first picture: the terminal's block, with long commands and lines cut.
pub(crate) fn readme() -> String {
    let cut = |line: &str| match line.char_indices().nth(118) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    let lines: Vec<String> = block(&alert(), 112).lines().map(cut).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim_end())
}

const OPEN: &str = "<!-- gallery -->\n\n";
const CLOSE: &str = "\n<!-- /gallery -->";

/// The README with its picture anew.
pub(crate) fn with_picture(readme: &str) -> String {
    let (before, rest) = readme.split_once(OPEN).expect("README.md has the mark where its picture opens");
    let (_, after) = rest.split_once(CLOSE).expect("README.md has the mark where its picture closes");
    format!("{before}{OPEN}{}{CLOSE}{after}", self::readme())
}
