//! What canonicalising may change in a tree. Nothing here can make one invalid.

use super::node::{InodeId, NodeId};
use super::store::Span;
use super::xattr::{Xattr, XattrSet};
use super::{BuildError, Tree};
use crate::num::index;

/// Which facts of an inode stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    pub(crate) payload: bool,
    pub(crate) content: bool,
    pub(crate) digest: bool,
    pub(crate) rdev: bool,
}

impl Tree<'_> {
    /// Lets the first name of each inode in walk order carry it. Returns the names that carry one
    /// now and did not before.
    pub(crate) fn carry_first(&mut self) -> Vec<NodeId> {
        let mut carriers: Vec<NodeId> = self.carriers();
        let mut moved = Vec::new();
        for node in self.nodes() {
            let inode = index(self.inode_of(node).0);
            if carriers[inode] <= node {
                continue;
            }
            let (old, new) = (index(carriers[inode].0), index(node.0));
            self.nodes[new].carry(true);
            self.nodes[old].carry(false);
            carriers[inode] = node;
            moved.push(node);
        }
        moved
    }

    /// Drops facts of an inode, and sets its SIZE and NLINK. True if anything was dropped.
    pub(crate) fn keep_facts(&mut self, id: InodeId, keep: Keep, size: u64, nlink: u32) -> bool {
        let record = &mut self.records[index(id.0)];
        let before = (record.payload, record.digest, record.content, record.rdev);
        if !keep.payload {
            record.payload = Span::NONE;
        }
        if !keep.digest {
            record.digest = Span::NONE;
        }
        if !keep.content {
            record.content = 0;
        }
        if !keep.rdev {
            record.rdev = 0;
        }
        record.size = size;
        record.nlink = nlink;
        before != (record.payload, record.digest, record.content, record.rdev)
    }

    /// Adds a set of xattrs; as [`Builder::xattrs`](super::Builder::xattrs) for pairs of a tree.
    pub(crate) fn add_xattrs(&mut self, pairs: &[Xattr<'_>]) -> Result<XattrSet, BuildError> {
        for pair in pairs {
            let key = self.store.keep(pair.key).ok_or(BuildError::TooLong(pair.key.len()))?;
            let value = self.store.keep(pair.value);
            self.xattrs.push(key, value.ok_or(BuildError::TooLong(pair.value.len()))?);
        }
        self.xattrs.close().ok_or(BuildError::TooMany)
    }

    /// Gives an inode another set of xattrs.
    pub(crate) fn set_xattrs(&mut self, id: InodeId, set: XattrSet) {
        self.records[index(id.0)].xattrs = set;
    }
}
