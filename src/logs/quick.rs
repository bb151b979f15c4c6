//! The ordinary payload, unpacked by the fastest means there are: vector instructions for base64, libdeflate for gzip.
//!
//! Neither has the last word. What they refuse, and what is not of the one ordinary shape, is `None`, and the general way
//! of `record.rs` decides and finds the words for it. Without the feature `quick` there is nothing but the general way:
//! libdeflate is C, and a first diagnosis should need no C compiler.

/// The data of a subscription's event, written without blanks as Lambda hands it over. What decodes as base64 holds neither
/// quotes nor escapes: the event is what it looks like.
#[cfg(feature = "quick")]
pub(crate) fn subscription(event: &[u8]) -> Option<Vec<u8>> {
    let data = event.strip_prefix(b"{\"awslogs\":{\"data\":\"")?.strip_suffix(b"\"}}")?;
    base64_simd::STANDARD.decode_to_vec(data).ok()
}

/// Inflates gzip of one member that ends with the data and inflates to at most `limit` bytes.
#[cfg(feature = "quick")]
pub(crate) fn gzip(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    /// Magic number, the method, and no flags: a header of ten bytes without a name, a comment or a sum of its own.
    const PLAIN_HEADER: [u8; 4] = [0x1f, 0x8b, 8, 0];
    /// No byte of deflated data stands for more: <https://www.zlib.net/zlib_tech.html>
    const MOST_EXPANSION: usize = 1032;
    let (rest, size) = packed.split_last_chunk::<4>()?;
    let inflated = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    // The size is the sender's claim: room is made for no more than is allowed and than the data can hold.
    if !packed.starts_with(&PLAIN_HEADER)
        || inflated > limit
        || inflated > rest.len().saturating_mul(MOST_EXPANSION)
    {
        return None;
    }
    // libdeflate reads one member and leaves what follows unread. It compares the size that ends the member with what came
    // out: where those four bytes stand nowhere but at the end of the data, that is where the member ended.
    if memchr::memmem::find(rest, size).is_some() {
        return None;
    }
    let mut out = vec![0; inflated];
    let length = libdeflater::Decompressor::new().gzip_decompress(packed, &mut out).ok()?;
    (length == inflated).then_some(out)
}

/// The text of a document that is UTF-8.
#[cfg(feature = "quick")]
pub(crate) fn utf8(document: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(document).ok()
}

#[cfg(not(feature = "quick"))]
pub(crate) fn utf8(document: &[u8]) -> Option<&str> {
    std::str::from_utf8(document).ok()
}

#[cfg(not(feature = "quick"))]
pub(crate) fn subscription(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "quick"))]
pub(crate) fn gzip(_: &[u8], _: usize) -> Option<Vec<u8>> {
    None
}
