//! Steps 3 and 4: addresses of clients by parsing greedily, and numbers of cards, accounts, telephones and insurances.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Gone, Kept};

/// Takes addresses of clients and numbers of persons.
pub(super) fn all(text: &str, kept: &Kept, gone: &mut Gone<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    if let Some((start, end)) = cut(text) {
        gone.take(start, end);
    }
    while at < bytes.len() {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let alone = !before.is_some_and(|b| b.is_ascii_alphanumeric());
        let start = at;
        at += 1;
        match bytes[start] {
            b'0'..=b'9' if !before.is_some_and(|b| b.is_ascii_digit()) => {
                if let Some((from, to)) = kept.id(start)
                    && from <= start
                {
                    at = to;
                    continue;
                }
                let end = (alone && !is_inner_group(bytes, start)).then(|| ipv6(bytes, start)).flatten();
                let end = end.or_else(|| client(bytes, start)).or_else(|| number(bytes, start));
                if let Some(end) = end.or_else(|| alone.then(|| lettered(bytes, start)).flatten()) {
                    gone.take(start, end);
                    at = end;
                }
            }
            b'+' | b'(' if bytes.get(at).is_some_and(u8::is_ascii_digit) => {
                if let Some(end) = number(bytes, start) {
                    gone.take(start, end);
                    at = end;
                }
            }
            b':' if bytes.get(at) == Some(&b':')
                && before != Some(b':')
                && !is_inner_group(bytes, start + 1) =>
            {
                if let Some(end) = ipv6(bytes, start) {
                    gone.take(start, end);
                    at = end;
                }
            }
            byte if byte.is_ascii_alphabetic() && alone => {
                if let Some(end) = lettered(bytes, start) {
                    gone.take(start, end);
                    at = end;
                }
            }
            _ => {}
        }
    }
}

/// The groups of a number before the mark where API Gateway cut the line: no rule can know them any more.
fn cut(text: &str) -> Option<(usize, usize)> {
    let end = text[..text.find("[TRUNCATED]")?].trim_end_matches(['.', ' ']).len();
    let bytes = text.as_bytes();
    let (mut start, mut groups, mut digits) = (end, 0, 0);
    while groups < 8 {
        let run = bytes[..start].iter().rev().take(7).take_while(|b| b.is_ascii_alphanumeric()).count();
        let group = &bytes[start - run..start];
        let count = group.iter().filter(|b| b.is_ascii_digit()).count();
        let plain =
            group.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || (b'a'..=b'f').contains(b));
        if count == 0 || run > 6 || !plain {
            break;
        }
        (start, groups, digits) = (start - run, groups + 1, digits + count);
        match bytes.get(start.wrapping_sub(1)) {
            Some(b' ' | b'-' | b'.' | b':')
                if bytes[..start - 1].last().is_some_and(u8::is_ascii_alphanumeric) =>
            {
                start -= 1
            }
            _ => break,
        }
    }
    let number = text[start..end].trim_start_matches([' ', '-', '.', ':']);
    // Addresses of a VPC, and dates, are no person's number.
    let known =
        ["10.", "127.", "169.254.", "172.", "192.168.", "20"].iter().any(|open| number.starts_with(open));
    (groups > 1 && digits >= 6 && !known).then_some((end - number.len(), end))
}

/// A client's IPv4 address. Versions of files look like one: `v1.2.3.4`, `app-1.2.3.4.jar`.
fn client(bytes: &[u8], start: usize) -> Option<usize> {
    let before = start.checked_sub(1).map(|before| bytes[before]);
    if matches!(before, Some(b'v' | b'V' | b'.'))
        && start > 1
        && (before != Some(b'.') || bytes[start - 2].is_ascii_digit())
    {
        return None;
    }
    let (end, ip) = ipv4(bytes, start)?;
    let file = [".jar", ".zip", ".tgz", ".Final", ".RELEASE", "-SNAPSHOT", ".war"]
        .iter()
        .any(|tail| bytes[end..].starts_with(tail.as_bytes()));
    (is_client(ip) && !file && !is_release(&bytes[..start])).then_some(end)
}

/// Whether a version follows: `driver 12.2.0.1`.
fn is_release(before: &[u8]) -> bool {
    let word = before.strip_suffix(b" ").unwrap_or(b"");
    let length = word.iter().rev().take(12).take_while(|b| b.is_ascii_alphabetic()).count();
    let word = &word[word.len() - length..];
    ["driver", "release", "version"].iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// The end of a client's IPv4 address at a place, in decimal with dots or, as in names of hosts, with hyphens.
fn ipv4(text: &[u8], start: usize) -> Option<(usize, Ipv4Addr)> {
    let (mut at, mut parts, mut mark) = (start, [0_u8; 4], 0_u8);
    for (place, part) in parts.iter_mut().enumerate() {
        if place > 0 {
            let rest = text.get(at..)?;
            // 192[.]0[.]2[.]1, so that nothing makes a link of it.
            let guarded = [b"[.]", b"(.)"].iter().any(|dot| rest.starts_with(*dot));
            let next = if guarded { b'.' } else { *rest.first()? };
            if !b".-".contains(&next) || (place > 1 && next != mark) {
                return None;
            }
            mark = next;
            at += if guarded { 3 } else { 1 };
        }
        let digits = digits_at(text, at, 4);
        if digits == 0 || digits > 3 {
            return None;
        }
        let number = text[at..at + digits].iter().fold(0_u16, |sum, b| sum * 10 + u16::from(b - b'0'));
        *part = u8::try_from(number).ok()?;
        at += digits;
    }
    let more =
        |from: usize| text.get(from) == Some(&mark) && text.get(from + 1).is_some_and(u8::is_ascii_digit);
    // A sixth part makes an object identifier; a fifth is a port as packet captures write it.
    let fifth = at + 1 + digits_at(text, at + 1, 6);
    let longer = more(at) && (mark == b'-' || more(fifth));
    let short = mark == b'-' && at - start < 9;
    (!longer && !short).then_some((at, Ipv4Addr::from(parts)))
}

/// Whether an address is a client's: those inside a VPC name a target and no person. Nor do whole networks, which versions
/// of browsers look like.
fn is_client(ip: Ipv4Addr) -> bool {
    let [a, b, c, d] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
        || shared)
        && a != 0
        && (c, d) != (0, 0)
}

/// The end of a client's IPv6 address at a place: the longest that can be read, so that no group of it is left.
fn ipv6(text: &[u8], start: usize) -> Option<usize> {
    let window = &text[start..text.len().min(start + 46)];
    // Only 2000::/3 is assigned to the public; the others here hold an IPv4 address.
    let opens = matches!(window, [b'2' | b'3', _, _, _, b':', ..] | [b':', b':', ..] | [b'0', ..])
        || window.starts_with(b"64:ff9b:");
    if !opens {
        return None;
    }
    let longest = window.iter().take_while(|b| b.is_ascii_hexdigit() || b":.".contains(b)).count();
    let is_end = |end: usize| {
        let next = window.get(end);
        !next.is_some_and(u8::is_ascii_alphanumeric) && window[end - 1] != b'.'
    };
    let end = (3..=longest).rev().filter(|end| is_end(*end)).find_map(|end| {
        let ip: Ipv6Addr = std::str::from_utf8(&window[..end]).ok()?.parse().ok()?;
        Some((end, ip))
    });
    let (end, ip) = end?;
    let [first, second, ..] = ip.segments();
    let inner = Ipv4Addr::from(ip.to_bits() as u32);
    let holds = ip.to_ipv4_mapped().is_some() || (first, second) == (0x64, 0xff9b);
    let embedded = holds || (ip.segments()[..5] == [0; 5] && ip.segments()[6] != 0);
    let client = if embedded { is_client(inner) } else { first & 0xe000 == 0x2000 };
    client.then_some(start + end)
}

/// Whether a group of an address stands before this one: `fd12:3456::1` is one of a VPC, and no part of it a client's.
fn is_inner_group(text: &[u8], start: usize) -> bool {
    let group = |end: usize| text[..end].iter().rev().take(5).take_while(|b| b.is_ascii_hexdigit()).count();
    let Some(end) = start.checked_sub(1).filter(|end| text[*end] == b':') else { return false };
    let first = group(end);
    let opens = end.checked_sub(first + 1).map(|at| text[at]);
    (3..=4).contains(&first)
        && text[end - first..end].iter().any(u8::is_ascii_digit)
        && !opens.is_some_and(|b| b.is_ascii_alphanumeric())
}

/// How many digits stand at a place, at most.
fn digits_at(text: &[u8], at: usize, most: usize) -> usize {
    text.iter().skip(at).take(most).take_while(|b| b.is_ascii_digit()).count()
}

/// The longest number of a person that starts at a digit, or at its `+` or bracket.
fn number(text: &[u8], start: usize) -> Option<usize> {
    let plus = text[start] == b'+';
    let groups = Groups::read(text, start + usize::from(!text[start].is_ascii_digit()));
    let phones = groups.phone(plus, start.checked_sub(1).map(|before| text[before]));
    let cards = groups.ends().rev().find(|count| groups.is_card(*count) || groups.is_insured(*count));
    let end = cards.max(phones).map(|count| groups.until[count - 1]).filter(|end| {
        let next = text.get(*end);
        let runs_on = next.is_some_and(|b| b.is_ascii_alphabetic()) && !plus;
        !runs_on || groups.is_card(groups.lengths.len())
    })?;
    // The track of a card's magnetic strip goes on with what else is the holder's.
    let track = digits_at(text, end + 1, 24);
    let tracked = cards.is_some() && track >= 7 && text.get(end) == Some(&b'=');
    Some(if tracked { end + 1 + track } else { end })
}

/// Digits in groups, with one mark between: at most eight groups and twenty digits.
#[derive(Default)]
struct Groups {
    digits: Vec<u8>,
    lengths: Vec<usize>,
    until: Vec<usize>,
    marks: Vec<u8>,
}

impl Groups {
    fn read(text: &[u8], mut at: usize) -> Self {
        let mut groups = Self::default();
        while groups.lengths.len() < 8 {
            let count = digits_at(text, at, 21);
            if count == 0 || groups.digits.len() + count > 20 {
                break;
            }
            groups.digits.extend(text[at..at + count].iter().map(|b| b - b'0'));
            at += count;
            groups.lengths.push(count);
            groups.until.push(at);
            let mark = text.get(at).copied().filter(|b| b" -./()".contains(b));
            let Some(mark) = mark else { break };
            at += 1;
            // `(415) 555` and `+49 (0)170`.
            while text.get(at).is_some_and(|b| b" ()-".contains(b))
                && !text[at - 1].is_ascii_digit()
                && at - groups.until[groups.until.len() - 1] < 3
            {
                at += 1;
            }
            groups.marks.push(mark);
        }
        groups
    }

    fn ends(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.lengths.len()
    }

    fn of(&self, count: usize) -> &[u8] {
        &self.digits[..self.lengths[..count].iter().sum()]
    }

    /// The issuers' first digits and lengths, and the check digit. Times in milliseconds open with other digits.
    fn is_card(&self, count: usize) -> bool {
        let digits = self.of(count);
        let number = |n: usize| digits.iter().take(n).fold(0_u32, |sum, d| sum * 10 + u32::from(*d));
        let issued = match digits.len() {
            13 | 19 if digits[0] == 4 => true,
            14 => matches!(number(3), 300..=305 | 309 | 360..=369 | 380..=399),
            15 => matches!(number(2), 34 | 37),
            16 => {
                matches!(number(4), 2014 | 2149 | 2200..=2720 | 3528..=3589 | 3600..=3699 | 4000..=4999 | 5000..=5999 | 6000..=6999 | 8100..=8171)
            }
            13 | 17..=19 => matches!(digits[0], 5 | 6),
            _ => false,
        };
        issued && luhn(digits)
    }

    /// Numbers of social insurance in the shapes that their issuers print.
    fn is_insured(&self, count: usize) -> bool {
        let (digits, lengths, marks) = (self.of(count), &self.lengths[..count], &self.marks[..count - 1]);
        let hyphens = marks.iter().all(|mark| b"- ".contains(mark));
        let number = |part: &[u8]| part.iter().fold(0_u64, |sum, d| sum * 10 + u64::from(*d));
        match lengths {
            // United States; Canada; Sweden; Brazil; Switzerland.
            [3, 2, 4] => {
                let area = number(&digits[..3]);
                hyphens
                    && area != 0
                    && area != 666
                    && area < 900
                    && number(&digits[3..5]) > 0
                    && number(&digits[5..]) > 0
            }
            [3, 3, 3] => hyphens && luhn(digits) && digits[0] != 0,
            [6, 4] => hyphens && luhn(digits),
            [3, 3, 3, 2] => marks == b"..-",
            [3, 4, 4, 2] => number(&digits[..3]) == 756,
            // France: thirteen digits and 97 less their remainder.
            _ if digits.len() == 15 && matches!(digits[0], 1 | 2) => {
                (1..=12).contains(&number(&digits[3..5]))
                    && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
            }
            _ => false,
        }
    }

    /// The groups of a telephone number: international, or as a country prints its own.
    fn phone(&self, plus: bool, before: Option<u8>) -> Option<usize> {
        let behind_number = before.is_some_and(|b| b.is_ascii_digit());
        let all = self.lengths.len();
        let longest = |from: usize, to: usize| {
            self.ends().rev().find(|count| (from..=to).contains(&self.of(*count).len()))
        };
        let opens = |first: u8, second: u8| {
            self.digits.first() == Some(&first) && self.digits.get(1).is_some_and(|d| *d != second)
        };
        if plus && !behind_number && self.digits.first().is_some_and(|d| *d != 0) {
            return longest(8, 15);
        }
        let joint = before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b':');
        if joint || all == 0 {
            return None;
        }
        // 0049 170 …; twelve digits alone are an AWS account.
        if self.digits.starts_with(&[0, 0])
            && self.digits.get(2).is_some_and(|d| *d != 0)
            && self.lengths[0] != 12
        {
            return longest(11, 15);
        }
        let american = |from: usize| {
            let lengths = self.lengths.get(from..from + 3)?;
            let at: usize = self.lengths[..from].iter().sum();
            let marks = &self.marks[from..from + 2];
            let sound = lengths == [3, 3, 4]
                && self.digits[at] > 1
                && self.digits[at + 3] > 1
                && !marks.contains(&b'/');
            sound.then_some(from + 3)
        };
        if let Some(count) =
            american(0).or_else(|| (self.lengths[0] == 1 && self.digits[0] == 1).then(|| american(1))?)
        {
            return Some(count);
        }
        let date = self.lengths.starts_with(&[2, 2, 4]);
        let grouped = all > 1 && (2..=5).contains(&self.lengths[0]) && self.lengths[1] >= 2 && !date;
        if opens(0, 0) && (grouped || matches!(self.lengths[0], 10 | 11)) { longest(9, 12) } else { None }
    }
}

/// The check digit of cards and of some insurances.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match u32::from(*digit) * (1 + place as u32 % 2) {
            twice @ 10.. => twice - 9,
            once => once,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The end of an account's or a person's number that opens with letters: IBAN (remainder 1 of 97), British and German
/// insurance, Italian and Spanish tax numbers.
fn lettered(text: &[u8], start: usize) -> Option<usize> {
    let rest = &text[start..text.len().min(start + 48)];
    let run = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let shape = |pattern: &[u8]| {
        run == pattern.len()
            && pattern.iter().zip(rest).all(|(want, is)| match want {
                b'9' => is.is_ascii_digit(),
                _ => is.is_ascii_uppercase(),
            })
    };
    let tax: [&[u8]; 4] = [b"AA999999A", b"99999999A999", b"AAAAAA99A99A999A", b"AAAAA9999A"];
    if tax.into_iter().any(shape) {
        return Some(start + run);
    }
    // Spain: the letter checks the number. Britain prints its own in pairs.
    let check = || rest[..8].iter().fold(0, |sum, digit| (sum * 10 + usize::from(digit - b'0')) % 23);
    if shape(b"99999999A") && b"TRWAGMYFPDXBNJZSQVHLCKE"[check()] == rest[8] {
        return Some(start + run);
    }
    let pairs = b"AA 99 99 99 A";
    let paired = rest.len() >= pairs.len()
        && pairs.iter().zip(rest).all(|(want, is)| match want {
            b'9' => is.is_ascii_digit(),
            b'A' => is.is_ascii_uppercase(),
            blank => is == blank,
        });
    if paired && !rest.get(pairs.len()).is_some_and(u8::is_ascii_alphanumeric) {
        return Some(start + pairs.len());
    }
    let opens = matches!(rest, [a, b, c, d, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit());
    if !opens {
        return None;
    }
    let (mut letters, mut ends, mut at) = (Vec::with_capacity(34), None, 0);
    while let Some(next) = rest.get(at).filter(|_| letters.len() < 34) {
        if next.is_ascii_alphanumeric() {
            letters.push(*next);
        } else if !(b" -".contains(next) && rest.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)) {
            break;
        }
        at += 1;
        let closes = !rest.get(at).is_some_and(u8::is_ascii_alphanumeric);
        if closes && letters.len() >= 15 && is_iban(&letters) {
            ends = Some(start + at);
        }
    }
    ends
}

fn is_iban(letters: &[u8]) -> bool {
    let moved = letters[4..].iter().chain(&letters[..4]);
    let remainder = moved.fold(0_u32, |sum, letter| match letter.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => (sum * 10 + u32::from(digit - b'0')) % 97,
        letter => (sum * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    remainder == 1
}
