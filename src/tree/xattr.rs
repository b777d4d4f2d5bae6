//! Extended attributes: sets that many inodes share.

use super::store::{Span, Store};
use crate::num::index;

/// A set of xattrs in a tree. Inodes with the same xattrs usually share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct XattrSet(pub(crate) u32);

impl XattrSet {
    /// No xattrs; the first set of every tree.
    pub const EMPTY: Self = Self(0);

    /// The set's number in its tree, from 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// An extended attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Xattr<'t> {
    /// Full name, such as `security.selinux`; 1 to 255 bytes without NUL.
    pub key: &'t [u8],
    /// Value; 0 to 65,535 bytes.
    pub value: &'t [u8],
}

/// All sets of a tree.
#[derive(Clone, Debug)]
pub(crate) struct XattrTable {
    /// Where each set starts in `pairs`, and behind the last one the end.
    starts: Vec<u32>,
    pairs: Vec<(Span, Span)>,
}

impl XattrTable {
    pub(crate) fn new() -> Self {
        Self { starts: vec![0, 0], pairs: Vec::new() }
    }

    /// How many sets there are, the empty one included.
    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Adds a pair to the set that `close` will end.
    pub(crate) fn push(&mut self, key: Span, value: Span) {
        self.pairs.push((key, value));
    }

    /// Ends a set. `None` if there are more than a tree can number.
    pub(crate) fn close(&mut self) -> Option<XattrSet> {
        let id = u32::try_from(self.len()).ok()?;
        if self.pairs.len() == self.starts.last().copied().map_or(0, index) {
            return Some(XattrSet::EMPTY);
        }
        self.starts.push(u32::try_from(self.pairs.len()).ok()?);
        Some(XattrSet(id))
    }

    fn spans(&self, set: XattrSet) -> &[(Span, Span)] {
        let at = |i: usize| self.starts.get(i).copied().map_or(0, index);
        let i = index(set.0);
        self.pairs.get(at(i)..at(i + 1)).unwrap_or_default()
    }

    pub(crate) fn iter<'t>(
        &'t self,
        store: &'t Store<'_>,
        set: XattrSet,
    ) -> impl ExactSizeIterator<Item = Xattr<'t>> + use<'t> {
        let pair = |&(key, value)| Xattr { key: store.get(key), value: store.get(value) };
        self.spans(set).iter().map(pair)
    }
}
