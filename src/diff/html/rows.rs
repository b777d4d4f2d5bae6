//! The rows of the tree of what changed, in columns.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::string_into;
use super::pool::Pool;
use super::union::{Both, Mark, Marks, Pair, change_of};
use crate::diff::words::{brief, printable};
use crate::diff::{Attribute, Attributes, Change, Diff, Kind, Shape};
use crate::num::index;
use crate::tree::{FileType, NodeId};

/// The letter of a directory that did not change, and holds something that did.
const UNCHANGED: char = '.';
/// What stands for an arrow: one byte that no words hold, so that data of ASCII alone stays that, for which
/// browsers take half the time.
const ARROW: &str = "\u{7f}";
/// xattrs that can be filtered by their names.
const MAX_KEYS: usize = 64;

/// The columns: in each, one value for each row.
#[derive(Debug, Default)]
pub(super) struct Rows {
    letters: String,
    depths: Vec<u32>,
    /// A name a line; that of a directory ends in a slash.
    names: String,
    /// The number of what is told.
    words: Vec<u32>,
    /// The number of the set of attributes that differ.
    sets: Vec<u32>,
    pool: Pool,
    /// The names of attributes, and their numbers.
    attributes: BTreeMap<String, u32>,
    /// Sets of the numbers of attributes.
    known_sets: BTreeMap<Vec<u32>, u32>,
    keys: usize,
    /// Of each change, what a group tells of many whose values all differ.
    various: Vec<Attributes>,
}

/// The marks that are not behind the walk yet.
struct Ahead<'m> {
    old: &'m [Mark],
    new: &'m [Mark],
}

impl Ahead<'_> {
    /// Whether there is a mark at a name or below it.
    fn holds(&self, diff: &Diff<'_>, pair: Pair) -> bool {
        let before = |marks: &[Mark], end| marks.first().is_some_and(|mark| mark.node < end);
        pair.old.is_some_and(|node| before(self.old, diff.old().end(node)))
            || pair.new.is_some_and(|node| before(self.new, diff.new_tree().end(node)))
    }

    /// A name that was deleted in the old tree, and is told as another in the new one, as two.
    fn split(&self, pair: Pair) -> Option<[Pair; 2]> {
        let at = |marks: &[Mark], node: Option<NodeId>| {
            node.is_some() && marks.first().map(|it| it.node) == node
        };
        let both = at(self.old, pair.old) && at(self.new, pair.new);
        both.then_some([Pair { new: None, ..pair }, Pair { old: None, ..pair }])
    }

    /// Takes the mark at a name, and whether it is one of the new tree.
    fn take(&mut self, pair: Pair) -> Option<(Mark, bool)> {
        let take = |marks: &mut &[Mark], node| {
            let (first, rest) = marks.split_first()?;
            (Some(first.node) == node).then(|| {
                *marks = rest;
                *first
            })
        };
        let (old, new) = (take(&mut self.old, pair.old), take(&mut self.new, pair.new));
        new.map(|mark| (mark, true)).or(old.map(|mark| (mark, false)))
    }
}

impl Rows {
    pub(super) fn of(diff: &Diff<'_>, marks: &Marks) -> Self {
        let mut rows = Self { various: various(diff), ..Self::default() };
        rows.set(Vec::new());
        let mut ahead = Ahead { old: &marks.old, new: &marks.new };
        rows.add(diff, Pair::ROOT, ahead.take(Pair::ROOT), 0);
        let mut open = vec![Both::of(diff, Pair::ROOT)];
        while let Some(names) = open.last_mut() {
            match names.next(diff) {
                None => drop(open.pop()),
                Some(both) if ahead.holds(diff, both) => {
                    let pair = match ahead.split(both) {
                        Some([first, second]) => {
                            names.put_back(second);
                            first
                        }
                        None => both,
                    };
                    let depth = u32::try_from(open.len()).unwrap_or(u32::MAX);
                    rows.add(diff, pair, ahead.take(pair), depth);
                    open.push(Both::of(diff, pair));
                }
                Some(_) => {}
            }
        }
        rows
    }

    fn add(&mut self, diff: &Diff<'_>, pair: Pair, mark: Option<(Mark, bool)>, depth: u32) {
        let name = pair.name(diff);
        let [was, is] = pair.are_directories(diff);
        let is_directory = if pair.new.is_some() { is } else { was };
        let slash = if is_directory && name != "/" { "/" } else { "" };
        self.names.push_str(&name);
        self.names.push_str(slash);
        self.names.push('\n');
        self.depths.push(depth);
        let told = mark.and_then(|(mark, is_new)| self.told(diff, &mark, is_new));
        let (letter, words, set) = match told {
            Some((change, words)) => (change.kind.letter(), words, self.attributes(diff, &change)),
            None => (UNCHANGED, String::new(), Vec::new()),
        };
        self.letters.push(letter);
        self.words.push(self.pool.number(&words.replace(" → ", ARROW)));
        let set = self.set(set);
        self.sets.push(set);
    }

    /// What is told of a marked node: all that changed, but that values which a group tells of as
    /// various are only named.
    fn told(&self, diff: &Diff<'_>, mark: &Mark, is_new: bool) -> Option<(Change, String)> {
        let change = change_of(diff, mark)?;
        if mark.inner {
            let kind = if is_new { Kind::Added } else { Kind::Deleted };
            return Some(alone(diff, mark, kind));
        }
        let number = index(mark.change);
        if change.kind != Kind::Metadata {
            let words = diff.words(&change, diff.told_alone(number));
            let from = change.old.filter(|_| change.kind == Kind::Moved);
            return Some(match from {
                Some(old) => (change, format!("from {}; {words}", printable(&diff.old_path(old)))),
                None => (change, words),
            });
        }
        let various = self.various.get(number).copied().unwrap_or_default();
        let words = diff.words(&change, change.attributes.without(various));
        let names = various.iter().map(Attribute::name).collect::<Vec<_>>().join("; ");
        // With nothing of its own to tell, what is left is how many other names it has.
        let told = match (words.is_empty() || words.starts_with(' '), names.is_empty()) {
            (_, true) => words,
            (true, false) => names + &words,
            (false, false) => format!("{words}; {names}"),
        };
        Some((change, told))
    }

    /// The numbers of the attributes that differ.
    fn attributes(&mut self, diff: &Diff<'_>, change: &Change) -> Vec<u32> {
        let mut set = Vec::new();
        for attribute in change.attributes.iter() {
            set.push(self.attribute(attribute.name().to_owned()));
            if attribute == Attribute::Xattr {
                for xattr in diff.xattrs(change) {
                    let name = format!("xattr:{}", printable(xattr.key));
                    let is_known = self.attributes.contains_key(&name);
                    if is_known || self.keys < MAX_KEYS {
                        self.keys += usize::from(!is_known);
                        set.push(self.attribute(name));
                    }
                }
            }
        }
        set
    }

    fn attribute(&mut self, name: String) -> u32 {
        number(&mut self.attributes, name)
    }

    fn set(&mut self, set: Vec<u32>) -> u32 {
        number(&mut self.known_sets, set)
    }

    /// Writes the columns as fields of a JSON object, each behind a comma.
    pub(super) fn write<E>(&self, sink: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let sets = by_number(&self.known_sets).into_iter();
        let sets: Vec<String> = sets.map(|set| numbers(set)).collect();
        let mut names = Vec::new();
        for name in by_number(&self.attributes) {
            let mut text = String::new();
            string_into(name, &mut text);
            names.push(text);
        }
        for (name, value) in [
            ("letters", quoted(&self.letters)),
            ("depths", numbers(&self.depths)),
            ("names", quoted(&self.names)),
            ("words", numbers(&self.words)),
            ("word_list", quoted(self.pool.lines())),
            ("sets", numbers(&self.sets)),
            ("set_list", format!("[{}]", sets.join(","))),
            ("attributes", format!("[{}]", names.join(","))),
        ] {
            sink(&format!(",\n\"{name}\": "))?;
            sink(&value)?;
        }
        Ok(())
    }
}

/// Of each change, the attributes whose values are various in a group.
fn various(diff: &Diff<'_>) -> Vec<Attributes> {
    let mut various = vec![Attributes::NONE; diff.changes().len()];
    for group in diff.groups().iter().filter(|group| group.shape == Shape::Various) {
        for &member in &group.members {
            if let Some(attributes) = various.get_mut(index(member)) {
                *attributes = attributes.with(group.attribute.into());
            }
        }
    }
    various
}

/// What is told of an entry that lies in what was added or deleted as a whole.
fn alone(diff: &Diff<'_>, mark: &Mark, kind: Kind) -> (Change, String) {
    let node = Some(mark.node);
    let (tree, old, new) = match kind {
        Kind::Added => (diff.new_tree(), None, node),
        _ => (diff.old(), node, None),
    };
    let entries = crate::diff::moves::size(tree, mark.node);
    let change = Change { kind, old, new, attributes: Attributes::NONE, entries };
    let facts = tree.facts(mark.node);
    let words = match facts.file_type() {
        // What it holds has rows of its own.
        FileType::Directory => brief(&facts),
        _ => diff.words(&change, Attributes::NONE),
    };
    (change, words)
}

/// The number of a value, which is a new one if the value is.
fn number<T: Ord>(known: &mut BTreeMap<T, u32>, value: T) -> u32 {
    let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
    *known.entry(value).or_insert(next)
}

/// Values in the order of their numbers.
fn by_number<T>(known: &BTreeMap<T, u32>) -> Vec<&T> {
    let mut values: Vec<(&T, u32)> = known.iter().map(|(value, &number)| (value, number)).collect();
    values.sort_unstable_by_key(|value| value.1);
    values.into_iter().map(|(value, _)| value).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    string_into(text, &mut out);
    out
}

/// A JSON list of numbers.
pub(super) fn numbers<T: std::fmt::Display>(values: &[T]) -> String {
    let mut text = String::with_capacity(4 * values.len());
    text.push('[');
    for (at, value) in values.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // A String takes whatever is written.
        let _ = write!(text, "{comma}{value}");
    }
    text.push(']');
    text
}
