//! Two inodes: in what they differ.

use std::collections::BTreeMap;

use super::attribute::{Attribute, Attributes};
use super::marks::{self, Which};
use super::options::{Options, XattrRule};
use crate::num::wide;
use crate::tree::{FileType, Inode, Tree, Xattr, XattrSet};
use crate::verity::{self, Digest};

/// An xattr that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XattrChange<'t> {
    /// Its name.
    pub key: &'t [u8],
    /// The value in the old tree, if it is there.
    pub old: Option<&'t [u8]>,
    /// The value in the new tree, if it is there.
    pub new: Option<&'t [u8]>,
}

/// The xattrs that differ, sorted by name.
pub(super) fn changed_xattrs<'t>(
    old: impl Iterator<Item = Xattr<'t>>,
    new: impl Iterator<Item = Xattr<'t>>,
) -> Vec<XattrChange<'t>> {
    let mut pairs: BTreeMap<&[u8], XattrChange<'t>> = BTreeMap::new();
    let empty = |key| XattrChange { key, old: None, new: None };
    for xattr in old {
        pairs.entry(xattr.key).or_insert(empty(xattr.key)).old = Some(xattr.value);
    }
    for xattr in new {
        pairs.entry(xattr.key).or_insert(empty(xattr.key)).new = Some(xattr.value);
    }
    pairs.into_values().filter(|change| change.old != change.new).collect()
}

/// In what two xattr sets differ.
#[derive(Clone, Copy, Debug, Default)]
struct SetsDiffer {
    /// In xattrs that are compared.
    compared: bool,
    /// In xattrs that are ignored.
    ignored: bool,
    /// In the order alone.
    order: bool,
    /// The marks of a format, if one of the two has them.
    marked: Option<Marked>,
}

/// Of two xattr sets of which one has the [marks](super::marks) of a format: which, and in what the two
/// differ beside them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    pub(super) side: Which,
    /// In xattrs that are compared.
    pub(super) compared: bool,
    /// In xattrs that are ignored.
    pub(super) ignored: bool,
}

/// What was found of two inodes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// All that differs.
    pub(super) attributes: Attributes,
    /// Whether xattrs differ that are ignored.
    pub(super) ignored_xattrs: bool,
    /// The marks of a format, if one of the two has them.
    pub(super) marked: Option<Marked>,
}

/// Compares inodes of two trees.
#[derive(Debug)]
pub(super) struct Comparer<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    rule: &'t XattrRule,
    known: BTreeMap<(XattrSet, XattrSet), SetsDiffer>,
    last: ((XattrSet, XattrSet), SetsDiffer),
}

impl<'t> Comparer<'t> {
    pub(super) fn new(old: &'t Tree<'t>, new: &'t Tree<'t>, options: &'t Options) -> Self {
        let last = ((XattrSet::EMPTY, XattrSet::EMPTY), SetsDiffer::default());
        Self { old, new, rule: &options.xattrs, known: BTreeMap::new(), last }
    }

    /// In what two inodes of one type differ.
    pub(super) fn compare(&mut self, old: &Inode<'t, '_>, new: &Inode<'t, '_>) -> Found {
        let mut differ = Attributes::NONE;
        differ.note(Attribute::Mode, old.mode() != new.mode());
        differ.note(Attribute::Owner, (old.uid(), old.gid()) != (new.uid(), new.gid()));
        differ.note(Attribute::Mtime, old.mtime() != new.mtime());
        differ.note(Attribute::Nlink, old.nlink() != new.nlink());
        match new.file_type() {
            FileType::Regular => files(old, new, &mut differ),
            FileType::Directory => differ.note(Attribute::DirectorySize, old.size() != new.size()),
            FileType::Symlink => differ.note(Attribute::Target, old.payload() != new.payload()),
            kind => differ.note(Attribute::Device, kind.is_device() && old.rdev() != new.rdev()),
        }
        let sets = self.sets((old.xattr_set(), new.xattr_set()));
        differ.note(Attribute::Xattr, sets.compared);
        differ.note(Attribute::XattrOrder, sets.order);
        Found { attributes: differ, ignored_xattrs: sets.ignored, marked: sets.marked }
    }

    #[inline]
    fn sets(&mut self, sets: (XattrSet, XattrSet)) -> SetsDiffer {
        if self.last.0 != sets {
            let found = match self.known.get(&sets) {
                Some(&found) => found,
                None => self.compare_sets(sets),
            };
            self.last = (sets, found);
        }
        self.last.1
    }

    fn compare_sets(&mut self, sets: (XattrSet, XattrSet)) -> SetsDiffer {
        let (old, new) = (self.old, self.new);
        let mut found = SetsDiffer::default();
        if !old.xattrs(sets.0).eq(new.xattrs(sets.1)) {
            let changed = changed_xattrs(old.xattrs(sets.0), new.xattrs(sets.1));
            found.order = changed.is_empty();
            let compared = |change: &XattrChange<'_>| self.rule.compares(change.key);
            found.compared = changed.iter().any(compared);
            found.ignored = changed.iter().any(|change| !compared(change));
            found.marked = marks::side(&changed).map(|side| {
                let others = || changed.iter().filter(|change| !marks::is_mark(change));
                let ignored = others().any(|change| !compared(change));
                Marked { side, compared: others().any(compared), ignored }
            });
        }
        self.known.insert(sets, found);
        found
    }
}

fn files(old: &Inode<'_, '_>, new: &Inode<'_, '_>, differ: &mut Attributes) {
    let same_digest = old.digest_bytes() == new.digest_bytes();
    let same_payload = old.payload() == new.payload();
    let external = (old.is_external(), new.is_external());
    if external == (true, true) && old.size() == new.size() && same_digest && same_payload {
        return;
    }
    differ.note(Attribute::Size, old.size() != new.size());
    if !same_content(old, new) {
        return differ.note(Attribute::Content, true);
    }
    let moved = external.0 != external.1;
    differ.note(Attribute::Storage, moved);
    differ.note(Attribute::Digest, !moved && !same_digest);
    differ.note(Attribute::Payload, !moved && !same_payload);
}

/// Whether two regular files hold the same, as far as the trees tell: by their digests, else by the
/// paths of their backing files.
pub(super) fn same_content(old: &Inode<'_, '_>, new: &Inode<'_, '_>) -> bool {
    if old.size() != new.size() {
        return false;
    }
    match (old.is_external(), new.is_external()) {
        (false, false) => old.content().unwrap_or_default() == new.content().unwrap_or_default(),
        (true, false) => is_content_of(new.content().unwrap_or_default(), old),
        (false, true) => is_content_of(old.content().unwrap_or_default(), new),
        (true, true) => match (old.digest_bytes(), new.digest_bytes()) {
            (Some(a), Some(b)) if a.len() == b.len() => a == b,
            _ => old.payload().is_some() && old.payload() == new.payload(),
        },
    }
}

fn is_content_of(content: &[u8], file: &Inode<'_, '_>) -> bool {
    let is = |digest: Digest| verity::digest(digest.algorithm(), content) == digest;
    wide(content.len()) == file.size() && file.digest().is_some_and(is)
}
