//! Xattrs as bytes, for the writer.

use zerocopy::IntoBytes;

use super::disk::{self, Metacopy, NameRule, XATTR_ALIGN, XattrEntry, XattrHeader};
use crate::num::{low8, low16, wide};
use crate::verity::Algorithm;

/// The bit that a full name clears in the filter.
pub(super) fn filter_mask(key: &[u8]) -> u32 {
    let (prefix, suffix) = split(key);
    !(1 << disk::filter_bit(prefix, suffix))
}

pub(super) fn split(key: &[u8]) -> (u8, &[u8]) {
    disk::split_name(key, NameRule::C)
}

/// Bytes of an entry, padding included.
pub(super) const fn entry_len(suffix: usize, value: usize) -> usize {
    (size_of::<XattrEntry>() + suffix + value).next_multiple_of(XATTR_ALIGN)
}

/// Appends an entry whose value is given in parts. Lengths are within what a tree can hold.
pub(super) fn push_entry(out: &mut Vec<u8>, (prefix, suffix): (u8, &[u8]), value: &[&[u8]]) {
    let value_len: usize = value.iter().map(|part| part.len()).sum();
    let header = XattrEntry {
        name_len: low8(wide(suffix.len())),
        name_index: prefix,
        value_size: low16(wide(value_len)).into(),
    };
    let end = out.len() + entry_len(suffix.len(), value_len);
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(suffix);
    value.iter().for_each(|part| out.extend_from_slice(part));
    out.resize(end, 0);
}

/// What an area starts with. There are at most 128 references.
pub(super) fn header(name_filter: u32, references: usize) -> XattrHeader {
    XattrHeader {
        name_filter: name_filter.into(),
        shared_count: low8(wide(references)),
        reserved: [0; 7],
    }
}

/// What the value of metacopy starts with, by the length of the digest; `None` if there is none.
pub(super) fn metacopy(digest: &[u8]) -> Option<Metacopy> {
    let algorithm = match digest.len() {
        0 => return None,
        32 => Algorithm::Sha256,
        _ => Algorithm::Sha512,
    };
    let len = low8(wide(size_of::<Metacopy>() + digest.len()));
    Some(Metacopy { version: 0, len, flags: 0, algorithm: algorithm.id() })
}
