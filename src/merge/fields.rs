//! Two lines with one path that differ from a third: field by field.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Part;
use super::line::{Given, Line, held, xattrs};
use crate::dump::Fields;
use crate::tree::FileType;

/// Fields before the xattrs.
const FIELDS: usize = 11;

/// The place of a field in a line.
pub(super) mod field {
    pub(in super::super) const SIZE: usize = 1;
    pub(super) const MODE: usize = 2;
    pub(in super::super) const NLINK: usize = 3;
    pub(super) const UID: usize = 4;
    pub(super) const GID: usize = 5;
    pub(super) const RDEV: usize = 6;
    pub(super) const MTIME: usize = 7;
    pub(super) const PAYLOAD: usize = 8;
    pub(super) const CONTENT: usize = 9;
    pub(super) const DIGEST: usize = 10;
}

/// Whose value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Ours,
    Theirs,
    /// Both changed it to different values.
    Open,
}

fn choose<T: PartialEq>(base: Option<&T>, ours: &T, theirs: &T) -> Choice {
    if ours == theirs || base == Some(theirs) {
        Choice::Ours
    } else if base == Some(ours) {
        Choice::Theirs
    } else {
        Choice::Open
    }
}

/// Two lines made one.
#[derive(Debug)]
pub(super) struct Joined {
    /// The line, with our value where both sides changed the same field.
    pub(super) ours: Vec<u8>,
    /// The line, with their value there.
    pub(super) theirs: Vec<u8>,
    /// Where that is.
    pub(super) open: Vec<Part>,
    /// Whether it is so for SIZE or NLINK, which follow from other lines.
    pub(super) derive: bool,
}

/// Joins two lines that carry inodes of one type; nothing for other lines. `links_changed` says that
/// both sides changed the names of the inode.
pub(super) fn join(
    base: Option<&Line<'_>>,
    ours: &Line<'_>,
    theirs: &Line<'_>,
    links_changed: bool,
) -> Option<Joined> {
    let (our, their) = (ours.fields()?, theirs.fields()?);
    let kind = our.mode.file_type();
    if their.mode.file_type() != kind {
        return None;
    }
    let base = base.and_then(Line::fields).filter(|base| base.mode.file_type() == kind);
    let mut choices = Choices { of: [Choice::Ours; FIELDS], open: Vec::new(), derive: false };
    choices.held(kind, base, our, their);
    choices.numbers(base, our, their);
    let nlink = choose(base.map(|base| &base.nlink), &our.nlink, &their.nlink);
    if kind == FileType::Directory || links_changed {
        choices.derived(field::NLINK, nlink);
    } else {
        choices.set(&[field::NLINK], nlink, Part::Nlink);
    }
    let pairs = join_xattrs(base, our, their, &mut choices.open);
    let render = |side| choices.render(&pairs, [ours.raw, theirs.raw], side);
    let (ours, theirs) = (render(Choice::Ours), render(Choice::Theirs));
    Some(Joined { ours, theirs, open: choices.open, derive: choices.derive })
}

struct Choices {
    of: [Choice; FIELDS],
    open: Vec<Part>,
    derive: bool,
}

impl Choices {
    fn set(&mut self, fields: &[usize], choice: Choice, part: Part) {
        fields.iter().for_each(|&field| self.of[field] = choice);
        if choice == Choice::Open {
            self.open.push(part);
        }
    }

    /// A field that is computed if it is open.
    fn derived(&mut self, field: usize, choice: Choice) {
        self.derive |= choice == Choice::Open;
        self.of[field] = if choice == Choice::Open { Choice::Ours } else { choice };
    }

    /// What the inode holds is one thing: a SIZE or digest of one side says nothing of the content of
    /// the other. Only the SIZE of a directory follows from its names.
    fn held(
        &mut self,
        kind: FileType,
        base: Option<&Fields<'_>>,
        ours: &Fields<'_>,
        theirs: &Fields<'_>,
    ) {
        let values = [field::PAYLOAD, field::CONTENT, field::DIGEST];
        let (base, ours, theirs) = (base.map(held), held(ours), held(theirs));
        if kind == FileType::Directory {
            let size = choose(base.as_ref().map(|held| &held.0), &ours.0, &theirs.0);
            self.derived(field::SIZE, size);
            let choice = choose(base.as_ref().map(|held| &held.1), &ours.1, &theirs.1);
            self.set(&values, choice, Part::Content);
        } else {
            let choice = choose(base.as_ref(), &ours, &theirs);
            self.set(&values, choice, Part::Content);
            self.of[field::SIZE] = choice;
        }
    }

    fn numbers(&mut self, base: Option<&Fields<'_>>, ours: &Fields<'_>, theirs: &Fields<'_>) {
        let mode = choose(base.map(|base| &base.mode), &ours.mode, &theirs.mode);
        self.set(&[field::MODE], mode, Part::Mode);
        let uid = choose(base.map(|base| &base.uid), &ours.uid, &theirs.uid);
        self.set(&[field::UID], uid, Part::Uid);
        let gid = choose(base.map(|base| &base.gid), &ours.gid, &theirs.gid);
        self.set(&[field::GID], gid, Part::Gid);
        let rdev = choose(base.map(|base| &base.rdev), &ours.rdev, &theirs.rdev);
        self.set(&[field::RDEV], rdev, Part::Device);
        let mtime = choose(base.map(|base| &base.mtime), &ours.mtime, &theirs.mtime);
        self.set(&[field::MTIME], mtime, Part::Mtime);
    }

    /// The line, with the value of one side where both have one.
    fn render(&self, pairs: &[Pair<'_>], raw: [&[u8]; 2], side: Choice) -> Vec<u8> {
        let fields = raw.map(|raw| raw.split(|&byte| byte == b' ').collect::<Vec<_>>());
        let of = |choice: Choice| if choice == Choice::Theirs { &fields[1] } else { &fields[0] };
        let mut line = of(Choice::Ours).first().copied().unwrap_or_default().to_vec();
        for (number, &choice) in self.of.iter().enumerate().skip(1) {
            let choice = if choice == Choice::Open { side } else { choice };
            line.push(b' ');
            let given = of(choice).get(number).copied().filter(|given| !given.is_empty());
            line.extend_from_slice(given.unwrap_or(b"-"));
        }
        for pair in pairs {
            let field = if side == Choice::Theirs { pair.theirs } else { pair.ours };
            if let Some(field) = field {
                line.push(b' ');
                line.extend_from_slice(field);
            }
        }
        line
    }
}

/// An xattr of the joined line, as each side spells it.
struct Pair<'f> {
    key: Cow<'f, [u8]>,
    ours: Option<&'f [u8]>,
    theirs: Option<&'f [u8]>,
}

fn by_key<'f>(all: &[Given<'f>]) -> BTreeMap<Cow<'f, [u8]>, Given<'f>> {
    all.iter().map(|given| (given.key.clone(), given.clone())).collect()
}

fn join_xattrs<'f>(
    base: Option<&Fields<'f>>,
    ours: &Fields<'f>,
    theirs: &Fields<'f>,
    open: &mut Vec<Part>,
) -> Vec<Pair<'f>> {
    let before = by_key(&base.map(xattrs).unwrap_or_default());
    let (ours, theirs) = (xattrs(ours), xattrs(theirs));
    let (mut our, mut their) = (by_key(&ours), by_key(&theirs));
    let mut pairs = Vec::new();
    for key in ours.iter().chain(&theirs).map(|given| &given.key) {
        let (a, b) = (our.remove(key), their.remove(key));
        // A key that was met before.
        if a.is_none() && b.is_none() {
            continue;
        }
        let raw = |given: &Option<Given<'f>>| given.as_ref().map(|given| given.raw);
        let (ours, theirs) = match choose(Some(&before.get(key).cloned()), &a, &b) {
            Choice::Ours => (raw(&a), raw(&a)),
            Choice::Theirs => (raw(&b), raw(&b)),
            Choice::Open => {
                open.push(Part::Xattr(key.to_vec()));
                (raw(&a), raw(&b))
            }
        };
        pairs.push(Pair { key: key.clone(), ours, theirs });
    }
    let is_sorted = |all: &[Given<'_>]| all.is_sorted_by(|a, b| a.key <= b.key);
    if is_sorted(&ours) && is_sorted(&theirs) {
        pairs.sort_by(|a, b| a.key.cmp(&b.key));
    }
    pairs
}

/// The number in a field of a line.
pub(super) fn number_in(line: &[u8], field: usize) -> Option<u64> {
    number(line.split(|&byte| byte == b' ').nth(field)?)
}

fn number(field: &[u8]) -> Option<u64> {
    str::from_utf8(field).ok()?.parse().ok()
}

/// A line with a number in a field, which keeps its spelling if it has that number already.
pub(super) fn with_number(line: &[u8], field: usize, number: u64) -> Vec<u8> {
    let mut fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let digits = number.to_string();
    if let Some(field) = fields.get_mut(field)
        && self::number(field) != Some(number)
    {
        *field = digits.as_bytes();
    }
    fields.join(&b' ')
}
