//! Values in words.

mod acl;
mod capability;
mod describe;
mod mode;
mod selinux;
mod value;

pub(super) use describe::{brief, moment};
pub(super) use mode::is_world_writable;
pub(super) use value::xattr_change;
pub use value::xattr_value;

use std::fmt;

use crate::dump::{Place, escape_into};

/// A number with commas between thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted(pub u64);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A number of things, in the singular or the plural.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Counted(count), if count == 1 { one } else { many })
}

/// A number of entries.
pub(super) fn entries(count: u64) -> String {
    counted(count, "entry", "entries")
}

const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// A size in the unit that fits, such as `1.3 MiB`.
///
/// ```
/// assert_eq!(cfs::diff::bytes(1_363_149), "1.3 MiB");
/// assert_eq!(cfs::diff::bytes(987), "987 B");
/// ```
#[must_use]
pub fn bytes(size: u64) -> String {
    let mut shift = 10;
    for (at, unit) in UNITS.iter().enumerate() {
        let tenths = (u128::from(size) * 10 + (1 << (shift - 1))) >> shift;
        let is_last = at + 1 == UNITS.len();
        if size < 1024 {
            return format!("{} B", Counted(size));
        }
        if tenths < 100 && tenths % 10 != 0 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        let whole = (u128::from(size) + (1 << (shift - 1))) >> shift;
        if whole < 1024 || is_last {
            return format!("{whole} {unit}");
        }
        shift += 10;
    }
    size.to_string()
}

/// The difference of two sizes, with its sign.
pub(super) fn growth(old: u64, new: u64) -> String {
    match new.checked_sub(old) {
        Some(0) => "same size".into(),
        Some(more) => format!("+{}", bytes(more)),
        None => format!("-{}", bytes(old - new)),
    }
}

/// Bytes as text for people: UTF-8 as it is, but for what does not show or changes how other text is
/// shown; that and all other bytes are escaped as in a dump.
///
/// ```
/// assert_eq!(cfs::diff::printable("/a b/é\n\u{202e}".as_bytes()), r"/a b/é\n\xe2\x80\xae");
/// assert_eq!(cfs::diff::printable(b"\xff\\"), r"\xff\\");
/// ```
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || is_hidden(c) {
                escape(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut text);
            } else {
                text.push(c);
            }
        }
        escape(chunk.invalid(), &mut text);
    }
    text
}

fn escape(bytes: &[u8], text: &mut String) {
    let mut escaped = Vec::new();
    escape_into(bytes, Place::Path, &mut escaped);
    text.push_str(&String::from_utf8_lossy(&escaped));
}

/// Characters that do not show, or that change how others are shown.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || c.is_whitespace() && c != ' '
        || matches!(
            u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
                | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f
                | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a
                | 0xe_0000..=0xe_0fff
        )
}

#[cfg(test)]
mod tests {
    use super::{Counted, bytes, growth};

    #[test]
    fn sizes_are_rounded_to_what_can_be_read() {
        let sizes = [0, 1, 1023, 1024, 1536, 10_240, 10_752, 1 << 20, (1 << 20) - 1, u64::MAX];
        let words = ["0 B", "1 B", "1,023 B", "1 KiB", "1.5 KiB", "10 KiB", "11 KiB"];
        assert_eq!(sizes.map(bytes)[..7], words);
        assert_eq!(sizes.map(bytes)[7..], ["1 MiB", "1 MiB", "16 EiB"]);
        let growths = [growth(1, 3), growth(3, 1), growth(3, 3)];
        assert_eq!(growths, ["+2 B", "-2 B", "same size"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        let text = [0, 999, 1000, 1_234_567].map(|number| Counted(number).to_string());
        assert_eq!(text, ["0", "999", "1,000", "1,234,567"]);
    }
}
