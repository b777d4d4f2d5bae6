//! Going through a tree without recursion: a path may be thousands of names deep.

use super::Tree;
use super::node::{Node, NodeId};
use crate::num::index;

/// The names in a directory, sorted by bytes.
#[derive(Clone, Debug)]
pub struct Children<'t> {
    nodes: &'t [Node],
    next: u32,
    end: u32,
}

impl<'t> Children<'t> {
    pub(super) fn new(nodes: &'t [Node], of: NodeId) -> Self {
        let end = nodes.get(index(of.0)).map_or(0, |node| node.end);
        Self { nodes, next: of.0.saturating_add(1), end }
    }
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.nodes.get(index(self.next))?.end;
        Some(id)
    }
}

/// A node met on a [`Walk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// How many directories lie above it; 0 for the root.
    pub depth: usize,
}

/// All nodes in walk order, with the path of the current one.
///
/// ```
/// # use cfs::tree::{Builder, Facts, Mode, NodeId};
/// # let mode = |bits| Mode::new(bits).unwrap();
/// # let mut builder = Builder::new(b"", Facts::new(mode(0o40755)))?;
/// # builder.add(NodeId::ROOT, b"etc", &Facts::new(mode(0o40755)))?;
/// # let tree = builder.finish()?;
/// let mut walk = tree.walk();
/// while let Some(step) = walk.next() {
///     println!("{} {:?}", step.depth, walk.path().escape_ascii());
/// }
/// # Ok::<(), cfs::tree::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Walk<'t, 'a> {
    tree: &'t Tree<'a>,
    next: u32,
    path: Vec<u8>,
    /// The directories above: where their subtree ends, and the length of their path.
    above: Vec<(u32, usize)>,
}

impl<'t, 'a> Walk<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>) -> Self {
        Self { tree, next: 0, path: Vec::new(), above: Vec::new() }
    }

    /// The path of the node that [`Walk::next`] returned last; `/` for the root.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        if self.path.is_empty() { b"/" } else { &self.path }
    }

    /// Goes on behind the subtree of the node that [`Walk::next`] returned last.
    pub fn skip_subtree(&mut self) {
        if let Some(&(end, _)) = self.above.last() {
            self.next = end;
        }
    }

    /// The next node.
    #[expect(clippy::should_implement_trait, reason = "path() borrows the walk between steps")]
    pub fn next(&mut self) -> Option<Step> {
        let id = self.next;
        if index(id) >= self.tree.len() {
            return None;
        }
        while self.above.last().is_some_and(|&(end, _)| end <= id) {
            self.above.pop();
        }
        let depth = self.above.len();
        self.path.truncate(self.above.last().map_or(0, |&(_, len)| len));
        if depth > 0 {
            self.path.push(b'/');
            self.path.extend_from_slice(self.tree.name(NodeId(id)));
        }
        self.above.push((self.tree.end(NodeId(id)).0, self.path.len()));
        self.next = id + 1;
        Some(Step { node: NodeId(id), depth })
    }
}
