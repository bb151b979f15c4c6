//! Lambda: one call, which invokes a prober. Asked once, without retries: a probe is not to be repeated, and a slow one must
//! not hold up an alert.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::aws::live::errors::{outcome, shortened};
use crate::aws::live::query_protocol;
use crate::aws::live::query_protocol::{Place, Posted, Service, Wish};
use crate::aws::queries::ProbeOf;
use crate::aws::reading::ReadError;
use crate::probe::{BUDGET, Facts, MOST_ADDRESSES};

static LAMBDA: Service = Service { name: "lambda", id: "Lambda", version: "2015-03-31", place };

/// Far above the facts of [`MOST_ADDRESSES`] addresses with the longest chains that are read.
const LARGEST_ANSWER: usize = 1 << 20;

pub(crate) struct Client {
    query: Option<query_protocol::Client>,
}

/// What the prober answers: facts, or why it went nowhere.
#[derive(Deserialize)]
#[serde(untagged)]
enum ProberAnswer {
    Probed { facts: Vec<Facts> },
    Refused { refused: String },
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
        let name = utf8_percent_encode(&of.function, NON_ALPHANUMERIC);
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let document =
            serde_json::to_vec(&of.request).map_err(|error| ReadError::Malformed(error.to_string()))?;
        let found =
            async { query_protocol::configured(self.query.as_ref())?.post("Invoke", path, document).await };
        match outcome(found.await, &["ResourceNotFoundException"], |posted| posted) {
            Ok(Some(posted)) => read(&posted).map(Some),
            Ok(None) => Ok(None),
            Err(ReadError::Unreachable(code)) => Err(ReadError::Unreachable(state(code))),
            Err(why) => Err(why),
        }
    }
}

fn read(posted: &Posted) -> Result<Vec<Facts>, ReadError> {
    if posted.function_error.is_some() {
        let told: serde_json::Value = serde_json::from_slice(&posted.body).unwrap_or_default();
        let why = told["errorMessage"].as_str().unwrap_or("it did not say why");
        return Err(ReadError::Unreachable(format!("the prober failed: {}", shortened(why))));
    }
    let malformed = |why: &str| ReadError::Malformed(shortened(why));
    if posted.body.len() > LARGEST_ANSWER {
        return Err(malformed("the prober's answer is longer than any prober's"));
    }
    match serde_json::from_slice(&posted.body) {
        Ok(ProberAnswer::Probed { facts }) if facts.len() > MOST_ADDRESSES => {
            Err(malformed("facts about more addresses than were asked about"))
        }
        Ok(ProberAnswer::Probed { facts }) => Ok(facts),
        Ok(ProberAnswer::Refused { refused }) => {
            Err(ReadError::Unreachable(format!("the prober refuses: {}", shortened(&refused))))
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
        "EC2AccessDeniedException" => "the prober's role may not make its network interface",
        _ => return code,
    };
    format!("{says} ({code})")
}

/// Source: <https://docs.aws.amazon.com/general/latest/gr/lambda-service.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    let service = if fips { "lambda-fips" } else { "lambda" };
    let domain = match (region.as_ref().starts_with("cn-"), dual_stack) {
        (true, true) => "api.amazonwebservices.com.cn",
        (true, false) => "amazonaws.com.cn",
        (false, true) => "api.aws",
        (false, false) => "amazonaws.com",
    };
    Place { url: format!("https://{service}.{region}.{domain}"), region: region.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str, failed: bool) -> Result<Vec<Facts>, ReadError> {
        let function_error = failed.then(|| "Unhandled".to_owned());
        read(&Posted { function_error, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn an_answer_is_facts_or_why_there_are_none() {
        assert_eq!(answered(r#"{"facts":[]}"#, false), Ok(Vec::new()));
        let why = |body: &str, failed| answered(body, failed).unwrap_err().to_string();
        assert!(why(r#"{"refused":"port 22 is not one"}"#, false).contains("the prober refuses: port 22"));
        assert!(why(r#"{"errorMessage":"Task timed out"}"#, true).contains("failed: Task timed out"));
        for strange in ["", "null", "[]", "{}", "<html>", r#"{"facts":[{}]}"#] {
            assert!(matches!(answered(strange, false), Err(ReadError::Malformed(_))), "{strange}");
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
