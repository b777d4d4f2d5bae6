//! Both trees as one: which nodes changed, and the names of two directories in one order.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::diff::text::each_entry;
use crate::diff::{Change, Diff, Kind};
use crate::num::index;
use crate::tree::{Children, FileType, NodeId};

/// A node with a row of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) node: NodeId,
    /// The number of the change that tells of it.
    pub(super) change: u32,
    /// Whether it only lies in what was added or deleted as a whole.
    pub(super) inner: bool,
}

/// All nodes with a row of their own, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// What only the old tree has.
    pub(super) old: Vec<Mark>,
    /// What the new tree has.
    pub(super) new: Vec<Mark>,
}

impl Marks {
    pub(super) fn of(diff: &Diff<'_>) -> Self {
        let mut marks = Self::default();
        for (number, change) in diff.changes().iter().enumerate() {
            let Ok(number) = u32::try_from(number) else { break };
            let mark = |node, inner| Mark { node, change: number, inner };
            match (change.kind, change.old, change.new) {
                (Kind::Deleted, Some(node), _) => marks.old.push(mark(node, false)),
                (_, _, Some(node)) => marks.new.push(mark(node, false)),
                _ => {}
            }
            // What a directory held that became something else is gone, and the other way round.
            let halves = match change.kind {
                Kind::Added | Kind::Deleted => [Some(*change), None],
                Kind::Type => {
                    [Kind::Added, Kind::Deleted].map(|kind| Some(Change { kind, ..*change }))
                }
                _ => [None, None],
            };
            for half in halves.into_iter().flatten() {
                let below = each_entry(diff, &half);
                marks.old.extend(below.iter().filter_map(|it| it.old).map(|node| mark(node, true)));
                marks.new.extend(below.iter().filter_map(|it| it.new).map(|node| mark(node, true)));
            }
        }
        marks.old.sort_unstable_by_key(|mark| mark.node);
        marks.new.sort_unstable_by_key(|mark| mark.node);
        marks
    }
}

/// The change that a mark stands for.
pub(super) fn change_of(diff: &Diff<'_>, mark: &Mark) -> Option<Change> {
    diff.changes().get(index(mark.change)).copied()
}

/// A name that is in one tree or in both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) old: Option<NodeId>,
    pub(super) new: Option<NodeId>,
}

impl Pair {
    pub(super) const ROOT: Self = Self { old: Some(NodeId::ROOT), new: Some(NodeId::ROOT) };

    /// The name in words, and `/` of the root.
    pub(super) fn name(self, diff: &Diff<'_>) -> String {
        let name = match (self.new, self.old) {
            (Some(node), _) => diff.new_tree().name(node),
            (None, Some(node)) => diff.old().name(node),
            (None, None) => &[],
        };
        if name.is_empty() { "/".into() } else { crate::diff::printable(name) }
    }

    /// Whether it is a directory in the old tree, and in the new one.
    pub(super) fn are_directories(self, diff: &Diff<'_>) -> [bool; 2] {
        let directory = FileType::Directory;
        [
            self.old.is_some_and(|node| diff.old().facts(node).file_type() == directory),
            self.new.is_some_and(|node| diff.new_tree().facts(node).file_type() == directory),
        ]
    }
}

/// The names of two directories, in one order.
pub(super) struct Both<'d> {
    old: Option<Peekable<Children<'d>>>,
    new: Option<Peekable<Children<'d>>>,
    /// What comes before the rest.
    first: Option<Pair>,
}

impl<'d> Both<'d> {
    pub(super) fn of(diff: &'d Diff<'_>, pair: Pair) -> Self {
        Self {
            old: pair.old.map(|node| diff.old().children(node).peekable()),
            new: pair.new.map(|node| diff.new_tree().children(node).peekable()),
            first: None,
        }
    }

    /// Gives this next.
    pub(super) fn put_back(&mut self, pair: Pair) {
        self.first = Some(pair);
    }

    pub(super) fn next(&mut self, diff: &Diff<'_>) -> Option<Pair> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let old = self.old.as_mut().and_then(|old| old.peek().copied());
        let new = self.new.as_mut().and_then(|new| new.peek().copied());
        let order = match (old, new) {
            (Some(old), Some(new)) => diff.old().name(old).cmp(diff.new_tree().name(new)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let old = self.old.as_mut().filter(|_| order.is_le()).and_then(Iterator::next);
        let new = self.new.as_mut().filter(|_| order.is_ge()).and_then(Iterator::next);
        Some(Pair { old, new })
    }
}
