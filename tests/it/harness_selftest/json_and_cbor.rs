//! awsJson, CBOR and STS: protocols and services whose SDK crates are not among the dependencies.

use serde_json::{Value, json};

use super::bare::post;
use crate::harness::cloudwatch::Metric;
use crate::harness::wire::cbor;
use crate::harness::{Account, Aws, logs};

const CBOR: &str = "smithy-protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n";
const METRICS: &str = "/service/GraniteServiceVersion20100801/operation/GetMetricData";

fn json_call(aws: &Aws, service: &str, target: &str, body: &Value) -> (u16, String, Value) {
    let headers = format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
    let (status, head, body) = post(aws, service, "/", &headers, body.to_string().as_bytes());
    (status, head, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_certificate_is_described() {
    let aws = Aws::start(Account::healthy_v1());
    let describe = |arn: &str| {
        json_call(&aws, "acm", "CertificateManager.DescribeCertificate", &json!({ "CertificateArn": arn }))
    };
    let arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001";
    let (status, _, answer) = describe(arn);
    assert_eq!(status, 200);
    assert_eq!(answer["Certificate"]["DomainName"], "orders.internal.example");
    assert!(answer["Certificate"]["NotAfter"].is_number(), "awsJson has times in epoch seconds");
    let (status, head, answer) = describe(&arn.replace("0001", "0002"));
    assert_eq!((status, &answer["__type"]), (400, &json!("ResourceNotFoundException")));
    assert!(head.contains("x-amzn-errortype: ResourceNotFoundException\r\n"));
    aws.deny("acm:DescribeCertificate");
    let (status, _, answer) = describe(arn);
    assert_eq!((status, &answer["__type"]), (400, &json!("AccessDeniedException")));
    assert_eq!(aws.calls()[0].name(), "acm:DescribeCertificate");
    assert_eq!(aws.calls()[0].text("CertificateArn"), arn);
}

#[test]
fn log_events_are_filtered_in_pages() {
    let aws = Aws::start(Account { page_size: 1, ..Account::healthy_v1() });
    aws.change(|account| {
        let event = |timestamp, message: &str| logs::Event {
            stream: "s".to_owned(),
            timestamp,
            message: message.to_owned(),
        };
        let events =
            vec![event(1, "(r1) one"), event(2, "(r2) two"), event(3, "(r1) three"), event(9, "(r1) late")];
        account.log_groups.insert("g".to_owned(), events);
    });
    let mut asked = json!({ "logGroupName": "g", "filterPattern": "\"r1\"", "startTime": 0, "endTime": 5 });
    let (_, _, first) = json_call(&aws, "logs", "Logs_20140328.FilterLogEvents", &asked);
    assert_eq!(first["events"][0]["message"], "(r1) one");
    asked["nextToken"] = first["nextToken"].clone();
    let (_, _, second) = json_call(&aws, "logs", "Logs_20140328.FilterLogEvents", &asked);
    assert_eq!(second["events"][0]["message"], "(r1) three");
    assert_eq!(second.get("nextToken"), None);
    let (status, _, _) =
        json_call(&aws, "logs", "Logs_20140328.FilterLogEvents", &json!({ "logGroupName": "h" }));
    assert_eq!(status, 400);
}

fn metric_query() -> Value {
    let dimension = json!({ "Name": "LoadBalancer", "Value": "net/orders-nlb/50dc6c495c0c9188" });
    let metric = json!({ "Namespace": "AWS/NetworkELB", "MetricName": "UnHealthyHostCount", "Dimensions": [dimension] });
    let query = json!({ "Id": "m1", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Maximum" } });
    json!({ "MetricDataQueries": [query], "StartTime": 1_788_220_800, "EndTime": 1_788_221_100 })
}

#[test]
fn metrics_are_cbor_with_tagged_times_and_doubles() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        account.metrics.push(Metric {
            namespace: "AWS/NetworkELB".to_owned(),
            name: "UnHealthyHostCount".to_owned(),
            dimensions: [("LoadBalancer".to_owned(), "net/orders-nlb/50dc6c495c0c9188".to_owned())].into(),
            datapoints: vec![(1_788_220_860, 2.0)],
        });
    });
    let (status, head, body) = post(&aws, "monitoring", METRICS, CBOR, &cbor::encode(&metric_query()));
    assert_eq!(status, 200);
    assert!(
        head.contains("smithy-protocol: rpc-v2-cbor\r\n")
            && head.contains("content-type: application/cbor\r\n")
    );
    let answer = cbor::decode(&body).unwrap();
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([2.0]));
    assert_eq!(answer["MetricDataResults"][0]["Timestamps"], json!([1_788_220_860]));
    // Tag 1 over a 32-bit number: seconds since the epoch.
    let times = b"jTimestamps\x81\xc1\x1a\x6a\x96\x15\xbc";
    assert!(body.windows(times.len()).any(|window| window == times), "{body:02x?}");
    // A whole number of hosts is a double all the same.
    let values = b"fValues\x81\xfb\x40\x00\x00\x00\x00\x00\x00\x00";
    assert!(body.windows(values.len()).any(|window| window == values), "{body:02x?}");
    assert_eq!(aws.calls()[0].name(), "cloudwatch:GetMetricData");
    assert_eq!(aws.calls()[0].params, metric_query());
}

#[test]
fn cbor_errors_are_typed() {
    let aws = Aws::start(Account::healthy_v1());
    aws.throttle("cloudwatch:GetMetricData", 1);
    let (status, head, body) = post(&aws, "monitoring", METRICS, CBOR, &cbor::encode(&metric_query()));
    assert_eq!(status, 400);
    assert_eq!(cbor::decode(&body).unwrap()["__type"], "com.amazonaws.cloudwatch#Throttling");
    assert!(head.contains("x-amzn-query-error: Throttling;Sender\r\n"));
}

/// Examples of RFC 8949, appendix A.
#[test]
fn cbor_is_that_of_the_rfc() {
    for (value, bytes) in [
        (json!(0), &b"\x00"[..]),
        (json!(24), b"\x18\x18"),
        (json!(1000), b"\x19\x03\xe8"),
        (json!(1_000_000_000_000_u64), b"\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00"),
        (json!(-1000), b"\x39\x03\xe7"),
        (json!(1.1), b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"),
        (json!([true, null, false]), b"\x83\xf5\xf6\xf4"),
        (json!({ "a": [1, { "b": "\u{fc}" }] }), b"\xa1\x61a\x82\x01\xa1\x61b\x62\xc3\xbc"),
    ] {
        assert_eq!(cbor::encode(&value), bytes, "{value}");
        assert_eq!(cbor::decode(bytes), Some(value));
    }
    assert_eq!(
        cbor::decode(b"\xbf\x61a\x9f\x01\x02\xff\xff"),
        Some(json!({ "a": [1, 2] })),
        "unknown lengths"
    );
    assert_eq!(cbor::decode(b"\xc1\x1a\x51\x4b\x67\xb0"), Some(json!(1_363_896_240)), "a tagged time");
    assert_eq!(cbor::decode(b"\x82\x01"), None, "cut off");
}

#[test]
fn the_caller_is_somebody() {
    let aws = Aws::start(Account::healthy_v1());
    let form = b"Action=GetCallerIdentity&Version=2011-06-15";
    let (status, _, body) = post(&aws, "sts", "/", "", form);
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 200);
    assert!(
        body.contains("<GetCallerIdentityResult>") && body.contains("<Account>111122223333</Account>"),
        "{body}"
    );
}
