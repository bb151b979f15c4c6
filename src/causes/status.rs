//! The status that a failure's own text stands for, where no line says what the client got.

use crate::causes::cause::Cause;
use crate::logs::line::strip;

/// The status that API Gateway answers such a failure with, unless a gateway response was set to another one.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>
pub(crate) fn of_failure(cause: &Cause, text: &str) -> Option<u16> {
    let opens = |sentence: &str| strip(text, sentence).is_some();
    if opens("Execution failed due to a timeout error") || opens("Execution failed due to a network error") {
        Some(504)
    } else if cause.slug == "authorizer-failed" {
        Some(500)
    } else if opens("Lambda execution failed with status") || cause.slug == "lambda-malformed-response" {
        Some(502)
    } else {
        let failure = opens("Execution failed due to") || opens("Lambda invocation failed with status");
        failure.then_some(500)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(slug: &str, text: &str, expected: Option<u16>) {
        let cause = Cause::of_slug(slug).expect("the slug is the catalogue's");
        assert_eq!(of_failure(cause, text), expected, "{text}");
    }

    #[test]
    fn each_opening_has_its_status() {
        let configuration = "Execution failed due to configuration error: ";
        check("integration-timeout", "Execution failed due to a timeout error", Some(504));
        check(
            "network-error",
            "Execution failed due to a network error communicating with endpoint",
            Some(504),
        );
        check("target-reset", "Execution failed due to an internal error", Some(500));
        check("vpc-link-error", "Execution failed due to an vpc link error", Some(500));
        check("integration-unreachable", configuration, Some(500));
        check(
            "lambda-malformed-response",
            &format!("{configuration}Malformed Lambda proxy response"),
            Some(502),
        );
        check("lambda-function-error", "Lambda execution failed with status 200 due to …", Some(502));
        check("authorizer-failed", "Lambda execution failed with status 200 due to …", Some(500));
        check("lambda-throttled", "Lambda invocation failed with status: 429", Some(500));
        check("waf-error", "Failed to call WAF", None);
    }
}
