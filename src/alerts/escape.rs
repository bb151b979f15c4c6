//! Outside text → inside text, one function a target. Log lines, paths and names of resources are other people's words:
//! they may hold control characters, markup, links and mentions.

use crate::causes::redact::is_invisible;

/// For plain text and for values in JSON: one line, without control characters and without marks that turn or hide text.
pub fn plain(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if is_treacherous(c) => None,
            c => Some(c),
        })
        .collect()
}

/// For a terminal: what would steer it or hide something is shown as its code.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_treacherous(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// For Slack's markup: no mention, no link, no format.
///
/// Source: <https://docs.slack.dev/messaging/formatting-message-text>
pub fn chat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = plain(text);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let boundary = !before.is_alphanumeric() || rest.peek().is_none_or(|next| !next.is_alphanumeric());
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '`' => out.push('\''),
            '*' => out.push('∗'),
            '~' => out.push('∼'),
            // Inside a word an underscore formats nothing, and names need it.
            '_' if boundary => out.push('ˍ'),
            // A word joiner, so that Slack makes no link of an address in somebody's text.
            '/' if before == ':' => out.push_str("\u{2060}/"),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// For a code span in Slack's markup, where nothing formats or links.
pub fn chat_code(text: &str) -> String {
    let text = plain(text).replace('`', "'").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("`{text}`")
}

/// For the subject of an e-mail: SNS takes fewer than 100 characters, no line breaks, no control characters.
pub fn subject(text: &str) -> String {
    cut(plain(text).trim(), 99)
}

/// For a text message: 140 ASCII characters, so that it stays one message in every alphabet.
pub fn sms(text: &str) -> String {
    let text = plain(text).replace('…', "...");
    let ascii: String = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    let text = ascii.trim();
    if text.len() <= 140 { text.to_owned() } else { format!("{}...", &text[..137]) }
}

/// For the value of a message attribute: never empty, which SNS refuses.
pub fn attribute(text: &str) -> String {
    let text = cut(plain(text).trim(), 256);
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// At most `longest` characters; where it was cut, after a sentence or at a blank if one is near, the mark says so.
pub fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest.saturating_sub(1)).collect();
    let near = |most: usize| head.char_indices().rev().take(most);
    // A sentence counts for more than a few words.
    let sentence = near(longest / 4).find(|(at, c)| *c == ' ' && head[..*at].ends_with(['.', ';', '!', '?']));
    let blank = sentence.or_else(|| near(24).find(|(_, c)| *c == ' ')).map(|(at, _)| at);
    format!("{}…", head[..blank.unwrap_or(head.len())].trim_end())
}

/// For HTML, in text as in a quoted attribute.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Control characters, and those that turn the direction of text, take no space or mean nothing.
fn is_treacherous(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        assert_eq!(terminal("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
        assert_eq!(terminal("\u{1b}]8;;https://evil\u{7}click"), "\\u{1b}]8;;https://evil\\u{7}click");
        assert_eq!(terminal("a\rb"), "a\\u{d}b");
    }

    #[test]
    fn bidi_overrides_and_zero_width_marks_do_not_hide_text() {
        assert_eq!(terminal("abc\u{202e}txt.exe"), "abc\\u{202e}txt.exe");
        assert_eq!(plain("a\u{200b}b\u{feff}c"), "abc");
        assert_eq!(subject("a\u{fffe}\u{ffff}\u{206a}\u{3164}\u{115f}\u{34f}b"), "ab");
    }

    #[test]
    fn slack_is_not_mentioned_linked_or_formatted() {
        assert_eq!(chat("<!channel> *now* `x` _y_ my_name"), "&lt;!channel&gt; ∗now∗ 'x' ˍyˍ my_name");
        assert_eq!(chat("https://evil"), "https:\u{2060}//evil");
        assert_eq!(chat_code("a`<@U1>`b"), "`a'&lt;@U1&gt;'b`");
    }

    #[test]
    fn a_subject_has_one_line_of_at_most_99_characters() {
        let subject = subject(&format!("a\r\nBcc: x {}", "ä".repeat(200)));
        assert_eq!(subject.chars().count(), 99);
        assert!(subject.starts_with("a  Bcc: x ä") && subject.ends_with('…'));
    }

    #[test]
    fn a_text_message_is_short_and_ascii() {
        let text = sms(&"ä long one ".repeat(40));
        assert!(text.is_ascii() && text.len() == 140 && text.ends_with("..."));
    }

    #[test]
    fn text_is_cut_at_a_blank_where_one_is_near() {
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(cut("short", 9), "short");
    }

    #[test]
    fn a_sentence_that_ends_near_is_kept_whole() {
        assert_eq!(cut("It is all there now. And it", 24), "It is all there now.…");
        assert_eq!(cut("No. It is all there and it", 24), "No. It is all there…");
    }

    #[test]
    fn html_opens_no_tag_and_leaves_no_attribute() {
        let hostile = "\"><script>alert('&')</script>\u{202e}";
        assert_eq!(html(hostile), "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;");
    }
}
