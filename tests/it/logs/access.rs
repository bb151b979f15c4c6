//! Access logs: real formats of public projects, each with a line as API Gateway writes it, and the cause that it proves.
//!
//! The formats are quoted from the places that each test names. Ids, addresses and hosts are invented, but for sentences.

use proptest::prelude::*;
use vpclink_responder::causes::{self, Diagnosis};
use vpclink_responder::logs::access::Variable;
use vpclink_responder::logs::{
    AccessFormat, AccessLog, Batch, LogEvent, RECOMMENDED_FORMAT, Source, correlate, divide, join,
};

const ID: &str = "0f0f0f0f-1111-4222-8333-444455556666";

fn batch(group: &str, lines: &[&str]) -> Batch<'static> {
    let events = (1..).zip(lines).map(|(number, line)| LogEvent {
        number,
        id: None,
        at: jiff::Timestamp::from_millisecond(1_772_446_530_000).ok(),
        message: (*line).to_owned().into(),
    });
    Batch { source: Source::of_group(group), events: events.collect(), passed: 0 }
}

/// The diagnoses of lines, and how many lines were of no shape that is known.
fn read(group: &str, formats: &[AccessFormat], lines: &[&str]) -> (Vec<Diagnosis>, usize) {
    let (rest, access) = divide(batch(group, lines), formats);
    let rest = [rest];
    let logs = [AccessLog::read(&access, formats)];
    let mut executions = correlate(&rest);
    executions.retain(|execution| execution.is_recognised());
    join(&mut executions, &logs);
    (executions.iter().filter_map(causes::classify).collect(), logs[0].unread.len())
}

#[track_caller]
fn check(format: &str, line: &str, cause: &str) -> Option<Diagnosis> {
    let formats: &[AccessFormat] = match format {
        "" => &[],
        format => &[AccessFormat::compile(format)],
    };
    let (mut found, unread) = read("/aws/apigateway/orders", formats, &[line]);
    let slugs: Vec<_> = found.iter().map(|found| found.cause.slug).collect();
    let expected: &[&str] = if cause.is_empty() { &[] } else { &[cause] };
    assert_eq!((&slugs[..], unread), (expected, 0), "{line}");
    found.pop()
}

#[track_caller]
fn check_route(found: Option<Diagnosis>, method: &str, path: &str) {
    let route = found.unwrap().subject.route.unwrap();
    assert_eq!((&*route.method, &*route.path), (method, path));
}

/// A format's line, each variable replaced by what is given for it and else by `-`.
fn filled(format: &str, values: &[(&str, &str)]) -> String {
    let mut line = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("$context.") {
        line.push_str(before);
        let end =
            after.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_').unwrap_or(after.len());
        let value = values.iter().find(|(name, _)| *name == &after[..end]);
        line.push_str(value.map_or("-", |(_, value)| value));
        rest = &after[end..];
    }
    line + rest
}

const COMMON: [(&str, &str); 11] = [
    ("requestId", ID),
    ("extendedRequestId", "PDS1PEC4oAMFpyA="),
    ("identity.sourceIp", "203.0.113.7"),
    ("requestTime", "24/Nov/2026:16:57:08 +0000"),
    ("requestTimeEpoch", "1795539428000"),
    ("httpMethod", "GET"),
    ("resourcePath", "/orders/{id}"),
    ("routeKey", "GET /orders/{id}"),
    ("protocol", "HTTP/1.1"),
    ("responseLength", "35"),
    ("identity.userAgent", "Mozilla/5.0 (X11; Linux x86_64, like Gecko) \"none\" 500"),
];

fn with<'a>(values: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    values.iter().chain(&COMMON).copied().collect()
}

const TLS: &str = "Execution failed due to configuration error: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target";

#[test]
fn console_json_of_rest_apis_has_no_reason() {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    let format = r#"{ "requestId":"$context.requestId", "extendedRequestId":"$context.extendedRequestId","ip": "$context.identity.sourceIp", "caller":"$context.identity.caller", "user":"$context.identity.user", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod", "resourcePath":"$context.resourcePath", "status":"$context.status", "protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#;
    let line = filled(format, &with(&[("status", "504")]));
    for format in [format, ""] {
        check_route(check(format, &line, "unrecognised-failure"), "GET", "/orders/{id}");
        check(format, &line.replace("504", "404"), "");
    }
}

#[test]
fn console_json_of_http_apis() {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    let format = r#"{ "requestId":"$context.requestId", "ip": "$context.identity.sourceIp", "requestTime":"$context.requestTime", "httpMethod":"$context.httpMethod","routeKey":"$context.routeKey", "status":"$context.status","protocol":"$context.protocol", "responseLength":"$context.responseLength" }"#;
    let line = filled(format, &with(&[("status", "503")]));
    for format in [format, ""] {
        check_route(check(format, &line, "unrecognised-failure"), "GET", "/orders/{id}");
    }
}

#[test]
fn common_log_format_with_the_reason_behind_it() {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    let format = r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage"#;
    for (reason, cause) in [
        (
            "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.",
            "lambda-permission-missing",
        ),
        // https://github.com/terraform-aws-modules/terraform-aws-apigateway-v2/issues/87
        (
            "API Gateway doesn’t have permissions to assume the IAM role configured on the integration. Check the permissions and try again.",
            "integration-role-not-assumable",
        ),
        (
            "The Lambda function returned the following error: RequestId: 01fe3839-0000-4000-8000-000000000000 Error: Task timed out after 5.00 seconds. Check your Lambda function code and try again.",
            "lambda-function-timeout",
        ),
        (
            "The Lambda function returned the following error: \" 200 35 GET /x HTTP/1.1 boom. Check your Lambda function code and try again.",
            "lambda-function-error",
        ),
    ] {
        let line = filled(format, &with(&[("status", "500"), ("integrationErrorMessage", reason)]));
        for format in [format, ""] {
            check_route(check(format, &line, cause), "GET", "/orders/{id}");
        }
    }
}

#[test]
fn common_log_format_of_rest_apis() {
    let format = r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime]"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#;
    let line = filled(format, &with(&[("status", "500")]));
    check_route(check(format, &line, "unrecognised-failure"), "GET", "/orders/{id}");
    check(format, &line.replace("\" 500", "\" 200"), "");
}

#[test]
fn values_with_commas_between() {
    let format = "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId";
    let line = filled(format, &with(&[("status", "503")]));
    for known in [format, ""] {
        check_route(check(known, &line, "unrecognised-failure"), "GET", "/orders/{id}");
    }
    let longer = format!("{format},$context.integration.status,$context.integrationErrorMessage");
    check(&longer, &filled(&longer, &with(&[("status", "503")])), "integration-unreachable");
}

#[test]
fn xml() {
    let format = r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#;
    let line = filled(format, &with(&[("status", "500")]));
    for known in [format, ""] {
        check_route(check(known, &line, "unrecognised-failure"), "GET", "/orders/{id}");
    }
}

#[test]
fn serverless_frameworks_default() {
    // https://github.com/serverless/serverless, lib/plugins/aws/package/compile/events/api-gateway/lib/stage.js
    let format = "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, responseLength: $context.responseLength";
    let line = filled(format, &with(&[("status", "502")]));
    for known in [format, ""] {
        check_route(check(known, &line, "unrecognised-failure"), "GET", "/orders/{id}");
    }
}

#[test]
fn numbers_without_quotes_are_broken_where_there_are_none() {
    // https://github.com/cloudposse/terraform-aws-api-gateway, variables.tf
    let format = r#"{"requestTime":"$context.requestTime","requestId":"$context.requestId","httpMethod":"$context.httpMethod","path":"$context.path","resourcePath":"$context.resourcePath","status":$context.status,"responseLatency":$context.responseLatency,"xrayTraceId":"$context.xrayTraceId","integrationRequestId":"$context.integration.requestId","functionResponseStatus":"$context.integration.status","integrationLatency":"$context.integration.latency","integrationServiceStatus":"$context.integration.integrationStatus","authorizeResultStatus":"$context.authorize.status","authorizerServiceStatus":"$context.authorizer.status","ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","principalId":"$context.authorizer.principalId"}"#;
    let plain = with(&[("status", "504"), ("responseLatency", "29011"), ("identity.userAgent", "curl/8")]);
    // The latency that there was none of, and a user agent with quotation marks: no JSON at all.
    let broken = with(&[("status", "504")]);
    for values in [plain, broken] {
        let line = filled(format, &values);
        for known in [format, ""] {
            check_route(check(known, &line, "integration-timeout"), "GET", "/orders/{id}");
        }
    }
}

#[test]
fn nested_as_the_terraform_module_writes_it() {
    // https://github.com/terraform-aws-modules/terraform-aws-apigateway-v2
    let format = r#"{"context":{"domainName":"$context.domainName","integrationErrorMessage":"$context.integrationErrorMessage","protocol":"$context.protocol","requestId":"$context.requestId","requestTime":"$context.requestTime","responseLength":"$context.responseLength","routeKey":"$context.routeKey","stage":"$context.stage","status":"$context.status","error":{"message":"$context.error.message","responseType":"$context.error.responseType"},"identity":{"sourceIP":"$context.identity.sourceIp"},"integration":{"error":"$context.integration.error","integrationStatus":"$context.integration.integrationStatus"}}}"#;
    let line = filled(
        format,
        &with(&[
            ("status", "503"),
            ("error.message", "Service Unavailable"),
            ("error.responseType", "INTEGRATION_NETWORK_FAILURE"),
        ]),
    );
    for known in [format, ""] {
        check_route(check(known, &line, "integration-unreachable"), "GET", "/orders/{id}");
    }
}

#[test]
fn keys_with_hyphens_underscores_dots_and_capitals() {
    // https://github.com/DataBiosphere/azul and https://gist.github.com/cam8001/31a8c5fd71f4afd6ebd88f55a71d70cf
    for separator in ["-", "_", "."] {
        let format = [
            r#"{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","path":"$context.path","status":"$context.status","#,
            r#""error~message":"$context.error.message","error~responseType":"$context.error.responseType","#,
            r#""integration~error":"$context.integration.error","integration~status":"$context.integration.status","#,
            r#""integration~integrationStatus":"$context.integration.integrationStatus","waf~error":"$context.waf.error"}"#,
        ]
        .concat()
        .replace('~', separator);
        for (reason, cause) in [
            (TLS, "certificate-untrusted"),
            (
                "Execution failed due to configuration error: Invalid permissions on Lambda function",
                "lambda-permission-missing",
            ),
            ("Lambda Customer Function Error:'AZUL_S3_BUCKET'", "lambda-function-error"),
            ("Execution failed due to a timeout error", "integration-timeout"),
            (
                "Execution failed due to a network error communicating with endpoint: Connection is closed",
                "network-error",
            ),
            ("WAF call got timed out", "waf-error"),
        ] {
            let line = filled(
                &format,
                &with(&[("status", "500"), ("path", "/orders/7"), ("integration.error", reason)]),
            );
            for known in [&format, ""] {
                check_route(check(known, &line, cause), "GET", "/orders/7");
            }
        }
    }
}

#[test]
fn sumo_logics_sample() {
    // https://help.sumologic.com/docs/integrations/amazon-aws/api-gateway/
    let line = r#"{"requestId":"0f0f0f0f-1111-4222-8333-444455556666","apiId":"a1b2c3d4e5","stage":"prod","resourcePath":"/orders","httpMethod":"GET","status":"500","errorMessage":"Internal server error","errorMessageString":"\"Internal server error\"","errorResponseType":"DEFAULT_5XX","integrationError":"Execution failed due to configuration error: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target","integrationStatus":"-","integrationLatency":"258","integrationIntegrationStatus":"-","wafError":"-","wafStatus":"200"}"#;
    let found = check("", line, "certificate-untrusted").unwrap();
    assert_eq!(found.evidence.text(), TLS);
    let api = found.source.api.as_ref().map(|api| api.as_str());
    assert_eq!(
        (api, found.source.stage.as_deref(), found.status),
        (Some("a1b2c3d4e5"), Some("prod"), Some(500))
    );
}

#[test]
fn a_message_in_quotation_marks_of_its_own() {
    // https://github.com/DataBiosphere/azul/issues/6284
    let format = r#"{"requestId":"$context.requestId","error_messageString": "$context.error.messageString","status":"$context.status","integration_status":"$context.integration.status","error_responseType":"$context.error.responseType"}"#;
    let line = filled(
        format,
        &with(&[
            ("status", "504"),
            ("error.messageString", "\"Endpoint request timed out\""),
            ("error.responseType", "INTEGRATION_TIMEOUT"),
        ]),
    );
    assert!(serde_json::from_str::<serde_json::Value>(&line).is_err());
    for known in [format, ""] {
        check(known, &line, "integration-timeout");
    }
}

#[test]
fn reason_under_a_key_that_names_no_such_thing() {
    let format = r#"{"id":"$context.requestId","verb":"$context.httpMethod","s":"$context.status","why":"$context.integration.error","error":"$context.error.message"}"#;
    let line = filled(
        format,
        &with(&[("status", "500"), ("integration.error", TLS), ("error.message", "Internal server error")]),
    );
    check(format, &line, "certificate-untrusted");
    let swapped = r#"{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","status":"$context.status","error":"$context.integration.error","errorMessage":"$context.error.message"}"#;
    let line = filled(
        swapped,
        &with(&[("status", "500"), ("integration.error", TLS), ("error.message", "Internal server error")]),
    );
    for known in [swapped, ""] {
        check(known, &line, "certificate-untrusted");
    }
}

#[test]
fn websocket_rows() {
    // https://github.com/elastic/integrations, packages/aws/data_stream/apigateway_logs, test-apigateway-websocket.log
    let line = r#"{"requestId":"PDS1PEC4oAMFpyA=","ip":"203.0.113.7","caller":"-","user":"-","requestTime":"24/Nov/2026:16:57:08 +0000","eventType":"CONNECT","routeKey":"$connect","status":"500","connectionId":"PDS1PcFpoAMAbcd="}"#;
    check_route(check("", line, "unrecognised-failure"), "ANY", "$connect");
}

#[test]
fn values_of_rest_apis_without_their_extended_id() {
    let csv = "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId";
    let xml = r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#;
    for format in [csv, xml] {
        let line = filled(format, &with(&[("status", "504")]));
        check_route(check("", &line, "unrecognised-failure"), "GET", "/orders/{id}");
    }
    // A REST API's extended id is no reason.
    let line = format!(
        "203.0.113.9 - - [26/Nov/2026:09:14:02 +0000] \"GET /a HTTP/1.1\" 504 41 {ID} c2VjcmV0ZHJFaQw="
    );
    let found = check("", &line, "unrecognised-failure").unwrap();
    assert!(found.evidence.text().starts_with("access log: status 504"), "{}", found.evidence.text());
}

#[test]
fn a_stream_of_any_name_before_json() {
    let line = filled(RECOMMENDED_FORMAT, &with(&[("status", "504")]));
    check("", &format!("2026-11-24T16:57:08.123000+00:00 my-stream_1 {line}"), "integration-timeout");
}

#[test]
fn lines_of_other_programs_are_passed_over() {
    let lines = [
        format!(r#"{{"level":"error","method":"GET","path":"/orders","status":503,"requestId":"{ID}"}}"#),
        format!(r#"{{"id":"{ID}","requestId":"{ID}","method":"GET","stage":"prod","status":"503"}}"#),
        r#"{"requestId":"7","httpMethod":"GET","status":"503"}"#.to_owned(),
        format!(
            r#"{{"requestId":"{ID}","statusCode":500,"errorType":"TypeError","error":"x is undefined"}}"#
        ),
    ];
    for line in &lines {
        let (found, unread) = read("/aws/apigateway/x", &[], &[line]);
        assert_eq!((found.len(), unread), (0, 1), "{line}");
    }
    // With the template of the stage they are read.
    let format = r#"{"level":"error","method":"$context.httpMethod","path":"$context.path","status":$context.status,"requestId":"$context.requestId"}"#;
    check(format, &lines[0], "unrecognised-failure");
}

#[test]
fn a_remapped_status_is_no_failure_but_is_told() {
    let line = |status, response, error| {
        let values = [("status", status), ("error.responseType", response), ("integration.error", error)];
        filled(RECOMMENDED_FORMAT, &with(&values))
    };
    let timeout = "Execution failed due to a timeout error";
    for (line, remapped) in [
        (line("404", "INTEGRATION_TIMEOUT", timeout), 1),
        (line("200", "INTEGRATION_FAILURE", "-"), 1),
        (line("404", "-", timeout), 1),
        (line("404", "DEFAULT_4XX", "-"), 0),
        (line("403", "ACCESS_DENIED", "Forbidden"), 0),
        (line("200", "-", "-"), 0),
    ] {
        let batch = batch("/aws/apigateway/x", &[&line]);
        let log = AccessLog::read(&batch, &[]);
        assert_eq!((log.failures.len(), log.remapped.len()), (0, remapped), "{line}");
    }
}

#[test]
fn key_value_and_free_text() {
    let format = "status=$context.status why=$context.integration.error id=$context.requestId type=$context.error.responseType";
    let reason =
        "Execution failed due to a network error communicating with endpoint: Connection reset by peer";
    check(
        format,
        &filled(format, &with(&[("status", "504"), ("integration.error", reason)])),
        "network-error",
    );
    let free = "Request $context.requestId to $context.path by '$context.identity.userAgent' ended with $context.status ($context.integration.status)";
    let line = filled(free, &with(&[("status", "503"), ("path", "/orders/7")]));
    check(free, &line, "integration-unreachable");
}

#[test]
fn recommended_format_is_valid_for_both_kinds_and_read_at_once() {
    assert!(RECOMMENDED_FORMAT.len() < 1024, "{}", RECOMMENDED_FORMAT.len());
    assert!(!RECOMMENDED_FORMAT.contains('\n') && RECOMMENDED_FORMAT.contains("$context.requestId"));
    // HTTP APIs refuse what they lack.
    for lacking in ["resourcePath", "waf.", "authorize.", "authenticate."] {
        assert!(!RECOMMENDED_FORMAT.contains(&format!("$context.{lacking}")), "{lacking}");
    }
    let parsed: serde_json::Value = serde_json::from_str(RECOMMENDED_FORMAT).unwrap();
    assert!(parsed.as_object().unwrap().values().all(serde_json::Value::is_string));
    let values =
        with(&[("status", "503"), ("apiId", "a1b2c3d4e5"), ("stage", "$default"), ("path", "/orders/7")]);
    let line = filled(RECOMMENDED_FORMAT, &values);
    for format in [RECOMMENDED_FORMAT, ""] {
        let found = check(format, &line, "integration-unreachable").unwrap();
        assert_eq!(found.source.stage.as_deref(), Some("$default"));
        let quoted = found.evidence.text();
        assert!(quoted.starts_with("access log: status 503, integration"), "{quoted}");
        check_route(Some(found), "GET", "/orders/{id}");
    }
}

#[test]
fn filter_patterns_are_offered_only_where_they_lose_nothing() {
    let pattern = |format: &str| AccessFormat::compile(format).failures_only();
    assert_eq!(pattern(RECOMMENDED_FORMAT).as_deref(), Some(r#"{ $.status = "5*" }"#));
    let nested = r#"{"context":{"status":"$context.status","id":"$context.requestId"}}"#;
    assert_eq!(pattern(nested).as_deref(), Some(r#"{ $.context.status = "5*" }"#));
    assert_eq!(pattern(r#"{"status":$context.status,"id":"$context.requestId"}"#), None);
    assert_eq!(pattern(r#"{"status":"$context.status","m":"$context.error.messageString"}"#), None);
    assert_eq!(pattern("$context.status $context.requestId"), None);
}

#[test]
fn pair_of_statuses_decides_where_no_sentence_does() {
    let line = |status, integration, response| {
        let values =
            [("status", status), ("integration.status", integration), ("error.responseType", response)];
        filled(RECOMMENDED_FORMAT, &with(&values))
    };
    for (status, integration, response, cause) in [
        ("500", "-", "-", "integration-unreachable"),
        ("503", "-", "-", "integration-unreachable"),
        ("503", "", "", "integration-unreachable"),
        ("504", "-", "-", "integration-timeout"),
        ("504", "-", "INTEGRATION_TIMEOUT", "integration-timeout"),
        ("504", "-", "INTEGRATION_FAILURE", "network-error"),
        ("502", "502", "-", "backend-error"),
        ("500", "503", "-", "backend-error"),
        ("503", "-", "INTEGRATION_NETWORK_FAILURE", "integration-unreachable"),
        // A gateway response changes the status, not its type.
        ("500", "-", "INTEGRATION_TIMEOUT", "integration-timeout"),
        ("500", "-", "AUTHORIZER_CONFIGURATION_ERROR", "authorizer-failed"),
        // The backend answered well: what failed came after it.
        ("500", "200", "-", "unrecognised-failure"),
        ("404", "-", "INTEGRATION_TIMEOUT", ""),
        ("200", "503", "DEFAULT_5XX", ""),
    ] {
        check(RECOMMENDED_FORMAT, &line(status, integration, response), cause);
    }
    let values = [("status", "500"), ("integration.integrationStatus", "429")];
    check(RECOMMENDED_FORMAT, &filled(RECOMMENDED_FORMAT, &with(&values)), "lambda-throttled");
}

#[test]
fn same_request_in_both_logs_is_one_failure() {
    let values = [("status", "503"), ("apiId", "a1b2c3d4e5"), ("stage", "prod")];
    let access = filled(RECOMMENDED_FORMAT, &with(&values));
    let failure = format!("({ID}) {TLS}");
    let completed = format!("({ID}) Method completed with status: 503");
    for lines in [[&*access, &failure, &completed], [&failure, &completed, &access]] {
        let (found, _) = read("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", &[], &lines);
        let slugs: Vec<_> = found.iter().map(|found| found.cause.slug).collect();
        assert_eq!(slugs, ["certificate-untrusted"]);
        check_route(found.into_iter().next(), "GET", "/orders/{id}");
    }
    // Where the execution log gives no reason, the access line's values do.
    let (found, _) = read("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", &[], &[&completed, &access]);
    let slugs: Vec<_> = found.iter().map(|found| found.cause.slug).collect();
    assert_eq!(slugs, ["integration-unreachable"]);
}

#[test]
fn stage_is_the_lines_or_the_one_that_writes_so_or_the_groups() {
    let format =
        r#"{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","status":"$context.status"}"#;
    let line = filled(format, &with(&[("status", "503")]));
    let of_stage =
        AccessFormat::compile(format).of_stage(vpclink_responder::ids::ApiId::new("h1h2h3"), "live");
    let place = |found: &[Diagnosis]| {
        let source = &found[0].source;
        (source.api.as_ref().map(ToString::to_string), source.stage.clone())
    };
    let owned = |api: &str, stage: &str| (Some(api.to_owned()), Some(stage.to_owned()));
    let other = |format: &str| {
        AccessFormat::compile(format).of_stage(vpclink_responder::ids::ApiId::new("other"), "dev")
    };
    let longer = other(&format.replace("{", r#"{"protocol":"$context.protocol","#));
    let alike = other(format);
    for formats in
        [vec![of_stage.clone()], vec![longer.clone(), of_stage.clone()], vec![of_stage.clone(), longer]]
    {
        assert_eq!(place(&read("/aws/apigateway/x", &formats, &[&line]).0), owned("h1h2h3", "live"));
    }
    assert_eq!(place(&read("/aws/apigateway/x", &[of_stage, alike], &[&line]).0), (None, None));
    assert_eq!(place(&read("API-Gateway-Execution-Logs_abc/prod", &[], &[&line]).0), owned("abc", "prod"));
    assert_eq!(place(&read("/aws/apigateway/x", &[], &[&line]).0), (None, None));
    let named = line.replacen('{', r#"{"apiId":"other","#, 1);
    assert_eq!(place(&read("API-Gateway-Execution-Logs_abc/prod", &[], &[&named]).0).1, None);
}

#[test]
fn unknown_shapes_are_passed_over() {
    let lines = [
        r#"{"level":"error","status":500,"message":"Execution failed due to a timeout error"}"#,
        "{",
        "{}",
        "{\"a\":",
    ];
    let (found, unread) = read("/aws/apigateway/x", &[], &lines);
    assert_eq!((found.len(), unread), (0, 4));
    let own_words = r#"{"requestId":"a","httpMethod":"GET","status":"200","userAgent":"Execution failed due to a timeout error"}"#;
    assert_eq!(read("/aws/apigateway/x", &[], &[own_words]).0.len(), 0);
}

#[test]
fn clients_words_prove_nothing() {
    let format = r#"$context.status "$context.path" "$context.identity.userAgent" $context.integration.status $context.requestId"#;
    // Paths and user agents that look like the rest of the line.
    for enemy in [r#"x" 503 Execution failed due to a timeout error"#, r#"" "" - "#, "\" \" 200 a"] {
        let line = filled(
            format,
            &with(&[
                ("status", "500"),
                ("path", enemy),
                ("identity.userAgent", enemy),
                ("integration.status", "503"),
            ]),
        );
        check(format, &line, "backend-error");
        let line =
            filled(format, &with(&[("status", "200"), ("path", enemy), ("identity.userAgent", enemy)]));
        check(format, &line, "");
    }
    // A key twice, with two values: neither counts.
    let twice =
        format!(r#"{{"requestId":"{ID}","status":"200","ua":"x","status":"500","httpMethod":"GET"}}"#);
    assert_eq!(read("/aws/apigateway/x", &[], &[&twice]).0.len(), 0);
}

#[test]
fn private_words_are_not_quoted() {
    let reason = "Lambda Customer Function Error:no user bob@example.com from 203.0.113.7, password=hunter2";
    let values = with(&[("status", "502"), ("integration.error", reason), ("path", "/u?token=abc")]);
    let found =
        check(RECOMMENDED_FORMAT, &filled(RECOMMENDED_FORMAT, &values), "lambda-function-error").unwrap();
    let shown = format!("{found:?}");
    for private in ["bob@example.com", "203.0.113.7", "hunter2", "abc"] {
        assert!(!shown.contains(private), "{private}: {shown}");
    }
}

#[test]
fn long_lines_are_read_in_time_that_grows_with_them() {
    for filling in ["\"", "\", \"", "{\"a\":", "\"a\":\"", "} ", " - - [", "\" ", "|", "\\"] {
        let filling = filling.repeat((900 << 10) / filling.len());
        for line in [format!("{{\"requestId\":\"a\",\"status\":\"500\",{filling}"), filling] {
            let formats: Vec<_> = TEMPLATES.iter().map(|template| AccessFormat::compile(template)).collect();
            read("/aws/apigateway/x", &formats, &[&line]);
        }
    }
}

const TEMPLATES: [&str; 5] = [
    RECOMMENDED_FORMAT,
    r#"$context.identity.sourceIp [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.requestId $context.integrationErrorMessage"#,
    "$context.status$context.requestId",
    r#"{"a":{"b":[$context.status,"$context.requestId"]},"c":$context.integration.error}"#,
    "$context.path|$context.identity.userAgent|$context.status|$context.error.message|$context.requestId",
];

proptest! {
    #[test]
    fn no_text_and_no_template_make_it_fail(template in "\\PC{0,80}", line in "\\PC{0,200}") {
        for template in [&template, TEMPLATES[3], TEMPLATES[4]] {
            AccessFormat::compile(template).read(&line);
        }
        read("/aws/apigateway/x", &[AccessFormat::compile(&template)], &[&line]);
    }

    #[test]
    fn lines_cut_and_spoilt_are_never_errors(
        which in 0..TEMPLATES.len(), cut in 0..600usize, place in 0..600usize, spoil in "[\"{},:\\\\ä\\-0-9 ]{0,4}",
    ) {
        let mut line = filled(TEMPLATES[which], &with(&[("status", "503"), ("integration.error", TLS)]));
        let floor = |line: &str, at: usize| (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap();
        let at = floor(&line, place);
        line.insert_str(at, &spoil);
        line.truncate(floor(&line, cut.max(200)));
        let formats = [AccessFormat::compile(TEMPLATES[which])];
        for formats in [&formats[..], &[]] {
            read("/aws/apigateway/x", formats, &[&line]);
        }
    }

    #[test]
    fn what_a_client_writes_changes_no_status(enemy in "[\"{},:| $a-z0-9.\\-]{0,40}") {
        let format = AccessFormat::compile(TEMPLATES[4]);
        let values = with(&[("status", "200"), ("path", &enemy), ("identity.userAgent", &enemy), ("error.message", "-")]);
        let line = filled(TEMPLATES[4], &values);
        if let Some(read) = format.read(&line) {
            prop_assert!(read.status().is_none_or(|status| status == 200), "{line}");
        }
    }

    #[test]
    fn both_ways_to_read_json_agree(reason in "[A-Za-z :'.]{1,60}", status in 200..599u16) {
        let status = status.to_string();
        let line = filled(RECOMMENDED_FORMAT, &with(&[("status", &status), ("integration.error", &reason), ("path", "/x")]));
        let spaced = line.replace("\",\"", "\", \"");
        let format = AccessFormat::compile(RECOMMENDED_FORMAT);
        let (strict, parsed) = (format.read(&line).unwrap(), format.read(&spaced).unwrap());
        prop_assert_eq!(&strict, &parsed);
        prop_assert_eq!(strict.text(Variable::Status), Some(&*status));
    }
}
