//! Directories that were moved and changed: most of what is in one of them is in the other too.
//!
//! A file whose name and content are there once in either tree votes for the two directories it is
//! in, for the two above them, and so on. Two directories are the same one if more than half of the
//! files below either vote for the pair, so that none has two partners. Files of which several are
//! alike neither vote nor count.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use xxhash_rust::xxh64::xxh64;

use super::hash::Hashed;
use super::size;
use crate::num::index;
use crate::tree::{NodeId, Tree};

/// The places of two directories among the nodes of their trees that were hashed.
pub(super) type Pair = (usize, usize);

/// Pairs of directories that hold mostly the same, the largest first. No more than `most` pairs hand
/// their votes on to those above them.
pub(super) fn pairs(
    (old, gone): (&Tree<'_>, &[Hashed]),
    (new, come): (&Tree<'_>, &[Hashed]),
    most: u64,
) -> Vec<Pair> {
    let (mut old, mut new) = (Side::new(old, gone), Side::new(new, come));
    let mut votes = votes(&mut old, &mut new);
    if votes.is_empty() {
        return Vec::new();
    }
    old.add_up();
    new.add_up();
    let (mut found, mut left) = (Vec::new(), most);
    // What is below a directory comes behind it, and so is counted before it.
    while let Some(((a, b), count)) = votes.pop_last() {
        if old.is_most(a, count) && new.is_most(b, count) {
            let nodes = (old.node(a), new.node(b));
            let both = size(old.tree, nodes.0) + size(new.tree, nodes.1);
            let order = (Reverse(both), Reverse(count), nodes.0.min(nodes.1), nodes.0.max(nodes.1));
            found.push((order, (index(a), index(b))));
        }
        if let (Some(above_a), Some(above_b)) = (old.parent(a), new.parent(b))
            && left > 0
        {
            left -= 1;
            *votes.entry((above_a, above_b)).or_default() += count;
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, pair)| pair).collect()
}

/// A tree, and its nodes that were hashed.
struct Side<'s, 't> {
    tree: &'s Tree<'t>,
    hashed: &'s [Hashed],
    /// The place of the directory that each node is in, if that was hashed too.
    parents: Vec<Option<u32>>,
    /// How many files below each directory vote, or would if the other tree had them.
    voters: Vec<u32>,
}

impl<'s, 't> Side<'s, 't> {
    fn new(tree: &'s Tree<'t>, hashed: &'s [Hashed]) -> Self {
        let mut above: Vec<(NodeId, u32)> = Vec::new();
        let mut parents = Vec::with_capacity(hashed.len());
        for (at, it) in (0_u32..).zip(hashed) {
            while above.last().is_some_and(|&(end, _)| end <= it.node) {
                above.pop();
            }
            parents.push(above.last().map(|&(_, parent)| parent));
            above.push((tree.end(it.node), at));
        }
        let voters = vec![0; hashed.len()];
        Self { tree, hashed, parents, voters }
    }

    fn parent(&self, at: u32) -> Option<u32> {
        self.parents.get(index(at)).copied().flatten()
    }

    fn node(&self, at: u32) -> NodeId {
        self.hashed.get(index(at)).map_or(NodeId::ROOT, |it| it.node)
    }

    fn name(&self, at: u32) -> &[u8] {
        self.tree.name(self.node(at))
    }

    /// The files that may vote.
    fn keys(&self, is_new: bool) -> impl Iterator<Item = Key> {
        let files = (0_u32..).zip(self.hashed).zip(&self.parents);
        let files = files.filter(|((_, it), parent)| it.is_file() && parent.is_some());
        files.map(move |((at, it), _)| Key {
            key: xxh64(self.tree.name(it.node), it.hash),
            is_new,
            at,
        })
    }

    fn add_voter(&mut self, file: u32) {
        if let Some(voters) = self.parent(file).and_then(|at| self.voters.get_mut(index(at))) {
            *voters += 1;
        }
    }

    /// Adds what is below each directory to those above.
    fn add_up(&mut self) {
        for at in (0..self.hashed.len()).rev() {
            let count = self.voters.get(at).copied().unwrap_or_default();
            let parent = self.parents.get(at).copied().flatten();
            if let Some(above) = parent.and_then(|parent| self.voters.get_mut(index(parent))) {
                *above += count;
            }
        }
    }

    /// Whether so many votes are more than half of all.
    fn is_most(&self, at: u32, count: u32) -> bool {
        let all = self.voters.get(index(at)).copied().unwrap_or_default();
        count > all / 2
    }
}

/// What a file is told by, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    key: u64,
    is_new: bool,
    at: u32,
}

/// How many files vote for each pair of directories that they are in. Takes note of those files, and
/// of all that only one tree has.
fn votes(old: &mut Side<'_, '_>, new: &mut Side<'_, '_>) -> BTreeMap<(u32, u32), u32> {
    let mut votes = BTreeMap::new();
    let mut vote = |old: &mut Side<'_, '_>, new: &mut Side<'_, '_>, a: &Key, b: &Key| {
        old.add_voter(a.at);
        new.add_voter(b.at);
        if let (Some(a), Some(b)) = (old.parent(a.at), new.parent(b.at)) {
            *votes.entry((a, b)).or_default() += 1;
        }
    };
    let mut keys: Vec<Key> = old.keys(false).chain(new.keys(true)).collect();
    keys.sort_unstable();
    let mut alike = Vec::new();
    for run in keys.chunk_by(|a, b| a.key == b.key) {
        match run.split_at(run.partition_point(|it| !it.is_new)) {
            ([a], [b]) => vote(old, new, a, b),
            (gone, []) => gone.iter().for_each(|it| old.add_voter(it.at)),
            ([], come) => come.iter().for_each(|it| new.add_voter(it.at)),
            _ => alike.extend_from_slice(run),
        }
    }
    // Of files that are alike, the directory that each is in may tell which is which.
    for it in &mut alike {
        let side = if it.is_new { &*new } else { &*old };
        let directory = side.parent(it.at).map(|parent| side.name(parent));
        it.key = xxh64(directory.unwrap_or_default(), it.key);
    }
    alike.sort_unstable();
    for run in alike.chunk_by(|a, b| a.key == b.key) {
        if let [a, b] = run
            && !a.is_new
            && b.is_new
        {
            vote(old, new, a, b);
        }
    }
    votes
}
