//! The answer of `replay`: a table of causes, and a small histogram over time.

use crate::alerts::escape::{cut, terminal as safe};
use crate::alerts::words::time;
use crate::incidents::{Row, Tally};
use crate::text::counted;

/// Bars at most; a screen has more lines.
const MOST_BARS: usize = 24;

/// The longest bar, in columns.
const LONGEST: u64 = 40;

/// The whole answer; `title` names what was read.
pub fn table(title: &str, tally: &Tally) -> String {
    let cut_off = match tally.cut_off {
        0 => String::new(),
        n => format!(", {n} unfinished in this period"),
    };
    let mut out = format!(
        "{}\n{}, {}: {} failed{cut_off}\n",
        safe(title),
        counted(tally.lines, "line"),
        counted(tally.read, "request"),
        tally.failed
    );
    if tally.failed == 0 {
        return out;
    }
    out.push_str(&causes(&tally.rows()));
    out.push_str(&histogram(tally));
    out.push_str("\n`vpclink causes SLUG` explains a cause and how to fix it.\n");
    out
}

fn causes(rows: &[&Row]) -> String {
    let width = rows.iter().map(|row| row.cause.slug.len()).max().unwrap_or(0);
    let mut out =
        format!("\n{:>7}  {:width$}  {:23}  {:23}  busiest route\n", "failed", "cause", "first", "last");
    for row in rows {
        let at = |at: Option<jiff::Timestamp>| at.map_or("?".to_owned(), time);
        let (first, last) = (at(row.first_failure), at(row.last_failure));
        let most = row.routes.iter().max_by_key(|(_, failed)| **failed);
        let most = most.map_or(String::new(), |(route, failed)| {
            let others = match row.routes.len() {
                1 => String::new(),
                n => format!(", {}", counted(n - 1, "more route")),
            };
            format!("{} ({failed}{others})", safe(&cut(&format!("{} {}", route.method, route.path), 48)))
        });
        let line = format!("{:>7}  {:width$}  {first:23}  {last:23}  {most}", row.failed, row.cause.slug);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One line a stretch; a quiet time is one line.
fn histogram(tally: &Tally) -> String {
    let bars = tally.times.bars(MOST_BARS);
    let Some(most) = bars.iter().map(|bar| bar.failed).max() else { return String::new() };
    let minutes = bars[0].minutes;
    let each = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
    let mut out = format!("\nfailures, {each} a line (UTC)\n");
    let mut quiet = false;
    for bar in &bars {
        if bar.failed == 0 {
            if !quiet {
                out.push_str("           …\n");
            }
            quiet = true;
            continue;
        }
        quiet = false;
        // One failure stays visible beside ten thousand.
        let columns = (bar.failed * LONGEST).div_ceil(most);
        let length = usize::try_from(columns).unwrap_or(0);
        let at = bar.from.strftime("%m-%d %H:%M");
        out.push_str(&format!("{at} {} {}\n", "█".repeat(length), bar.failed));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_failed_needs_no_table() {
        let tally = Tally { lines: 1, read: 1, ..Tally::default() };
        assert_eq!(table("a/b", &tally), "a/b\n1 line, 1 request: 0 failed\n");
    }

    #[test]
    fn a_quiet_time_is_one_line() {
        let mut tally = Tally::default();
        for second in [0, 60, 61, 600] {
            tally.times.count(jiff::Timestamp::from_second(second).unwrap());
        }
        let lines = [
            "",
            "failures, a minute a line (UTC)",
            "01-01 00:00 ████████████████████ 1",
            "01-01 00:01 ████████████████████████████████████████ 2",
            "           …",
            "01-01 00:10 ████████████████████ 1",
            "",
        ];
        assert_eq!(histogram(&tally), lines.join("\n"));
    }
}
