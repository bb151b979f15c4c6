//! Small operations on words that every room needs: bounded text, plurals, durations in words, `*` in names.

use std::time::Duration;

/// At most `longest` characters, marked where it was cut.
pub fn bounded(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// "1 route", "2 routes": for nouns whose plural only adds an *s*.
pub fn counted(number: impl Into<Count>, noun: &str) -> String {
    let Count(number) = number.into();
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A number of things, whether it was counted in memory or added up.
#[derive(Clone, Copy, Debug)]
pub struct Count(u64);

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<usize> for Count {
    fn from(number: usize) -> Self {
        Self(number as u64)
    }
}

/// "45 s", "20 min", "4 h", "3 days": one unit, rounded down, and never less than two of it but for seconds.
pub fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Opens with a capital letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Lines of at most so many columns. Words are never divided, so that a name or an address can be copied.
pub fn wrapped(text: &str, columns: usize, first: &str, rest: &str) -> Vec<String> {
    let options = textwrap::Options::new(columns)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    textwrap::wrap(&text, options).into_iter().map(|line| line.into_owned()).collect()
}

/// Characters that take no room, that steer, turn, join or hide what stands beside them, that mean nothing, or are private.
/// The one set of them: what redaction does not see must not be shown, and what is shown must have been seen.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..)
        || u32::from(c) & 0xfffe == 0xfffe
}

/// A character as it is shown on one line: every blank as the blank, and nothing where it is invisible.
pub fn visible(c: char) -> Option<char> {
    match c {
        // Braille's empty cell is drawn as a blank.
        c if c.is_whitespace() || c == '\u{2800}' => Some(' '),
        c => (!is_invisible(c)).then_some(c),
    }
}

/// Whether a request's id is written as AWS writes one: a client can choose another.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_=+/.:".contains(c))
}

/// One word of a POSIX shell, whatever it holds: text from outside never runs.
///
/// Nothing is special between single quotes but the quote itself, which is written outside of them. A control character has
/// no place in a word that people copy.
pub fn shell_word(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+=,".contains(c);
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if !text.is_empty() && text.chars().all(harmless) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A word of a command: as it is written, as a shell hands it over, and what of it stands outside of quotes.
#[derive(Debug, Default)]
pub struct ShellWord<'a> {
    pub written: &'a str,
    pub text: String,
    pub bare: String,
}

/// The words of a command of ours, which knows single quotes and [`shell_word`]'s way to write one; `None` where a quote is
/// left open.
pub fn shell_words(command: &str) -> Option<Vec<ShellWord<'_>>> {
    let (mut words, mut word, mut start, mut is_quoted) = (Vec::new(), ShellWord::default(), 0, false);
    let mut letters = command.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        match c {
            '\'' => is_quoted = !is_quoted,
            c if is_quoted => word.text.push(c),
            ' ' => {
                word.written = &command[start..at];
                words.push(std::mem::take(&mut word));
                start = at + 1;
            }
            '\\' if letters.next_if(|(_, next)| *next == '\'').is_some() => word.text.push('\''),
            c => {
                word.text.push(c);
                word.bare.push(c);
            }
        }
    }
    word.written = &command[start..];
    words.push(word);
    words.retain(|word| !word.written.is_empty());
    (!is_quoted).then_some(words)
}

/// Whether a text is as the pattern says, where `*` is any text. Linear in the pattern's parts: no pattern can make it slow.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(place) = text.find(part) else { return false };
        text = &text[place + part.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_by_characters() {
        assert_eq!(bounded("äöü", 3), "äöü");
        assert_eq!(bounded("äöüß", 3), "äö…");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0_usize, 1, 2].map(|number| counted(number, "route")),
            ["0 routes", "1 route", "2 routes"]
        );
    }

    #[test]
    fn a_duration_has_one_unit() {
        let said = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(|s| duration(Duration::from_secs(s)));
        assert_eq!(said, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }

    #[test]
    fn a_long_word_stays_whole() {
        assert_eq!(wrapped("see arn:aws:a/b-c now", 10, "- ", "  "), ["- see", "  arn:aws:a/b-c", "  now"]);
    }

    #[test]
    fn what_is_not_drawn_is_invisible() {
        let hidden = "\u{8}\u{7f}\u{9b}\u{ad}\u{600}\u{890}\u{202e}\u{e000}\u{fffe}\u{110bd}\u{110cd}\u{13430}\u{13438}\u{e0001}\u{10fffd}";
        assert_eq!(hidden.chars().find_map(visible), None);
        assert_eq!(
            "a\tb\u{2800}c\u{a0}d\u{85}é".chars().filter_map(visible).collect::<String>(),
            "a b c d é"
        );
    }

    #[test]
    fn a_shell_reads_one_word() {
        for text in
            ["a-b_c.d:/e", "", "a b", "it's", "$(id)", "`id`", "${x;curl h|sh #}", "\\", "!x", "~", "*", "é"]
        {
            assert_eq!(shlex::split(&format!("aws {}", shell_word(text))).unwrap(), ["aws", text], "{text}");
        }
        assert_eq!(shell_word("a\nb\u{1b}"), "ab");
    }

    #[test]
    fn words_are_read_as_a_shell_reads_them() {
        for command in ["aws x  'a b'", "a 'it'\\''s' b", "'' -x=''y'' \"", "\\'", "a 'é b'c"] {
            let words: Vec<String> =
                shell_words(command).unwrap().into_iter().map(|word| word.text).collect();
            if let Some(expected) = shlex::split(command) {
                assert_eq!(words, expected, "{command}");
            }
        }
        assert!(shell_words("a 'b").is_none());
        assert_eq!(shell_words("x 'a;b'$c").unwrap()[1].bare, "$c");
    }

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }

    #[test]
    fn a_star_is_any_text() {
        check("a1/prod", "a1/prod", true);
        check("*_a1/*", "Logs_a1/prod", true);
        check("*/prod", "Logs_a1/prod/Canary", false);
        check("a*a", "a", false);
        check("a*b*c", "abbc", true);
        check("a*b*c", "acb", false);
        check("ab*ba", "aba", false);
        check("*", "", true);
        check("", "a", false);
    }
}
