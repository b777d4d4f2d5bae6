//! Which names share an inode, in both trees.

use std::collections::BTreeMap;

use crate::num::index;
use crate::tree::{InodeId, NodeId, Tree};

/// A name that is in both trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: NodeId,
    pub(super) new: NodeId,
}

/// How the inodes of a pair are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Linked {
    /// No name before shares either inode: its facts are to be compared.
    First,
    /// A pair before has the same two inodes: all is said.
    Known,
    /// The name is in another group than before.
    Regrouped,
}

/// The inodes that have several names, and the first pair of each.
#[derive(Debug)]
pub(super) struct Links {
    old: Side,
    new: Side,
    /// Pairs whose names were regrouped: the first pairs of the groups, if other ones.
    regrouped: BTreeMap<NodeId, (Option<Pair>, Option<Pair>)>,
    /// How many further pairs have the same inodes as a first one.
    known: BTreeMap<NodeId, u64>,
}

#[derive(Debug, Default)]
struct Side {
    /// A bit for each inode that has several names; empty if there is none.
    linked: Vec<u64>,
    first: BTreeMap<InodeId, Pair>,
}

impl Links {
    pub(super) fn new(old: &Tree<'_>, new: &Tree<'_>) -> Self {
        Self {
            old: Side::new(old),
            new: Side::new(new),
            regrouped: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// Takes note of a pair.
    #[inline]
    pub(super) fn pair(&mut self, old: InodeId, new: InodeId, pair: Pair) -> Linked {
        if !self.old.has(old) && !self.new.has(new) {
            return Linked::First;
        }
        let before = self.old.first(old, pair);
        let after = self.new.first(new, pair);
        match (before, after) {
            _ if before != after => {
                let other = |first: Pair| Some(first).filter(|&first| first != pair);
                self.regrouped.insert(pair.new, (other(before), other(after)));
                Linked::Regrouped
            }
            _ if before == pair => Linked::First,
            _ => {
                *self.known.entry(after.new).or_default() += 1;
                Linked::Known
            }
        }
    }

    /// Of a regrouped name in the new tree: the first names of its groups, before and after, if it is
    /// not the first itself.
    pub(super) fn regrouped(&self, new: NodeId) -> Option<(Option<Pair>, Option<Pair>)> {
        self.regrouped.get(&new).copied()
    }

    /// How many further pairs have the same inodes as this one, if it is the first.
    pub(super) fn known(&self, new: NodeId) -> u64 {
        self.known.get(&new).copied().unwrap_or_default()
    }

    /// Whether an inode of the old tree has several names.
    #[inline]
    pub(super) fn old_has(&self, inode: InodeId) -> bool {
        self.old.has(inode)
    }

    /// Whether an inode of the new tree has several names.
    #[inline]
    pub(super) fn new_has(&self, inode: InodeId) -> bool {
        self.new.has(inode)
    }

    /// The first pair of an inode of the old tree that has several names.
    pub(super) fn first_old(&self, inode: InodeId) -> Option<Pair> {
        self.old.first.get(&inode).copied()
    }

    /// The first pair of an inode of the new tree that has several names.
    pub(super) fn first_new(&self, inode: InodeId) -> Option<Pair> {
        self.new.first.get(&inode).copied()
    }
}

impl Side {
    fn new(tree: &Tree<'_>) -> Self {
        if tree.len() == tree.inode_count() {
            return Self::default();
        }
        let mut linked = vec![0; tree.inode_count() / 64 + 1];
        for node in tree.nodes().filter(|&node| tree.is_link(node)) {
            let inode = tree.inode_of(node).number();
            if let Some(word) = linked.get_mut(index(inode / 64)) {
                *word |= 1 << (inode % 64);
            }
        }
        Self { linked, first: BTreeMap::new() }
    }

    #[inline]
    fn has(&self, inode: InodeId) -> bool {
        let word = self.linked.get(index(inode.number() / 64));
        word.is_some_and(|word| word >> (inode.number() % 64) & 1 == 1)
    }

    /// The first pair of an inode: this one, if there is none before. An inode with one name has no
    /// other.
    fn first(&mut self, inode: InodeId, pair: Pair) -> Pair {
        if self.has(inode) { *self.first.entry(inode).or_insert(pair) } else { pair }
    }
}
