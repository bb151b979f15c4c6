//! How causes read an execution: failure lines by their opening, reasons by theirs, and the lines that lie under them.
//!
//! Everything is anchored at the start of a failure line's text. Only there does API Gateway speak; what follows may quote
//! a backend, a function or a client.

use std::borrow::Cow;

use crate::causes::cause::Proof;
use crate::logs::Execution;
use crate::logs::line::{Kind, LogLine, strip};

const CONFIGURATION_ERROR: &str = "Execution failed due to configuration error:";

/// The first failure line that opens with one of the sentences, whatever follows.
pub(crate) fn opening(execution: &Execution<'_>, sentences: &[&str]) -> Option<Proof> {
    failure(execution, |text| sentences.iter().any(|sentence| opens(text, sentence).is_some()))
}

/// The first failure line that is one of the sentences and nothing else: a reason pasted without its opening.
pub(crate) fn alone(execution: &Execution<'_>, sentences: &[&str]) -> Option<Proof> {
    failure(execution, |text| sentences.iter().any(|sentence| opens(text, sentence).is_some_and(is_blank)))
}

/// The first configuration error whose reason opens with one of the sentences, Java's class names aside.
pub(crate) fn reason(execution: &Execution<'_>, sentences: &[&str]) -> Option<Proof> {
    configuration_error(execution, |reason| {
        let message = bare_message(reason);
        sentences.iter().any(|sentence| opens(message, sentence).is_some())
    })
}

/// The first configuration error whose reason the predicate accepts. A reason pasted alone counts as one.
pub(crate) fn configuration_error(
    execution: &Execution<'_>,
    accepts: impl Fn(&str) -> bool,
) -> Option<Proof> {
    failure(execution, |text| match strip(text, CONFIGURATION_ERROR) {
        Some(reason) => accepts(reason.trim()),
        None => strip(text, "Execution failed").is_none() && accepts(text.trim()),
    })
}

/// The first configuration error whose reason the predicate accepts, its opening in place: for reasons recognised by
/// words that any sentence may hold.
pub(crate) fn logged_reason(execution: &Execution<'_>, accepts: impl Fn(&str) -> bool) -> Option<Proof> {
    failure(execution, |text| strip(text, CONFIGURATION_ERROR).is_some_and(&accepts))
}

/// The first failure line whose text, wrapped lines joined, the predicate accepts.
pub(crate) fn failure(execution: &Execution<'_>, accepts: impl Fn(&str) -> bool) -> Option<Proof> {
    first(execution, |line| matches!(line.kind, Kind::Failure) && accepts(&joined(line))).map(Proof::at)
}

/// The place of the first line that the predicate accepts.
pub(crate) fn first(execution: &Execution<'_>, wanted: impl Fn(&LogLine<'_>) -> bool) -> Option<usize> {
    execution.entries.iter().position(|entry| wanted(&entry.line))
}

/// The place of the last line that the predicate accepts.
pub(crate) fn last(execution: &Execution<'_>, wanted: impl Fn(&LogLine<'_>) -> bool) -> Option<usize> {
    execution.entries.iter().rposition(|entry| wanted(&entry.line))
}

/// The proof with the line that tells what the backend answered, if there is one.
pub(crate) fn with_answer(execution: &Execution<'_>, mut proof: Proof) -> Proof {
    proof.also.extend(last(execution, |line| matches!(line.kind, Kind::Received { .. })));
    proof
}

/// What follows `sentence` at the start of the text, where the sentence ends with a whole word.
pub(crate) fn opens<'a>(text: &'a str, sentence: &str) -> Option<&'a str> {
    let rest = strip(text, sentence)?;
    let whole = !sentence.ends_with(char::is_alphanumeric) || !rest.starts_with(char::is_alphanumeric);
    whole.then_some(rest)
}

/// Whether nothing is said: blanks, a full stop, the mark of a cut.
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim().trim_start_matches('.').trim_end_matches("[TRUNCATED]").trim().is_empty()
}

/// What a Lambda function said when it failed, where the text opens as such a line does.
pub(crate) fn customer_function_error(text: &str) -> Option<&str> {
    // Access logs word it otherwise: of a REST API in the first way, of an HTTP API in the second.
    let others = ["Lambda Customer Function Error:", "The Lambda function returned the following error:"];
    if let Some(said) = others.iter().find_map(|opening| strip(text, opening)) {
        return Some(said.trim_start());
    }
    let rest = strip(text, "Lambda execution failed with status ")?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let said = opens(rest, " due to customer function error")?;
    Some(said.trim_start_matches(':').trim_start())
}

/// The value of a header in a logged `{name=value, …}`; its name in any letter case.
pub(crate) fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    let inner = headers.trim().trim_start_matches('{').trim_end_matches('}');
    let mut pairs = inner.split(", ").filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The message of a Java exception without what some versions put before it: class names, and since JDK 25 the alert of TLS
/// in brackets.
pub(crate) fn bare_message(reason: &str) -> &str {
    let mut rest = reason;
    loop {
        let class = rest.bytes().position(|byte| byte == b' ').filter(|end| is_class(&rest[..*end]));
        rest = match class.map(|end| rest[end..].trim_start()).or_else(|| behind_alert(rest)) {
            Some(message) => message,
            None => return rest,
        };
    }
}

/// What stands behind `(handshake_failure) `.
fn behind_alert(text: &str) -> Option<&str> {
    let (name, message) = text.strip_prefix('(')?.split_once(") ")?;
    is_alert(name).then_some(message)
}

/// Whether a word can be the name of a TLS alert; in capitals, too, as people paste it.
pub(crate) fn is_alert(name: &str) -> bool {
    const LONGEST: usize = 40;
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// Whether a word is a class's name and the colon behind it.
fn is_class(word: &str) -> bool {
    let Some(head) = word.strip_suffix(':') else { return false };
    let qualified = head.contains('.') && !head.contains(char::is_whitespace);
    let name = head.to_ascii_lowercase();
    qualified && (name.ends_with("exception") || name.ends_with("error"))
}

pub(crate) fn joined<'a>(line: &LogLine<'a>) -> Cow<'a, str> {
    if line.rest.is_empty() { Cow::Borrowed(line.text.trim_end()) } else { Cow::Owned(line.unwrapped()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_message(reason: &str, expected: &str) {
        assert_eq!(bare_message(reason), expected);
    }

    #[test]
    fn javas_class_names_are_no_part_of_the_message() {
        check_message(
            "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException: PKIX path building failed: x.Y: z",
            "PKIX path building failed: x.Y: z",
        );
        check_message("(handshake_failure) Received fatal alert: x", "Received fatal alert: x");
        check_message("(Two Words) stay", "(Two Words) stay");
        check_message(
            "Not a valid protocol version: a.bException: c",
            "Not a valid protocol version: a.bException: c",
        );
    }

    #[test]
    fn a_sentence_ends_with_a_whole_word() {
        assert_eq!(opens("RATE EXCEEDED.", "Rate Exceeded"), Some("."));
        assert_eq!(opens("Rate Exceededness", "Rate Exceeded"), None);
    }

    #[test]
    fn a_header_is_found_by_its_name_only() {
        let headers =
            "{Date=Fri, 18 Feb 2022 09:07:20 GMT, X-Amzn-ErrorType=TooManyRequestsException:http://x}";
        assert_eq!(header(headers, "x-amzn-errortype"), Some("TooManyRequestsException:http://x"));
        assert_eq!(header("{a=x-amzn-errortype=b}", "x-amzn-errortype"), None);
    }

    #[test]
    fn a_functions_words_follow_the_opening() {
        let opening = "Lambda execution failed with status 200 due to customer function error";
        assert_eq!(customer_function_error(&format!("{opening}: boom")), Some("boom"));
        assert_eq!(customer_function_error(opening), Some(""));
        assert_eq!(customer_function_error("Lambda execution failed with status 200"), None);
    }
}
