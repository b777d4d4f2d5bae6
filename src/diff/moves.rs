//! What was renamed or moved: a deleted entry and an added one with the same content, and directories
//! that hold mostly the same.
//!
//! Candidates are sorted by a hash of what they hold, and compared whole before they are paired, so
//! that a bad hash costs time and nothing else.

mod hash;
mod near;

use std::collections::BTreeMap;

use super::compare::same_content;
use super::join::Join;
use super::{Attributes, Change, Kind};
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

/// One place for another.
type Places = BTreeMap<NodeId, NodeId>;

/// What was moved, found by the place in either tree.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// New place to old place.
    pub(super) to: Places,
    /// Old place to new place.
    pub(super) from: Places,
    /// What changed in directories that were moved, found by the new place.
    inside: BTreeMap<NodeId, Inside>,
}

/// A directory that was moved and changed.
#[derive(Debug, Default)]
pub(super) struct Inside {
    /// In what the directory itself differs.
    pub(super) attributes: Attributes,
    /// What differs below it. Of what is new, moved entries are not yet taken out.
    pub(super) changes: Vec<Change>,
    /// What is below it in the new tree alone.
    come: Vec<NodeId>,
}

impl Moves {
    /// Finds what was moved among changes. What lies in a directory that is new as a whole is not
    /// looked for in a directory that is gone as a whole: those two are told in a line each.
    pub(super) fn find(join: &mut Join<'_>, changes: &[Change]) -> Self {
        let (old, new) = join.trees();
        let (gone, come) = tops(old, new, changes);
        if gone.is_empty() || come.is_empty() {
            return Self::default();
        }
        let mut gone = hashes(old, &gone, |inode| join.links.old_has(inode));
        let mut come = hashes(new, &come, |inode| join.links.new_has(inode));
        let left = 4 * (wide(gone.len()) + wide(come.len())) + 64;
        let mut finder = Finder { old, new, moves: Self::default(), near: Self::default(), left };
        finder.changed_directories(join, &mut gone, &mut come);
        gone.retain(|it| !it.is_bound);
        come.retain(|it| !it.is_bound);
        finder.directories(&gone, &come);
        finder.files(&gone, &come);
        let Finder { mut moves, near, .. } = finder;
        moves.to.extend(near.to);
        moves.from.extend(near.from);
        Self { inside: near.inside, ..moves }
    }

    fn add(&mut self, old: NodeId, new: NodeId) {
        self.to.insert(new, old);
        self.from.insert(old, new);
    }

    /// Whether something from a node on to the end of what is below it was moved on its own.
    fn reaches(places: &Places, tree: &Tree<'_>, node: NodeId) -> bool {
        places.range(node..tree.end(node)).next().is_some()
    }

    /// The nodes below or at a node of the new tree that were moved there, each with the node it was;
    /// but for those that were moved to a place below another.
    pub(super) fn moved_to<'m>(
        &'m self,
        tree: &'m Tree<'_>,
        node: NodeId,
    ) -> impl Iterator<Item = (NodeId, NodeId)> {
        outermost(&self.to, tree, node)
    }

    /// As [`Moves::moved_to`], of the old tree, with the nodes they became.
    pub(super) fn moved_from<'m>(
        &'m self,
        tree: &'m Tree<'_>,
        node: NodeId,
    ) -> impl Iterator<Item = (NodeId, NodeId)> {
        outermost(&self.from, tree, node)
    }

    /// Of a directory that was moved and changed: what is in it in the new tree alone.
    pub(super) fn come_inside(&self, new: NodeId) -> &[NodeId] {
        self.inside.get(&new).map_or(&[], |inside| &inside.come)
    }

    /// Of a directory that was moved and changed: what differs.
    pub(super) fn take_inside(&mut self, new: NodeId) -> Option<(Attributes, Vec<Change>)> {
        let inside = self.inside.get_mut(&new)?;
        Some((inside.attributes, std::mem::take(&mut inside.changes)))
    }
}

fn outermost<'m>(
    places: &'m Places,
    tree: &'m Tree<'_>,
    node: NodeId,
) -> impl Iterator<Item = (NodeId, NodeId)> {
    let (mut next, end) = (node, tree.end(node));
    std::iter::from_fn(move || {
        let (&top, &other) = places.range(next..end).next()?;
        next = tree.end(top);
        Some((top, other))
    })
}

/// How many nodes there are from some nodes on to the ends of what is below them.
pub(super) fn sizes(tree: &Tree<'_>, nodes: impl Iterator<Item = (NodeId, NodeId)>) -> u64 {
    nodes.map(|(node, _)| size(tree, node)).sum()
}

/// What only the old tree has, and what only the new one has: the nodes from which on that holds. A
/// directory that became something else is such a node too, as what is below it is gone.
fn tops(old: &Tree<'_>, new: &Tree<'_>, changes: &[Change]) -> (Vec<NodeId>, Vec<NodeId>) {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for change in changes {
        let is_directory =
            |tree: &Tree<'_>, node: &NodeId| tree.facts(*node).file_type() == FileType::Directory;
        match change.kind {
            Kind::Deleted => gone.extend(change.old),
            Kind::Added => come.extend(change.new),
            Kind::Type => {
                gone.extend(change.old.filter(|node| is_directory(old, node)));
                come.extend(change.new.filter(|node| is_directory(new, node)));
            }
            _ => {}
        }
    }
    (gone, come)
}

/// How many nodes there are from a node on to the end of what is below it.
pub(super) fn size(tree: &Tree<'_>, node: NodeId) -> u64 {
    u64::from(tree.end(node).number() - node.number())
}

struct Finder<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    moves: Moves,
    /// Directories that were moved and changed.
    near: Moves,
    /// How many more nodes may be compared.
    left: u64,
}

/// How many directories with the right hash are looked at for one with the same name.
const LOOKED_AT: usize = 8;

impl<'t> Finder<'t> {
    /// Pairs directories that hold mostly the same, and compares what is in them. What only one of them
    /// has is not walked, so that no node is met twice however deep such directories lie in each other.
    fn changed_directories(
        &mut self,
        join: &mut Join<'t>,
        gone: &mut [Hashed],
        come: &mut [Hashed],
    ) {
        for (a, b) in near::pairs((self.old, gone), (self.new, come), self.left) {
            let (Some(&before), Some(&after)) = (gone.get(a), come.get(b)) else { continue };
            let is_taken = before.is_bound
                || after.is_bound
                || before.nested && after.nested
                || Moves::reaches(&self.near.from, self.old, before.node)
                || Moves::reaches(&self.near.to, self.new, after.node);
            if is_taken {
                continue;
            }
            let attributes = join.moved(before.node, after.node);
            let changes = join.inside(before.node, after.node);
            let tops = tops(self.old, self.new, &changes);
            bind(self.old, gone, a, &tops.0);
            bind(self.new, come, b, &tops.1);
            self.near.add(before.node, after.node);
            let inside = Inside { attributes, changes, come: tops.1 };
            self.near.inside.insert(after.node, inside);
        }
    }

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
        if size(self.new, new) != u64::from(len) || self.holds_moved(old, new) {
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

    /// Whether something in one of two directories was moved on its own.
    fn holds_moved(&self, old: NodeId, new: NodeId) -> bool {
        [&self.moves, &self.near].into_iter().any(|moves| {
            Moves::reaches(&moves.from, self.old, old) || Moves::reaches(&moves.to, self.new, new)
        })
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
    let files = of.iter().filter(|it| it.is_file() && is_free(it.node));
    files.map(|it| Candidate { hash: it.hash, node: it.node, nested: it.nested }).collect()
}

/// Binds what is in a directory that was moved, but for what lies below some nodes: those are gone, or
/// new, as a whole.
fn bind(tree: &Tree<'_>, hashed: &mut [Hashed], at: usize, tops: &[NodeId]) {
    let Some(first) = hashed.get(at).map(|it| it.node) else { return };
    let len = index(tree.end(first).number() - first.number());
    let Some(below) = hashed.get_mut(at..at + len) else { return };
    let mut from = 0;
    for &top in tops {
        let place = offset(first, top);
        below.get_mut(from..place).unwrap_or_default().iter_mut().for_each(|it| it.is_bound = true);
        if let Some(it) = below.get_mut(place) {
            it.nested = false;
        }
        from = offset(first, tree.end(top));
    }
    below.get_mut(from..).unwrap_or_default().iter_mut().for_each(|it| it.is_bound = true);
}

/// The place of a node among the nodes from `first` on.
fn offset(first: NodeId, node: NodeId) -> usize {
    index(node.number().saturating_sub(first.number()))
}
