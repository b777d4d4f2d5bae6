//! Changes that are the same are said once.

use std::collections::BTreeMap;

use xxhash_rust::xxh64::xxh64;

use super::attribute::Attribute;
use super::compare::XattrChange;
use super::sides::Common;
use super::words::{counted, is_world_writable, moment, printable, xattr_change, xattr_value};
use super::{Change, Diff, Kind};
use crate::num::{index, wide};
use crate::tree::{FileType, Mtime};

/// How many equal changes make a group.
const MIN_EQUAL: usize = 3;
/// How many changes of one attribute make a group although they differ.
const MIN_ALIKE: usize = 10;

/// One in how many times has to be the same to be told on its own.
const SHARE: usize = 10;

/// An attribute that changed on many entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which one.
    pub attribute: Attribute,
    /// Its name; of xattrs, their names.
    pub label: String,
    /// In what way the changes are alike.
    pub shape: Shape,
    /// The value before, in words.
    pub old: String,
    /// The value after, in words.
    pub new: String,
    /// How many directories are among the entries.
    pub directories: u64,
    /// How many other files are among them.
    pub files: u64,
    /// The numbers of the changes, ascending.
    pub members: Vec<u32>,
}

/// In what way the changes of a group are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Both values are the same for all.
    Equal,
    /// The attribute was added, with values that differ.
    Added,
    /// The attribute was removed, with values that differ.
    Removed,
    /// The nanoseconds alone are gone, or came.
    Nanoseconds,
    /// It changed, between values that differ.
    Various,
}

impl Group {
    /// How many entries are in the group, in words.
    #[must_use]
    pub fn count(&self) -> String {
        let directories = || counted(self.directories, "directory", "directories");
        let files = || counted(self.files, "file", "files");
        match (self.directories, self.files) {
            (_, 0) => directories(),
            (0, _) => files(),
            _ => format!("{} and {}", directories(), files()),
        }
    }

    /// What changed, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.shape, self.old.is_empty(), self.new.is_empty()) {
            (_, true, _) => self.new.clone(),
            (_, _, true) => self.old.clone(),
            _ => format!("{} → {}", self.old, self.new),
        }
    }
}

/// A change of an attribute that may go into a group.
struct Item {
    attribute: Attribute,
    /// Of what changed from what to what.
    hash: u64,
    member: u32,
}

/// Puts changes into groups, and takes them from what is told of each alone.
pub(super) fn group(diff: &mut Diff<'_>) {
    let (mut items, mut bytes, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (number, change) in diff.changes.iter().enumerate() {
        if change.kind != Kind::Metadata {
            continue;
        }
        let Ok(member) = u32::try_from(number) else { break };
        let may_go = change.attributes.iter().filter(|&it| may_be_grouped(diff, change, it));
        let is_label = has_label_on_one_side(diff, change);
        labels.extend(Some(member).filter(|_| is_label));
        let may_go = may_go.filter(|&attribute| !(is_label && attribute == Attribute::Xattr));
        items.extend(may_go.map(|attribute| {
            bytes.clear();
            value(diff, change, attribute, &mut bytes);
            Item { attribute, hash: xxh64(&bytes, 0), member }
        }));
    }
    items.sort_unstable_by_key(|item| (item.attribute, item.hash, item.member));
    let mut groups = Vec::new();
    let mut counts: BTreeMap<Attribute, usize> = BTreeMap::new();
    items.iter().for_each(|item| *counts.entry(item.attribute).or_default() += 1);
    let mut left: BTreeMap<(Attribute, Shape), Vec<u32>> = BTreeMap::new();
    for run in items.chunk_by(|a, b| (a.attribute, a.hash) == (b.attribute, b.hash)) {
        let Some(first) = run.first() else { continue };
        let all = counts.get(&first.attribute).copied().unwrap_or_default();
        let members = run.iter().map(|item| item.member);
        if run.len() < MIN_EQUAL || !is_worth(first.attribute, run.len(), all) {
            scatter(diff, first.attribute, members, &mut left);
            continue;
        }
        let (same, others) = split(diff, run);
        if same.len() >= MIN_EQUAL {
            groups.push(make(diff, first.attribute, Shape::Equal, same));
        } else {
            scatter(diff, first.attribute, same.into_iter(), &mut left);
        }
        scatter(diff, first.attribute, others.into_iter(), &mut left);
    }
    let shape = if diff.summary.new.labels == 0 { Shape::Removed } else { Shape::Added };
    match labels.len() {
        MIN_EQUAL.. => groups.push(make(diff, Attribute::Xattr, shape, labels)),
        _ => left.entry((Attribute::Xattr, shape)).or_default().extend(labels),
    }
    for ((attribute, shape), mut members) in left {
        let most = members.len() >= MIN_ALIKE;
        if most || members.len() >= MIN_EQUAL && have_one_time(diff, attribute, &members) {
            members.sort_unstable();
            groups.push(make(diff, attribute, shape, members));
        }
    }
    groups.sort_by_key(|group| (group.attribute, std::cmp::Reverse(group.members.len())));
    for group in &groups {
        for &member in &group.members {
            if let Some(shown) = diff.shown.get_mut(index(member)) {
                *shown = shown.without(group.attribute.into());
            }
        }
    }
    drop_times(diff);
    diff.groups = groups;
}

/// Whether some changes are of times that were all the same before, or are now.
fn have_one_time(diff: &Diff<'_>, attribute: Attribute, members: &[u32]) -> bool {
    let changes = members.iter().filter_map(|&member| diff.changes.get(index(member)));
    let (mut old, mut new) = (Common::default(), Common::default());
    for change in changes {
        old.add(change.old.map(|node| diff.old.facts(node).mtime()));
        new.add(change.new.map(|node| diff.new.facts(node).mtime()));
    }
    attribute == Attribute::Mtime && (old.one().is_some() || new.one().is_some())
}

/// Whether all that differs in the xattrs of an entry is that it has an SELinux label in one tree, of
/// trees of which the other has none at all: which label that is says nothing.
fn has_label_on_one_side(diff: &Diff<'_>, change: &Change) -> bool {
    let is_bare = diff.summary.old.labels == 0 || diff.summary.new.labels == 0;
    is_bare
        && change.attributes.contains(Attribute::Xattr)
        && matches!(diff.xattrs(change).as_slice(), [XattrChange { key: b"security.selinux", .. }])
}

/// Whether so many equal changes of all that an attribute has are a group of their own. Times are
/// equal by chance where there are many.
const fn is_worth(attribute: Attribute, equal: usize, all: usize) -> bool {
    !matches!(attribute, Attribute::Mtime) || equal * SHARE >= all
}

/// A time that changed with the content or the place is not worth a word.
fn drop_times(diff: &mut Diff<'_>) {
    for (shown, change) in diff.shown.iter_mut().zip(&diff.changes) {
        if matches!(change.kind, Kind::Content | Kind::Moved) {
            *shown = shown.without(Attribute::Mtime.into());
        }
    }
}

/// Whether a change may be told with others. What grants rights stays where it is.
fn may_be_grouped(diff: &Diff<'_>, change: &Change, attribute: Attribute) -> bool {
    let (Some(old), Some(new)) = (change.old, change.new) else { return false };
    let modes = [diff.old.facts(old), diff.new.facts(new)].map(|it| it.mode().permissions());
    let is_special = modes.into_iter().any(|mode| mode & 0o6000 != 0);
    match attribute {
        Attribute::Mode => !is_special && !modes.into_iter().any(is_world_writable),
        Attribute::Owner => !is_special,
        Attribute::Xattr => {
            !diff.xattrs(change).iter().any(|xattr| xattr.key == b"security.capability")
        }
        Attribute::Mtime | Attribute::Digest | Attribute::Payload => true,
        Attribute::Storage | Attribute::Nlink => true,
        Attribute::DirectorySize | Attribute::XattrOrder => true,
        _ => false,
    }
}

/// What changed from what to what, as bytes that are equal for equal changes.
fn value(diff: &Diff<'_>, change: &Change, attribute: Attribute, out: &mut Vec<u8>) {
    let (Some(old), Some(new)) = (change.old, change.new) else { return };
    let (old, new) = (diff.old.facts(old), diff.new.facts(new));
    let mut push = |part: Option<&[u8]>| {
        let len = part.map_or(u64::MAX, |part| wide(part.len()));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(part.unwrap_or_default());
    };
    let is_directory = new.file_type() == FileType::Directory;
    for inode in [&old, &new] {
        match attribute {
            Attribute::Mode => push(Some(&inode.mode().permissions().to_le_bytes())),
            Attribute::Owner => {
                push(Some(&inode.uid().to_le_bytes()));
                push(Some(&inode.gid().to_le_bytes()));
            }
            Attribute::Mtime => {
                push(Some(&inode.mtime().sec.to_le_bytes()));
                push(Some(&inode.mtime().nsec.to_le_bytes()));
            }
            Attribute::Digest => push(inode.digest_bytes()),
            Attribute::Payload => push(inode.payload()),
            Attribute::Nlink => push(Some(&inode.nlink().to_le_bytes())),
            Attribute::DirectorySize => push(Some(&inode.size().to_le_bytes())),
            _ => push(Some(&[u8::from(inode.is_external())])),
        }
    }
    if attribute == Attribute::Mode {
        push(Some(&[u8::from(is_directory)]));
    }
    if attribute == Attribute::Xattr {
        for change in diff.xattrs(change) {
            [Some(change.key), change.old, change.new].into_iter().for_each(&mut push);
        }
    }
}

/// The members of a run that are equal to the first, and the others, which a hash took for them.
fn split(diff: &Diff<'_>, run: &[Item]) -> (Vec<u32>, Vec<u32>) {
    let bytes = |item: &Item| {
        let mut bytes = Vec::new();
        if let Some(change) = diff.changes.get(index(item.member)) {
            value(diff, change, item.attribute, &mut bytes);
        }
        bytes
    };
    let first = run.first().map(bytes);
    let (same, others): (Vec<&Item>, Vec<&Item>) =
        run.iter().partition(|item| first.as_ref() == Some(&bytes(item)));
    let members = |items: Vec<&Item>| items.into_iter().map(|item| item.member).collect();
    (members(same), members(others))
}

/// Puts members to those that are alike in less than all.
fn scatter(
    diff: &Diff<'_>,
    attribute: Attribute,
    members: impl Iterator<Item = u32>,
    left: &mut BTreeMap<(Attribute, Shape), Vec<u32>>,
) {
    for member in members {
        let change = diff.changes.get(index(member));
        if let Some(shape) = change.and_then(|change| shape(diff, change, attribute)) {
            left.entry((attribute, shape)).or_default().push(member);
        }
    }
}

/// How a change may be alike to others with other values; `None` if it is to be told alone.
fn shape(diff: &Diff<'_>, change: &Change, attribute: Attribute) -> Option<Shape> {
    let (old, new) = (diff.old.facts(change.old?), diff.new.facts(change.new?));
    let presence = |old: bool, new: bool| match (old, new) {
        (false, true) => Shape::Added,
        (true, false) => Shape::Removed,
        _ => Shape::Various,
    };
    match attribute {
        Attribute::Mtime => {
            let (old, new) = (old.mtime(), new.mtime());
            let dropped = old.sec == new.sec && (old.nsec == 0 || new.nsec == 0);
            Some(if dropped { Shape::Nanoseconds } else { Shape::Various })
        }
        Attribute::Digest => {
            Some(presence(old.digest_bytes().is_some(), new.digest_bytes().is_some()))
        }
        Attribute::Payload => Some(presence(old.has_payload(), new.has_payload())),
        Attribute::Xattr => {
            let changed = diff.xattrs(change);
            let [only] = changed.as_slice() else { return None };
            let is_label = only.key == b"security.selinux";
            is_label.then(|| presence(only.old.is_some(), only.new.is_some()))
        }
        Attribute::Nlink | Attribute::DirectorySize | Attribute::Storage => Some(Shape::Various),
        _ => None,
    }
}

fn make(diff: &Diff<'_>, attribute: Attribute, shape: Shape, members: Vec<u32>) -> Group {
    let changes = || members.iter().filter_map(|&member| diff.changes.get(index(member)));
    let is_directory = |change: &&Change| diff.file_type(change) == FileType::Directory;
    let directories = wide(changes().filter(is_directory).count());
    let files = wide(members.len()) - directories;
    let (mut label, mut old, mut new) = (attribute.name().to_owned(), String::new(), String::new());
    if let Some(first) = changes().next() {
        if attribute == Attribute::Xattr {
            label = xattr_label(&diff.xattrs(first));
        }
        (old, new) = match (shape, attribute) {
            (Shape::Equal, _) => equal(diff, first, attribute),
            (Shape::Added, _) => (String::new(), "added".into()),
            (Shape::Removed, _) => ("removed".into(), String::new()),
            (Shape::Nanoseconds, _) => nanoseconds(diff, first),
            (Shape::Various, Attribute::Mtime) => times(diff, changes()),
            (Shape::Various, _) => (String::new(), "various".into()),
        };
    }
    Group { attribute, label, shape, old, new, directories, files, members }
}

fn xattr_label(changed: &[XattrChange<'_>]) -> String {
    let keys = changed.iter().map(|change| printable(change.key));
    keys.collect::<Vec<_>>().join(", ")
}

/// The two values of a change, in words.
fn equal(diff: &Diff<'_>, change: &Change, attribute: Attribute) -> (String, String) {
    if attribute == Attribute::Xattr {
        return match diff.xattrs(change).as_slice() {
            [XattrChange { key, old: None, new: Some(new) }] => {
                (String::new(), format!("added, {}", xattr_value(key, new)))
            }
            all => (String::new(), all.iter().map(xattr_change).collect::<Vec<_>>().join("; ")),
        };
    }
    diff.values(change, attribute).unwrap_or_else(|| {
        let words = diff.words_of(change, attribute);
        let words = words.strip_prefix(attribute.name()).unwrap_or(&words).trim_start();
        (String::new(), words.into())
    })
}

fn nanoseconds(diff: &Diff<'_>, first: &Change) -> (String, String) {
    let dropped = first.new.is_some_and(|new| diff.new.facts(new).mtime().nsec == 0);
    let words = if dropped { "nanoseconds dropped" } else { "nanoseconds added" };
    (String::new(), words.into())
}

/// The first and the last of some times.
type Span = (Mtime, Mtime);

/// Times from the first to the last, before and after.
fn times<'c>(diff: &Diff<'_>, changes: impl Iterator<Item = &'c Change>) -> (String, String) {
    let (mut old, mut new): (Option<Span>, Option<Span>) = (None, None);
    for change in changes {
        let widen = |range: &mut Option<Span>, time: Mtime| {
            let (first, last) = range.unwrap_or((time, time));
            *range = Some((first.min(time), last.max(time)));
        };
        if let (Some(before), Some(after)) = (change.old, change.new) {
            widen(&mut old, diff.old.facts(before).mtime());
            widen(&mut new, diff.new.facts(after).mtime());
        }
    }
    let words = |range: Option<Span>| match range {
        Some((first, last)) if first.sec == last.sec => moment(first, false),
        Some((first, last)) => format!("{} … {}", moment(first, false), moment(last, false)),
        None => String::new(),
    };
    (words(old), words(new))
}
