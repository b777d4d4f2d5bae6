//! Which set of the tree a list of references to shared xattrs stands for.

use std::collections::BTreeMap;

use zerocopy::little_endian::U32;

use crate::tree::XattrSet;

/// The references of an inode, all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    /// Some names mean something only to regular files.
    pub(super) regular: bool,
    pub(super) references: &'a [U32],
}

/// The sets of inodes without xattrs of their own, by the references that are kept.
///
/// Most inodes have the set of the inode before, so that is looked at first. Behind it stands a map
/// that is ordered, since an image could attack a hash.
#[derive(Debug)]
pub(super) struct RefSets<'a> {
    sets: BTreeMap<Box<[u32]>, XattrSet>,
    /// The last list that was kept as a whole, of regular files and of others.
    whole: [(&'a [U32], XattrSet); 2],
    /// What was kept of the last list, whole or not.
    last: (Vec<u32>, XattrSet),
}

impl<'a> RefSets<'a> {
    pub(super) fn new() -> Self {
        let none = XattrSet::EMPTY;
        Self { sets: BTreeMap::new(), whole: [(&[], none); 2], last: (Vec::new(), none) }
    }

    /// The set of a list, if it was the last to be kept as a whole.
    #[inline]
    pub(super) fn find_whole(&self, list: List<'a>) -> Option<XattrSet> {
        let [regular, other] = self.whole;
        let (references, set) = if list.regular { regular } else { other };
        (references == list.references).then_some(set)
    }

    /// The set of some kept references.
    pub(super) fn find(&self, kept: &[u32]) -> Option<XattrSet> {
        if self.last.0 == kept { Some(self.last.1) } else { self.sets.get(kept).copied() }
    }

    /// Notes a set that was not found.
    pub(super) fn put(&mut self, kept: &[u32], set: XattrSet) {
        self.sets.insert(kept.into(), set);
    }

    /// Notes the set of the inode at hand, for the next one.
    pub(super) fn remember(&mut self, list: List<'a>, kept: &[u32], set: XattrSet) {
        self.last.0.clear();
        self.last.0.extend_from_slice(kept);
        self.last.1 = set;
        if kept.len() == list.references.len() {
            let [regular, other] = &mut self.whole;
            *(if list.regular { regular } else { other }) = (list.references, set);
        }
    }
}
