//! Any text, redacted: it never fails, what is redacted stays as it is, a quote keeps its bound, and a marked key never stays.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclink_responder::causes::redact;
use vpclink_responder::logs::line::LogLine;
use vpclink_responder::text::is_invisible;

const LONGEST: usize = 1024;
const KEY: &str = "AKIAQX4BIPW3AHOV29GN";

fuzz_target!(|text: &str| {
    for redacted in [redact::text, redact::uri] {
        let once = redacted(text);
        assert_eq!(redacted(&once), once);
        assert!(!redacted(&format!("{text} {KEY} {text}")).contains(KEY));
    }
    let quote = redact::line(&LogLine::parse(text), LONGEST);
    assert!(quote.chars().count() <= LONGEST);
    assert!(!redact::uri(text).contains(|c| c != '\n' && is_invisible(c)));
});
