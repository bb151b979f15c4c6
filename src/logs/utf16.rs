//! Text in UTF-16, which PowerShell's `>` writes.

use std::io::Read;

/// Reads two bytes as a unit of UTF-16.
pub type Unit = fn([u8; 2]) -> u16;

/// How UTF-16 text begins: with a mark, or with ASCII, which has a NUL in every pair.
fn utf16_units(raw: &[u8]) -> Option<(&[u8], Unit)> {
    match raw {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes)),
        _ => {
            // ASCII has a NUL in every pair, always on the same side; text of one byte a sign has none.
            const HEAD: usize = 1024;
            let head = &raw[..raw.len().min(HEAD)];
            let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
            let many = (head.len() / 8).max(2);
            match (zeros(0), zeros(1)) {
                (0, odd) if odd >= many => Some((raw, u16::from_le_bytes)),
                (even, 0) if even >= many => Some((raw, u16::from_be_bytes)),
                _ => None,
            }
        }
    }
}

/// Whether bytes are UTF-16, which PowerShell's `>` writes.
pub(crate) fn is_utf16(raw: &[u8]) -> bool {
    utf16_units(raw).is_some()
}

/// How the units of UTF-16 text are read, where it is that.
pub fn utf16_unit(raw: &[u8]) -> Option<Unit> {
    utf16_units(raw).map(|(_, unit)| unit)
}

/// UTF-16 as UTF-8, recoded as it is read.
pub struct Utf16Reader<R> {
    input: R,
    unit: Unit,
    /// The first half of a pair of units, whose other half is still to come.
    high: Option<u16>,
    recoded: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf16Reader<R> {
    /// A reader of what this one holds. A mark at the beginning is kept: the mark of UTF-8 is the same sign.
    pub fn new(input: R, unit: Unit) -> Self {
        Self { input, unit, high: None, recoded: Vec::new(), taken: 0 }
    }

    /// Recodes the next bytes; nothing where there are none.
    fn more(&mut self) -> std::io::Result<()> {
        const BYTES: u64 = 64 << 10;
        let mut raw = Vec::new();
        self.input.by_ref().take(BYTES).read_to_end(&mut raw)?;
        let is_last = (raw.len() as u64) < BYTES;
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        units.extend(raw.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]])));
        if let (Some(0xd800..=0xdbff), false) = (units.last(), is_last) {
            self.high = units.pop();
        }
        let text: String =
            char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        (self.recoded, self.taken) = (text.into_bytes(), 0);
        Ok(())
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.recoded.len() {
            self.more()?;
        }
        let rest = &self.recoded[self.taken..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

/// Bytes as text; what is no text becomes U+FFFD.
pub(crate) fn decoded(raw: &[u8]) -> String {
    let Some((rest, unit)) = utf16_units(raw) else { return String::from_utf8_lossy(raw).into_owned() };
    let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
