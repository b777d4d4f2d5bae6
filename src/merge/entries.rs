//! What becomes of each path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Joined, join};
use super::line::{Line, Lines, held, parent_of, xattrs};
use super::{MergeErrorKind, Part};
use crate::dump::Fields;

/// What a path becomes if each conflict is settled for one side.
#[derive(Debug)]
pub(super) struct Pick<'a, 'l> {
    /// The line.
    pub(super) text: Cow<'a, [u8]>,
    /// A line of a side that has the same type, or the same target.
    pub(super) like: &'l Line<'a>,
}

/// A path that a side has.
#[derive(Debug)]
pub(super) struct Entry<'a, 'l> {
    pub(super) base: Option<&'l Line<'a>>,
    /// Its lines on our side and on theirs.
    pub(super) sides: [Option<&'l Line<'a>>; 2],
    /// What it becomes if all conflicts are settled for us, and for them.
    pub(super) picks: [Option<Pick<'a, 'l>>; 2],
    /// In what both sides are at odds.
    pub(super) open: BTreeSet<Part>,
    /// Whether SIZE or NLINK must be computed.
    pub(super) derive: bool,
}

/// All paths, a directory before what is in it.
pub(super) type Entries<'a, 'l> = BTreeMap<&'l [u8], Entry<'a, 'l>>;

/// The three texts.
#[derive(Debug)]
pub(super) struct Three<'a> {
    pub(super) base: Lines<'a>,
    pub(super) sides: [Lines<'a>; 2],
}

impl<'a> Three<'a> {
    /// Decides each path for itself, and then what they mean for one another.
    pub(super) fn entries(&self) -> Result<Entries<'a, '_>, MergeErrorKind> {
        let linked = self.linked();
        let mut entries = Entries::new();
        for path in self.sides.iter().flat_map(|side| &side.all).map(|line| &*line.path) {
            if !entries.contains_key(path) {
                let sides = self.sides.each_ref().map(|side| side.get(path));
                let links_changed = linked.iter().all(|targets| targets.contains(path));
                entries.insert(path, Entry::new(self.base.get(path), sides, links_changed));
            }
        }
        settle(&mut entries)?;
        Ok(entries)
    }

    /// Of each side: the paths of inodes of which it added or took away names.
    pub(super) fn linked(&self) -> [BTreeSet<&[u8]>; 2] {
        self.sides.each_ref().map(|side| {
            let before = self.base.all.iter().map(|line| (line, side.get(&line.path)));
            let after = side.all.iter().map(|line| (line, self.base.get(&line.path)));
            let changed = before.chain(after).filter_map(|(line, other)| {
                let target = line.target()?;
                (other.and_then(Line::target) != Some(target)).then_some(target)
            });
            changed.collect()
        })
    }

    /// Of each side: the directories in which it added or took away names.
    pub(super) fn filled(&self) -> [BTreeSet<&[u8]>; 2] {
        self.sides.each_ref().map(|side| {
            let before = self.base.all.iter().map(|line| (line, side.get(&line.path)));
            let after = side.all.iter().map(|line| (line, self.base.get(&line.path)));
            let changed = before.chain(after).filter(|(line, other)| {
                other.is_none_or(|other| other.is_directory() != line.is_directory())
            });
            changed.filter_map(|(line, _)| parent_of(&line.path)).collect()
        })
    }
}

impl<'a, 'l> Entry<'a, 'l> {
    fn new(
        base: Option<&'l Line<'a>>,
        sides: [Option<&'l Line<'a>>; 2],
        links_changed: bool,
    ) -> Self {
        let mut entry =
            Self { base, sides, picks: [None, None], open: BTreeSet::new(), derive: false };
        let same = |a: Option<&Line<'_>>, b: Option<&Line<'_>>| match (a, b) {
            (Some(a), Some(b)) => a.says_as(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let [ours, theirs] = sides;
        if same(ours, theirs) || same(base, theirs) {
            entry.take(ours);
        } else if same(base, ours) {
            entry.take(theirs);
        } else if let (Some(ours), Some(theirs)) = (ours, theirs) {
            match join(base, ours, theirs, links_changed) {
                Some(joined) => entry.join(joined, ours),
                None => {
                    let is_link = ours.target().or(theirs.target()).is_some();
                    entry.keep_both(if is_link { Part::Link } else { Part::Type });
                }
            }
        } else if !entry.only_derived_differs() {
            entry.keep_both(Part::Existence);
        }
        entry
    }

    /// Takes the line of one side.
    fn take(&mut self, line: Option<&'l Line<'a>>) {
        let pick = || line.map(|like| Pick { text: Cow::Borrowed(like.raw), like });
        self.picks = [pick(), pick()];
    }

    fn join(&mut self, joined: Joined, like: &'l Line<'a>) {
        self.derive = joined.derive;
        self.open = joined.open.into_iter().collect();
        let pick = |text| Some(Pick { text: Cow::Owned(text), like });
        self.picks = [pick(joined.ours), pick(joined.theirs)];
    }

    /// A directory that one side deleted is gone if the other changed nothing of it but what follows
    /// from its names.
    fn only_derived_differs(&mut self) -> bool {
        let [ours, theirs] = self.sides;
        let (Some(base), Some(left)) = (self.base, ours.or(theirs)) else { return false };
        let is_same = base.is_directory() && same_but_derived(base, left);
        if is_same {
            self.take(None);
        }
        is_same
    }

    /// Leaves each side as it is, for a person to choose. Tells whether that is new.
    fn keep_both(&mut self, part: Part) -> bool {
        let picks =
            self.sides.map(|side| side.map(|like| Pick { text: Cow::Borrowed(like.raw), like }));
        let texts = |picks: &[Option<Pick<'_, '_>>; 2]| {
            picks.each_ref().map(|pick| pick.as_ref().map(|pick| pick.text.to_vec()))
        };
        let is_new = texts(&picks) != texts(&self.picks);
        self.picks = picks;
        self.derive = false;
        let differ = match self.sides {
            [Some(ours), Some(theirs)] => !ours.says_as(theirs),
            _ => true,
        };
        if differ {
            self.open.insert(part);
        } else {
            self.open.clear();
        }
        is_new
    }

    /// Whether there is nothing to choose.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }
}

/// Whether two lines of directories say the same beside SIZE and NLINK.
fn same_but_derived(a: &Line<'_>, b: &Line<'_>) -> bool {
    let (Some(a), Some(b)) = (a.fields(), b.fields()) else { return false };
    let numbers = |of: &Fields<'_>| (of.mode, of.uid, of.gid, of.rdev, of.mtime);
    numbers(a) == numbers(b) && held(a).1 == held(b).1 && xattrs(a) == xattrs(b)
}

/// How often the paths are gone through; each time settles another kind of chain.
const ROUNDS: usize = 16;

/// Whichever side all conflicts are settled for: what is there is in a directory, and what is a hard
/// link is one of a file. Where that is not so, both sides are kept for a person to choose.
fn settle(entries: &mut Entries<'_, '_>) -> Result<(), MergeErrorKind> {
    for _ in 0..ROUNDS {
        let links = settle_links(entries);
        let up = settle_parents(entries, true);
        let down = settle_parents(entries, false);
        if !(links || up || down) {
            return Ok(());
        }
    }
    Err(MergeErrorKind::Entangled)
}

fn settle_parents(entries: &mut Entries<'_, '_>, up: bool) -> bool {
    let mut paths: Vec<&[u8]> = entries.keys().copied().collect();
    if up {
        paths.reverse();
    }
    let mut changed = false;
    for path in paths {
        let Some(parent) = parent_of(path) else { continue };
        let broken = (0..2).any(|side| {
            let pick = |path: &[u8]| entries.get(path).and_then(|entry| entry.picks[side].as_ref());
            pick(path).is_some() && !pick(parent).is_some_and(|pick| pick.like.is_directory())
        });
        if broken {
            for path in [path, parent] {
                let entry = entries.get_mut(path);
                changed |= entry.is_some_and(|entry| entry.keep_both(Part::Existence));
            }
        }
    }
    changed
}

fn settle_links(entries: &mut Entries<'_, '_>) -> bool {
    let mut broken = Vec::new();
    for (&path, entry) in &*entries {
        for side in 0..2 {
            let Some(target) = entry.picks[side].as_ref().and_then(|pick| pick.like.target())
            else {
                continue;
            };
            let found = entries.get(target).and_then(|entry| entry.picks[side].as_ref());
            // It may be a hard link too.
            let is_file = found.is_some_and(|pick| !pick.like.is_directory());
            if !is_file {
                broken.push(path);
                broken.extend(entries.get_key_value(target).map(|(&target, _)| target));
            }
        }
    }
    let mut changed = false;
    for path in broken {
        let entry = entries.get_mut(path);
        changed |= entry.is_some_and(|entry| entry.keep_both(Part::Link));
    }
    changed
}
