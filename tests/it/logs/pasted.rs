//! Whatever people paste and whatever they saved: each shape gives the cause that a person reads in it.

use std::fmt::Write as _;

use vpclink_responder::functions::{Explained, explain};

const ID: &str = "0f0f0f0f-1111-4222-8333-444455556666";
const UNREACHABLE: &str =
    "Execution failed due to configuration error: There was an internal error while executing your request";
const REASON: &str = "There was an internal error while executing your request";

fn read(input: &[u8]) -> Explained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let now = "2026-11-24T17:00:00Z".parse().unwrap();
    runtime.block_on(explain(&[input.to_vec()], None, now)).unwrap()
}

#[track_caller]
fn check_bytes(input: &[u8], expected: &[&str]) {
    let explained = read(input);
    let slugs: Vec<_> = explained.alerts.iter().map(|alert| alert.news.example.cause.slug).collect();
    assert_eq!(slugs, expected, "{}\n{explained:?}", String::from_utf8_lossy(input));
}

#[track_caller]
fn check(input: &str) {
    check_bytes(input.as_bytes(), &["integration-unreachable"]);
}

/// A console test-invoke log.
fn console() -> Vec<String> {
    let stamp = "Thu Aug 04 17:48:21 UTC 2022 : ";
    let mut lines = vec![format!("Execution log for request {ID}")];
    for text in [
        format!("Starting execution for request: {ID}"),
        "HTTP Method: GET, Resource Path: /orders".to_owned(),
        "Sending request to https://orders.internal.example.com:8443/orders".to_owned(),
        UNREACHABLE.to_owned(),
        "Method completed with status: 500".to_owned(),
    ] {
        lines.push(format!("{stamp}{text}"));
    }
    lines
}

/// Lines as CloudWatch Logs has them, without times.
fn logged() -> Vec<String> {
    console().iter().skip(1).map(|line| format!("({ID}) {}", line.split_once(" : ").unwrap().1)).collect()
}

fn each(lines: &[String], wrap: impl Fn(&str) -> String) -> String {
    lines.iter().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{}", wrap(line));
        all
    })
}

fn gzipped(input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(input).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn whole_console_log_on_one_line() {
    check(&console().join(" "));
    check(&console().join("\\n"));
    check(&console().join("\t"));
}

#[test]
fn quotation_marks_around_a_line_or_a_reason() {
    for (open, close) in [
        ("\"", "\""),
        ("'", "'"),
        ("“", "”"),
        ("„", "“"),
        ("「", "」"),
        ("«", "»"),
        ("« ", " »"),
        ("`", "`"),
        ("**", "**"),
    ] {
        check(&format!("{open}{REASON}{close}"));
        check(&format!("{open}{UNREACHABLE}{close}"));
        check(&format!("{open}({ID}) {UNREACHABLE}{close}"));
        check(&each(&logged(), |line| format!("{open}{line}{close}")));
        check(&each(&console(), |line| format!("{open}{line}{close}")));
    }
}

#[test]
fn quotations_bullets_numbers_colours_and_spaces_before_lines() {
    for lines in [console(), logged()] {
        for frame in [
            "> ", ">", "> > ", "- ", "* ", "• ", "    ", "\t", "\u{a0}", "12: ", "12) ", "12. ", "  12\t",
            "12 | ", "> - ",
        ] {
            check(&each(&lines, |line| format!("{frame}{line}")));
        }
        check(&each(&lines, |line| format!("\u{1b}[31m{line}\u{1b}[0m")));
        check(&each(&lines, |line| format!("{line}<br/>")));
        check(&lines.join("<br>"));
        check(&format!("```\n{}```\n", each(&lines, str::to_owned)));
        check(&format!("He wrote:\n{}\nThanks!\n", each(&lines, |line| format!("> {line}"))));
        check(&lines.join("\r"));
        check(&lines.join("\r\n"));
    }
}

/// The route too, which a mark that was left at the line's end would change.
#[track_caller]
fn check_route(input: &str) {
    let explained = read(input.as_bytes());
    let example = explained.alerts.first().map(|alert| &alert.news.example);
    let route = example.and_then(|example| example.route.as_ref()).map(|route| route.path.as_str());
    let found = (example.map(|example| example.cause.slug), route);
    assert_eq!(found, (Some("integration-unreachable"), Some("/orders")), "{input}");
}

#[test]
fn what_other_programs_put_around_a_line() {
    for (open, close) in [
        ("[2026-11-24T16:57:08Z] (api-stream) ", ""),
        ("2026-11-24T16:57:08.123Z API-Gateway-Execution-Logs_a1b2c3d4e5/prod abcdef ", ""),
        ("pod-abc container 2026-11-24T16:57:08.123Z ", ""),
        ("Nov 24 16:57:08 host apigw[123]: ", ""),
        ("2026-11-24T16:57:08.123456789Z stdout F ", ""),
        ("time=\"2026-11-24T16:57:08Z\" level=error msg=\"", "\""),
        ("2026-11-24 16:57:08 UTC | INFO | (stream) | ", ""),
        ("3 minutes ago  ", ""),
        ("&gt; ", ""),
        ("<p>", "</p>"),
        ("<tr><td>2026-11-24</td><td>", "</td></tr>"),
        ("{noformat}", "{noformat}"),
        ("'", "\\n',"),
    ] {
        check_route(&each(&logged(), |line| format!("{open}{line}{close}")));
    }
    // A line of such a program is no line of the log, where the log has none of its words.
    let body = format!("{{\nsaid ({ID}) {UNREACHABLE}\n}}");
    let healthy = [
        "HTTP Method: GET, Resource Path: /orders",
        &format!("Method request body before transformations: {body}"),
        "Method completed with status: 200",
    ];
    let healthy: Vec<String> = healthy.iter().map(|line| format!("({ID}) {line}")).collect();
    check_bytes(each(&healthy, str::to_owned).as_bytes(), &[]);
    check_bytes(each(&healthy, |line| format!("3 minutes ago  {line}")).as_bytes(), &[]);
}

#[test]
fn lines_that_a_width_has_broken() {
    for width in [60, 72, 80, 100] {
        let broken = |line: &str| {
            let signs: Vec<char> = line.chars().collect();
            signs.chunks(width).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
        };
        check_route(&each(&logged(), broken));
    }
}

#[test]
fn lines_run_together_by_tab_or_blank() {
    check(&logged().join("\t"));
    check(&logged().join(" "));
}

#[test]
fn utf_16_and_byte_order_marks() {
    let text = each(&logged(), str::to_owned);
    let units =
        |mark: bool| mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).collect::<Vec<u16>>();
    for mark in [true, false] {
        let little: Vec<u8> = units(mark).into_iter().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units(mark).into_iter().flat_map(u16::to_be_bytes).collect();
        check_bytes(&little, &["integration-unreachable"]);
        check_bytes(&big, &["integration-unreachable"]);
    }
    check(&format!("\n\n\u{feff}{text}"));
    check(&format!("\u{feff}\n{{\"events\":[{{\"message\":\"({ID}) {UNREACHABLE}\"}}]}}"));
}

#[test]
fn something_else_in_place_of_the_time() {
    for stamp in
        ["... : ", "… : ", "... ", "timestamp : ", "[timestamp] : ", "<date> : ", "TIMESTAMP: ", "[...] "]
    {
        check(&each(&console()[1..], |line| format!("{stamp}{}", line.split_once(" : ").unwrap().1)));
    }
}

#[test]
fn reason_on_the_line_after_its_colon() {
    for gap in ["\n", "\n  ", " \n\n"] {
        check(&format!(
            "Execution failed due to configuration error:{gap}{REASON}\nMethod completed with status: 500\n"
        ));
    }
    check(&format!(
        "({ID}) Execution failed due to configuration error:\n{REASON}\n({ID}) Method completed with status: 500\n"
    ));
}

#[test]
fn reason_without_its_opening_beside_a_completion_line() {
    check(&format!("{REASON}\nMethod completed with status: 500\n"));
    check(&format!("({ID}) {REASON}\n({ID}) Method completed with status: 500\n"));
    let body = format!(
        "Endpoint response body before transformations: [\n{REASON}\n]\nMethod completed with status: 500\n"
    );
    check_bytes(body.as_bytes(), &["unrecognised-failure"]);
}

#[test]
fn test_invoke_method_in_every_output() {
    let log = console().join("\n") + "\n";
    let json =
        serde_json::json!({"status": 500, "body": "{}", "headers": {"a": "b"}, "log": log, "latency": 12});
    check(&json.to_string());
    check(&serde_json::to_string_pretty(&json).unwrap());
    let block = each(&console(), |line| format!("  {line}"));
    check(&format!(
        "body: '{{\"message\": \"Internal server error\"}}'\nheaders:\n  a: b\nlatency: 12\nlog: |\n{block}status: 500\n"
    ));
    let single = console().join("\n\n  ");
    check(&format!("body: ''\nlatency: 12\nlog: 'Log: {single}\n\n  '\nstatus: 500\n").replace("Log: ", ""));
    let double = console().join("\\n");
    check(&format!("body: ''\nlatency: 12\nlog: \"{double}\\n\"\nstatus: 500\n"));
    check(&format!("{{}}\t12\t{log}\t500\n"));
}

#[test]
fn filter_log_events_in_every_output() {
    let event = |message: &String| serde_json::json!({"logStreamName": "0123456789abcdef0123456789abcdef", "timestamp": 1_795_539_428_000_i64, "message": message, "ingestionTime": 1_795_539_428_001_i64, "eventId": "1"});
    let events: Vec<_> = logged().iter().map(event).collect();
    check(&serde_json::json!({"events": events, "searchedLogStreams": []}).to_string());
    check(&serde_json::Value::Array(events.clone()).to_string());
    check(&events.iter().map(|event| event.to_string() + "\n").collect::<String>());
    check(&serde_json::json!(logged()).to_string());
    check(&serde_json::to_string_pretty(&logged()).unwrap());
    check(&each(&logged(), |line| serde_json::Value::from(line).to_string()));
    let text = |line: &str| {
        format!("EVENTS\t39123\t1795539428001\t0123456789abcdef0123456789abcdef\t{line}\t1795539428000")
    };
    check(&each(&logged(), text));
    let yaml = |line: &str| {
        format!(
            "- eventId: '39123'\n  ingestionTime: 1795539428001\n  logStreamName: 0123456789abcdef0123456789abcdef\n  message: {line}\n  timestamp: 1795539428000"
        )
    };
    check(&format!("events:\n{}searchedLogStreams: []\n", each(&logged(), yaml)));
    let quoted = |line: &str| format!("- eventId: '39123'\n  message: '{line}'\n  timestamp: 1795539428000");
    check(&format!("events:\n{}", each(&logged(), quoted)));
    let table = |line: &str| format!("||  message  |  {line}  ||");
    check(&each(&logged(), table));
}

#[test]
fn followed_logs_of_every_tool() {
    let stream = "0123456789abcdef0123456789abcdef";
    let group = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    for before in [
        format!("2026-11-24T16:57:08.123000+00:00 {stream} "),
        "2026-11-24T16:57:08 ".to_owned(),
        "2026-11-24 16:57:08.123 ".to_owned(),
        "[2026-11-24T16:57:08] ".to_owned(),
        "2026-11-24T16:57:08.123Z ".to_owned(),
        format!("{stream} 2026-11-24T16:57:08.123000 "),
        format!("2026/11/24/[$LATEST]{stream} 2026-11-24T16:57:08.123000 "),
        format!("{group} {stream} "),
        format!("{group} {stream} 2026-11-24T16:57:08.123Z "),
    ] {
        check(&each(&logged(), |line| format!("{before}{line}")));
    }
    check(&each(&logged(), |line| format!("{line}        2026-11-24T16:57:08.123Z")));
    check(&each(&logged(), |line| format!("{line}\t1795539428000")));
}

#[test]
fn logs_insights_as_json_csv_and_results() {
    let row = |line: &String| serde_json::json!([{"field": "@timestamp", "value": "2026-11-24 16:57:08.123"}, {"field": "@message", "value": line}, {"field": "@ptr", "value": "CmE"}]);
    let rows: Vec<_> = logged().iter().map(row).collect();
    check(
        &serde_json::json!({"results": rows, "statistics": {"recordsMatched": 1.0}, "status": "Complete"})
            .to_string(),
    );
    check(&serde_json::json!(rows).to_string());
    let exported: Vec<_> = logged()
        .iter()
        .map(|line| serde_json::json!({"@timestamp": "2026-11-24 16:57:08.123", "@message": line}))
        .collect();
    check(&serde_json::json!(exported).to_string());
    check(&format!(
        "@timestamp,@message\n{}",
        each(&logged(), |line| format!("2026-11-24 16:57:08.123,\"{line}\""))
    ));
    check(&format!(
        "@message,@timestamp\r\n{}",
        each(&logged(), |line| format!("\"{line}\",2026-11-24 16:57:08.123\r"))
    ));
    check(&format!("timestamp,message\n{}", each(&logged(), |line| format!("1795539428000,\"{line}\n\""))));
    // Fields that Logs Insights discovered in access logs.
    let fields = [("requestId", ID), ("status", "503"), ("httpMethod", "GET"), ("integration.status", "-")];
    let pairs: Vec<_> =
        fields.iter().map(|(field, value)| serde_json::json!({"field": field, "value": value})).collect();
    check(&serde_json::json!({"results": [pairs]}).to_string());
    check(&format!("requestId,status,httpMethod,integration.status\n{ID},503,GET,-\n"));
    let line = r#"{"requestId":"REQ","status":"503","httpMethod":"GET","integration":{"status":"-"}}"#
        .replace("REQ", ID);
    check(&line);
    check(&format!("[{line}]"));
    check(&serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&line).unwrap()).unwrap());
    check(&format!("2026-11-24T16:57:08.123Z {line}\n"));
    check(&format!("> {line}\n"));
    check(&format!("log: {line}\n"));
}

/// A log as it is with data trace: among its lines are some that quote the client.
fn traced() -> Vec<String> {
    let mut lines = logged();
    let quoted = [
        "Method request headers: {Accept=*/*, User-Agent=curl/8.5.0}",
        "Method request body before transformations: ",
    ];
    lines.splice(2..2, quoted.iter().map(|text| format!("({ID}) {text}")));
    lines
}

#[test]
fn a_traced_log_on_one_line_is_divided_at_its_own_request() {
    let dated: Vec<String> = traced().iter().map(|line| format!("2026-11-24T16:57:08.123Z {line}")).collect();
    for lines in [traced(), dated] {
        for between in
            [" ", "\t", ", ", " | ", "; ", "<br/>", "<BR>", "\\n", "\r", "\u{2028}", "\u{85}", "\u{b}"]
        {
            check(&lines.join(between));
        }
        check(&format!("<p>{}</p>", lines.join("<br>")));
        check(&format!("['{}']", lines.join("', '")));
    }
    check(&console().concat());
    check(&format!("<p>{}</p>", console().join("<br>")));
    check(&format!("Request /orders Latency 12 ms Status 500 Log {}", console().join(" ")));
    // One line of a log that quotes a client is no log on one line.
    let quoting = format!("({ID}) Method request headers: {{User-Agent=a ({ID}) {UNREACHABLE}}}");
    check_bytes(quoting.as_bytes(), &[]);
}

#[test]
fn times_of_other_tools_and_words_in_their_place() {
    for stamp in [
        "... ... : ",
        "<timestamp>",
        "(...) ",
        "xx:xx : ",
        "XX:XX:XX UTC : ",
        "Thu Aug 04 : ",
        "[redacted] : ",
        "<redacted> ",
        "17:48:21 : ",
        "17:48:21.123 ",
        "[17:48:21] ",
        "Aug 04 17:48:21 ",
        "4 Aug 2022 17:48:21 : ",
        "2022-08-04 : ",
        " : ",
        ": ",
        "Nov 24, 2026, 16:57:08 ",
        "11/24/26 4:57:08.123 PM ",
        "1795539428000 ",
        "1795539428000\t",
        "INFO ",
        "ERROR ",
        "$ ",
        "user@host:~$ ",
        "# ",
        "api-1  | ",
        "│ ",
        "‣ ",
        "◦ ",
        "(1) ",
        "#1 ",
        "1:",
        "[31m",
        "<tr><td>",
    ] {
        let texts = console()[1..]
            .iter()
            .map(|line| line.split_once(" : ").unwrap().1.to_owned())
            .collect::<Vec<_>>();
        check(&format!("{}\n{}", console()[0], each(&texts, |text| format!("{stamp}{text}"))));
        check(&each(&logged(), |line| format!("{stamp}{line}")));
        check(&format!("{stamp}{UNREACHABLE}"));
    }
    check(&each(&console(), |line| format!("(1) {line}")));
    check(&each(&logged(), |line| format!("\u{feff}{line}")));
    check(&each(&logged(), |line| line.replace(' ', "\u{a0}")));
    check(&each(&logged(), |line| format!("\u{1b}]8;;http://x\u{7}{line}\u{1b}]8;;\u{7}")));
}

#[test]
fn quotations_of_a_reason_alone() {
    for (open, close) in [("\"", "\""), ("“", "”"), ("「", "」"), ("`", "`")] {
        check(&format!(
            "Execution failed due to configuration error: {open}{REASON}{close}\nMethod completed with status: 500\n"
        ));
    }
    for gap in ["\n> ", "\n- "] {
        check(&format!("Execution failed due to configuration error:{gap}{REASON}\n"));
        check(&format!(
            "({ID}) Execution failed due to configuration error:{gap}{REASON}\n({ID}) Method completed with status: 500\n"
        ));
    }
}

#[test]
fn tables_and_queries_of_the_cli() {
    let cell = |line: &str| {
        format!(
            "||  39123  |  1795539428001  |  0123456789abcdef0123456789abcdef  |  {line}  |  1795539428000  ||"
        )
    };
    check(&each(&logged(), cell));
    check(&format!(
        "| # | @timestamp | @message |\n|---|---|---|\n{}",
        each(&logged(), |line| format!("| 1 | 2026-11-24 16:57:08.123 | {line} |"))
    ));
    check(&each(&logged(), |line| {
        format!("RESULTS\t@timestamp\t2026-11-24 16:57:08.123\nRESULTS\t@message\t{line}")
    }));
    check(&format!(
        "@timestamp;@message\n{}",
        each(&logged(), |line| format!("2026-11-24 16:57:08.123;\"{line}\""))
    ));
    let renamed: Vec<_> =
        logged().iter().map(|line| serde_json::json!({"t": 1_795_539_428_000_i64, "m": line})).collect();
    check(&serde_json::json!(renamed).to_string());
    let copied: Vec<_> =
        logged().iter().map(|line| serde_json::json!({"message": line}).to_string()).collect();
    check(&copied.join(",\n"));
    let answer = serde_json::json!({"status": 500, "log": console().join("\n"), "latency": 12});
    check(&format!(
        "$ aws apigateway test-invoke-method --rest-api-id a\n{}\n",
        serde_json::to_string_pretty(&answer).unwrap()
    ));
    let dated: Vec<_> = logged().iter().map(|line| serde_json::json!({"timestamp": 1_795_539_428_000_i64, "message": format!("2026-11-24T16:57:08.123Z {line}")})).collect();
    check(&serde_json::json!(dated).to_string());
    let text = format!("漢字漢字漢字漢字漢字漢字漢字漢字\n{}", each(&logged(), str::to_owned));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_bytes(&little, &["integration-unreachable"]);
}

#[test]
fn what_somebody_put_behind_a_log_is_pointed_out() {
    let well = format!("({ID}) Method completed with status: 200");
    for text in [
        format!("{well}\nThe reason was: {REASON}"),
        format!("{well}\n\nAnother team says: \"{UNREACHABLE}\""),
        format!("{well}\n{UNREACHABLE}\n"),
        format!("{well}\n| 12 | {REASON} | x |"),
        format!("@timestamp,@message,note\n2026-11-24 16:57:08.123,\"{well}\",\"{UNREACHABLE}\"\n"),
    ] {
        let explained = read(text.as_bytes());
        assert!(explained.alerts.is_empty() && !explained.unattributed.is_empty(), "{text}\n{explained:?}");
    }
}

#[test]
fn gzip_of_any_of_these() {
    for text in [
        each(&logged(), |line| format!("2026-11-24T16:57:08.123Z {line}")),
        each(&console(), str::to_owned),
        serde_json::json!({"events": [{"message": format!("({ID}) {UNREACHABLE}")}]}).to_string(),
        serde_json::json!(logged()).to_string(),
        format!(
            "@timestamp,@message\n{}",
            each(&logged(), |line| format!("2026-11-24 16:57:08.123,\"{line}\""))
        ),
    ] {
        check_bytes(&gzipped(text.as_bytes()), &["integration-unreachable"]);
    }
}

#[test]
fn words_of_others_prove_nothing() {
    let dated = |text: &str| format!("2026-11-24T16:57:08.123Z ({ID}) {text}\n");
    for (quoted, frame) in [
        (format!("Method request body before transformations: {{\n({ID}) {UNREACHABLE}\n}}"), ""),
        (
            format!(
                "Endpoint response body before transformations: [\n> ({ID}) {UNREACHABLE}\n\"{UNREACHABLE}\"\n]"
            ),
            "",
        ),
        (format!("Method request query string: {{q={UNREACHABLE}}}"), ""),
        (format!("Method request path: {{proxy={UNREACHABLE}}}"), ""),
        (format!("Method request headers: {{User-Agent={UNREACHABLE}, x=({ID}) {UNREACHABLE}}}"), ""),
        (format!("Method request headers: {{User-Agent={UNREACHABLE}}}"), "> "),
        (
            format!(
                "Endpoint response body before transformations: <p>a<br>({ID}) {UNREACHABLE}<br/>{UNREACHABLE}"
            ),
            "",
        ),
        (format!("Method request body before transformations: a\r({ID}) {UNREACHABLE}\r{UNREACHABLE}"), ""),
    ] {
        let undated = |text: &str| format!("({ID}) {text}\n");
        let line = |text: &str| if quoted.contains('\n') { dated(text) } else { undated(text) };
        for line in [&dated as &dyn Fn(&str) -> String, &line] {
            let log = line("HTTP Method: GET, Resource Path: /x")
                + &line(&quoted)
                + &line("Method completed with status: 200");
            let log = log.split_inclusive('\n').map(|line| format!("{frame}{line}")).collect::<String>();
            let explained = read(log.as_bytes());
            assert_eq!(explained.alerts.len(), 0, "{log}\n{explained:?}");
            assert_eq!((explained.summary.read, explained.unattributed.len()), (1, 0), "{log}");
        }
    }
}

#[test]
fn client_words_in_access_lines_prove_nothing() {
    let line =
        serde_json::json!({"requestId": ID, "status": "200", "httpMethod": "GET", "userAgent": UNREACHABLE});
    let explained = read(line.to_string().as_bytes());
    let Explained { alerts, summary, unattributed } = &explained;
    assert_eq!((alerts.len(), summary.read, unattributed.len()), (0, 1, 0), "{explained:?}");
}

#[test]
fn long_lines_are_read_in_time_that_grows_with_them() {
    let opening = format!("({ID}) Starting execution for request: {ID}");
    for filling in
        ["(a) ".repeat(300_000), " UTC ".repeat(200_000), "( ".repeat(500_000), "\" \"".repeat(300_000)]
    {
        assert_eq!(read(format!("{opening} {filling}").as_bytes()).alerts.len(), 0);
    }
}

#[test]
fn nothing_is_called_well_where_a_failure_may_stand() {
    for text in [
        format!(
            "We saw this again today, {UNREACHABLE}, and nobody knows why.\n(1) Method completed with status: 200\n"
        ),
        format!("{{\"level\":\"ERROR\",\"msg\":\"{UNREACHABLE}\"}}\n"),
        format!("Orders team: the client got 500 ({REASON}) at noon.\nMethod completed with status: 200\n"),
    ] {
        let explained = read(text.as_bytes());
        assert_eq!(explained.alerts.len(), 0, "{text}");
        let found = &explained.unattributed[0];
        assert_eq!(
            (found.mention.line, found.cause.map(|cause| cause.slug)),
            (1, Some("integration-unreachable")),
            "{text}"
        );
    }
}

/// Nothing is called failed, and a sentence is pointed out.
#[track_caller]
fn check_pointed_out(text: &str) {
    let explained = read(text.as_bytes());
    assert!(explained.alerts.is_empty() && !explained.unattributed.is_empty(), "{text}\n{explained:?}");
}

const OTHERS: [&str; 2] = ["a0b1c2d3-e4f5-4061-8273-9a4b5c6d7e8f", "b0b1c2d3-e4f5-4061-8273-9a4b5c6d7e8f"];

#[test]
fn lines_of_one_width_are_not_glued_together() {
    type Line = fn(&str, u16) -> String;
    let lines: [Line; 4] = [
        |id, status| {
            format!("203.0.113.9 - - [26/Nov/2026:09:14:02 +0000] \"GET /a HTTP/1.1\" {status} 41 {id}")
        },
        |id, status| {
            format!(
                "requestId: {id}, ip: 203.0.113.9, caller: -, user: -, requestTime: 26/Nov/2026:09:14:02 +0000, \
                 httpMethod: GET, resourcePath: /a, status: {status}, protocol: HTTP/1.1, responseLength: 36"
            )
        },
        |id, status| {
            format!(
                r#"{{"requestId":"{id}","httpMethod":"GET","resourcePath":"/a","status":{status},"integrationStatus":200,"x":-}}"#
            )
        },
        |id, status| format!("- ({id}) Method completed with status: {status}"),
    ];
    for line in lines {
        for failed in 0..3 {
            for count in 2..=3 {
                let ids = [ID, OTHERS[0], OTHERS[1]];
                let status = |place| if place == failed % count { 504 } else { 200 };
                let text: String = (0..count).map(|place| line(ids[place], status(place)) + "\n").collect();
                let explained = read(text.as_bytes());
                let Explained { alerts, summary, .. } = &explained;
                assert_eq!(
                    (alerts.len(), summary.failed, summary.read),
                    (1, 1, count),
                    "{text}\n{explained:?}"
                );
            }
        }
    }
    for open in ["| ", " 2026-11-24 16:57:08 | ", "│ "] {
        check_route(&each(&logged(), |line| format!("{open}{line:<140} |")));
    }
}

#[test]
fn other_programs_lines_are_no_reasons() {
    for line in [
        "npm ERR! network /registry read ECONNRESET: Connection reset",
        "app/web-1 Rate Exceeded. Slow down",
        "10.0.0.1 - - [26/Nov/2026:09:14:02 +0000] \"GET /healthz HTTP/1.1\" 503 21 \"-\" \"ELB-HealthChecker/2.0\"",
        r#"{"level":"error","method":"GET","path":"/orders","status":503,"requestId":"6f1d2c3b-4a59-4e6f-8a7b-0c1d2e3f4a5b"}"#,
    ] {
        let explained = read(line.as_bytes());
        assert_eq!((explained.alerts.len(), explained.summary.read), (0, 0), "{line}\n{explained:?}");
    }
    // What a client is told is no line of a request.
    assert_eq!(read(br#"{"message": "Endpoint request timed out"}"#).summary.read, 0);
}

#[test]
fn masked_ids_of_several_requests() {
    let requests = [
        (UNREACHABLE, 500, "integration-unreachable"),
        ("Execution failed due to a timeout error", 504, "integration-timeout"),
        (
            "Execution failed due to configuration error: Invalid endpoint address",
            500,
            "endpoint-address-invalid",
        ),
    ];
    let ended = |text: &str, status| vec![text.to_owned(), format!("Method completed with status: {status}")];
    let begun = |text: &str, status| {
        let beginning = ["Starting execution for request: xxxx", "HTTP Method: GET, Resource Path: /a"];
        beginning.iter().map(|text| (*text).to_owned()).chain(ended(text, status)).collect::<Vec<_>>()
    };
    for lines in [&ended as &dyn Fn(&str, u16) -> Vec<String>, &begun] {
        let mut log = lines("Successfully completed execution", 200);
        requests.iter().for_each(|(text, status, _)| log.extend(lines(text, *status)));
        log.extend(lines("Successfully completed execution", 200));
        let log: Vec<String> = log.iter().map(|line| format!("(xxxx) {line}")).collect();
        let newest_first: Vec<String> = log.iter().rev().cloned().collect();
        for log in [log, newest_first] {
            let explained = read(each(&log, str::to_owned).as_bytes());
            let mut slugs: Vec<_> =
                explained.alerts.iter().map(|alert| alert.news.example.cause.slug).collect();
            slugs.sort_unstable();
            assert_eq!(slugs, ["endpoint-address-invalid", "integration-timeout", "integration-unreachable"]);
            assert_eq!((explained.summary.failed, explained.summary.read), (3, 5), "{log:?}");
        }
    }
    // A body may hold the lines of another request: nothing is divided, and the failure is pointed out.
    check_pointed_out(&format!(
        "(x) Method request body before transformations: {{\n(x) {UNREACHABLE}\n(x) Method completed with status: 500\n}}\n\
         (x) Successfully completed execution\n(x) Method completed with status: 200\n"
    ));
    let event =
        |at: u64, text: &str| serde_json::json!({"timestamp": at, "message": format!("({ID}) {text}")});
    let events = [
        event(1, UNREACHABLE),
        event(2, "Method completed with status: 500"),
        event(5000, "Successfully completed execution"),
        event(5001, "Method completed with status: 200"),
    ];
    check_pointed_out(&serde_json::json!({"events": events}).to_string());
}

#[test]
fn a_log_that_runs_together_and_is_cut_off_is_pointed_out() {
    let (quoting, failure) = (format!("({ID}) Method request path: {{}}"), format!("({ID}) {UNREACHABLE}"));
    for text in [
        format!("{quoting} {failure}"),
        format!("Sending request to https://a/ {UNREACHABLE} Method completed with status: 500"),
        format!("<tr><td>{quoting}</td></tr><tr><td>{failure}</td></tr>"),
        format!("<event><message>{quoting}</message></event><event><message>{failure}</message></event>"),
        serde_json::json!(format!("{quoting}\n{failure}")).to_string(),
    ] {
        check_pointed_out(&text);
    }
}

#[test]
fn sentences_that_a_page_has_broken_or_spelt_otherwise() {
    let name = "Host name 'a' does not match the certificate subject provided by the peer (CN=b, O=c)";
    let failure = format!("({ID}) Execution failed due to configuration error: {name}\n");
    for (open, close) in
        [("‘", "’"), ("“", "”"), ("&#x27;", "&#x27;"), ("&#39;", "&#39;"), ("&apos;", "&apos;")]
    {
        let text = failure.replace("'a'", &format!("{open}a{close}"));
        check_bytes(text.as_bytes(), &["certificate-name-mismatch"]);
    }
    for (text, slug) in [
        (
            format!(
                "({ID}) Received response. Status: 502, Integration\nlatency: 5 ms\n({ID}) Method completed with status:\n502\n"
            ),
            "backend-error",
        ),
        (
            format!(
                "> ({ID}) Execution failed due to a network error communicating\n> with endpoint: Connection reset by peer\n> ({ID}) Method completed with status: 504\n"
            ),
            "network-error",
        ),
        (
            format!(
                "> ({ID}) Execution failed due to\n> configuration error: There was an internal error while executing your\n> request\n> ({ID}) Method completed with status: 500\n"
            ),
            "integration-unreachable",
        ),
        (
            format!(
                "({ID}) Execution\n  failed due to configuration error: PKIX path\n  building failed: x\n({ID}) Method\n  completed with status: 500\n"
            ),
            "certificate-untrusted",
        ),
        (
            format!(
                "({ID}) Execution failed due to configuration error: There was an internal error while exec...\n"
            ),
            "integration-unreachable",
        ),
        (
            format!("({ID}) Gateway response type: INTEGRATION_TIMEOUT with status code: 504\n"),
            "integration-timeout",
        ),
    ] {
        check_bytes(text.as_bytes(), &[slug]);
    }
}

#[test]
fn what_stands_behind_each_line_is_no_part_of_it() {
    for close in [";", " \\", "\\n", "]]>", "');", ",", "\t123456789012:group\tstream"] {
        check_route(&each(&logged(), |line| format!("{line}{close}")));
    }
    check_route(&each(&logged(), |line| format!("| {line} | 09:14 | x |")));
}

#[test]
fn csv_of_every_program() {
    let quoted = |line: &str| if line.contains(',') { format!("\"{line}\"") } else { line.to_owned() };
    for name in ["Message", "_raw", "MESSAGE", "@message"] {
        let rows = each(&logged(), |line| format!("2026-11-24T16:57:08.123Z,h,apigateway,{}", quoted(line)));
        check_route(&format!("Date,Host,Service,{name}\n{rows}"));
        let rows = each(&logged(), |line| format!("2026-11-24T16:57:08.123Z,{line}"));
        check_route(&format!("Date,{name}\n{rows}"));
    }
}

#[test]
fn lines_in_the_json_of_collectors() {
    let wraps: [fn(&str) -> serde_json::Value; 7] = [
        |line| serde_json::json!({"event": line, "sourcetype": "x", "host": "h", "source": "s", "time": 1}),
        |line| serde_json::json!({"result": {"_raw": line}}),
        |line| serde_json::json!({"@timestamp": "2026-11-24T16:57:08.123Z", "@version": "1", "host": "h", "type": "cw", "message": line}),
        |line| serde_json::json!({"_index": "i", "_source": {"message": line, "a": 1}}),
        |line| serde_json::json!({"id": "x", "attributes": {"host": "h", "message": line}}),
        |line| serde_json::json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": line}}]}]}]}),
        |line| serde_json::json!({"Message": line, "a": 1, "b": 2, "c": 3, "d": 4}),
    ];
    for wrap in wraps {
        check_route(&each(&logged(), |line| wrap(line).to_string()));
        let all: Vec<_> = logged().iter().map(|line| wrap(line)).collect();
        check_route(&serde_json::json!(all).to_string());
    }
    // A client's words in such an object are none of them.
    let agent = serde_json::json!({"id": "x", "verb": "GET", "code": 200, "agent": format!("({ID}) {UNREACHABLE}"), "y": 1});
    check_pointed_out(&agent.to_string());
}

#[test]
fn messages_of_the_failure_queue_and_bare_data() {
    use base64::Engine as _;
    let document = serde_json::json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "API-Gateway-Execution-Logs_a1b2c3d4e5/prod",
        "logStream": "s", "subscriptionFilters": ["f"],
        "logEvents": [{"id": "1", "timestamp": 1_795_539_428_000_i64, "message": format!("({ID}) {UNREACHABLE}")}],
    });
    let data = base64::engine::general_purpose::STANDARD.encode(gzipped(document.to_string().as_bytes()));
    check(&data);
    check(&format!("\"{data}\"\n"));
    let body = serde_json::json!({"awslogs": {"data": data}}).to_string();
    let answer = serde_json::json!({"Messages": [{"MessageId": "x", "Body": body}]});
    check(&serde_json::to_string_pretty(&answer).unwrap());
}

#[test]
fn an_event_without_a_text_costs_no_other() {
    let failure = format!("({ID}) {UNREACHABLE}");
    check(
        &serde_json::json!({"events": [{"timestamp": 1, "message": failure}, {"message": null}, {}]})
            .to_string(),
    );
    assert_eq!(read(br#"{"events":[{"a":1}]}"#).summary.read, 0);
}

proptest::proptest! {
    #[test]
    fn no_paste_makes_it_fail(text in "[\\PC\n\r\t\u{1b}]{0,200}") {
        read(text.as_bytes());
    }

    #[test]
    fn frames_nest(frames in proptest::collection::vec(proptest::sample::select(vec!["> ", "- ", "\"", "  ", "7: "]), 0..4)) {
        let frame = frames.concat();
        let framed = logged().iter().map(|line| format!("{frame}{line}\n")).collect::<String>();
        let slugs: Vec<_> = read(framed.as_bytes()).alerts.iter().map(|alert| alert.news.example.cause.slug).collect();
        proptest::prop_assert_eq!(slugs, ["integration-unreachable"]);
    }
}
