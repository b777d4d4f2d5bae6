//! SIZE and NLINK, where they follow from the lines of both sides.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Part;
use super::entries::{Entries, Pick, Three};
use super::fields::{field, number_in, with_number};
use super::line::Line;
use crate::canon::canonicalise;
use crate::tree::{FileType, NodeId, Tree};

/// SIZE and NLINK of a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Numbers {
    size: u64,
    nlink: u64,
}

/// A directory of a tree.
struct Directory {
    /// Each name, and whether it is that of a directory.
    names: Vec<(Vec<u8>, bool)>,
    given: Numbers,
    canonical: Numbers,
}

type Directories = BTreeMap<Vec<u8>, Directory>;

/// Sets SIZE and NLINK of directories that both sides filled. A side that counts as an image does is
/// taken at its word that the numbers are to be right; any other keeps its numbers.
pub(super) fn directories(
    three: &Three<'_>,
    entries: &mut Entries<'_, '_>,
    merged: &Tree<'_>,
    sides: [&Tree<'_>; 2],
) {
    let [ours, theirs] = three.filled();
    let flagged = entries.iter().filter(|(_, entry)| entry.derive).map(|(&path, _)| path);
    let wanted: BTreeSet<&[u8]> = ours.intersection(&theirs).copied().chain(flagged).collect();
    if wanted.is_empty() {
        return;
    }
    let merged = found(merged, &wanted);
    let sides = sides.map(|tree| found(tree, &wanted));
    for path in wanted {
        let Some(entry) = entries.get_mut(path).filter(|entry| entry.is_settled() || entry.derive)
        else {
            continue;
        };
        let (Some(directory), [Some(ours), Some(theirs)]) =
            (merged.get(path), sides.each_ref().map(|side| side.get(path)))
        else {
            continue;
        };
        let numbers = numbers(directory, ours, theirs, entry.derive);
        for pick in entry.picks.iter_mut().flatten() {
            set(&mut pick.text, field::SIZE, directory.given.size, numbers.size);
            set(&mut pick.text, field::NLINK, directory.given.nlink, numbers.nlink);
        }
    }
}

fn set(line: &mut Cow<'_, [u8]>, field: usize, given: u64, number: u64) {
    if given != number {
        *line = Cow::Owned(with_number(line, field, number));
    }
}

fn numbers(merged: &Directory, ours: &Directory, theirs: &Directory, open: bool) -> Numbers {
    let as_ours = merged.names == ours.names;
    let as_theirs = merged.names == theirs.names;
    let counts = |side: &Directory| side.given == side.canonical;
    match (as_ours, as_theirs) {
        (true, false) => ours.given,
        (false, true) => theirs.given,
        (true, true) if !open => merged.given,
        (false, false) if !(open || counts(ours) && counts(theirs)) => merged.given,
        _ => merged.canonical,
    }
}

/// The directories that are wanted.
fn found(tree: &Tree<'_>, wanted: &BTreeSet<&[u8]>) -> Directories {
    let mut canonical = tree.clone();
    canonicalise(&mut canonical);
    let mut directories = Directories::new();
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let path = walk.path();
        if !wanted.contains(path) || tree.facts(step.node).file_type() != FileType::Directory {
            continue;
        }
        let is_directory = |node| tree.facts(node).file_type() == FileType::Directory;
        let names = tree.children(step.node);
        let names = names.map(|node| (tree.name(node).to_vec(), is_directory(node))).collect();
        let given = given(tree, step.node);
        let canonical = self::given(&canonical, step.node);
        directories.insert(path.to_vec(), Directory { names, given, canonical });
    }
    directories
}

fn given(tree: &Tree<'_>, node: NodeId) -> Numbers {
    let facts = tree.facts(node);
    Numbers { size: facts.size(), nlink: u64::from(facts.nlink()) }
}

/// Sets NLINK of files to which both sides gave other names. It depends on conflicts about those names,
/// and is then one itself.
pub(super) fn files(three: &Three<'_>, entries: &mut Entries<'_, '_>) {
    let [ours, theirs] = three.linked();
    let wanted: BTreeSet<&[u8]> = ours.intersection(&theirs).copied().collect();
    if wanted.is_empty() {
        return;
    }
    let merged = [0, 1].map(|side| links(&wanted, picked(entries, side)));
    let sides = three
        .sides
        .each_ref()
        .map(|side| links(&wanted, side.all.iter().map(|line| (&*line.path, line))));
    for path in wanted {
        let Some(entry) = entries.get_mut(path).filter(|entry| entry.is_settled() || entry.derive)
        else {
            continue;
        };
        let [Some(ours), Some(theirs)] = entry.sides.map(|side| side?.fields()) else { continue };
        let known = NamedLinks {
            given: [ours.nlink, theirs.nlink].map(u64::from),
            sides: sides.each_ref().map(|side| side.get(path)),
            derive: entry.derive,
        };
        let numbers = merged.each_ref().map(|merged| known.nlink(merged.get(path)));
        for (pick, number) in entry.picks.iter_mut().zip(numbers) {
            if let (Some(pick), Some(number)) = (pick, number) {
                pick.text = Cow::Owned(with_number(&pick.text, field::NLINK, number));
            }
        }
        let nlink =
            |pick: &Option<Pick<'_, '_>>| Some(number_in(&pick.as_ref()?.text, field::NLINK));
        if nlink(&entry.picks[0]) != nlink(&entry.picks[1]) {
            entry.open.insert(Part::Nlink);
        }
    }
}

/// The lines, if conflicts are settled for one side.
fn picked<'l, 'a: 'l>(
    entries: &Entries<'a, 'l>,
    side: usize,
) -> impl Iterator<Item = (&'l [u8], &'l Line<'a>)> {
    entries.iter().filter_map(move |(&path, entry)| Some((path, entry.picks[side].as_ref()?.like)))
}

/// An inode that both sides gave other names.
struct NamedLinks<'s, 'l> {
    /// NLINK, as each side says.
    given: [u64; 2],
    /// Its hard links, on each side.
    sides: [Option<&'s BTreeSet<&'l [u8]>>; 2],
    /// Whether both sides changed NLINK.
    derive: bool,
}

impl NamedLinks<'_, '_> {
    /// NLINK of the inode with these hard links; nothing if it is none of our business.
    fn nlink(&self, merged: Option<&BTreeSet<&[u8]>>) -> Option<u64> {
        let names =
            |of: Option<&BTreeSet<&[u8]>>| 1 + of.map_or(0, |links| crate::num::wide(links.len()));
        let is_as = self.sides.map(|side| side == merged);
        let counts = (0..2).all(|side| self.given[side] == names(self.sides[side]));
        match is_as {
            [true, false] => Some(self.given[0]),
            [false, true] => Some(self.given[1]),
            _ if counts || self.derive => Some(names(merged)),
            _ => None,
        }
    }
}

/// Of each inode: the paths that are hard links of it.
type Links<'l> = BTreeMap<&'l [u8], BTreeSet<&'l [u8]>>;

fn links<'l, 'a: 'l>(
    wanted: &BTreeSet<&[u8]>,
    lines: impl Iterator<Item = (&'l [u8], &'l Line<'a>)>,
) -> Links<'l> {
    let mut links = Links::new();
    for (path, line) in lines {
        if let Some(target) = line.target().filter(|&target| wanted.contains(target)) {
            links.entry(target).or_default().insert(path);
        }
    }
    links
}
