//! Paths of nodes, in any order.

use crate::num::index;
use crate::tree::{NodeId, Tree};

/// The directory that each node is in.
#[derive(Debug, Default)]
pub(super) struct Paths {
    parents: Vec<u32>,
}

impl Paths {
    pub(super) fn new(tree: &Tree<'_>) -> Self {
        let mut above: Vec<NodeId> = Vec::new();
        let mut parents = Vec::with_capacity(tree.len());
        for node in tree.nodes() {
            while above.last().is_some_and(|&directory| tree.end(directory) <= node) {
                above.pop();
            }
            parents.push(above.last().map_or(0, |directory| directory.number()));
            if tree.end(node).number() > node.number() + 1 {
                above.push(node);
            }
        }
        Self { parents }
    }

    /// The path of a node, and `/` of the root.
    pub(super) fn of(&self, tree: &Tree<'_>, node: NodeId) -> Vec<u8> {
        let mut nodes = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            nodes.push(at);
            let parent = self.parents.get(index(at.number()));
            at = parent.map_or(NodeId::ROOT, |&parent| NodeId::from_number(parent));
        }
        let mut path = Vec::new();
        for &node in nodes.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(tree.name(node));
        }
        if path.is_empty() { b"/".to_vec() } else { path }
    }

    /// What a node is sorted by to come in walk order. No name holds a NUL, which stands for the slash.
    pub(super) fn key(&self, tree: &Tree<'_>, node: NodeId) -> Vec<u8> {
        let mut path = self.of(tree, node);
        path.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = 0);
        path
    }
}
