//! The failures over time as a picture, and as a table for readers who prefer one.

use jiff::Timestamp;

use crate::incidents::{Bucket, FailureGroup};

/// Bars that stay wide enough to be seen on a telephone.
const MOST_BARS: usize = 60;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 120.0;

/// Empty where the log is undated.
pub(crate) fn figure(number: usize, news: &FailureGroup) -> String {
    let bars = news.times.bars(MOST_BARS);
    let Some((first, last)) = bars.first().zip(bars.last()) else { return String::new() };
    let most = bars.iter().max_by_key(|bar| bar.failed).unwrap_or(first);
    let total: u64 = bars.iter().map(|bar| bar.failed).sum();
    let end = Timestamp::from_second(last.from.as_second() + last.minutes * 60).unwrap_or(last.from);
    let span = span(first.minutes);
    let caption = format!(
        "{total} failed between {} and {} UTC; at most {} within {span}, at {}.",
        stamp(first.from),
        stamp(end),
        most.failed,
        stamp(most.from)
    );
    // A single minute is no picture.
    let picture =
        if bars.len() < 2 { String::new() } else { picture(number, &bars, most.failed, end, &caption) };
    format!(
        "<figure>\n{picture}<figcaption>{caption}</figcaption>\n</figure>\n\
         <details><summary>The same numbers as a table</summary>\n<table>\n<thead><tr><th scope=\"col\">From, for {span}</th>\
         <th scope=\"col\" class=\"number\">Failed</th></tr></thead>\n<tbody>\n{}</tbody>\n</table></details>\n",
        rows(&bars)
    )
}

fn picture(number: usize, bars: &[Bucket], most: u64, end: Timestamp, caption: &str) -> String {
    let step = WIDTH / bars.len() as f64;
    let wide = (step * 0.85).min(48.0);
    let mut drawn = String::new();
    for (index, bar) in bars.iter().enumerate().filter(|(_, bar)| bar.failed > 0) {
        // Never so low that a failure is invisible.
        let high = (bar.failed as f64 / most as f64 * HEIGHT).max(3.0);
        drawn.push_str(&format!(
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\">\
             <title>{}: {}</title></rect>\n",
            index as f64 * step + (step - wide) / 2.0,
            HEIGHT - high + 4.0,
            stamp(bar.from),
            bar.failed
        ));
    }
    format!(
        "<svg class=\"times\" viewBox=\"0 0 {WIDTH} 130\" preserveAspectRatio=\"none\" role=\"img\" aria-labelledby=\"times-{number}\">\n<title id=\"times-{number}\">{caption}</title>\n\
         {drawn}<path class=\"axis\" d=\"M0 125H{WIDTH}\"/>\n</svg>\n\
         <p class=\"ends\" aria-hidden=\"true\"><span>{}</span><span>{}</span></p>\n",
        stamp(bars[0].from),
        stamp(end)
    )
}

fn rows(bars: &[Bucket]) -> String {
    let row = |bar: &Bucket| {
        format!("<tr><td>{} UTC</td><td class=\"number\">{}</td></tr>\n", stamp(bar.from), bar.failed)
    };
    bars.iter().filter(|bar| bar.failed > 0).map(row).collect()
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn span(minutes: i64) -> String {
    match minutes {
        1 => "a minute".to_owned(),
        60 => "an hour".to_owned(),
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}
