//! What was renamed or moved: a deleted entry and an added one with the same content.
//!
//! Candidates are sorted by a hash of what they hold, and compared whole before they are paired, so
//! that a bad hash costs time and nothing else.

mod hash;

use std::collections::BTreeMap;

use super::compare::same_content;
use super::links::Links;
use super::{Change, Kind};
use crate::num::{index, wide};
use crate::tree::{FileType, NodeId, Tree};
use hash::{Hashed, hashes};

/// An entry that only one tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    hash: u64,
    node: NodeId,
    /// Whether it lies in a directory that is a candidate too.
    nested: bool,
}

/// What was moved, found by the place in either tree.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// New place to old place.
    pub(super) to: BTreeMap<NodeId, NodeId>,
    /// Old place to new place.
    pub(super) from: BTreeMap<NodeId, NodeId>,
}

impl Moves {
    /// Finds what was moved among changes. What lies in a directory that is new as a whole is not
    /// looked for in a directory that is gone as a whole: those two are told in a line each.
    pub(super) fn find(old: &Tree<'_>, new: &Tree<'_>, changes: &[Change], links: &Links) -> Self {
        let gone = changes.iter().filter(|change| change.kind == Kind::Deleted);
        let gone: Vec<NodeId> = gone.filter_map(|change| change.old).collect();
        let come = changes.iter().filter(|change| change.kind == Kind::Added);
        let come: Vec<NodeId> = come.filter_map(|change| change.new).collect();
        if gone.is_empty() || come.is_empty() {
            return Self::default();
        }
        let gone = hashes(old, &gone, |inode| links.old_has(inode));
        let come = hashes(new, &come, |inode| links.new_has(inode));
        let mut finder = Finder { old, new, moves: Self::default(), left: 0 };
        finder.left = 4 * (wide(gone.len()) + wide(come.len())) + 64;
        finder.directories(&gone, &come);
        finder.files(&gone, &come);
        finder.moves
    }

    fn add(&mut self, old: NodeId, new: NodeId) {
        self.to.insert(new, old);
        self.from.insert(old, new);
    }

    /// How many nodes of a range of the new tree were moved there.
    pub(super) fn moved_to(&self, tree: &Tree<'_>, first: NodeId, end: NodeId) -> u64 {
        let tops = self.to.range(first..end).map(|(&top, _)| top);
        tops.map(|top| size(tree, top)).sum()
    }

    /// How many nodes of a range of the old tree were moved away.
    pub(super) fn moved_from(&self, tree: &Tree<'_>, first: NodeId, end: NodeId) -> u64 {
        let tops = self.from.range(first..end).map(|(&top, _)| top);
        tops.map(|top| size(tree, top)).sum()
    }
}

/// How many nodes there are from a node on to the end of what is below it.
pub(super) fn size(tree: &Tree<'_>, node: NodeId) -> u64 {
    u64::from(tree.end(node).number() - node.number())
}

struct Finder<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    moves: Moves,
    /// How many more nodes may be compared.
    left: u64,
}

/// How many directories with the right hash are looked at for one with the same name.
const LOOKED_AT: usize = 8;

impl Finder<'_> {
    /// Pairs directories that hold the same, largest first.
    fn directories(&mut self, gone: &[Hashed], come: &[Hashed]) {
        let mut by_hash: BTreeMap<u64, Vec<Candidate>> = BTreeMap::new();
        for it in gone.iter().filter(|it| it.is_directory && it.weight > 0) {
            let candidate = Candidate { hash: it.hash, node: it.node, nested: it.nested };
            by_hash.entry(it.hash).or_default().push(candidate);
        }
        // The first one is taken from the end.
        by_hash.values_mut().for_each(|candidates| candidates.reverse());
        let mut behind = NodeId::ROOT;
        for it in come.iter().filter(|it| it.is_directory && it.weight > 0) {
            if it.node < behind {
                continue;
            }
            let Some(candidates) = by_hash.get_mut(&it.hash) else { continue };
            if let Some(old) = self.take_directory(candidates, it) {
                self.moves.add(old, it.node);
                behind = self.new.end(it.node);
            }
        }
    }

    /// Takes the first candidate that holds the same, one with the same name if it is near.
    fn take_directory(&mut self, candidates: &mut Vec<Candidate>, it: &Hashed) -> Option<NodeId> {
        let name = self.new.name(it.node);
        let fits = |candidate: &&Candidate| !(candidate.nested && it.nested);
        loop {
            let near = || candidates.iter().rev().take(LOOKED_AT).filter(fits);
            let named = near().find(|at| self.old.name(at.node) == name);
            let old = named.or_else(|| near().next())?.node;
            // One that does not fit this fits nothing.
            let at = candidates.iter().rposition(|candidate| candidate.node == old)?;
            candidates.remove(at);
            if !self.is_moved(old) && self.same_below(old, it.node) {
                return Some(old);
            }
        }
    }

    /// Whether a node of the old tree, or a directory above it, was found to be moved.
    fn is_moved(&self, old: NodeId) -> bool {
        let before = self.moves.from.range(..=old).next_back();
        before.is_some_and(|(&top, _)| old < self.old.end(top))
    }

    fn is_taken(&self, new: NodeId) -> bool {
        let before = self.moves.to.range(..=new).next_back();
        before.is_some_and(|(&top, _)| new < self.new.end(top))
    }

    /// Whether the same names lie below two directories, with the same types and contents.
    fn same_below(&mut self, old: NodeId, new: NodeId) -> bool {
        let len = self.old.end(old).number() - old.number();
        let Some(left) = self.left.checked_sub(u64::from(len)) else { return false };
        self.left = left;
        if self.new.end(new).number() - new.number() != len || self.holds_moved(old) {
            return false;
        }
        let mut links: (BTreeMap<_, u32>, BTreeMap<_, u32>) = Default::default();
        (1..len).all(|at| {
            let a = NodeId::from_number(old.number() + at);
            let b = NodeId::from_number(new.number() + at);
            let inodes = (self.old.inode_of(a), self.new.inode_of(b));
            let linked = self.old.is_link(a) || self.new.is_link(b);
            let first =
                (*links.0.entry(inodes.0).or_insert(at), *links.1.entry(inodes.1).or_insert(at));
            first.0 == first.1
                && (!linked || first.0 != at)
                && self.old.end(a).number() - a.number() == self.new.end(b).number() - b.number()
                && self.old.name(a) == self.new.name(b)
                && self.same(a, b)
        })
    }

    /// Whether something below a directory was moved on its own.
    fn holds_moved(&self, old: NodeId) -> bool {
        self.moves.from.range(old..self.old.end(old)).next().is_some()
    }

    /// Whether two nodes have the same type, and hold the same but for names.
    fn same(&self, old: NodeId, new: NodeId) -> bool {
        let (old, new) = (self.old.facts(old), self.new.facts(new));
        old.file_type() == new.file_type()
            && match new.file_type() {
                FileType::Regular => same_content(&old, &new),
                FileType::Symlink => old.payload() == new.payload(),
                kind => !kind.is_device() || old.rdev() == new.rdev(),
            }
    }

    /// Pairs files that hold the same.
    fn files(&mut self, gone: &[Hashed], come: &[Hashed]) {
        let mut old = candidates(gone, |node| !self.is_moved(node));
        let mut new = candidates(come, |node| !self.is_taken(node));
        old.sort_unstable();
        new.sort_unstable();
        let mut runs: BTreeMap<u64, &[Candidate]> = BTreeMap::new();
        for run in old.chunk_by(|a, b| a.hash == b.hash) {
            runs.extend(run.first().map(|first| (first.hash, run)));
        }
        for run in new.chunk_by(|a, b| a.hash == b.hash) {
            let old = run.first().and_then(|first| runs.get(&first.hash).copied());
            if let Some(old) = old {
                self.pair_run(old, run);
            }
        }
    }

    /// Pairs candidates with the same hash: those with the same name first, then those that are no
    /// part of a larger change, in their order.
    fn pair_run(&mut self, old: &[Candidate], new: &[Candidate]) {
        let mut by_name: BTreeMap<(&[u8], bool), Vec<NodeId>> = BTreeMap::new();
        for it in old.iter().rev() {
            by_name.entry((self.old.name(it.node), it.nested)).or_default().push(it.node);
        }
        let mut left = Vec::new();
        for it in new {
            let name = self.new.name(it.node);
            let mut take = |nested| by_name.get_mut(&(name, nested)).and_then(Vec::pop);
            match take(false).or_else(|| if it.nested { None } else { take(true) }) {
                Some(old) => self.add_file(old, it.node),
                None if !it.nested => left.push(it.node),
                None => {}
            }
        }
        let old = old.iter().filter(|it| !it.nested).map(|it| it.node);
        let old: Vec<_> = old.filter(|&node| !self.moves.from.contains_key(&node)).collect();
        for (old, new) in old.into_iter().zip(left) {
            if self.new.facts(new).file_type() == FileType::Regular {
                self.add_file(old, new);
            }
        }
    }

    fn add_file(&mut self, old: NodeId, new: NodeId) {
        if self.same(old, new) {
            self.moves.add(old, new);
        }
    }
}

/// The files among hashed nodes that can be told from others by what they hold.
fn candidates(of: &[Hashed], is_free: impl Fn(NodeId) -> bool) -> Vec<Candidate> {
    let files = of.iter().filter(|it| !it.is_directory && it.weight > 0 && is_free(it.node));
    files.map(|it| Candidate { hash: it.hash, node: it.node, nested: it.nested }).collect()
}

/// The place of a node among the nodes from `first` on.
fn offset(first: NodeId, node: NodeId) -> usize {
    index(node.number().saturating_sub(first.number()))
}
