//! The marks that format V1 puts on directories with whiteouts. They tell how an image was written, not
//! what it holds.

use super::compare::XattrChange;
use crate::tree::{FileType, NodeId, Tree};

/// The names of the two xattrs, whose value is `x`.
const KEYS: [&[u8]; 2] = [b"trusted.overlay.opaque", b"user.overlay.opaque"];

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Old,
    New,
}

/// Whether a change is that of a mark.
pub(super) fn is_mark(change: &XattrChange<'_>) -> bool {
    marked(change).is_some()
}

/// The side that has a mark which the other has not.
fn marked(change: &XattrChange<'_>) -> Option<Which> {
    match (change.old, change.new) {
        (Some(b"x"), None) if KEYS.contains(&change.key) => Some(Which::Old),
        (None, Some(b"x")) if KEYS.contains(&change.key) => Some(Which::New),
        _ => None,
    }
}

/// The side that has both marks, if the other has none.
pub(super) fn side(changes: &[XattrChange<'_>]) -> Option<Which> {
    let mut sides = changes.iter().filter_map(marked);
    let (first, second) = (sides.next()?, sides.next()?);
    (first == second).then_some(first)
}

/// Whether a directory has a whiteout of its own, so that format V1 marks it.
pub(super) fn holds_whiteout(tree: &Tree<'_>, node: NodeId) -> bool {
    tree.facts(node).file_type() == FileType::Directory
        && tree.children(node).any(|it| !tree.is_link(it) && tree.facts(it).is_whiteout())
}
