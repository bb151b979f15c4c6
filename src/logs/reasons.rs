//! Sentences of failures as people copy them: without the words that stand before them in a log.

/// Reasons that API Gateway gives behind `Execution failed due to configuration error:`, and that people copy without it.
pub(crate) const REASONS: [&str; 29] = [
    "API Gateway does not have permission to assume",
    "API Gateway doesn't have permissions to assume",
    "API Gateway doesn’t have permissions to assume",
    "Authorizer error",
    "Cannot verify ECDH ServerKeyExchange signature",
    "Connection is closed",
    "Connection reset",
    "General SSLEngine problem",
    "Host name '",
    "Integration response of reported length",
    "Invalid VpcLink Id",
    "Invalid endpoint address",
    "Invalid permissions on Lambda function",
    "Lambda Customer Function Error:",
    "Malformed Lambda proxy response",
    "Network error communicating with endpoint",
    "No match for output mapping",
    "Not a valid protocol version",
    "Output mapping refers to an invalid method response",
    "PKIX path",
    "Rate Exceeded",
    "Received fatal alert",
    "The IAM role configured on the integration or API Gateway doesn",
    "The Lambda function returned the following error:",
    "There was an internal error while executing your request",
    "Unable to base64 decode the body",
    "Unable to transform re",
    "Unrecognized SSL message",
    "Unsupported or unrecognized SSL message",
];

/// Openings of failures, wherever they stand in a line.
pub(crate) const OPENINGS: [&str; 2] = ["Execution failed due to ", "Lambda execution failed with status "];

/// Whether a text opens as a reason that people copy without the sentence before it.
pub(crate) fn is_reason(text: &str) -> bool {
    let opens = |reason: &&str| {
        let head = text.as_bytes().get(..reason.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(reason.as_bytes()))
    };
    REASONS.iter().any(opens)
}
