//! The figures that forms for reviewers begin with.

use super::words::{bytes, growth};
use super::{Counted, Diff, Kind, NoticeKind, TreeVerdict};
use crate::num::wide;

/// One line: how much larger it is, and the most important notices.
pub(super) fn headline(diff: &Diff<'_>) -> String {
    if diff.changes().is_empty() {
        return match TreeVerdict::of(diff) {
            TreeVerdict::SameButIgnored => "No filesystem changes but those that were ignored",
            _ => "No filesystem changes",
        }
        .into();
    }
    let (old, new) = (diff.summary().old.bytes, diff.summary().new.bytes);
    let size = match new.checked_sub(old) {
        Some(0) => "same size".into(),
        Some(more) => format!("{} larger", bytes(more)),
        None => format!("{} smaller", bytes(old - new)),
    };
    let counts = notice_counts(diff);
    let told = counts
        .iter()
        .take(3)
        .map(|(kind, count)| format!(", {} {}", Counted(*count), kind.counted(*count)));
    format!("Filesystem changes: {size}{}", told.collect::<String>())
}

/// How many notices there are of each kind, most important first.
pub(super) fn notice_counts(diff: &Diff<'_>) -> Vec<(NoticeKind, u64)> {
    let count = |kind| wide(diff.notices().iter().filter(|notice| notice.kind == kind).count());
    let counts = NoticeKind::ALL.map(|kind| (kind, count(kind)));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// A row of the table of figures.
pub(super) struct Figure {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) entries: u64,
    /// Bytes in words, or nothing.
    pub(super) size: String,
}

/// How many changes there are of each kind that there is, and on how many bytes.
pub(super) fn figures(diff: &Diff<'_>) -> Vec<Figure> {
    let summary = diff.summary();
    let content = growth(summary.content_before, summary.content.bytes);
    let none = String::new;
    let rows = [
        (Kind::Added, "added", summary.added.entries, bytes(summary.added.bytes)),
        (Kind::Deleted, "deleted", summary.deleted.entries, bytes(summary.deleted.bytes)),
        (Kind::Moved, "renamed or moved", summary.moved.entries, bytes(summary.moved.bytes)),
        (Kind::Content, "content changed", summary.content.entries, content),
        (Kind::Type, "type changed", summary.types, none()),
        (Kind::Link, "hard link changed", summary.links, none()),
        (Kind::Metadata, "metadata only", summary.metadata, none()),
    ];
    let rows = rows.into_iter().filter(|(_, _, entries, _)| *entries > 0);
    rows.map(|(kind, name, entries, size)| Figure { kind, name, entries, size }).collect()
}
