//! Serves an account with a broken backend on loopback, for `./demo`: cargo run --no-default-features --example account
//!
//! No emulator knows VPC links, endpoint connections or unhealthy targets; the tests' own AWS does. It prints its URL, then
//! obeys one line of standard input after the other, and ends with it.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]

use std::collections::BTreeMap;
use std::io;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "the tests use more of it")]
#[path = "../tests/it"]
mod it {
    pub(crate) mod harness;
}

#[cfg(feature = "probe")]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
#[path = "../tests/it/probe"]
mod probe {
    pub(crate) mod zoo;
}

use it::harness;
use it::harness::{Account, Aws};

#[expect(clippy::print_stdout, reason = "it is how the demo hears of it")]
fn main() {
    let aws = Aws::start(Account::healthy_v1());
    println!("{}", aws.url());
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("break") => aws.change(break_targets),
            Some("repair") => aws.change(repair_targets),
            Some("http") => aws.change(add_http_api),
            Some("idle") => aws.change(|account| link_is(account, "INACTIVE")),
            Some("wake") => aws.change(|account| link_is(account, "AVAILABLE")),
            Some("no-http") => aws.change(|account| account.http_apis.clear()),
            // Denies these IAM actions and no others.
            Some("deny") => {
                aws.heal();
                words.for_each(|action| aws.deny(action));
            }
            // What was asked since the last time.
            Some("calls") => {
                println!("{}", serde_json::json!(calls(&aws)));
                aws.forget();
                continue;
            }
            _ => panic!("`{line}` is none of: break, repair, http, idle, wake, no-http, deny ACTION…, calls"),
        }
        println!("done");
    }
}

fn break_targets(account: &mut Account) {
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
}

fn repair_targets(account: &mut Account) {
    for target in &mut account.target_group("orders-blue").targets {
        target.state = "healthy".to_owned();
        (target.reason, target.description) = (None, None);
    }
}

/// An HTTP API over a link of its own to the same load balancer. It logs no reason and names no stage, as many do.
fn add_http_api(account: &mut Account) {
    let like = Account::healthy_http();
    let mut api = like.http_apis[0].clone();
    "h1b2c3d4e5".clone_into(&mut api.id);
    "web".clone_into(&mut api.name);
    api.integrations.get_mut("int0001").unwrap()["integrationUri"] = account.listeners[0].arn.clone().into();
    api.stages.get_mut("$default").unwrap()["accessLogSettings"] = serde_json::json!({
        "destinationArn": "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/apigateway/web",
        "format": "$context.identity.sourceIp [$context.requestTime] \"$context.routeKey\" $context.status $context.integration.status $context.requestId",
    });
    account.vpc_links_v2 = like.vpc_links_v2;
    account.http_apis = vec![api];
}

fn link_is(account: &mut Account, status: &str) {
    account.vpc_links_v2.values_mut().for_each(|link| status.clone_into(&mut link.status));
}

/// How often each IAM action was needed.
fn calls(aws: &Aws) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for call in aws.calls() {
        *calls.entry(call.action()).or_default() += 1;
    }
    calls
}
