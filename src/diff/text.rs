//! A comparison as text for a terminal or a pipe.

mod closing;
mod line;

use super::words::printable;
use super::{Attributes, Change, Diff, Group, Kind, Verdict};
use crate::num::wide;
use crate::tree::{FileType, NodeId, Tree};
pub(super) use closing::{ignored, objects, totals};
use line::Line;

/// How text is laid out.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Columns of the terminal; without one, fields are separated by tabs and nothing is aligned.
    pub width: Option<usize>,
    /// Whether groups and whole directories are listed, entry by entry.
    pub list: bool,
    /// What surrounds the parts of a line.
    pub palette: Palette,
}

/// What stands before and behind each part of a line: the codes of its colour, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// Of added entries.
    pub added: (String, String),
    /// Of deleted entries.
    pub deleted: (String, String),
    /// Of entries with another content or type.
    pub changed: (String, String),
    /// Of all other changes.
    pub other: (String, String),
    /// Of headings, such as `verdict:`.
    pub heading: (String, String),
}

impl Palette {
    fn of(&self, kind: Kind) -> &(String, String) {
        match kind {
            Kind::Added => &self.added,
            Kind::Deleted => &self.deleted,
            Kind::Content | Kind::Type => &self.changed,
            Kind::Metadata | Kind::Moved | Kind::Link => &self.other,
        }
    }
}

/// Writes a comparison: changes in the order of their paths, what is the same for many, all in
/// numbers, the verdict, and what is known of the cause.
///
/// # Errors
/// Those of the sink, which is then not called again.
///
/// # Example
/// ```
/// use cfs::diff::{Options, Verdict, diff, text};
/// use cfs::dump;
/// let parse = |text: &'static [u8]| dump::parse(text, &dump::Options::default()).unwrap().tree;
/// let old = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 104755 1 0 0 0 0.0 - x -\n");
/// let new = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100755 1 0 0 0 0.0 - x -\n");
/// let options = Options::default();
/// let found = diff(&old, &new, &options);
/// let mut out = String::new();
/// let all: Result<(), ()> =
///     text::write(&found, &Verdict::of_trees(&found), &text::Layout::default(), |piece| {
///         out.push_str(piece);
///         Ok(())
///     });
/// assert_eq!(out.lines().next(), Some("m\t/a\tmode 04755 → 0755 (setuid removed)"));
/// # all.unwrap();
/// ```
pub fn write<E>(
    diff: &Diff<'_>,
    verdict: &Verdict,
    layout: &Layout,
    mut sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let column = column(diff, layout);
    let lines = |line: &Line| line.text(layout, column);
    for (number, change) in diff.changes.iter().enumerate() {
        if let Some(line) = change_line(diff, number, change, layout.list) {
            sink(&lines(&line))?;
        }
        if layout.list {
            each_below(diff, change, |line| sink(&lines(line)))?;
        }
    }
    if !layout.list {
        for group in &diff.groups {
            sink(&lines(&group_line(group)))?;
        }
    }
    sink(&closing::closing(diff, verdict, layout))
}

/// The line of a change, unless all of it is told in groups.
fn change_line(diff: &Diff<'_>, number: usize, change: &Change, list: bool) -> Option<Line> {
    let attributes = if list { change.attributes } else { diff.told_alone(number) };
    if attributes.is_empty() && change.kind == Kind::Metadata {
        return None;
    }
    let words = diff.words(change, attributes);
    Some(Line { kind: change.kind, path: shown_path(diff, change), words })
}

/// The path of a change; of a moved entry both, of a directory that is told as a whole with a slash.
#[must_use]
pub fn shown_path(diff: &Diff<'_>, change: &Change) -> String {
    let slash = |tree: &Tree<'_>, node: NodeId| {
        let whole =
            !matches!(change.kind, Kind::Metadata | Kind::Content | Kind::Type | Kind::Link);
        let is_directory = tree.facts(node).file_type() == FileType::Directory;
        if whole && is_directory { "/" } else { "" }
    };
    match (change.kind, change.old, change.new) {
        (Kind::Moved, Some(old), Some(new)) => format!(
            "{}{} → {}{}",
            printable(&diff.old_path(old)),
            slash(diff.old, old),
            printable(&diff.new_path(new)),
            slash(diff.new, new)
        ),
        (_, _, Some(new)) => format!("{}{}", printable(&diff.new_path(new)), slash(diff.new, new)),
        (_, Some(old), None) => {
            format!("{}{}", printable(&diff.old_path(old)), slash(diff.old, old))
        }
        (_, None, None) => String::new(),
    }
}

fn group_line(group: &Group) -> Line {
    let words = format!("{}: {} (-l lists them)", group.count(), group.words());
    Line { kind: Kind::Metadata, path: group.label.clone(), words }
}

/// A line for each entry below a directory that was added or deleted as a whole.
fn each_below<E>(
    diff: &Diff<'_>,
    change: &Change,
    mut line: impl FnMut(&Line) -> Result<(), E>,
) -> Result<(), E> {
    for inner in each_entry(diff, change) {
        let words = diff.words(&inner, Attributes::NONE);
        line(&Line { kind: change.kind, path: shown_path(diff, &inner), words })?;
    }
    Ok(())
}

/// What an added or deleted directory holds, entry by entry, but for what was moved.
#[must_use]
pub fn each_entry(diff: &Diff<'_>, change: &Change) -> Vec<Change> {
    let (tree, top) = match (change.kind, change.old, change.new) {
        (Kind::Added, _, Some(new)) => (diff.new, new),
        (Kind::Deleted, Some(old), _) => (diff.old, old),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut number = top.number() + 1;
    while number < tree.end(top).number() {
        let node = NodeId::from_number(number);
        let is_new = change.kind == Kind::Added;
        let moved = if is_new { diff.is_moved_to(node) } else { diff.is_moved_from(node) };
        if moved {
            number = tree.end(node).number();
            continue;
        }
        let one = if is_new { Change::come(node) } else { Change::gone(node) };
        // Each entry speaks of itself and of all below it, as it would alone.
        found.push(Change { entries: super::moves::size(tree, node), ..one });
        number += 1;
    }
    found
}

/// The column that words start in, on a terminal.
fn column(diff: &Diff<'_>, layout: &Layout) -> usize {
    let Some(width) = layout.width else { return 0 };
    let most = width / 2;
    let mut column = 0;
    for (number, change) in diff.changes.iter().enumerate() {
        if diff.told_alone(number).is_empty() && change.kind == Kind::Metadata && !layout.list {
            continue;
        }
        let len = shown_path(diff, change).chars().count();
        column = column.max(if len <= most { len } else { 0 });
        if column == most || wide(number) > 10_000 {
            break;
        }
    }
    let groups = diff.groups.iter().map(|group| group.label.chars().count());
    groups.filter(|&len| len <= most).fold(column, usize::max)
}

/// By how much each directory grew, and how many changes there are of each kind right in it. Columns
/// fit a terminal that is so wide; without one, fields are separated by tabs.
#[must_use]
pub fn stat(diff: &Diff<'_>, width: Option<usize>) -> String {
    closing::stat(diff, width)
}

/// The letters and paths alone: of a moved entry the old path and the new one.
///
/// # Errors
/// Those of the sink, which is then not called again.
pub fn names<E>(
    diff: &Diff<'_>,
    null: bool,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    for change in &diff.changes {
        let mut fields = vec![change.kind.letter().to_string().into_bytes()];
        if let (Kind::Moved, Some(old)) = (change.kind, change.old) {
            fields.push(diff.old_path(old));
        }
        fields.push(diff.path(change));
        let mut line = Vec::new();
        let last = fields.len() - 1;
        for (at, field) in fields.into_iter().enumerate() {
            if null {
                line.extend_from_slice(&field);
                line.push(0);
            } else {
                line.extend_from_slice(printable(&field).as_bytes());
                line.push(if at == last { b'\n' } else { b'\t' });
            }
        }
        sink(&line)?;
    }
    Ok(())
}
