//! Puts changes together: what was moved stands where it is now, with what changed in it behind it.

use super::join::Join;
use super::moves::{Moves, size, sizes};
use super::{Change, Kind};
use crate::tree::{FileType, NodeId, Tree};

/// What is to be told next.
enum Item {
    Change(Change),
    Moved { old: NodeId, new: NodeId },
}

struct Assembly<'j, 't> {
    join: &'j mut Join<'t>,
    moves: &'j mut Moves,
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    told: Vec<Change>,
    /// Lists that are being told: each belongs into the one before.
    open: Vec<std::vec::IntoIter<Item>>,
    is_sorted: bool,
}

/// All changes, and whether they are in the order of their paths: what is gone from a directory that was
/// moved has its path in the old tree.
pub(super) fn assemble(
    join: &mut Join<'_>,
    moves: &mut Moves,
    met: Vec<Change>,
) -> (Vec<Change>, bool) {
    let (old, new) = join.trees();
    let told = Vec::with_capacity(met.len());
    let mut all = Assembly { join, moves, old, new, told, open: Vec::new(), is_sorted: true };
    all.open(met);
    while let Some(list) = all.open.last_mut() {
        match list.next() {
            Some(Item::Change(change)) => all.tell(change),
            Some(Item::Moved { old, new }) => all.tell_moved(old, new),
            None => drop(all.open.pop()),
        }
    }
    (all.told, all.is_sorted)
}

impl Assembly<'_, '_> {
    fn open(&mut self, changes: Vec<Change>) {
        let items: Vec<Item> = changes.into_iter().map(Item::Change).collect();
        self.open.push(items.into_iter());
    }

    fn tell(&mut self, change: Change) {
        match (change.kind, change.old, change.new) {
            (Kind::Deleted, Some(node), _) => self.tell_deleted(node),
            (Kind::Added, _, Some(node)) => self.tell_added(node),
            (Kind::Type, Some(old), Some(new)) => {
                // A directory that was moved left its name to something else, or took one over.
                match (self.moves.from.contains_key(&old), self.moves.to.contains_key(&new)) {
                    (false, false) => self.told.push(change),
                    (true, false) => self.tell_added(new),
                    (false, true) => self.tell_deleted(old),
                    (true, true) => {}
                }
                self.open_moved(new);
            }
            _ => self.told.push(change),
        }
    }

    fn tell_deleted(&mut self, node: NodeId) {
        let entries = size(self.old, node) - sizes(self.old, self.moves.moved_from(self.old, node));
        if !self.join.compares_names() {
            self.join.ignored.names(entries);
        } else if !self.moves.from.contains_key(&node) {
            // In a directory that was moved, what is gone has a path from elsewhere.
            self.is_sorted &= self.open.len() == 1;
            self.told.push(Change { entries, ..Change::gone(node) });
        }
    }

    fn tell_added(&mut self, node: NodeId) {
        let entries = size(self.new, node) - sizes(self.new, self.moves.moved_to(self.new, node));
        if !self.join.compares_names() {
            self.join.ignored.names(entries);
        } else if !self.moves.to.contains_key(&node) {
            self.told.push(Change { entries, ..Change::come(node) });
        }
        self.open_moved(node);
    }

    /// Is to tell what was moved to a node, or below it.
    fn open_moved(&mut self, node: NodeId) {
        let moved = self.moves.moved_to(self.new, node);
        let items: Vec<Item> = moved.map(|(new, old)| Item::Moved { old, new }).collect();
        if !items.is_empty() {
            self.open.push(items.into_iter());
        }
    }

    fn tell_moved(&mut self, old: NodeId, new: NodeId) {
        let (attributes, changes) = match self.moves.take_inside(new) {
            Some(inside) => inside,
            None if self.new.facts(new).file_type() == FileType::Directory => {
                (self.join.moved(old, new), self.join.inside(old, new))
            }
            None => (self.join.moved(old, new), Vec::new()),
        };
        let change = Change::both(Kind::Moved, old, new, attributes);
        self.told.push(Change { entries: size(self.new, new), ..change });
        if !changes.is_empty() {
            self.open(changes);
        }
    }
}
