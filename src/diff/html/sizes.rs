//! The sizes of directories in both trees: the largest ones, and what is left of each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::escape::string_into;
use super::rows::numbers;
use super::union::{Both, Marks, Pair, change_of};
use crate::diff::words::{bytes, growth};
use crate::diff::{Diff, Kind};
use crate::num::{index, wide};
use crate::tree::{FileType, NodeId, Tree};

/// How many directories are told on their own.
const MAX_CELLS: usize = 1500;

/// Bytes of a directory.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    old: u64,
    new: u64,
    /// Bytes of the old tree whose files are gone, or have another content now.
    gone: u64,
    /// Bytes of the new tree whose files are new, or had another content.
    fresh: u64,
}

impl Sizes {
    fn largest(self) -> u64 {
        self.old.max(self.new)
    }

    fn without(self, other: Self) -> Self {
        Self {
            old: self.old.saturating_sub(other.old),
            new: self.new.saturating_sub(other.new),
            gone: self.gone.saturating_sub(other.gone),
            fresh: self.fresh.saturating_sub(other.fresh),
        }
    }
}

/// Of a tree, the bytes before each node: of all files, and of those that changed.
struct Before {
    all: Vec<u64>,
    changed: Vec<u64>,
}

impl Before {
    fn of(tree: &Tree<'_>, mut changed: Vec<NodeId>) -> Self {
        changed.sort_unstable();
        changed.dedup();
        let mut changed = changed.into_iter().peekable();
        let mut before = Self { all: vec![0], changed: vec![0] };
        let (mut all, mut of_changed) = (0_u64, 0_u64);
        for node in tree.nodes() {
            let facts = tree.facts(node);
            let counts = facts.file_type() == FileType::Regular && !tree.is_link(node);
            let size = if counts { facts.size() } else { 0 };
            let is_changed = changed.next_if_eq(&node).is_some();
            all = all.saturating_add(size);
            of_changed = of_changed.saturating_add(if is_changed { size } else { 0 });
            before.all.push(all);
            before.changed.push(of_changed);
        }
        before
    }

    /// The bytes of a node and all below it: of all files, and of those that changed.
    fn below(&self, tree: &Tree<'_>, node: NodeId) -> (u64, u64) {
        let at = |sums: &[u64], node: NodeId| {
            sums.get(index(node.number())).copied().unwrap_or_default()
        };
        let between = |sums: &[u64]| at(sums, tree.end(node)).saturating_sub(at(sums, node));
        (between(&self.all), between(&self.changed))
    }
}

/// A directory, or what is left of one.
struct Cell {
    parent: Option<u32>,
    name: String,
    sizes: Sizes,
}

/// A directory that may become a cell: the largest one first, then the one that came first.
type Candidate = (u64, Reverse<u32>);

struct Picker<'d, 't> {
    diff: &'d Diff<'t>,
    old: Before,
    new: Before,
    waiting: BinaryHeap<Candidate>,
    /// What waits, with the cell it lies in.
    places: Vec<(Pair, u32)>,
    cells: Vec<Cell>,
}

/// The sizes of directories as a JSON object: in each list one value for each cell, the largest
/// directories first. A cell without a name is what is left of the one it lies in.
pub(super) fn sizes(diff: &Diff<'_>, marks: &Marks) -> String {
    let [old, new] = changed(diff, marks);
    let mut picker = Picker {
        diff,
        old: Before::of(diff.old(), old),
        new: Before::of(diff.new_tree(), new),
        waiting: BinaryHeap::new(),
        places: Vec::new(),
        cells: Vec::new(),
    };
    picker.pick();
    picker.add_rests();
    written(&picker.cells)
}

/// The nodes of both trees whose contents are gone or new.
fn changed(diff: &Diff<'_>, marks: &Marks) -> [Vec<NodeId>; 2] {
    let mut old: Vec<NodeId> = marks.old.iter().map(|mark| mark.node).collect();
    let mut new = Vec::new();
    for mark in &marks.new {
        let Some(change) = change_of(diff, mark) else { continue };
        let replaced = matches!(change.kind, Kind::Content | Kind::Type) && !mark.inner;
        if replaced || mark.inner || change.kind == Kind::Added {
            new.push(mark.node);
        }
        old.extend(change.old.filter(|_| replaced));
    }
    [old, new]
}

impl Picker<'_, '_> {
    fn sizes(&self, pair: Pair) -> Sizes {
        let old = pair.old.map(|node| self.old.below(self.diff.old(), node)).unwrap_or_default();
        let new =
            pair.new.map(|node| self.new.below(self.diff.new_tree(), node)).unwrap_or_default();
        Sizes { old: old.0, new: new.0, gone: old.1, fresh: new.1 }
    }

    /// Makes cells of the largest directories, each behind the one it lies in.
    fn pick(&mut self) {
        self.add(Pair::ROOT, None);
        while let Some((_, Reverse(place))) = self.waiting.pop() {
            if self.cells.len() >= MAX_CELLS {
                break;
            }
            if let Some(&(pair, parent)) = self.places.get(index(place)) {
                self.add(pair, Some(parent));
            }
        }
    }

    fn add(&mut self, pair: Pair, parent: Option<u32>) {
        let number = index_of(self.cells.len());
        let cell = Cell { parent, name: pair.name(self.diff), sizes: self.sizes(pair) };
        self.cells.push(cell);
        let mut names = Both::of(self.diff, pair);
        while let Some(below) = names.next(self.diff) {
            let size = self.sizes(below).largest();
            if size > 0 && below.are_directories(self.diff) != [false, false] {
                self.waiting.push((size, Reverse(index_of(self.places.len()))));
                self.places.push((below, number));
            }
        }
    }

    /// Adds what is left of each directory that holds others.
    fn add_rests(&mut self) {
        let mut rests: Vec<Option<Sizes>> = vec![None; self.cells.len()];
        for cell in &self.cells {
            let Some(parent) = cell.parent.map(index) else { continue };
            let whole = self.cells.get(parent).map(|cell| cell.sizes).unwrap_or_default();
            if let Some(rest) = rests.get_mut(parent) {
                *rest = Some(rest.unwrap_or(whole).without(cell.sizes));
            }
        }
        for (parent, rest) in rests.into_iter().enumerate() {
            if let Some(sizes) = rest.filter(|sizes| sizes.largest() > 0) {
                let parent = Some(index_of(parent));
                self.cells.push(Cell { parent, name: String::new(), sizes });
            }
        }
    }
}

fn index_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn written(cells: &[Cell]) -> String {
    let column = |value: fn(Sizes) -> u64| {
        numbers(&cells.iter().map(|cell| value(cell.sizes)).collect::<Vec<_>>())
    };
    let parents = cells.iter().map(|cell| cell.parent.map_or(-1, i64::from)).collect::<Vec<_>>();
    let (mut names, mut words) = (String::new(), String::new());
    for Cell { name, sizes, .. } in cells {
        names.push_str(&format!("{name}\n"));
        let difference =
            if sizes.old == sizes.new { "same".into() } else { growth(sizes.old, sizes.new) };
        words.push_str(&format!("{}\t{}\t{difference}\n", bytes(sizes.old), bytes(sizes.new)));
    }
    let mut text = format!("{{\"cells\": {}", wide(cells.len()));
    for (name, lines) in [("names", names), ("words", words)] {
        text.push_str(&format!(", \"{name}\": "));
        string_into(&lines, &mut text);
    }
    for (name, list) in [
        ("parents", numbers(&parents)),
        ("old", column(|sizes| sizes.old)),
        ("new", column(|sizes| sizes.new)),
        ("gone", column(|sizes| sizes.gone)),
        ("fresh", column(|sizes| sizes.fresh)),
    ] {
        text.push_str(&format!(", \"{name}\": {list}"));
    }
    text + "}"
}
