//! CloudWatch metrics, as far as they are read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Account;
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// A metric with its datapoints, whatever the statistic.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// `AWS/NetworkELB`, …
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// Epoch seconds and value, the newest first.
    pub datapoints: Vec<(i64, f64)>,
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    (call.operation == "GetMetricData").then(|| {
        let queries = call.params["MetricDataQueries"].as_array();
        let results: Vec<Value> = queries.into_iter().flatten().map(|query| result(account, query)).collect();
        Reply::Answer(json!({ "MetricDataResults": results, "Messages": [] }))
    })
}

/// A metric that does not exist has no values; that is no error.
fn result(account: &Account, query: &Value) -> Value {
    let asked = &query["MetricStat"]["Metric"];
    let dimensions: BTreeMap<&str, &str> = asked["Dimensions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|dimension| Some((dimension["Name"].as_str()?, dimension["Value"].as_str()?)))
        .collect();
    let found = account.metrics.iter().find(|metric| {
        let held = metric.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        asked["Namespace"] == metric.namespace
            && asked["MetricName"] == metric.name
            && held.eq(dimensions.clone())
    });
    let datapoints = found.map_or(&[][..], |metric| &metric.datapoints);
    json!({
        "Id": query["Id"],
        "Label": asked["MetricName"],
        "Timestamps": datapoints.iter().map(|(time, _)| *time).collect::<Vec<_>>(),
        "Values": datapoints.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        "StatusCode": "Complete",
    })
}
