//! All changes in numbers.

use std::collections::BTreeMap;

use super::attribute::Attribute;
use super::moves::size;
use super::objects::{Objects, objects};
use super::sides::Side;
use super::{Change, Diff, Kind};
use crate::tree::{FileType, NodeId, Tree};

/// All changes in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The old tree.
    pub old: Side,
    /// The new tree.
    pub new: Side,
    /// How many entries were added, those in added directories included.
    pub added: Amount,
    /// How many entries were deleted, those in deleted directories included.
    pub deleted: Amount,
    /// How many entries or whole directories were renamed or moved, and what they hold.
    pub moved: Amount,
    /// How many entries have another content, and how many bytes those have now.
    pub content: Amount,
    /// How many bytes the entries with another content had before.
    pub content_before: u64,
    /// How many entries have another type.
    pub types: u64,
    /// How many entries share their inode with other names than before.
    pub links: u64,
    /// How many entries differ in facts around the content alone.
    pub metadata: u64,
    /// On how many entries each attribute differs.
    pub attributes: BTreeMap<Attribute, u64>,
    /// Which objects the trees need.
    pub objects: Objects,
}

/// A number of entries, and the bytes of the regular files among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many entries.
    pub entries: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, entries: u64, bytes: u64) {
        self.entries += entries;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

pub(super) fn summary(diff: &Diff<'_>) -> Summary {
    let mut summary = Summary {
        old: Side::of(diff.old),
        new: Side::of(diff.new),
        objects: objects(diff.old, diff.new),
        ..Summary::default()
    };
    for change in &diff.changes {
        for attribute in change.attributes.iter() {
            *summary.attributes.entry(attribute).or_default() += 1;
        }
        let below =
            |tree: &Tree<'_>, node: Option<NodeId>| node.map_or(0, |node| bytes_below(tree, node));
        match change.kind {
            Kind::Added => summary.added.add(change.entries, added_bytes(diff, change.new)),
            Kind::Deleted => summary.deleted.add(change.entries, deleted_bytes(diff, change.old)),
            Kind::Moved => summary.moved.add(1, moved_bytes(diff, change.new)),
            Kind::Content => {
                summary.content.add(1, below(diff.new, change.new));
                let before = below(diff.old, change.old);
                summary.content_before = summary.content_before.saturating_add(before);
            }
            Kind::Type => {
                summary.types += 1;
                let come =
                    change.new.map_or(0, |node| size(diff.new, node) - 1 - diff.moved_to(node));
                let gone =
                    change.old.map_or(0, |node| size(diff.old, node) - 1 - diff.moved_from(node));
                summary.added.add(come, added_bytes(diff, change.new));
                summary.deleted.add(gone, deleted_bytes(diff, change.old));
            }
            Kind::Link => summary.links += 1,
            Kind::Metadata => summary.metadata += 1,
        }
    }
    summary
}

/// The bytes that a change tells of, before and after; what was moved is where it was and where it is.
pub(super) fn sizes(diff: &Diff<'_>, change: &Change) -> (u64, u64) {
    match (change.kind, change.old, change.new) {
        (Kind::Added, _, new) => (0, added_bytes(diff, new)),
        (Kind::Deleted, old, _) => (deleted_bytes(diff, old), 0),
        (Kind::Type, old, new) => (deleted_bytes(diff, old), added_bytes(diff, new)),
        (Kind::Content, Some(old), Some(new)) => {
            (bytes_below(diff.old, old), bytes_below(diff.new, new))
        }
        _ => (0, 0),
    }
}

/// The bytes of an added entry and all below it, but for what was moved there.
fn added_bytes(diff: &Diff<'_>, node: Option<NodeId>) -> u64 {
    let Some(node) = node else { return 0 };
    bytes_beside(diff.new, node, diff.moves.moved_to(diff.new, node).map(|(top, _)| top))
}

/// The bytes of a deleted entry and all below it, but for what was moved away.
fn deleted_bytes(diff: &Diff<'_>, node: Option<NodeId>) -> u64 {
    let Some(node) = node else { return 0 };
    bytes_beside(diff.old, node, diff.moves.moved_from(diff.old, node).map(|(top, _)| top))
}

/// The bytes of what was moved, but for what is new in it.
fn moved_bytes(diff: &Diff<'_>, node: Option<NodeId>) -> u64 {
    let Some(node) = node else { return 0 };
    bytes_beside(diff.new, node, diff.moves.come_inside(node).iter().copied())
}

/// The bytes from a node on to the end of what is below it, but for what lies below some nodes.
fn bytes_beside(tree: &Tree<'_>, node: NodeId, tops: impl Iterator<Item = NodeId>) -> u64 {
    let (mut from, mut bytes) = (node, 0_u64);
    for top in tops {
        bytes = bytes.saturating_add(bytes_between(tree, from, top));
        from = tree.end(top);
    }
    bytes.saturating_add(bytes_between(tree, from, tree.end(node)))
}

/// The bytes of the regular files from a node on to the end of what is below it; a hard link does
/// not count.
pub(super) fn bytes_below(tree: &Tree<'_>, node: NodeId) -> u64 {
    bytes_between(tree, node, tree.end(node))
}

fn bytes_between(tree: &Tree<'_>, from: NodeId, end: NodeId) -> u64 {
    let nodes = (from.number()..end.number()).map(NodeId::from_number);
    let files = nodes.filter(|&node| !tree.is_link(node)).map(|node| tree.facts(node));
    let sizes = files.filter(|it| it.file_type() == FileType::Regular).map(|it| it.size());
    sizes.fold(0, u64::saturating_add)
}
