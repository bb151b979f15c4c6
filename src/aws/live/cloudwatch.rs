//! Amazon CloudWatch: a load balancer's metrics, minute by minute, in one request.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode,
};
use aws_smithy_types::DateTime;
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::aws::live::errors::{holding, outcome};
use crate::aws::model::{MetricsOf, Point, Series};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

/// What goes before the failure, in which a rise began and to compare it with, and what comes after it.
const BEFORE: Duration = Duration::from_secs(3 * 60 * 60);
const AFTER: Duration = Duration::from_secs(5 * 60);

/// Counters of a network load balancer.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>
const NETWORK: [&str; 7] = [
    "TCP_Target_Reset_Count",
    "TCP_ELB_Reset_Count",
    "SecurityGroupBlockedFlowCount_Inbound_TCP",
    "SecurityGroupBlockedFlowCount_Outbound_TCP",
    "PortAllocationErrorCount",
    "ClientTLSNegotiationErrorCount",
    "TargetTLSNegotiationErrorCount",
];

/// Counters of an application load balancer.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>
const APPLICATION: [&str; 2] = ["ClientTLSNegotiationErrorCount", "TargetTLSNegotiationErrorCount"];

const UNHEALTHY: &str = "UnHealthyHostCount";

/// Reads from CloudWatch.
pub(crate) struct Adapter {
    client: Client,
}

impl Adapter {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(crate) async fn metrics(&self, of: &MetricsOf) -> Result<Option<Vec<Series>>, ReadError> {
        let asked = series(of);
        let queries = asked.iter().enumerate().map(|(index, series)| query(of, index, series)).collect();
        let request = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(of.failed.as_second() - seconds(BEFORE)))
            .end_time(DateTime::from_secs(of.failed.as_second() + seconds(AFTER)));
        let found: Result<Vec<_>, _> = request.into_paginator().send().collect().await;
        let read = outcome(found, &[], |pages| {
            pages.first()?.metric_data_results.as_ref()?;
            let results = pages.into_iter().flat_map(|page| page.metric_data_results.unwrap_or_default());
            Some(results.collect::<Vec<_>>())
        });
        let Some(results) = holding("results", read)? else { return Ok(None) };
        // A metric that may not be read comes without values and with status 200.
        let forbidden = |result: &MetricDataResult| result.status_code == Some(StatusCode::Forbidden);
        if results.iter().any(forbidden) && results.iter().all(|result| forbidden(result) || empty(result)) {
            return Err(ReadError::Denied);
        }
        let mut all = asked;
        results.into_iter().for_each(|result| keep(&mut all, result));
        Ok(Some(all))
    }
}

/// What is asked for, without points.
fn series(of: &MetricsOf) -> Vec<Series> {
    let counters: &[&str] = if of.network { &NETWORK } else { &APPLICATION };
    let of_balancer = counters.iter().map(|name| (*name, None));
    let of_groups = of.target_groups.iter().map(|group| (UNHEALTHY, Some(group.clone())));
    let series = |(name, target_group): (&str, Option<Arn>)| Series {
        name: name.to_owned(),
        target_group,
        points: Vec::new(),
    };
    of_balancer.chain(of_groups).map(series).collect()
}

fn query(of: &MetricsOf, index: usize, series: &Series) -> MetricDataQuery {
    let dimension = |name: &str, value: String| Dimension::builder().name(name).value(value).build();
    let group = series.target_group.as_ref();
    let of_group = group.map(|group| dimension("TargetGroup", format!("targetgroup/{}", group.resource())));
    let of_balancer = dimension("LoadBalancer", of.load_balancer.resource().to_owned());
    let metric = Metric::builder()
        .namespace(if of.network { "AWS/NetworkELB" } else { "AWS/ApplicationELB" })
        .metric_name(&series.name)
        .set_dimensions(Some(of_group.into_iter().chain([of_balancer]).collect()))
        .build();
    // Zones report hosts one by one: the least of a minute is what all of them saw.
    let statistic = if group.is_some() { "Minimum" } else { "Sum" };
    let stat = MetricStat::builder().metric(metric).period(60).stat(statistic).build();
    MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).build()
}

fn empty(result: &MetricDataResult) -> bool {
    result.values.as_ref().is_none_or(Vec::is_empty)
}

/// Adds the points of a result to the series that its id names.
fn keep(all: &mut [Series], result: MetricDataResult) {
    let index = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
    let Some(series) = index.and_then(|index| all.get_mut(index)) else { return };
    let times = result.timestamps.unwrap_or_default().into_iter();
    let points = times.zip(result.values.unwrap_or_default()).filter_map(|(at, value)| {
        let at = Timestamp::from_second(at.secs()).ok()?;
        Some(Point { at, count: whole(value) })
    });
    series.points.extend(points);
    series.points.sort_by_key(|point| point.at);
}

/// Counts are whole numbers that CloudWatch writes as floating-point ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can be")]
fn whole(value: f64) -> u64 {
    value.round().clamp(0.0, 1e15) as u64
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(network: bool) -> MetricsOf {
        let arn =
            |text: &str| Arn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:{text}"));
        MetricsOf {
            load_balancer: arn("loadbalancer/net/orders/0123456789abcdef"),
            network,
            target_groups: vec![arn("targetgroup/orders/1111111111111111")],
            failed: "2026-11-22T14:03:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn one_request_asks_for_the_balancer_and_each_group() {
        for (network, namespace, queries) in [(true, "AWS/NetworkELB", 8), (false, "AWS/ApplicationELB", 3)] {
            let of = of(network);
            let asked = series(&of);
            assert_eq!(asked.len(), queries);
            let last = query(&of, queries - 1, &asked[queries - 1]);
            let stat = last.metric_stat().unwrap();
            let metric = stat.metric().unwrap();
            let dimensions: Vec<_> =
                metric.dimensions().iter().map(|d| (d.name().unwrap(), d.value().unwrap())).collect();
            assert_eq!((metric.namespace(), stat.stat()), (Some(namespace), Some("Minimum")));
            assert_eq!(
                dimensions,
                [
                    ("TargetGroup", "targetgroup/orders/1111111111111111"),
                    ("LoadBalancer", "net/orders/0123456789abcdef")
                ]
            );
            let first = query(&of, 0, &asked[0]);
            assert_eq!(first.metric_stat().unwrap().metric().unwrap().dimensions().len(), 1);
        }
    }

    #[test]
    fn points_go_to_the_series_of_their_id_in_order() {
        let mut all = series(&of(true));
        let at = |text: &str| DateTime::from_secs(text.parse::<Timestamp>().unwrap().as_second());
        let result = |id: &str| {
            let times = [at("2026-11-22T14:03:00Z"), at("2026-11-22T13:50:00Z")];
            MetricDataResult::builder()
                .id(id)
                .set_timestamps(Some(times.into()))
                .set_values(Some(vec![7.0, 1.0]))
        };
        keep(&mut all, result("m1").build());
        keep(&mut all, result("m99").build());
        keep(&mut all, result("other").build());
        let counts: Vec<u64> = all[1].points.iter().map(|point| point.count).collect();
        assert_eq!(counts, [1, 7]);
        assert_eq!(all.iter().filter(|series| !series.points.is_empty()).count(), 1);
    }

    #[test]
    fn counts_are_whole_and_bounded() {
        assert_eq!([whole(2.0), whole(2.6), whole(-1.0), whole(f64::NAN)], [2, 3, 0, 0]);
        assert_eq!(whole(f64::INFINITY), 1_000_000_000_000_000);
    }
}
