//! The escapes of a dump text, in both directions: the only definition of them.

use std::borrow::Cow;

use memchr::memchr;

use crate::chunks;

/// A backslash that begins no escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the backslash at byte {at} begins no escape")]
pub struct BadEscape {
    /// Index of the backslash, from 0.
    pub at: usize,
}

/// The value and the length of the escape at the start of `raw`, which begins with a backslash.
///
/// The escapes are `\\`, `\n`, `\r`, `\t`, and `\x` with two hex digits of either case.
#[inline]
pub(super) const fn escape_at(raw: &[u8]) -> Option<(u8, usize)> {
    match raw {
        [b'\\', b'\\', ..] => Some((b'\\', 2)),
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', b'r', ..] => Some((b'\r', 2)),
        [b'\\', b't', ..] => Some((b'\t', 2)),
        [b'\\', b'x', high, low, ..] => match (hex_value(*high), hex_value(*low)) {
            (Some(high), Some(low)) => Some((high << 4 | low, 4)),
            _ => None,
        },
        _ => None,
    }
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Decodes one escaped field into the bytes it stands for; borrowed if nothing is escaped.
///
/// `raw` is the field as it lies in the line. The lone `-` of an unset field is not handled here:
/// callers test for it first.
///
/// # Errors
/// [`BadEscape`] for the first backslash that begins no escape.
///
/// # Example
/// ```
/// use cfs::dump::{BadEscape, unescape};
/// assert_eq!(*unescape(br"a\x20b")?, *b"a b");
/// assert_eq!(unescape(br"a\q"), Err(BadEscape { at: 1 }));
/// # Ok::<(), BadEscape>(())
/// ```
pub fn unescape(raw: &[u8]) -> Result<Cow<'_, [u8]>, BadEscape> {
    if memchr(b'\\', raw).is_none() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    unescape_into(raw, &mut bytes)?;
    Ok(Cow::Owned(bytes))
}

/// Decodes one escaped field, and appends the bytes it stands for.
///
/// # Errors
/// [`BadEscape`]; what comes before the backslash has then been appended.
///
/// # Example
/// ```
/// let mut bytes = Vec::new();
/// cfs::dump::unescape_into(br"\\\n", &mut bytes)?;
/// assert_eq!(bytes, b"\\\n");
/// # Ok::<(), cfs::dump::BadEscape>(())
/// ```
pub fn unescape_into(raw: &[u8], bytes: &mut Vec<u8>) -> Result<(), BadEscape> {
    let mut rest = raw;
    while let Some((plain, escaped)) = memchr(b'\\', rest).and_then(|at| rest.split_at_checked(at))
    {
        bytes.extend_from_slice(plain);
        let (byte, len) = escape_at(escaped).ok_or(BadEscape { at: raw.len() - escaped.len() })?;
        bytes.push(byte);
        rest = escaped.get(len..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest);
    Ok(())
}

/// How many bytes a field stands for that is known to hold no bad escape.
///
/// ```
/// assert_eq!(cfs::dump::unescaped_len(br"a\x20\n"), 3);
/// ```
#[must_use]
pub fn unescaped_len(raw: &[u8]) -> usize {
    let (mut len, mut rest) = (raw.len(), raw);
    while let Some(escaped) = memchr(b'\\', rest).and_then(|at| rest.get(at..)) {
        let escape = escape_at(escaped).map_or(1, |(_, len)| len);
        len -= escape - 1;
        rest = escaped.get(escape..).unwrap_or_default();
    }
    len
}

/// Where a byte string is printed, which decides what is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// PATH, or the path in the PAYLOAD of a hard link.
    Path,
    /// PAYLOAD.
    Payload,
    /// CONTENT.
    Content,
    /// Key of an xattr.
    XattrKey,
    /// Value of an xattr.
    XattrValue,
}

impl Place {
    /// The byte that is escaped here and not elsewhere; a backslash, which is escaped everywhere,
    /// if there is none.
    const fn special(self) -> u8 {
        match self {
            Self::Path | Self::Payload | Self::Content => b'\\',
            Self::XattrKey | Self::XattrValue => b'=',
        }
    }

    /// Whether a lone `-` would read as an unset field.
    const fn has_unset(self) -> bool {
        matches!(self, Self::Payload | Self::Content)
    }
}

/// Appends bytes as they are written in a dump.
///
/// Written are `\\`, `\n`, `\r`, `\t`, and all else outside `!` to `~` as `\x` and two lower-case
/// hex digits; in xattrs the `=` too, and in PAYLOAD and CONTENT a lone `-`.
///
/// # Example
/// ```
/// use cfs::dump::{Place, escape_into};
/// let mut text = Vec::new();
/// escape_into(b"a =\n", Place::Path, &mut text);
/// assert_eq!(text, br"a\x20=\n");
/// ```
#[inline]
pub fn escape_into(bytes: &[u8], place: Place, text: &mut Vec<u8>) {
    if place.has_unset() && bytes == b"-" {
        text.extend_from_slice(br"\x2d");
    } else if is_clean(bytes, place.special()) {
        text.extend_from_slice(bytes);
    } else {
        escape_bytes(bytes, place.special(), text);
    }
}

/// Whether a byte stands for itself everywhere.
#[inline]
pub(super) const fn is_graphic(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~')
}

#[inline]
const fn is_escaped(byte: u8, special: u8) -> bool {
    !is_graphic(byte) | (byte == b'\\') | (byte == special)
}

/// Whether nothing is to be escaped.
#[inline]
fn is_clean(bytes: &[u8], special: u8) -> bool {
    !chunks::any(bytes, b'a', |chunk| {
        chunk.iter().fold(0, |found, &byte| found | u8::from(is_escaped(byte, special))) != 0
    })
}

fn escape_bytes(bytes: &[u8], special: u8, text: &mut Vec<u8>) {
    text.reserve(bytes.len());
    for &byte in bytes {
        if is_escaped(byte, special) {
            let (escape, len) = &ESCAPES[usize::from(byte)];
            text.extend_from_slice(escape.get(..usize::from(*len)).unwrap_or_default());
        } else {
            text.push(byte);
        }
    }
}

/// The escape of every byte, and its length.
static ESCAPES: [([u8; 4], u8); 256] = {
    let mut table = [([0; 4], 0); 256];
    let (mut byte, mut at) = (0_u8, 0);
    while at < table.len() {
        table[at] = escape_of(byte);
        byte = byte.wrapping_add(1);
        at += 1;
    }
    table
};

const fn escape_of(byte: u8) -> ([u8; 4], u8) {
    match byte {
        b'\\' => (*b"\\\\  ", 2),
        b'\n' => (*b"\\n  ", 2),
        b'\r' => (*b"\\r  ", 2),
        b'\t' => (*b"\\t  ", 2),
        _ => ([b'\\', b'x', hex_digit(byte >> 4), hex_digit(byte & 0xf)], 4),
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}
