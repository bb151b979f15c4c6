//! Amazon CloudWatch: a load balancer's metrics, minute by minute, in one request.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_smithy_types::DateTime;
use aws_types::SdkConfig;
use jiff::Timestamp;

use super::outcome;
use crate::survey::nouns::{MetricsOf, Point, Series};
use crate::survey::{Answer, Why};
use crate::vocabulary::Arn;

/// What goes before the failure, to compare with, and what comes after it.
const BEFORE: Duration = Duration::from_secs(30 * 60);
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
pub(super) struct Reader {
    client: Client,
}

impl Reader {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(super) async fn metrics(&self, of: &MetricsOf) -> Result<Answer, Why> {
        let asked = series(of);
        let queries = asked.iter().enumerate().map(|(index, series)| query(of, index, series)).collect();
        let request = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(of.failed.as_second() - seconds(BEFORE)))
            .end_time(DateTime::from_secs(of.failed.as_second() + seconds(AFTER)));
        let found: Result<Vec<_>, _> = request.into_paginator().send().collect().await;
        outcome(found, &[], |pages| {
            let mut all = asked;
            for result in pages.into_iter().flat_map(|page| page.metric_data_results.unwrap_or_default()) {
                keep(&mut all, result);
            }
            Answer::Metrics(all)
        })
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
    let metric = Metric::builder()
        .namespace(if of.network { "AWS/NetworkELB" } else { "AWS/ApplicationELB" })
        .metric_name(&series.name)
        .dimensions(dimension("LoadBalancer", of.load_balancer.resource().to_owned()))
        .set_dimensions(group.map(|group| {
            vec![
                dimension("TargetGroup", format!("targetgroup/{}", group.resource())),
                dimension("LoadBalancer", of.load_balancer.resource().to_owned()),
            ]
        }))
        .build();
    // Zones report hosts one by one: the least of a minute is what all of them saw.
    let statistic = if group.is_some() { "Minimum" } else { "Sum" };
    let stat = MetricStat::builder().metric(metric).period(60).stat(statistic).build();
    MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).build()
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
