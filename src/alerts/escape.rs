//! Outside text → inside text, one function a target. Log lines, paths and names of resources are other people's words:
//! they may hold control characters, markup, links and mentions.

use crate::causes::redact;
use crate::text::{ShellWord, is_id, is_invisible, shell_words, visible};

/// For values in JSON, and for commands and addresses of ours: one line, without marks that turn or hide text.
pub fn plain(text: &str) -> String {
    text.chars().filter_map(visible).collect()
}

/// For a request's id, which a client can choose: held to the characters of AWS's own, and without what is private.
pub fn request_id(text: &str) -> String {
    if is_id(text) {
        redact::text(text)
    } else {
        redact::text(&text.replace(|c: char| !is_id(c.encode_utf8(&mut [0; 4])), "?"))
    }
}

/// What commands of ours run, at their start and behind `|` and `&&`.
const PROGRAMS: [&str; 8] = ["aws", "curl", "dig", "grep", "openssl", "sam", "sha256sum", "vpclink"];

/// Options that send a request, or the reader's credentials, somewhere else.
const DIVERTING: [&str; 6] =
    ["--endpoint-url", "--no-verify-ssl", "--profile", "--ca-bundle", "--cli-input", "--debug"];

/// A command that an engineer copies: programs of ours with words and single-quoted words. `None` for a command in which a
/// name from outside would do more: half a command is worse than none.
pub fn command(text: &str) -> Option<String> {
    let text = plain(text);
    let words = shell_words(&text)?;
    let (mut opens, mut program) = (true, "");
    for word in &words {
        let is_joint = matches!(word.written, "|" | "&&");
        if opens {
            program = word.written;
        }
        let is_read = program == "aws" && is_read_by_aws(&word.text);
        let fits = if opens { PROGRAMS.contains(&program) } else { is_joint || (is_word(word) && !is_read) };
        if !fits {
            return None;
        }
        opens = is_joint;
    }
    (!opens).then_some(text)
}

/// Whether a shell hands a word on as it stands, and its program takes it for nothing that leads elsewhere.
fn is_word(word: &ShellWord<'_>) -> bool {
    const ACT: [char; 18] =
        ['$', '`', ';', '&', '|', '<', '>', '(', ')', '#', '*', '?', '[', ']', '~', '!', '\\', '"'];
    let mut lists = word.bare.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let expands = lists.any(|list| list.contains([',', '.']));
    // AWS's command line takes the start of an option for the option.
    let option = word.text.split('=').next().unwrap_or("");
    let is_short = option.len() > 2 && option.starts_with("--");
    let diverts =
        DIVERTING.iter().any(|full| option.starts_with(full) || (is_short && full.starts_with(option)));
    word.written == "</dev/null" || !(word.bare.contains(ACT) || expands || diverts)
}

/// Whether AWS's command line would read a file or an address in the place of a word, or of a value in it.
///
/// Source: <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html>
fn is_read_by_aws(word: &str) -> bool {
    const READ: [&str; 4] = ["file://", "fileb://", "http://", "https://"];
    // The reader's own file, which the step asks for.
    if word == "file://trust.json" {
        return false;
    }
    let opens = |value: &str| {
        READ.iter().any(|mark| value.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
    };
    word.split(['=', ',']).any(|value| opens(value.trim_start_matches(|c: char| !c.is_alphanumeric())))
}

/// For an e-mail, whose readers' programs make a link of every address that they see.
pub fn email(text: &str) -> String {
    defanged(&plain(text))
}

/// For a terminal: what would steer it or hide something is shown as its code.
pub fn terminal(text: &str) -> String {
    defanged(&terminal_command(text))
}

/// For a command on a terminal, which is copied as it stands.
pub fn terminal_command(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// For Slack's markup: no mention, no link, no format.
///
/// Source: <https://docs.slack.dev/messaging/formatting-message-text>
pub fn chat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = defanged(&plain(text));
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
            // `@here` calls people where a channel reads names.
            '@' if !before.is_alphanumeric() => out.push('＠'),
            // Inside a word an underscore formats nothing, and names need it.
            '_' if boundary => out.push('ˍ'),
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

/// For a log line in such a span: people copy it to where its addresses would be links.
pub fn chat_quote(text: &str) -> String {
    chat_code(&defanged(text))
}

/// For the subject of an e-mail: SNS takes fewer than 100 characters, no line breaks, no control characters.
pub fn subject(text: &str) -> String {
    cut(defanged(&plain(text)).trim(), 99)
}

/// For a text message: 140 ASCII characters, so that it stays one message in every alphabet.
pub fn sms(text: &str) -> String {
    let text = defanged(&plain(text)).replace('…', "...");
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
    html_verbatim(&defanged(&plain(text)))
}

/// For a command or an address of ours in HTML, which is copied or followed as it stands.
pub fn html_verbatim(text: &str) -> String {
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

/// Addresses that no program takes for a link, and people still can read: `hxxps[:]//evil.example`, `www[.]evil.example`.
fn defanged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, found)) = next_address(rest) {
        let before = &rest[..at];
        match found {
            Address::Scheme => {
                let start = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |i| i + 1);
                // The mark can follow a character of several bytes.
                let start = (start..=before.len()).find(|i| before.is_char_boundary(*i)).unwrap_or(at);
                out.push_str(&before[..start]);
                out.push_str(&match &before[start..] {
                    scheme if scheme.eq_ignore_ascii_case("http") => "hxxp".to_owned(),
                    scheme if scheme.eq_ignore_ascii_case("https") => "hxxps".to_owned(),
                    scheme => scheme.to_owned(),
                });
                out.push_str("[:]//");
                rest = &rest[at + 3..];
            }
            Address::Www => {
                out.push_str(before);
                out.push_str(&rest[at..at + 3]);
                out.push_str("[.]");
                rest = &rest[at + 4..];
            }
        }
    }
    out.push_str(rest);
    // A path has no host before it; a called address has, and keeps it.
    let path = |word: &str| {
        let first = word.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
        let opens = word[..first].ends_with('/') && !word[..first].contains(':');
        // `[x](//evil.example)`
        let inner =
            || word.match_indices("//").find(|(at, _)| word[..*at].ends_with(['(', '=', '"', '\'', ',']));
        let from = if opens { Some(0) } else { inner().map(|(at, _)| at) };
        from.map_or(word.to_owned(), |from| format!("{}{}", &word[..from], dotless(&word[from..])))
    };
    out.split(' ').map(path).collect::<Vec<_>>().join(" ")
}

enum Address {
    Scheme,
    Www,
}

fn next_address(text: &str) -> Option<(usize, Address)> {
    let scheme = text.find("://").map(|at| (at, Address::Scheme));
    let is_www =
        |at: &usize| text.as_bytes()[*at..].get(..4).is_some_and(|w| w.eq_ignore_ascii_case(b"www."));
    let www = (0..text.len()).find(is_www).map(|at| (at, Address::Www));
    match (scheme, www) {
        (Some(scheme), Some(www)) => Some(if scheme.0 < www.0 { scheme } else { www }),
        (scheme, www) => scheme.or(www),
    }
}

/// A path or id that a client chose: whatever in it has the form of a host name (`/evil.example/login`, `/a=evil.example`) is
/// no link.
pub fn dotless(text: &str) -> String {
    const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let is_inner = |c: char| c.is_alphanumeric() || c == '-' || DOTS.contains(&c);
    let is_name = |label: &str| {
        (label.chars().count() > 1 && label.chars().all(char::is_alphabetic)) || label.starts_with("xn--")
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_inner(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let labels = run.trim_matches(DOTS).rsplit_once(DOTS);
        if labels.is_some_and(|(_, last)| is_name(last.trim_start_matches('-'))) {
            run.chars().for_each(|c| if DOTS.contains(&c) { out.push_str("[.]") } else { out.push(c) });
        } else {
            out.push_str(run);
        }
        let next = tail.chars().next().map_or(0, char::len_utf8);
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        assert_eq!(terminal("\u{1b}[2Jgone"), "\\u{1b}[2Jgone");
        assert_eq!(terminal("\u{1b}]8;;https://evil\u{7}click"), "\\u{1b}]8;;hxxps[:]//evil\\u{7}click");
        assert_eq!(terminal("a\rb"), "a\\u{d}b");
    }

    #[test]
    fn bidi_overrides_and_zero_width_marks_do_not_hide_text() {
        assert_eq!(terminal("abc\u{202e}txt.exe"), "abc\\u{202e}txt.exe");
        assert_eq!(plain("a\u{200b}b\u{feff}c"), "abc");
    }

    #[test]
    fn slack_is_not_mentioned_linked_or_formatted() {
        assert_eq!(chat("<!channel> *now* `x` _y_ my_name"), "&lt;!channel&gt; ∗now∗ 'x' ˍyˍ my_name");
        assert_eq!(chat("<https://evil|x>"), "&lt;hxxps[:]//evil|x&gt;");
        assert_eq!(chat_code("a`<@U1>`b"), "`a'&lt;@U1&gt;'b`");
        assert_eq!(chat("@here a@b"), "＠here a@b");
    }

    #[test]
    fn an_address_of_a_client_is_no_link() {
        for (text, expected) in [
            ("GET /https://evil.example/aws/login", "GET /hxxps[:]//evil[.]example/aws/login"),
            ("HTTP://a http://b", "hxxp[:]//a hxxp[:]//b"),
            ("ftp://x ://y é://z", "ftp[:]//x [:]//y é[:]//z"),
            ("/www.evil.example/ WWW.a", "/www[.]evil[.]example/ WWW[.]a"),
            ("awww.https", "awww[.]https"),
            ("arn:aws:x no address", "arn:aws:x no address"),
        ] {
            assert_eq!(email(text), expected);
            assert_eq!(terminal(text), expected);
            assert_eq!(email(expected), expected, "made harmless once");
        }
        assert_eq!(plain("curl https://orders"), "curl https://orders", "a command stays");
    }

    #[test]
    fn no_part_of_a_path_passes_for_a_host() {
        assert_eq!(dotless("/evil.example/login"), "/evil[.]example/login");
        assert_eq!(dotless("//a.b.example:8443/x"), "//a[.]b[.]example:8443/x");
        for (path, expected) in [
            ("/a=evil.example/b", "/a=evil[.]example/b"),
            ("/a(evil.example)", "/a(evil[.]example)"),
            ("/[evil.example](x)", "/[evil[.]example](x)"),
            ("/\"evil.example\"", "/\"evil[.]example\""),
            ("/evil.example…/x", "/evil[.]example…/x"),
            ("/evil。example", "/evil[.]example"),
            ("/a.xn--evil-9za", "/a[.]xn--evil-9za"),
        ] {
            assert_eq!(dotless(path), expected);
            assert_eq!(dotless(expected), expected, "made harmless once");
        }
        assert_eq!(email("GET /x (//evil.example/y)"), "GET /x (//evil[.]example/y)");
        assert_eq!(
            email("calls orders.internal:8443/x"),
            "calls orders.internal:8443/x",
            "engineers need hosts"
        );
        for path in ["/orders/{id}", "/v1.2/orders", "/", "", "/.../", "/a.1"] {
            assert_eq!(dotless(path), path);
        }
    }

    #[test]
    fn invisible_and_refused_characters_are_gone() {
        let hidden = "\u{fffe}\u{ffff}\u{206a}\u{206f}\u{3164}\u{115f}\u{34f}\u{202e}\u{2066}\u{fe0f}\u{e0001}\u{1fffe}\u{e000}";
        assert_eq!(plain(&format!("a{hidden}b")), "ab");
        assert_eq!(plain("a\u{a0}b\u{2003}c\u{2800}d"), "a b c d");
        assert!(!terminal(hidden).chars().any(is_invisible));
    }

    #[test]
    fn a_command_that_would_do_more_is_left_out() {
        for harmless in [
            "aws elbv2 describe-listeners --query 'Listeners[].[Protocol,Port]' --region eu-west-1",
            "openssl s_client -connect h:443 -servername h -showcerts </dev/null",
            "aws apigateway update-stage --patch-operations 'op=replace,path=/variables/link;curl x|sh #,value=VALUE'",
            "aws x --name 'it'\\''s'",
            "aws x --id a && aws y --id b",
            "aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json",
            "curl http://h/x && openssl x",
        ] {
            assert_eq!(command(harmless).as_deref(), Some(harmless));
        }
        for name in [
            "link;curl h|sh #",
            "$(id)",
            "`id`",
            "a>b",
            "'",
            "{a,b}",
            "{1..9}",
            "a --endpoint-url h",
            "a && sh",
            "a | sh",
            "a &&",
            "a '--profile=b'",
            "a --endpoint=b",
            "a --prof b",
            "a file:///etc/passwd",
            "a --x=fileb://b",
            "a,b=HTTP://c",
        ] {
            assert_eq!(
                command(&format!("aws x --patch-operations path=/variables/{name},value=V")),
                None,
                "{name}"
            );
        }
    }

    #[test]
    fn a_requests_id_is_held_to_its_characters() {
        for (id, shown) in [
            ("11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"),
            ("JKJaXmPLvHcESHA=", "JKJaXmPLvHcESHA="),
            ("<!channel> $(id)", "??channel????id?"),
            ("password=hunter2", "password=[redacted]"),
        ] {
            assert_eq!(request_id(id), shown);
        }
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
