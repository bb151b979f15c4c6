//! Log lines that CloudWatch reads as metrics: the embedded metric format, with dimensions of few values and never a payload.
//!
//! The format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

/// What the metrics are found under.
pub const NAMESPACE: &str = "vpclink-responder";

/// Values of one metric in one line; AWS takes a hundred.
const MOST_VALUES: usize = 100;

/// What is measured. The words are those of dashboards and alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Failed requests, by cause.
    Failures,
    /// Messages published.
    Alerts,
    /// How long the reads of one alert took.
    WalkLatency,
    /// Readings that could not be taken, by the IAM action that they need.
    Unknowns,
    /// Batches of log groups that are not ours to read.
    BatchesRefused,
    /// Lines of unknown shape in log groups that are ours to read.
    LinesPassedOver,
    /// Payloads that could not be decoded.
    Undecodable,
    /// Log groups whose lines reach the responder.
    GroupsWatched,
    /// Places where a failure would go unseen, by kind.
    BlindSpots,
    /// Those of them that were not chosen by the settings: an alarm goes by it.
    CoverageGaps,
}

impl Metric {
    /// Each of them.
    pub const ALL: [Self; 10] = [
        Self::Failures,
        Self::Alerts,
        Self::WalkLatency,
        Self::Unknowns,
        Self::BatchesRefused,
        Self::LinesPassedOver,
        Self::Undecodable,
        Self::GroupsWatched,
        Self::BlindSpots,
        Self::CoverageGaps,
    ];

    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failures => "Failures",
            Self::Alerts => "Alerts",
            Self::WalkLatency => "WalkLatency",
            Self::Unknowns => "Unknowns",
            Self::BatchesRefused => "BatchesRefused",
            Self::LinesPassedOver => "LinesPassedOver",
            Self::Undecodable => "Undecodable",
            Self::GroupsWatched => "GroupsWatched",
            Self::BlindSpots => "BlindSpots",
            Self::CoverageGaps => "CoverageGaps",
        }
    }

    /// Its one dimension, where it has one.
    pub fn dimension(self) -> Option<&'static str> {
        match self {
            Self::Failures => Some("Cause"),
            Self::Unknowns => Some("Action"),
            Self::BlindSpots => Some("Kind"),
            _ => None,
        }
    }

    fn unit(self) -> &'static str {
        if self == Self::WalkLatency { "Milliseconds" } else { "Count" }
    }
}

/// What was measured, until it is written.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(Metric, &'static str), Vec<u64>>>);

impl Metrics {
    /// Counts something; the metrics that have a dimension are counted by one of the program's own words.
    pub fn count(&self, metric: Metric, of: &'static str, count: u64) {
        let mut counts = self.values();
        let values = counts.entry((metric, of)).or_insert_with(|| vec![0]);
        values[0] = values[0].saturating_add(count);
    }

    /// Notes how long something took.
    pub fn took(&self, metric: Metric, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let mut values = self.values();
        let values = values.entry((metric, "")).or_default();
        if values.len() < MOST_VALUES {
            values.push(milliseconds);
        }
    }

    /// Takes what was measured, as lines to print.
    pub fn lines(&self, now: Timestamp) -> Vec<String> {
        let counts = std::mem::take(&mut *self.values());
        counts.into_iter().map(|((metric, of), values)| line(metric, of, &values, now)).collect()
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<(Metric, &'static str), Vec<u64>>> {
        // A panic elsewhere leaves whole numbers behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(metric: Metric, of: &str, values: &[u64], now: Timestamp) -> String {
    let dimensions: Vec<&str> = metric.dimension().into_iter().collect();
    let value = if let [value] = values { json!(value) } else { json!(values) };
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [dimensions],
                "Metrics": [{ "Name": metric.name(), "Unit": metric.unit() }],
            }],
        },
        (metric.name()): value,
    });
    if let Some(dimension) = metric.dimension() {
        line[dimension] = Value::from(of);
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(tally: &Metrics) -> Vec<Value> {
        let now = Timestamp::from_millisecond(1_772_446_530_123).unwrap();
        tally.lines(now).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_says_which_of_its_members_are_metrics_and_dimensions() {
        let tally = Metrics::default();
        tally.count(Metric::Failures, "integration-timeout", 2);
        tally.count(Metric::Failures, "integration-timeout", 3);
        tally.took(Metric::WalkLatency, Duration::from_millis(120));
        tally.took(Metric::WalkLatency, Duration::from_millis(80));
        let lines = lines(&tally);
        assert_eq!((&lines[0]["Failures"], &lines[0]["Cause"]), (&json!(5), &json!("integration-timeout")));
        let directive = &lines[0]["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Cause"]]));
        assert_eq!(directive["Metrics"], json!([{"Name": "Failures", "Unit": "Count"}]));
        assert_eq!(lines[0]["_aws"]["Timestamp"], 1_772_446_530_123_i64);
        assert_eq!(lines[1]["WalkLatency"], json!([120, 80]));
        assert_eq!(lines[1]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
    }

    #[test]
    fn what_was_written_is_not_written_again_and_a_line_is_bounded() {
        let tally = Metrics::default();
        (0..1000).for_each(|_| tally.took(Metric::WalkLatency, Duration::MAX));
        assert_eq!(lines(&tally)[0]["WalkLatency"].as_array().map(Vec::len), Some(MOST_VALUES));
        assert!(lines(&tally).is_empty());
    }
}
