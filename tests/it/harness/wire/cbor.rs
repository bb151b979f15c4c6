//! As much CBOR (RFC 8949) as Smithy's RPC v2 needs: definite lengths out, any length in, times as tag 1.

use serde_json::{Map, Number, Value};

/// Encodes a value. Members whose names start with `Timestamp` are times, in epoch seconds; floats stay 64-bit floats.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value, false);
    out
}

fn put(out: &mut Vec<u8>, value: &Value, time: bool) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(yes) => out.push(if *yes { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if time {
                out.push(0xc1);
            }
            put_number(out, number);
        }
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| put(out, item, time));
        }
        Value::Object(members) => {
            head(out, 5, members.len() as u64);
            for (name, member) in members {
                head(out, 3, name.len() as u64);
                out.extend_from_slice(name.as_bytes());
                put(out, member, name.starts_with("Timestamp"));
            }
        }
    }
}

fn put_number(out: &mut Vec<u8>, number: &Number) {
    if let Some(natural) = number.as_u64() {
        head(out, 0, natural);
    } else if let Some(negative) = number.as_i64() {
        head(out, 1, !negative.cast_unsigned());
    } else {
        out.push(0xfb);
        out.extend_from_slice(&number.as_f64().unwrap_or_default().to_be_bytes());
    }
}

/// Major type and argument, in the shortest form.
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (extra, width) = match argument {
        0..=23 => (bytes[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | extra);
    out.extend_from_slice(&bytes[8 - width..]);
}

/// Decodes one item; `None` where it is cut off or of a kind that has no place in JSON. Tags are dropped.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    Reader { rest: bytes }.item()?
}

const BREAK: u8 = 0xff;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next item; the inner `None` is the end of a list of unknown length.
    fn item(&mut self) -> Option<Option<Value>> {
        let first = *self.take(1)?.first()?;
        if first == BREAK {
            return Some(None);
        }
        let (major, extra) = (first >> 5, first & 0x1f);
        let length = if extra == 31 { None } else { Some(self.argument(extra)?) };
        Some(Some(match (major, length) {
            (0, Some(natural)) => natural.into(),
            (1, Some(negative)) => (-1 - i64::try_from(negative).ok()?).into(),
            (2 | 3, Some(length)) => String::from_utf8_lossy(self.take(length)?).into_owned().into(),
            (4, length) => Value::Array(self.items(length)?),
            (5, length) => self.members(length)?,
            (6, Some(_)) => self.item()??,
            (7, Some(bits)) => simple(extra, bits)?,
            _ => return None,
        }))
    }

    fn items(&mut self, length: Option<u64>) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        while length.is_none_or(|length| (items.len() as u64) < length) {
            match self.item()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        Some(items)
    }

    fn members(&mut self, length: Option<u64>) -> Option<Value> {
        let flat = self.items(length.map(|length| length * 2))?;
        let members = flat.chunks_exact(2).map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].clone())));
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    fn argument(&mut self, extra: u8) -> Option<u64> {
        let width = match extra {
            0..=23 => return Some(extra.into()),
            24..=27 => 1_u64 << (extra - 24),
            _ => return None,
        };
        Some(self.take(width)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

fn simple(extra: u8, bits: u64) -> Option<Value> {
    match extra {
        20 => Some(false.into()),
        21 => Some(true.into()),
        22 | 23 => Some(Value::Null),
        26 => Some(f64::from(f32::from_bits(u32::try_from(bits).ok()?)).into()),
        27 => Some(f64::from_bits(bits).into()),
        _ => None,
    }
}
