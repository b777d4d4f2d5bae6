//! The values of entries, unescaped and decoded.

use std::borrow::Cow;

use super::entry::Fields;
use super::escape::unescape;
use crate::tree::{Facts, XattrSet};

/// The values of an entry that had to be unescaped or decoded.
#[derive(Default)]
pub(super) struct Values<'v> {
    payload: Option<Cow<'v, [u8]>>,
    content: Option<Cow<'v, [u8]>>,
    digest: Option<DigestBytes>,
}

struct DigestBytes {
    bytes: [u8; 64],
    len: usize,
}

impl<'v> Values<'v> {
    #[inline]
    pub(super) fn facts<'s>(
        &'s mut self,
        fields: &Fields<'v>,
        xattrs: XattrSet,
        escapes: Escapes,
    ) -> Facts<'s> {
        self.payload = fields.payload.map(|payload| escapes.undo(payload));
        self.content = fields.content.map(plain);
        self.digest = fields.digest.and_then(|digest| DigestBytes::new(&escapes.undo(digest)));
        Facts {
            mode: fields.mode,
            size: fields.size,
            nlink: fields.nlink,
            uid: fields.uid,
            gid: fields.gid,
            rdev: fields.rdev,
            mtime: fields.mtime,
            payload: self.payload.as_deref(),
            content: self.content.as_deref(),
            digest: self.digest.as_ref().and_then(|digest| digest.bytes.get(..digest.len)),
            xattrs,
        }
    }
}

impl DigestBytes {
    #[inline]
    fn new(digits: &[u8]) -> Option<Self> {
        let mut digest = Self { bytes: [0; 64], len: digits.len() / 2 };
        const_hex::decode_to_slice(digits, digest.bytes.get_mut(..digest.len)?).ok()?;
        Some(digest)
    }
}

/// Whether PATH, PAYLOAD and DIGEST may hold escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    None,
    Some,
}

impl Escapes {
    #[inline]
    pub(super) fn undo(self, raw: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::None => Cow::Borrowed(raw),
            Self::Some => plain(raw),
        }
    }
}

/// A string of an entry, which is known to unescape.
#[inline]
pub(super) fn plain(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    unescape(raw).unwrap_or(Cow::Borrowed(raw))
}
