//! A scanner for lines that are clean: as every writer should write them.
//!
//! It says yes or nothing. A line it takes has no error and no warning, and gives the very entry
//! that the parser gives; any other line is the parser's, which owns the grammar and every
//! diagnosis. A law holds the two together.

use super::bitmap::Bitmaps;
use super::entry::{Body, Entry, Fields};
use super::escape::unescape;
use super::limits::{MAX_CONTENT, MAX_EXTERNAL, MAX_NAME, MAX_PATH, MAX_PAYLOAD};
use super::line::depend_on_type;
use super::paths::is_plain_path;
use crate::num::{index, low32, wide};
use crate::tree::{FileType, Mode, Mtime};

/// Fields before the xattrs.
const FIXED_FIELDS: usize = 11;

/// Whether any of the bits `from..to` is set.
#[inline]
fn any(bits: &[u64], from: usize, to: usize) -> bool {
    if from >= to {
        return false;
    }
    let (first, last) = (from / 64, (to - 1) / 64);
    let head = u64::MAX << (from % 64);
    let tail = u64::MAX >> (63 - (to - 1) % 64);
    let words = bits.get(first..=last).unwrap_or_default();
    match words {
        [] => false,
        [one] => one & head & tail != 0,
        [one, middle @ .., other] => {
            (one & head) | (other & tail) | middle.iter().fold(0, |all, word| all | word) != 0
        }
    }
}

/// Xattr texts that the parser found clean, so that a text is parsed once and not for each line.
#[derive(Debug)]
pub(super) struct CleanXattrs<'a> {
    last: &'a [u8],
    slots: Vec<&'a [u8]>,
}

impl<'a> CleanXattrs<'a> {
    const SLOTS: usize = 256;

    pub(super) fn new() -> Self {
        Self { last: b"", slots: vec![b""; Self::SLOTS] }
    }

    #[inline]
    fn knows(&mut self, text: &'a [u8]) -> bool {
        if text == self.last {
            return true;
        }
        let known = self.slots.get(slot(text, Self::SLOTS)).is_some_and(|&known| known == text);
        if known {
            self.last = text;
        }
        known
    }

    /// Takes note of a text that the parser had nothing to say about.
    fn learn(&mut self, text: &'a [u8]) {
        if let Some(place) = self.slots.get_mut(slot(text, Self::SLOTS)) {
            *place = text;
        }
    }
}

/// A slot of a small table, by length and last bytes.
#[inline]
pub(super) fn slot(text: &[u8], slots: usize) -> usize {
    let tail = |len: usize| {
        let end = text.len().saturating_sub(len);
        let bytes = text.get(..end).and_then(|text| text.last_chunk::<8>());
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let mix = (tail(0) ^ tail(8).rotate_left(23) ^ tail(16).rotate_left(41) ^ wide(text.len()))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    index(low32(mix >> 40)) % slots
}

/// A line as the scanner sees it.
pub(super) enum Scanned<'a> {
    /// A clean line.
    Clean(Entry<'a>),
    /// A line for the parser, without its line feed; whether it has one.
    Doubtful { line: &'a [u8], terminated: bool },
}

/// Goes through the lines of a part.
pub(super) struct Scanner<'s, 'a> {
    part: &'a [u8],
    bitmaps: &'s Bitmaps,
    xattrs: &'s mut CleanXattrs<'a>,
    at: usize,
    next: usize,
}

impl<'s, 'a> Scanner<'s, 'a> {
    pub(super) fn new(
        part: &'a [u8],
        bitmaps: &'s Bitmaps,
        xattrs: &'s mut CleanXattrs<'a>,
    ) -> Self {
        Self { part, bitmaps, xattrs, at: 0, next: 0 }
    }

    /// Takes note of a line that the parser had nothing to say about. On a file of another type it
    /// may say something about the same xattrs.
    pub(super) fn learn(&mut self, entry: &Entry<'a>) {
        if let Body::Inode(fields) = &entry.body
            && !depend_on_type(fields.xattrs)
        {
            self.xattrs.learn(fields.xattrs);
        }
    }

    /// The next line, or `None` at the end.
    #[inline]
    pub(super) fn next_line(&mut self) -> Option<Scanned<'a>> {
        if self.at >= self.part.len() {
            return None;
        }
        let first = self.next;
        let end = self.find_end(first);
        let (start, terminated) = (self.at, end < self.part.len());
        self.at = end + 1;
        let line = self.part.get(start..end).unwrap_or_default();
        let clean = if terminated { self.clean(line, start, first) } else { None };
        Some(match clean {
            Some(entry) => Scanned::Clean(entry),
            None => Scanned::Doubtful { line, terminated },
        })
    }

    /// Finds the line feed, or the end of the part, and moves behind its separators.
    #[inline]
    fn find_end(&mut self, first: usize) -> usize {
        // A clean line has at least ten separators before its line feed.
        let mut next = first;
        let far = first + FIXED_FIELDS - 1;
        let separators = self.bitmaps.separators.as_slice();
        let is_line_feed =
            |place: u32| self.part.get(index(place)).is_some_and(|&byte| byte == b'\n');
        if let Some(few) = separators.get(first..far)
            && !few.iter().any(|&place| is_line_feed(place))
        {
            next = far;
        }
        while let Some(&place) = separators.get(next) {
            next += 1;
            if is_line_feed(place) {
                self.next = next;
                return index(place);
            }
        }
        self.next = next;
        self.part.len()
    }

    /// The entry of a line, if it is clean. `first` is its first separator.
    #[inline]
    fn clean(&mut self, line: &'a [u8], start: usize, first: usize) -> Option<Entry<'a>> {
        let ends: &[u32; FIXED_FIELDS] =
            self.bitmaps.separators.get(first..self.next)?.first_chunk()?;
        let end = start + line.len();
        if any(&self.bitmaps.odd, start, end) {
            return None;
        }
        let field = |n: usize| {
            let from = if n == 0 { start } else { index(*ends.get(n - 1)?) + 1 };
            self.part.get(from..index(*ends.get(n)?))
        };
        let behind_digest = index(ends[FIXED_FIELDS - 1]);
        if any(&self.bitmaps.escapes, start, index(ends[8]))
            || any(&self.bitmaps.escapes, index(ends[9]), behind_digest)
        {
            return None;
        }
        let path = plain_path(field(0)?)?;
        let mode = field(2)?;
        if let Some(mode) = mode.strip_prefix(b"@") {
            return link(path, mode, field(8)?);
        }
        let xattrs = match self.part.get(behind_digest + 1..end) {
            None | Some([]) if behind_digest == end => &[][..],
            Some(text) if !text.is_empty() && self.xattrs.knows(text) => text,
            _ => return None,
        };
        let fields = Fields {
            size: decimal(field(1)?)?,
            mode: octal_mode(mode)?,
            nlink: decimal32(field(3)?)?,
            uid: decimal32(field(4)?)?,
            gid: decimal32(field(5)?)?,
            rdev: decimal32(field(6)?)?,
            mtime: mtime(field(7)?)?,
            payload: optional(field(8)?)?,
            content: optional(field(9)?)?,
            digest: optional(field(10)?)?,
            xattrs,
        };
        let body = Body::Inode(fields);
        keeps_all_rules(&fields).then_some(Entry { path, body })
    }
}

/// A hard link with nothing to say about it. Its other fields are not looked at.
fn link<'a>(path: &'a [u8], mode: &[u8], target: &'a [u8]) -> Option<Entry<'a>> {
    let of_link = octal_mode(mode)?.file_type() != FileType::Directory && path != b"/";
    let target = plain_path(target).filter(|&target| target != b"/")?;
    of_link.then_some(Entry { path, body: Body::Link { target } })
}

/// A path without escapes that is spelled as it should be.
#[inline]
fn plain_path(path: &[u8]) -> Option<&[u8]> {
    if path.len() > MAX_PATH {
        return None;
    }
    let good = if path.len() <= MAX_NAME && is_plain_path(path) {
        true
    } else {
        path.strip_prefix(b"/").is_some_and(has_good_names)
    };
    good.then_some(path)
}

#[cold]
fn has_good_names(names: &[u8]) -> bool {
    let mut names = names.split(|&byte| byte == b'/');
    names.all(|name| !matches!(name, b"" | b"." | b"..") && name.len() <= MAX_NAME)
}

/// `Some(None)` for an unset field, nothing for an empty one.
#[inline]
fn optional(field: &[u8]) -> Option<Option<&[u8]>> {
    match field {
        [] => None,
        b"-" => Some(None),
        text => Some(Some(text)),
    }
}

#[inline]
fn decimal32(digits: &[u8]) -> Option<u32> {
    match *digits {
        [digit] => Some(u32::from(digit.wrapping_sub(b'0'))).filter(|&digit| digit < 10),
        _ => u32::try_from(decimal(digits)?).ok(),
    }
}

/// A decimal number of at most 18 digits, without a leading zero.
#[inline]
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.len() > 18 || (digits.first() == Some(&b'0') && digits.len() > 1) || digits.is_empty()
    {
        return None;
    }
    let (mut value, mut rest) = (0u64, digits);
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        value = value * 100_000_000 + u64::from(eight_digits(*eight)?);
        rest = behind;
    }
    let mut bad = false;
    for &byte in rest {
        let digit = byte.wrapping_sub(b'0');
        bad |= digit > 9;
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (!bad).then_some(value)
}

/// Eight digits at once: pairs, then fours, then all.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<u32> {
    let text = u64::from_le_bytes(digits);
    let high = text & 0xf0f0_f0f0_f0f0_f0f0;
    let above = text.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0;
    if high != 0x3030_3030_3030_3030 || above != 0x3030_3030_3030_3030 {
        return None;
    }
    let ones = text & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some(low32(fours.wrapping_mul(10_000) + (fours >> 32)))
}

#[inline]
fn octal_mode(digits: &[u8]) -> Option<Mode> {
    if digits.len() > 6 || digits.first() == Some(&b'0') {
        return None;
    }
    let (mut value, mut bad) = (0u32, false);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        bad |= digit > 7;
        value = value << 3 | u32::from(digit & 7);
    }
    let bits = u16::try_from(value).ok().filter(|_| !bad)?;
    Mode::new(bits)
}

/// Seconds from 1970 on, a dot, nanoseconds without padding.
#[inline]
fn mtime(field: &[u8]) -> Option<Mtime> {
    // Seconds have ten digits from 2001 to 2286.
    let dot = match field.get(10) {
        Some(b'.') => 10,
        _ => field.iter().position(|&byte| byte == b'.')?,
    };
    let (sec, nsec) = (field.get(..dot)?, field.get(dot + 1..)?);
    let sec = i64::try_from(decimal(sec)?).ok()?;
    let nsec = decimal32(nsec).filter(|&nsec| nsec < 1_000_000_000)?;
    Some(Mtime { sec, nsec })
}

/// Whether each field may be as it is for the file's type, with nothing dropped or rewritten.
#[inline]
fn keeps_all_rules(fields: &Fields<'_>) -> bool {
    let nothing_else = fields.content.is_none() && fields.digest.is_none();
    let file_type = fields.mode.file_type();
    let rdev = fields.rdev == 0 || file_type.is_device();
    rdev && match file_type {
        FileType::Regular => regular(fields),
        FileType::Directory => nothing_else && fields.payload.is_none(),
        FileType::Symlink => nothing_else && symlink(fields),
        _ => nothing_else && fields.payload.is_none() && fields.size == 0,
    }
}

#[inline]
fn regular(fields: &Fields<'_>) -> bool {
    let nothing_outside = fields.payload.is_none() && fields.digest.is_none();
    match fields.content {
        Some(content) => {
            let len =
                if content.contains(&b'\\') { escaped_len(content) } else { Some(content.len()) };
            nothing_outside && len.is_some_and(|len| len <= MAX_CONTENT && wide(len) == fields.size)
        }
        None if fields.size == 0 => nothing_outside,
        None => {
            fields.size <= MAX_EXTERNAL
                && fields.payload.is_none_or(|payload| payload.len() <= MAX_PAYLOAD)
                && fields.digest.is_none_or(is_digest)
        }
    }
}

#[inline]
fn symlink(fields: &Fields<'_>) -> bool {
    let fits = |target: &[u8]| target.len() <= MAX_PAYLOAD && wide(target.len()) == fields.size;
    fields.payload.is_some_and(fits)
}

/// The length of a content once unescaped, if its escapes are good.
fn escaped_len(content: &[u8]) -> Option<usize> {
    unescape(content).ok().map(|content| content.len())
}

/// 64 or 128 digits in lower case.
#[inline]
fn is_digest(digits: &[u8]) -> bool {
    let (halves, rest) = digits.as_chunks::<64>();
    let good = |half: &[u8; 64]| {
        half.iter().fold(true, |good, &byte| {
            good & ((byte.wrapping_sub(b'0') < 10) | (byte.wrapping_sub(b'a') < 6))
        })
    };
    rest.is_empty() && matches!(halves.len(), 1 | 2) && halves.iter().all(good)
}
