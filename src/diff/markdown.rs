//! A comparison as a comment on a pull request.

mod fit;

use std::collections::BTreeMap;

use super::figures::{Figure, figures, headline};
use super::text::{ignored, objects, shown_path};
use super::words::{counted, printable};
use super::{Attributes, Change, Counted, Diff, Group, Kind, NoticeKind, Verdict};
use crate::num::index;
use fit::{Section, fit};

/// The most bytes that a comment has, and so the most characters.
pub const LIMIT: usize = 65_000;

/// Groups whose members are listed; all others are told in a line.
const LISTED_GROUPS: usize = 16;
/// So many lines of changes are shown without a click; groups never are, as their headings tell them.
const UNFOLDED: usize = 20;
/// Bytes of a command; of a longer one, what it begins with is told.
const MAX_COMMAND: usize = 4_000;
/// Characters that are told of what a group has in common.
const MAX_WORDS: usize = 200;

/// Writes a comparison as Markdown: what it comes to, what must not be missed, and the changes in
/// sections that fold. It has at most [`LIMIT`] bytes; what does not fit is cut from the least
/// important section first, and each says how many lines it lost. `command` is what shows it all.
#[must_use]
pub fn markdown(diff: &Diff<'_>, verdict: &Verdict, command: &str) -> String {
    let head = format!("### {}\n{}", headline(diff), table(diff));
    let foot = foot(diff, verdict, command);
    let mut sections = vec![worth_a_look(diff)];
    sections.extend(kinds(diff));
    let lines: usize = sections.iter().map(|section| section.lines.len()).sum();
    if lines <= UNFOLDED {
        sections.iter_mut().for_each(Section::unfold);
    }
    sections.extend(groups(diff));
    fit(&head, sections, &foot, LIMIT)
}

fn table(diff: &Diff<'_>) -> String {
    if diff.changes().is_empty() {
        return String::new();
    }
    let mut text = String::from("\n| | entries | size |\n| --- | ---: | ---: |\n");
    for Figure { name, entries, size, .. } in figures(diff) {
        text.push_str(&format!("| {name} | {} | {size} |\n", Counted(entries)));
    }
    text
}

/// What must not be missed; it is never folded.
fn worth_a_look(diff: &Diff<'_>) -> Section {
    let mut by_kind: BTreeMap<NoticeKind, Vec<String>> = BTreeMap::new();
    for notice in diff.notices() {
        let path = code(&printable(&diff.new_path(notice.node)));
        by_kind.entry(notice.kind).or_default().push(path);
    }
    let mut lines = Vec::new();
    for kind in NoticeKind::ALL {
        for path in by_kind.remove(&kind).unwrap_or_default() {
            lines.push(format!("- {}: {path}", kind.words()));
        }
    }
    Section { rank: 0, open: "**Worth a look**\n".into(), close: String::new(), lines }
}

/// Text as code, whatever is in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Words as they are, or as code if they hold what Markdown or a forge would take for more.
fn plain(words: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " ,;:.()/-→…".contains(c);
    if words.chars().all(is_plain) && !words.contains(":/") { words.into() } else { code(words) }
}

/// A section for each kind of change.
fn kinds(diff: &Diff<'_>) -> Vec<Section> {
    let sections: [(usize, &str, &[Kind]); 5] = [
        (2, "Content, type and hard links", &[Kind::Content, Kind::Type, Kind::Link]),
        (1, "Metadata", &[Kind::Metadata]),
        (3, "Renamed or moved", &[Kind::Moved]),
        (4, "Added", &[Kind::Added]),
        (5, "Deleted", &[Kind::Deleted]),
    ];
    let make = |(rank, name, kinds): (usize, &str, &[Kind])| {
        let (lines, count) = lines(diff, kinds);
        let summary = format!("{name}: {}", counted(count, "entry", "entries"));
        Section::folded(rank, &summary, lines)
    };
    sections.into_iter().map(make).collect()
}

/// The lines of some kinds of change, and how many entries they speak of.
fn lines(diff: &Diff<'_>, kinds: &[Kind]) -> (Vec<String>, u64) {
    let (mut lines, mut count) = (Vec::new(), 0);
    for (number, change) in diff.changes().iter().enumerate() {
        let attributes = diff.told_alone(number);
        let is_grouped = attributes.is_empty() && change.kind == Kind::Metadata;
        if kinds.contains(&change.kind) && !is_grouped {
            lines.push(line(diff, change, attributes));
            let is_whole = matches!(change.kind, Kind::Added | Kind::Deleted);
            count += if is_whole { change.entries } else { 1 };
        }
    }
    (lines, count)
}

fn line(diff: &Diff<'_>, change: &Change, attributes: Attributes) -> String {
    let words = diff.words(change, attributes);
    let (letter, path) = (change.kind.letter(), shown_path(diff, change));
    if words.is_empty() { format!("{letter} {path}") } else { format!("{letter} {path}  {words}") }
}

/// A section for each of the largest groups, and one for all others.
fn groups(diff: &Diff<'_>) -> Vec<Section> {
    let mut groups: Vec<&Group> = diff.groups().iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    let rest = groups.split_off(groups.len().min(LISTED_GROUPS));
    let members = |group: &Group| {
        let changes = group.members.iter().filter_map(|&at| diff.changes().get(index(at)));
        changes.map(|change| shown_path(diff, change)).collect()
    };
    let mut sections: Vec<Section> = groups
        .into_iter()
        .enumerate()
        .map(|(at, group)| Section::folded(10 + at, &group_words(group), members(group)))
        .collect();
    let others = rest.into_iter().map(group_words).collect();
    sections.push(Section::folded(9, "Others that are the same for several", others));
    sections
}

fn group_words(group: &Group) -> String {
    let words = format!("{}: {}, {}", group.label, group.count(), group.words());
    match words.char_indices().nth(MAX_WORDS) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default()),
        None => words,
    }
}

/// What stands at the end: objects, what was ignored, the verdict, hints, the command.
fn foot(diff: &Diff<'_>, verdict: &Verdict, command: &str) -> String {
    let mut text = String::new();
    let mut paragraph = |words: String| text.push_str(&format!("\n{words}\n"));
    if let Some(objects) = objects(diff).filter(|_| !diff.changes().is_empty()) {
        paragraph(format!("Objects: {objects}."));
    }
    if !diff.ignored().is_empty() {
        paragraph(format!("Ignored: {}.", ignored(diff)));
    }
    paragraph(format!("**Verdict:** {}.", plain(&verdict.words)));
    for hint in diff.hints() {
        paragraph(format!("Hint: {}", hint.text));
    }
    let is_short = command.len() <= MAX_COMMAND;
    let command = if is_short { command } else { "cfs diff -l OLD NEW" };
    paragraph(format!("All of it: {}", code(command)));
    text
}
