//! For names that come out of walk order: look-up by parent and name, and the way back to order.

use hashbrown::HashTable;
use xxhash_rust::xxh64::xxh64;

use super::node::{MAX_NODES, Node};
use super::store::Store;
use crate::num::index;

/// Names by parent.
///
/// The hash is keyed with a hash of the whole source, so that a text cannot hold names that were
/// chosen to collide, and the same text still gives the same work everywhere.
#[derive(Debug)]
pub(super) struct NameIndex {
    key: u64,
    /// Parent and node.
    table: HashTable<(u32, u32)>,
}

impl NameIndex {
    pub(super) fn new(store: &Store<'_>) -> Self {
        Self { key: xxh64(store.source(), 0x6366_7364), table: HashTable::new() }
    }

    pub(super) fn find(
        &self,
        store: &Store<'_>,
        nodes: &[Node],
        parent: u32,
        name: &[u8],
    ) -> Option<u32> {
        let is_it =
            |&(above, id): &(u32, u32)| above == parent && store.get(nodes[index(id)].name) == name;
        self.table.find(hash(self.key, parent, name), is_it).map(|&(_, id)| id)
    }

    pub(super) fn insert(&mut self, store: &Store<'_>, nodes: &[Node], parent: u32, id: u32) {
        let key = self.key;
        let hash_of =
            |&(parent, id): &(u32, u32)| hash(key, parent, store.get(nodes[index(id)].name));
        self.table.insert_unique(hash_of(&(parent, id)), (parent, id), hash_of);
    }
}

fn hash(key: u64, parent: u32, name: &[u8]) -> u64 {
    xxh64(name, key ^ u64::from(parent).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The parent of each node in walk order, the root its own.
pub(super) fn parents(nodes: &[Node]) -> Vec<u32> {
    let mut above: Vec<(u32, u32)> = Vec::new();
    let mut parents = Vec::with_capacity(nodes.len());
    for (id, node) in (0u32..).zip(nodes) {
        while above.last().is_some_and(|&(_, end)| end <= id) {
            above.pop();
        }
        parents.push(above.last().map_or(0, |&(parent, _)| parent));
        // A leaf that was never closed ends at once.
        above.push((id, node.end.max(id + 1)));
    }
    parents
}

/// The nodes in walk order, their `end` set.
pub(super) fn in_walk_order(store: &Store<'_>, nodes: &[Node], parents: &[u32]) -> Vec<Node> {
    let children = sorted_children(store, nodes, parents);
    let first = first_children(&children, parents, nodes.len());
    let mut ordered: Vec<Node> = Vec::with_capacity(nodes.len());
    // Directories on the way down: where the node went, and which of its children is next.
    let mut open: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    let mut next = Some(0u32);
    while let Some(id) = next {
        let at = ordered.len();
        ordered.push(nodes[index(id)]);
        open.push((at, first[index(id)]..first[index(id) + 1]));
        next = None;
        while let Some((at, rest)) = open.last_mut() {
            if let Some(child) = rest.next() {
                next = Some(children[child]);
                break;
            }
            ordered[*at].end = u32::try_from(ordered.len()).unwrap_or(MAX_NODES);
            open.pop();
        }
    }
    ordered
}

/// All nodes but the root, by parent and then by name.
fn sorted_children(store: &Store<'_>, nodes: &[Node], parents: &[u32]) -> Vec<u32> {
    let mut children: Vec<u32> = (1..u32::try_from(nodes.len()).unwrap_or(MAX_NODES)).collect();
    children.sort_unstable_by(|&a, &b| {
        let name = |id: u32| store.get(nodes[index(id)].name);
        let by_parent = parents[index(a)].cmp(&parents[index(b)]);
        by_parent.then_with(|| name(a).cmp(name(b)))
    });
    children
}

/// Where each node's children start in `children`; behind the last node, the end.
fn first_children(children: &[u32], parents: &[u32], nodes: usize) -> Vec<usize> {
    let mut first = vec![0usize; nodes + 1];
    for &child in children {
        first[index(parents[index(child)]) + 1] += 1;
    }
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    first
}
