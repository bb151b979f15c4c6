//! The part of step 5 that reads sentences: values before a name, values behind what is said of it, input that a framework
//! rejected, and the passwords of commands.

use super::joints::is_reader;
use super::names::{bare_end, bracket_end, header_end, quote_end, word};
use super::shapes;
use super::words::{self, Name};

/// No value in a sentence is longer; reading far beyond it would only serve a hostile line.
const WINDOW: usize = 192;

/// Words behind which a value stands: `expected X`, `must not be X`.
#[rustfmt::skip]
const TIES: [&str; 11] = [
    "actual", "be", "calculated", "computed", "equal", "expected", "given", "got", "is", "provided", "received",
];

/// Words that have a value of their own behind them.
#[rustfmt::skip]
const OTHERS: [&str; 24] = [
    "account", "algorithm", "audience", "client", "code", "column", "error", "function", "host", "id", "issuer", "kid",
    "kind", "name", "port", "region", "request", "role", "scope", "stage", "status", "table", "type", "version",
];

/// Words in which a framework repeats what it was given, and how it writes that.
#[rustfmt::skip]
const REJECTED: [(&str, &str, Form); 18] = [
    ("rejected", "value", Form::Any),
    ("", "inputvalue", Form::Any),
    ("", "invalidvalue", Form::Any),
    ("duplicate", "entry", Form::Quoted),
    ("row", "contains", Form::Row),
    ("", "parameters", Form::Row),
    ("", "values", Form::Row),
    ("", "by", Form::Quoted),
    ("", "convertto-securestring", Form::Quoted),
    ("", "bcrypt.compare", Form::Row),
    ("", "bcrypt.comparesync", Form::Row),
    ("", "bcrypt.hash", Form::Row),
    ("", "checkpw", Form::Row),
    ("", "crypt", Form::Row),
    ("", "drivermanager.getconnection", Form::Row),
    ("", "hashpw", Form::Row),
    ("", "networkcredential", Form::Row),
    ("", "passwordverify", Form::Row),
];

/// Options of programs that take a password; the third is whether it follows at once.
#[rustfmt::skip]
const OPTIONS: [(&str, char, bool); 14] = [
    ("7z", 'p', true), ("bcp", 'P', false), ("sqlcmd", 'P', false), ("zip", 'P', false),
    ("ldapsearch", 'w', false), ("mariadb", 'p', true), ("mongo", 'p', false), ("mongodump", 'p', false),
    ("mongosh", 'p', false), ("mysql", 'p', true), ("mysqladmin", 'p', true), ("mysqldump", 'p', true),
    ("redis-cli", 'a', false), ("sshpass", 'p', false),
];

/// How rejected input is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// In brackets, quoted or bare.
    Any,
    Quoted,
    /// In brackets, with values of several columns.
    Row,
}

/// The value that stands before its name: `X as the password`, `'X' is too weak a password`, `{"value":"X","name":"password"}`.
pub(super) fn before(text: &str, start: usize, name: Name) -> Option<(usize, usize)> {
    const FORMS: [&str; 8] = [
        "as the ",
        "as its ",
        "as a ",
        "as ",
        "is not a valid ",
        "is no valid ",
        "is an invalid ",
        "is a wrong ",
    ];
    if name != Name::Header
        && let Some(code) = told_before(text, start)
    {
        return Some(code);
    }
    if name != Name::Secret {
        return paired_before(text, start).filter(|_| name != Name::Code);
    }
    let head = &text[..start];
    if let Some(value) = FORMS.iter().find_map(|tie| head.strip_suffix(tie)?.strip_suffix(' ')) {
        let from = value.rfind(|c: char| c.is_whitespace()).map_or(0, |blank| blank + 1);
        let is_value = value.len() - from >= 4 && value.as_bytes()[from..].iter().any(u8::is_ascii_digit);
        if is_value && !value.ends_with(['\'', '"', '`']) {
            return Some((from, value.len()));
        }
    }
    paired_before(text, start).or_else(|| quoted_before(text, start))
}

/// `123456 is your verification code`
fn told_before(text: &str, start: usize) -> Option<(usize, usize)> {
    const CODES: [&str; 5] = ["code", "otp", "passcode", "password", "pin"];
    let (name, end) = word(text.as_bytes(), start)?;
    let head = text[..start].trim_end_matches(' ');
    if !CODES.iter().any(|code| text[name..end].eq_ignore_ascii_case(code)) {
        return None;
    }
    let near = text.floor_char_boundary(head.len().saturating_sub(64));
    let tie = near + head[near..].rfind(" is your")?;
    let said = head[tie + " is your".len()..].split_whitespace().count() < 4;
    let from = head[..tie].rfind(|c: char| c.is_whitespace() || c == ':').map_or(0, |blank| blank + 1);
    let digits = head[from..tie].bytes().filter(u8::is_ascii_digit).count();
    (said && (4..=8).contains(&digits) && tie - from <= 12).then_some((from, tie))
}

/// Of a pair that names its value first.
fn paired_before(text: &str, start: usize) -> Option<(usize, usize)> {
    let marks = |text: &'_ str| text.trim_end_matches(['"', '\'', '\\', ' ', ':', '=']).len();
    let key = &text[..marks(&text[..start])];
    let key =
        ["name", "Name", "key", "Key", "field", "header"].iter().find_map(|name| key.strip_suffix(name))?;
    let end = key.trim_end_matches(['"', '\'', '\\', ' ', ',']).len();
    let quote = text.as_bytes().get(end).copied().filter(|b| b"\"'\\".contains(b))?;
    let near = text.floor_char_boundary(end.saturating_sub(WINDOW));
    let from = near + text[near..end].rfind(char::from(if quote == b'\\' { b'"' } else { quote }))? + 1;
    let opened = &text[..marks(&text[..from])];
    let is_value = ["value", "Value"].iter().any(|name| opened.ends_with(name));
    (is_value && from < end).then_some((from, end))
}

/// What stands in quotes before what is said of it: `'X' does not match the password`.
fn quoted_before(text: &str, start: usize) -> Option<(usize, usize)> {
    let mut at = start;
    for _ in 0..6 {
        let head = text[..at].strip_suffix(' ')?;
        if head.ends_with(['\'', '"', '`']) {
            let (end, quote) = (head.len() - 1, char::from(head.as_bytes()[head.len() - 1]));
            let near = head[..end].char_indices().rev().take(64).find(|(_, c)| *c == quote)?;
            let from = near.0 + 1;
            return is_opaque(&text[from..end]).then_some((from, end));
        }
        let from = head.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
        if !words::is_harmless(&head[from..]) || from == head.len() {
            return None;
        }
        at = from;
    }
    None
}

/// The value behind what is said of a name: `password too short: X`, `token mismatch: expected X got Y`.
pub(super) fn further(text: &str, (from, end): (usize, usize), name: Name) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    // AUTH user X
    let command = &text[from..end] == "AUTH";
    let (mut at, mut is_tied, mut found) = (end, command, None);
    let mut owners = if command { 2 } else { 0 };
    if name == Name::Code {
        return None;
    }
    for place in 0..10 {
        let Some((start, last)) = word(bytes, at) else { break };
        let gap = &bytes[at..start];
        if gap.len() > 5 || !gap.iter().all(|b| b" :.,;|-('\"`[=!<".contains(b)) {
            break;
        }
        let is_marked = match place {
            // setPassword(X)
            0 => {
                matches!(gap, b" - " | b" -- " | b" <" | b"<" | b"[" | b"," | b";" | b"|" | b" | ")
                    || (gap == b"(" && !is_reader(&text[from..end]))
            }
            _ => gap == b" - " || gap.iter().any(|b| b":('\"`[=<".contains(b)),
        };
        let quote = gap.last().copied().filter(|b| b"'\"`".contains(b));
        let said = &text[start..last];
        let value = (is_marked || is_tied).then(|| {
            let near = &bytes[..text.floor_char_boundary(start + WINDOW)];
            quote.map_or_else(|| bare_end(near, start), |quote| quote_end(near, start, quote, 0))
        });
        if let Some(to) = value.filter(|to| is_opaque(&text[start..*to])) {
            found = Some((found.map_or(start, |(first, _)| first), to));
            at = (to + usize::from(quote.is_some())).min(bytes.len());
            is_tied = false;
            continue;
        }
        let lower = said.to_ascii_lowercase();
        let ties = TIES.contains(&lower.as_str());
        // A sentence ends what was said, unless the next one says what was expected.
        if is_other(said) || (gap.contains(&b'.') && !ties) {
            break;
        }
        owners = if is_of(said) { 4 } else { owners };
        // A language that we do not know may say it in one word: `пароль неверный: X`.
        let label = place == 0 && name == Name::Secret && bytes.get(last) == Some(&b':');
        if !label && !words::is_harmless(said) && !words::is_abstract(said) {
            if owners < 2 {
                break;
            }
            owners -= 1;
        }
        is_tied = ties || (command && place == 0);
        at = last;
    }
    found
}

/// Whether a word opens whose a secret is.
fn is_of(word: &str) -> bool {
    const OWNERS: [&str; 18] = [
        "da", "de", "del", "dell", "des", "di", "dla", "do", "du", "for", "för", "für", "of", "para", "pour",
        "von", "voor", "для",
    ];
    OWNERS.iter().any(|owner| owner.eq_ignore_ascii_case(word))
}

/// Whether a word has a value of its own behind it.
pub(super) fn is_other(word: &str) -> bool {
    OTHERS.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// Whether a count or a secret follows a label's sign.
pub(super) fn opens_value(rest: &str) -> bool {
    let rest = rest.trim_start_matches(' ');
    let end = bare_end(&rest.as_bytes()[..rest.floor_char_boundary(WINDOW)], 0);
    rest.starts_with(|c: char| c.is_ascii_digit()) || is_opaque(&rest[..end])
}

/// Whether a word in a sentence can be a secret: letters and digits mixed, and no address, time, region or name.
fn is_opaque(word: &str) -> bool {
    let has = |what: fn(&u8) -> bool| word.as_bytes().iter().any(what);
    let mixed = (6..=128).contains(&word.len()) && has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase);
    if !mixed {
        return false;
    }
    let plain = |part: &str| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let end = part.bytes().rev().take_while(u8::is_ascii_digit).count();
        digits == part.len() || (digits == end && end < 4)
    };
    const MARKS: [char; 5] = ['-', '_', '.', ':', '$'];
    let named = word.contains(MARKS) && word.split(MARKS).all(plain);
    let known = [
        "aes", "argon", "base64", "es256", "hs256", "http", "ipv", "md5", "oauth", "pbkdf", "rs256", "sha",
        "tls", "utf",
    ];
    let known = known
        .iter()
        .any(|known| word.get(..known.len()).is_some_and(|open| open.eq_ignore_ascii_case(known)));
    let time = word.bytes().all(|b| b.is_ascii_digit() || b"-:.+TZms".contains(&b));
    !named
        && !time
        && !word.contains(['/', ' ', '(', '<', '[', '{', '\\', '='])
        && !word.starts_with('$')
        && !word.starts_with("0x")
        && !shapes::is_host(word)
        && !shapes::is_aws_id(word)
        && !(known && word.len() < 16)
}

/// Input that a framework or a database repeats in its error.
pub(super) fn rejected(text: &str, (start, end): (usize, usize), before: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let found: String =
        text[start..end].chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    let (.., form) = REJECTED.iter().find(|(first, last, _)| {
        *last == found && (first.is_empty() || first.eq_ignore_ascii_case(before))
    })?;
    let head = &text[..start];
    let is_said = match found.as_str() {
        "parameters" => head.ends_with('['),
        "values" => &text[start..end] == "VALUES" || head.trim_end().ends_with(')'),
        "by" => head
            .char_indices()
            .rev()
            .nth(47)
            .map_or(head, |(at, _)| &head[at..])
            .to_ascii_uppercase()
            .contains("IDENTIFIED"),
        _ => true,
    };
    let mut at = end + bytes[end..].iter().take(4).take_while(|b| b" :=".contains(b)).count();
    let mark = *bytes.get(at).filter(|_| is_said)?;
    let mut is_whole = true;
    let (from, to) = match (mark, form) {
        (b'\'' | b'"' | b'`', Form::Any | Form::Quoted) => (at + 1, quote_end(bytes, at + 1, mark, 0)),
        (b'[' | b'{' | b'(', Form::Any | Form::Row) => {
            let mut to = bracket_end(bytes, at);
            // Rows follow one another.
            while *form == Form::Row && bytes[to..].starts_with(b", (") {
                to = bracket_end(bytes, to + 2);
            }
            at += 1;
            // Text that was cut closes nothing.
            is_whole = to > at && b")]}".contains(&bytes[to - 1]);
            (at, to - usize::from(is_whole))
        }
        (_, Form::Any) if at > end => (at, bare_end(bytes, at)),
        _ => return None,
    };
    let value = &text[from..to];
    let short = value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit() || b"-.".contains(&b));
    // Of a row only what is quoted, or what the database itself prints, is data: `VALUES (?, ?)` holds places.
    let held = *form != Form::Row || !is_whole || found == "contains" || value.contains(['\'', '"']);
    (held && !short && !words::is_harmless(value)).then_some((from, to))
}

/// `Bearer X` and `-u user:X`, which no name announces.
pub(super) fn credential(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let found = &text[start..end];
    // `login user:X`, and Oracle's `sqlplus user/X@name`.
    let is_option = bytes[..start].ends_with(b"-");
    let mark = match found {
        _ if is_option => None,
        "login" | "Login" | "logon" | "Logon" | "user" | "User" => Some(':'),
        "sqlplus" | "sqlldr" | "expdp" | "impdp" | "rman" => Some('/'),
        _ => None,
    };
    let near = || &bytes[..text.floor_char_boundary(end + 1 + WINDOW)];
    if let Some(mark) = mark.filter(|_| bytes.get(end) == Some(&b' ')) {
        let to = bare_end(near(), end + 1);
        let (user, rest) = text[end + 1..to].split_once(mark)?;
        let password = if mark == '/' { rest.split('@').next().unwrap_or(rest) } else { rest };
        let from = end + 1 + user.len() + 1;
        let sure = mark == '/' || is_opaque(password);
        return (sure && !user.is_empty() && !password.is_empty()).then_some((from, from + password.len()));
    }
    if matches!(found, "admin" | "administrator" | "root") && bytes.get(end) == Some(&b':') {
        let to = bare_end(near(), end + 1);
        return is_opaque(&text[end + 1..to]).then_some((end + 1, to));
    }
    let (bearer, basic) = (found.eq_ignore_ascii_case("bearer"), found.eq_ignore_ascii_case("basic"));
    let option = is_option && (found == "u" || found == "user");
    let digest = found.eq_ignore_ascii_case("digest");
    if !(bearer || basic || option || digest) {
        return None;
    }
    let blanks = bytes[end..].iter().take_while(|b| b" :=\"'".contains(b)).count();
    let from = end + blanks;
    let to = bare_end(bytes, from);
    let value = &text[from..to];
    // A challenge names its realm; no token has `=` but at its end.
    let is_pair = value.trim_end_matches('=').contains('=')
        || (bytes.get(to) == Some(&b'"') && matches!(value, "realm=" | "error=" | "scope=" | "charset="));
    if is_pair && (bearer || basic) {
        return None;
    }
    if blanks == 0 || value.is_empty() || words::is_harmless(value) || words::is_abstract(value) {
        return None;
    }
    if option {
        return value.split_once(':').map(|(user, _)| (from + user.len() + 1, to));
    }
    if digest {
        return value.contains('=').then(|| (from, header_end(bytes, text, from)));
    }
    let encoded = value.len() >= 8
        && (!shapes::is_wordy(value) || value.bytes().any(|b| b.is_ascii_uppercase() || b == b'='));
    (bearer || encoded).then_some((from, to))
}

/// The password behind a program's option: `mysql -pX`, `redis-cli -a X`.
pub(super) fn option(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let head = text[..start].strip_suffix('-')?;
    let head = head.char_indices().rev().nth(95).map_or(head, |(at, _)| &head[at..]);
    let mark = text[start..].chars().next()?;
    let (.., joined) = OPTIONS.iter().find(|(program, option, _)| {
        let run = |word: &str| word.rsplit('/').next() == Some(program);
        *option == mark && head.split([' ', '\'', '"']).any(run)
    })?;
    let from = match end - start {
        1 => end + bytes[end..].iter().take(4).take_while(|b| b" '\"".contains(b)).count(),
        _ => start + 1,
    };
    let to = bare_end(bytes, from);
    (from < to && (from == start + 1 || !joined)).then_some((from, to))
}

/// The end of whose a secret is, where its value follows: `of user bob` in `password of user bob was X`.
pub(super) fn owner_end(text: &str, (first, last): (usize, usize)) -> Option<usize> {
    if !is_of(&text[first..last]) {
        return None;
    }
    let mut end = last;
    const EQUALS: [&str; 11] = ["equals", "era", "es", "est", "is", "ist", "jest", "lautet", "was", "è", "é"];
    for _ in 0..5 {
        let near = |from: usize| matches!(text.get(end..from), Some(" " | "'"));
        let (from, to) = word(text.as_bytes(), end).filter(|(from, _)| near(*from))?;
        // `of the role that is assigned`
        if matches!(&text[from..to], "that" | "which" | "who") {
            return None;
        }
        if EQUALS.contains(&&text[from..to]) && end > last {
            return Some(end);
        }
        end = to;
    }
    None
}

/// A passphrase goes on until a word that is none of it.
pub(super) fn phrase_end(bytes: &[u8], text: &str, first: usize) -> usize {
    let mut end = first;
    for _ in 0..8 {
        let blank = bytes.get(end) == Some(&b' ');
        let Some((start, last)) = word(bytes, end).filter(|(start, _)| blank && *start == end + 1) else {
            break;
        };
        let next = &text[start..last];
        let ties = bytes.get(last).is_some_and(|b| b":=(/@".contains(b));
        if ties
            || words::is_harmless(next)
            || words::name(next, "").is_some()
            || next.contains(['.', '_'])
            || next.len() > 24
        {
            break;
        }
        end = last;
    }
    end
}
