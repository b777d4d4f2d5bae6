//! The rules about the xattrs of a line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::error::{Class, Code, Detail, Field};
use super::super::escape::{unescape, unescaped_len};
use super::super::lex::{Finding, Pair, Token};
use super::inode::Known;
use super::{Checked, Reader};
use crate::tree::FileType;

/// The longest key, in bytes.
const MAX_KEY: usize = 255;
/// What the xattrs of an inode may cost.
const MAX_COST: usize = 32_767;
/// What an inode's first xattr costs beside itself.
const FIRST_COST: usize = 12;
/// What an xattr costs beside the bytes of key and value.
const PAIR_COST: usize = 7;

/// The key that makes a device of a regular file.
const WHITEOUT: &[u8] = b"trusted.overlay.whiteout";
/// Keys that an image means something else by, and does not give back.
const LOST: [&[u8]; 3] =
    [b"user.overlay.whiteout", b"user.overlay.whiteouts", b"trusted.overlay.whiteouts"];

/// The keys and values, still escaped, of the xattr fields of a line that holds no error.
///
/// A key may come twice; the later value is the one that counts.
///
/// # Example
/// ```
/// let xattrs: Vec<_> = cfs::dump::xattrs_of(b"user.a=1 user.b=x=y").collect();
/// assert_eq!(xattrs, [(&b"user.a"[..], &b"1"[..]), (b"user.b", b"x=y")]);
/// ```
pub fn xattrs_of(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    raw.split(|&byte| byte == b' ').filter_map(|field| {
        let at = memchr::memchr(b'=', field)?;
        Some((field.get(..at)?, field.get(at + 1..)?))
    })
}

/// The xattrs so far, and what they cost: the reference's own way of counting.
#[derive(Default)]
struct Account<'a> {
    /// Each key once, unescaped, with the length of its value.
    values: BTreeMap<Cow<'a, [u8]>, usize>,
    cost: usize,
}

impl<'a> Account<'a> {
    /// Sets a key, and tells what all xattrs cost then.
    fn set(&mut self, key: Cow<'a, [u8]>, value_len: usize) -> usize {
        let pair_cost = PAIR_COST + key.len();
        if let Some(old_len) = self.values.remove(&key) {
            self.cost = if self.values.is_empty() { 0 } else { self.cost - pair_cost - old_len };
        }
        let first = if self.values.is_empty() { FIRST_COST } else { 0 };
        self.cost += first + pair_cost + value_len;
        self.values.insert(key, value_len);
        self.cost
    }
}

impl<'a> Reader<'a, '_> {
    pub(super) fn xattrs(&mut self, known: Known, tokens: &[Token<'a, Pair<'a>>]) -> Checked<()> {
        let mut account = Account::default();
        for token in tokens {
            let Pair { key, value } = self.value(token)?;
            let finding = |code| Finding::new(code, Field::Xattr, token.raw);
            let key = unescape(key).unwrap_or_default();
            let key_len = Detail::Length(key.len());
            self.check(key.len() <= MAX_KEY, finding(Code::XattrKeyTooLong).detail(key_len))?;
            self.check(!account.values.contains_key(&key), finding(Code::XattrDuplicate))?;
            let reserved = reserved(known, &key);
            let cost = account.set(key, unescaped_len(value));
            let too_big = finding(Code::XattrTooBig).detail(Detail::Length(cost));
            self.check(cost <= MAX_COST, too_big)?;
            if let Some(class) = reserved {
                self.raise(&finding(Code::XattrReserved).class(class))?;
            }
        }
        Ok(())
    }
}

/// Whether it depends on the file's type what there is to say about xattrs without an error.
pub(in super::super) fn depend_on_type(raw: &[u8]) -> bool {
    xattrs_of(raw).any(|(key, _)| unescape(key).is_ok_and(|key| *key == *WHITEOUT))
}

/// Whether a key may stand on a file of this type.
fn reserved(known: Known, key: &[u8]) -> Option<Class> {
    let whiteout = known.file_type == FileType::CharDevice && known.rdev == 0;
    match key {
        WHITEOUT if known.file_type == FileType::Regular => Some(Class::Error),
        WHITEOUT if whiteout => Some(Class::StrictError),
        _ if LOST.contains(&key) => Some(Class::StrictError),
        _ => None,
    }
}
