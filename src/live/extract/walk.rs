//! Cutting a tree into pieces of work, and making the directories on the way.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{Mode, mkdirat};

use super::descent::Descent;
use super::error::{ExtractError, ExtractErrorKind, failed};
use super::select::Wanted;
use crate::tree::{Children, FileType, NodeId, Tree};

/// A piece of work.
#[derive(Debug, Default)]
pub(super) enum Job {
    /// None.
    #[default]
    Nothing,
    /// Nodes to make in a directory.
    Nodes(Arc<OwnedFd>, Vec<NodeId>),
    /// A directory in which all is made.
    Leave(Arc<OwnedFd>, NodeId),
}

/// Nodes in a piece, and bytes after which it ends.
const NODES: usize = 32;
const BYTES: u64 = 1 << 20;

/// Goes through a tree, making directories that only their owner may enter.
pub(super) struct Walker<'w> {
    tree: &'w Tree<'w>,
    wanted: &'w Wanted,
    descent: Descent,
    open: Vec<NodeId>,
    next: NodeId,
    /// What is left to make in the current directory besides directories.
    files: Option<Children<'w>>,
}

impl<'w> Walker<'w> {
    pub(super) fn new(tree: &'w Tree<'w>, wanted: &'w Wanted, descent: Descent) -> Self {
        let (root, files) = (NodeId::ROOT, Some(tree.children(NodeId::ROOT)));
        let next = NodeId::from_number(1);
        Self { tree, wanted, descent, open: vec![root], next, files }
    }

    /// The next piece; nothing at the end.
    pub(super) fn job(&mut self) -> Result<Option<Job>, ExtractError> {
        loop {
            let Some(&top) = self.open.last() else { return Ok(None) };
            let here = |kind| ExtractError::new(top, kind);
            if let Some(nodes) = self.files() {
                let dir = self.descent.current().map_err(here)?;
                return Ok(Some(Job::Nodes(Arc::clone(dir), nodes)));
            }
            let node = self.next;
            if node >= self.tree.end(top) {
                self.open.pop();
                let left = self.descent.leave().map_err(here)?;
                let left = left.ok_or(here(ExtractErrorKind::Swapped))?;
                return Ok(Some(Job::Leave(left, top)));
            }
            let is_directory = self.tree.facts(node).file_type() == FileType::Directory;
            if is_directory && self.wanted.has(node) {
                self.enter(node).map_err(|kind| ExtractError::new(node, kind))?;
                self.next = NodeId::from_number(node.number() + 1);
            } else {
                self.next = self.tree.end(node);
            }
        }
    }

    fn enter(&mut self, node: NodeId) -> Result<(), ExtractErrorKind> {
        let name = self.tree.name(node);
        let mode = Mode::from_raw_mode(0o700);
        mkdirat(&**self.descent.current()?, name, mode).map_err(failed("make"))?;
        self.descent.enter(name).map_err(|_| ExtractErrorKind::Swapped)?;
        self.open.push(node);
        self.files = Some(self.tree.children(node));
        Ok(())
    }

    /// Some of what is left to make in the current directory.
    fn files(&mut self) -> Option<Vec<NodeId>> {
        let (mut nodes, mut bytes) = (Vec::new(), 0);
        for node in self.files.as_mut()? {
            let inode = self.tree.facts(node);
            if inode.file_type() != FileType::Directory && self.wanted.has(node) {
                nodes.push(node);
                bytes += inode.size().min(BYTES);
                if nodes.len() >= NODES || bytes >= BYTES {
                    return Some(nodes);
                }
            }
        }
        self.files = None;
        (!nodes.is_empty()).then_some(nodes)
    }
}
