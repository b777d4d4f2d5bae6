//! Where the bytes of a tree lie: names, payloads, digests, contents, xattrs.

use crate::num::{clamp_index, low16, wide};

/// Bits of a [`Span`] that hold the length.
const LENGTH_BITS: u32 = 16;

/// The longest byte string a [`Span`] can stand for.
pub(crate) const MAX_SPAN: usize = 0xffff;

/// A byte string of at most 65,535 bytes, as its place in a [`Store`]: eight bytes instead of an
/// allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u64);

impl Span {
    /// No byte string at all, which is not the same as an empty one.
    pub(crate) const NONE: Self = Self(u64::MAX);

    fn new(offset: u64, len: usize) -> Self {
        debug_assert!(len <= MAX_SPAN && offset < 1 << 47, "a span holds 47 and 16 bits");
        Self(offset << LENGTH_BITS | wide(len))
    }

    #[inline]
    fn offset(self) -> usize {
        clamp_index(self.0 >> LENGTH_BITS)
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        usize::from(low16(self.0))
    }
}

/// The text or image a tree was read from, and behind it the bytes that do not stand there as such.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store<'a> {
    source: &'a [u8],
    arena: Vec<u8>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        Self { source, arena: Vec::new() }
    }

    pub(crate) fn source(&self) -> &'a [u8] {
        self.source
    }

    /// The bytes a span stands for; empty for [`Span::NONE`].
    #[inline]
    pub(crate) fn get(&self, span: Span) -> &[u8] {
        let (at, len) = (span.offset(), span.len());
        let bytes = match at.checked_sub(self.source.len()) {
            None => self.source.get(at..).and_then(|rest| rest.get(..len)),
            Some(behind) => self.arena.get(behind..).and_then(|rest| rest.get(..len)),
        };
        bytes.unwrap_or_default()
    }

    /// `None` for [`Span::NONE`], else the bytes.
    #[inline]
    pub(crate) fn get_opt(&self, span: Span) -> Option<&[u8]> {
        (span != Span::NONE).then(|| self.get(span))
    }

    /// Keeps bytes: borrowed if they lie in the source, else copied. `None` if they are too long.
    #[inline]
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Option<Span> {
        if bytes.len() > MAX_SPAN {
            return None;
        }
        Some(match self.place(bytes) {
            Some(at) => Span::new(wide(at), bytes.len()),
            None => self.copy(bytes),
        })
    }

    fn copy(&mut self, bytes: &[u8]) -> Span {
        let at = wide(self.source.len()) + wide(self.arena.len());
        self.arena.extend_from_slice(bytes);
        Span::new(at, bytes.len())
    }

    /// Where `bytes` starts in the source, if it is a piece of it.
    #[inline]
    pub(crate) fn place(&self, bytes: &[u8]) -> Option<usize> {
        let at = bytes.as_ptr().addr().checked_sub(self.source.as_ptr().addr())?;
        let end = at.checked_add(bytes.len())?;
        (end <= self.source.len() && !bytes.is_empty()).then_some(at)
    }

    /// The same bytes at the same places, with nothing borrowed.
    pub(crate) fn into_owned(self) -> Store<'static> {
        let mut arena = self.source.to_vec();
        arena.extend_from_slice(&self.arena);
        Store { source: &[], arena }
    }
}

/// A hash of the length and the last bytes: equal for equal values, and mostly different for others.
/// Whoever uses it compares values whole in the end, so a bad hash costs time and nothing else.
#[inline]
pub(crate) fn sample(value: &[u8]) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut last = [0; 16];
    match value.last_chunk::<16>() {
        Some(chunk) => last = *chunk,
        None => last.iter_mut().zip(value).for_each(|(place, &byte)| *place = byte),
    }
    let (words, _) = last.as_chunks::<8>();
    let start = wide(value.len()).wrapping_mul(K);
    let hash = words.iter().fold(start, |hash, word| {
        (hash ^ u64::from_le_bytes(*word)).wrapping_mul(K).rotate_left(29)
    });
    crate::num::low32((hash ^ hash >> 32).wrapping_mul(K) >> 32)
}
