//! Lambda: one call, which invokes a prober. Asked once, without retries: a probe is not to be repeated, and a slow one must
//! not hold up an alert.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde::Deserialize;
use serde_json::Value;

use crate::aws::live::errors::{outcome, shortened};
use crate::aws::live::query_protocol;
use crate::aws::live::query_protocol::{Place, Protocol, Service, Wish};
use crate::aws::reading::ReadError;
use crate::aws::subjects::ProbeOf;
use crate::probe::{BUDGET, Facts, MOST_ADDRESSES};

static LAMBDA: Service = Service { name: "lambda", id: "Lambda", protocol: Protocol::Rest, place };

/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
const LONGEST_NAME: usize = 64;

pub(crate) struct Client {
    query: Option<query_protocol::Client>,
}

/// What the prober answers: facts, or why it went nowhere.
#[derive(Deserialize)]
#[serde(untagged)]
enum ProberAnswer {
    Probed {
        facts: Vec<Facts>,
    },
    Refused {
        refused: String,
    },
    Failed {
        #[serde(rename = "errorMessage")]
        error_message: String,
    },
}

impl Client {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_timeout(BUDGET + Duration::from_secs(10))
            .build();
        let once = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        Self { query: query_protocol::Client::new(&once, &LAMBDA) }
    }

    /// A function that is not there is absent.
    pub(crate) async fn probe(&self, of: &ProbeOf) -> Result<Option<Vec<Facts>>, ReadError> {
        let name = &of.function;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !plain || name.len() > LONGEST_NAME {
            return Err(ReadError::Malformed(format!("`{}` is no function's name", shortened(name))));
        }
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let request = serde_json::json!(of.request);
        let found =
            async { query_protocol::configured(self.query.as_ref())?.post("Invoke", path, &request).await };
        match outcome(found.await, &["ResourceNotFoundException"], |answer| answer) {
            Ok(Some(answer)) => read(answer).map(Some),
            Ok(None) => Ok(None),
            Err(ReadError::Unreachable(code)) => Err(ReadError::Unreachable(state(code))),
            Err(why) => Err(why),
        }
    }
}

fn read(answer: Value) -> Result<Vec<Facts>, ReadError> {
    let malformed = |why: &str| ReadError::Malformed(shortened(why));
    match serde_json::from_value(answer) {
        Ok(ProberAnswer::Probed { facts }) if facts.len() > MOST_ADDRESSES => {
            Err(malformed("facts about more addresses than are probed at once"))
        }
        Ok(ProberAnswer::Probed { facts }) => Ok(facts),
        Ok(ProberAnswer::Refused { refused }) => {
            Err(ReadError::Unreachable(format!("the prober refuses: {}", shortened(&refused))))
        }
        // Lambda's own form of a function that failed or ran out of time.
        Ok(ProberAnswer::Failed { error_message }) => {
            Err(ReadError::Unreachable(format!("the prober failed: {}", shortened(&error_message))))
        }
        Err(_) => Err(malformed("it is no prober's: neither facts nor a refusal")),
    }
}

/// What a code says about the function, in words.
///
/// Sources: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
fn state(code: String) -> String {
    let says = match code.as_str() {
        "ResourceNotReadyException" => {
            "the prober is inactive: Lambda took its network interface after two idle weeks"
        }
        "ResourceConflictException" => "the prober is pending: Lambda still makes its network interface",
        "SubnetIPAddressLimitReachedException" => "the prober's subnets have no free address",
        "ENILimitReachedException" => "the VPC's limit of network interfaces is reached",
        "InvalidSecurityGroupIDException" => "a security group of the prober is gone",
        "InvalidSubnetIDException" => "a subnet of the prober is gone",
        "EC2AccessDeniedException" => "the prober's role may not create its network interface",
        _ => return code,
    };
    format!("{says} ({code})")
}

/// Source: <https://docs.aws.amazon.com/general/latest/gr/lambda-service.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    Place::regional(if fips { "lambda-fips" } else { "lambda" }, region, dual_stack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_facts_or_why_there_are_none() {
        let answered = |body: &str| read(serde_json::from_str(body).unwrap());
        assert_eq!(answered(r#"{"facts":[]}"#), Ok(Vec::new()));
        let why = |body: &str| answered(body).unwrap_err().to_string();
        assert!(why(r#"{"refused":"port 22 is not one"}"#).contains("the prober refuses: port 22"));
        let failed = r#"{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}"#;
        assert!(why(failed).contains("the prober failed: Task timed out"));
        for strange in ["null", "[]", "{}", r#""<html>""#, r#"{"facts":[{}]}"#] {
            assert!(matches!(answered(strange), Err(ReadError::Malformed(_))), "{strange}");
        }
    }

    #[test]
    fn each_partition_has_its_own_domain() {
        let url = |region: &'static str, fips, dual_stack| {
            place(&Region::from_static(region), Wish { fips, dual_stack }).url
        };
        assert_eq!(url("eu-west-1", false, false), "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!(url("us-gov-west-1", true, false), "https://lambda-fips.us-gov-west-1.amazonaws.com");
        assert_eq!(url("cn-north-1", false, false), "https://lambda.cn-north-1.amazonaws.com.cn");
        assert_eq!(url("eu-west-1", false, true), "https://lambda.eu-west-1.api.aws");
    }
}
