//! What stands below the changes: all in numbers, the verdict, hints.

use std::collections::BTreeMap;

use super::Layout;
use super::line::wrap;
use crate::diff::words::{bytes, counted, growth, printable};
use crate::diff::{Count, Counted, Diff, Kind, Verdict};
use crate::num::wide;

/// How many notices about what is told as a whole are told one by one.
const LOOKS: usize = 10;

/// The paragraphs behind the changes.
pub(super) fn closing(diff: &Diff<'_>, verdict: &Verdict, layout: &Layout) -> String {
    let mut text = String::new();
    let (start, end) = &layout.palette.heading;
    let mut line = |heading: &str, words: &str| {
        let width = layout.width.unwrap_or(usize::MAX).max(40);
        let margin = if heading.is_empty() { 0 } else { heading.chars().count() + 2 };
        for (at, piece) in wrap(words, width.saturating_sub(margin)).into_iter().enumerate() {
            if at == 0 && !heading.is_empty() {
                text.push_str(&format!("{start}{heading}:{end} {piece}\n"));
            } else if heading.is_empty() {
                text.push_str(&format!("{piece}\n"));
            } else {
                text.push_str(&format!("{}{piece}\n", " ".repeat(margin)));
            }
        }
    };
    let mut nested: Vec<_> = diff.notices().iter().filter(|notice| notice.nested).collect();
    nested.sort_by_key(|notice| notice.kind.rank());
    for notice in nested.iter().take(LOOKS) {
        let path = printable(&diff.new_path(notice.node));
        line("look", &format!("{}: {path}", notice.kind.words()));
    }
    if nested.len() > LOOKS {
        let more = counted(wide(nested.len() - LOOKS), "more", "more");
        line("look", &format!("{more} (cfs diff --json tells them)"));
    }
    if !diff.changes().is_empty() {
        line("", &totals(diff));
        if let Some(objects) = objects(diff) {
            line("objects", &objects);
        }
    }
    if !diff.ignored().is_empty() {
        line("ignored", &ignored(diff));
    }
    line("verdict", &verdict.words);
    for hint in diff.hints() {
        line("hint", &hint.text);
    }
    if diff.changes().is_empty() { text } else { format!("\n{text}") }
}

/// Entries before and after, and how many changed in which way.
pub(in super::super) fn totals(diff: &Diff<'_>) -> String {
    let summary = diff.summary();
    let parts = [
        (summary.added.entries, "added"),
        (summary.deleted.entries, "deleted"),
        (summary.moved.entries, "renamed or moved"),
        (summary.content.entries, "content"),
        (summary.types, "type"),
        (summary.links, if summary.links == 1 { "hard link" } else { "hard links" }),
        (summary.metadata, "metadata"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> =
        parts.map(|(count, what)| format!("{} {what}", Counted(count))).collect();
    let (old, new) = (summary.old.bytes, summary.new.bytes);
    let size = if old == new {
        String::new()
    } else {
        format!("; {} → {} ({})", bytes(old), bytes(new), growth(old, new))
    };
    format!(
        "{} → {} entries: {}{size}",
        Counted(summary.old.entries),
        Counted(summary.new.entries),
        parts.join(", ")
    )
}

/// What would have to be fetched.
pub(in super::super) fn objects(diff: &Diff<'_>) -> Option<String> {
    let objects = diff.summary().objects;
    let Count { count: shared, .. } = objects.shared;
    if objects.new.count == 0 && objects.unused.count == 0 {
        return (shared > 0).then(|| format!("nothing to fetch, {} shared", Counted(shared)));
    }
    Some(format!(
        "{} new ({} to fetch), {} no longer used, {} shared",
        Counted(objects.new.count),
        bytes(objects.new.bytes),
        Counted(objects.unused.count),
        Counted(shared)
    ))
}

/// What was ignored, with counts.
pub(in super::super) fn ignored(diff: &Diff<'_>) -> String {
    let told = diff.ignored().iter().map(|(name, count)| match name {
        "names" => format!("{} on one side alone", counted(count, "entry", "entries")),
        "elsewhere" => {
            format!("{} outside the paths that were asked for", counted(count, "change", "changes"))
        }
        name => format!("{name} on {}", counted(count, "entry", "entries")),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What changed in a directory.
#[derive(Default)]
struct Stat {
    counts: BTreeMap<Kind, u64>,
    before: u64,
    after: u64,
}

/// Changes by directory: by how much it grew, and how many there are of each kind.
pub(super) fn stat(diff: &Diff<'_>, width: Option<usize>) -> String {
    let mut by_directory: BTreeMap<Vec<u8>, Stat> = BTreeMap::new();
    for change in diff.changes() {
        let path = diff.path(change);
        let at = path.iter().rposition(|&byte| byte == b'/').unwrap_or_default();
        let directory = path.get(..at.max(1)).unwrap_or_default().to_vec();
        let stat = by_directory.entry(directory).or_default();
        let is_whole = matches!(change.kind, Kind::Added | Kind::Deleted);
        *stat.counts.entry(change.kind).or_default() += if is_whole { change.entries } else { 1 };
        let (before, after) = super::super::summary::sizes(diff, change);
        stat.before = stat.before.saturating_add(before);
        stat.after = stat.after.saturating_add(after);
    }
    let rows: Vec<[String; 3]> = by_directory.into_iter().map(stat_row).collect();
    let mut text = rows_of(&rows, width);
    if !diff.changes().is_empty() {
        text.push_str(&totals(diff));
        text.push('\n');
    }
    text
}

fn stat_row((directory, stat): (Vec<u8>, Stat)) -> [String; 3] {
    let growth = match stat.before == stat.after {
        true => "-".to_owned(),
        false => growth(stat.before, stat.after),
    };
    let counts = stat.counts.iter();
    let counts = counts.map(|(kind, &count)| format!("{} {}", Counted(count), kind.name()));
    [printable(&directory), growth, counts.collect::<Vec<_>>().join(", ")]
}

/// Rows of which the first fields are short: in columns on a terminal, else with tabs between.
fn rows_of(rows: &[[String; 3]], width: Option<usize>) -> String {
    let Some(width) = width else {
        return rows.iter().map(|row| format!("{}\n", row.join("\t"))).collect();
    };
    let len = |at: usize, most: usize| {
        let lens = rows.iter().map(|row| row[at].chars().count());
        lens.filter(|&len| len <= most).max().unwrap_or_default()
    };
    let (first, second) = (len(0, width / 2), len(1, width));
    let line = |[directory, growth, counts]: &[String; 3]| {
        format!(" {directory:first$} | {growth:>second$}  {counts}\n")
    };
    rows.iter().map(line).collect()
}
