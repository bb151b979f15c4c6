//! Any format over any line: nothing fails, only a 5xx is a failure, and each failure has a diagnosis.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclink_responder::causes;
use vpclink_responder::logs::{
    AccessFormat, AccessLog, Batch, LogEvent, RECOMMENDED_FORMAT, Source, divide,
};

fuzz_target!(|input: (&str, &str)| {
    let (template, line) = input;
    for template in [template, RECOMMENDED_FORMAT] {
        let formats = [AccessFormat::compile(template)];
        let events = vec![LogEvent { number: 1, id: None, at: None, message: line.into() }];
        let (_, access) = divide(Batch { source: Source::default(), events, passed: 0 }, &formats);
        let log = AccessLog::read(&access, &formats);
        assert_eq!(log.requests + log.unread.len(), access.events.len(), "every line is counted");
        for execution in log.executions(1) {
            let found = causes::classify(&execution).expect("every failure has a diagnosis");
            assert!(found.status.is_some_and(|status| status >= 500), "only a 5xx is a failure");
        }
    }
});
