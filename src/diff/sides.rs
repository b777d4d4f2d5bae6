//! What each tree is like as a whole, and what its names have in common with the other's.

use crate::num::wide;
use crate::tree::{FileType, Inode, Mtime, Tree};

/// A tree as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// How many names there are.
    pub entries: u64,
    /// How many bytes the regular files have together; a hard link counts once.
    pub bytes: u64,
    /// Files whose content stands elsewhere.
    pub external: u64,
    /// How many of these have a digest.
    pub digests: u64,
    /// Inodes with an SELinux label.
    pub labels: u64,
    /// Names that are hard links.
    pub links: u64,
}

impl Side {
    pub(super) fn of(tree: &Tree<'_>) -> Self {
        let entries = wide(tree.len());
        let mut side =
            Self { entries, links: entries - wide(tree.inode_count()), ..Self::default() };
        let labelled = labelled_sets(tree);
        for inode in tree.inodes() {
            let set = crate::num::index(inode.xattr_set().number());
            side.labels += u64::from(labelled.get(set).copied().unwrap_or_default());
            if inode.file_type() == FileType::Regular {
                side.bytes = side.bytes.saturating_add(inode.size());
            }
            if inode.is_external() {
                side.external += 1;
                side.digests += u64::from(inode.digest_bytes().is_some());
            }
        }
        side
    }
}

/// Which sets hold an SELinux label.
fn labelled_sets(tree: &Tree<'_>) -> Vec<bool> {
    let mut labelled = vec![false; tree.xattr_set_count()];
    let mut known = vec![false; tree.xattr_set_count()];
    for inode in tree.inodes() {
        let set = crate::num::index(inode.xattr_set().number());
        if let (Some(labelled), Some(known)) = (labelled.get_mut(set), known.get_mut(set))
            && !std::mem::replace(known, true)
        {
            *labelled = inode.xattrs().any(|xattr| xattr.key == b"security.selinux");
        }
    }
    labelled
}

/// Some values that are all the same, or are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Common<T> {
    /// There is no value.
    #[default]
    None,
    /// All are this one.
    One(T),
    /// There are several.
    Many,
}

impl<T: PartialEq> Common<T> {
    pub(super) fn add(&mut self, value: T) {
        match self {
            Self::None => *self = Self::One(value),
            Self::One(known) if *known != value => *self = Self::Many,
            _ => {}
        }
    }

    pub(super) const fn one(&self) -> Option<&T> {
        if let Self::One(value) = self { Some(value) } else { None }
    }
}

/// Names that are in both trees, with the same type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    pub(super) directories: Times,
    pub(super) others: Times,
    /// How many inodes have another owner.
    pub(super) owners_differ: u64,
    pub(super) old_owners: Common<(u32, u32)>,
    pub(super) new_owners: Common<(u32, u32)>,
}

/// The times of inodes that are in both trees.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// How many inodes.
    pub(super) met: u64,
    /// How many of them have another time.
    pub(super) differ: u64,
    /// How many have another time only because one tree has no nanoseconds.
    pub(super) dropped: u64,
    pub(super) old: Common<Mtime>,
    pub(super) new: Common<Mtime>,
}

impl Met {
    #[inline]
    pub(super) fn pair(&mut self, old: &Inode<'_, '_>, new: &Inode<'_, '_>) {
        let is_directory = new.file_type() == FileType::Directory;
        let times = if is_directory { &mut self.directories } else { &mut self.others };
        times.pair(old.mtime(), new.mtime());
        let owners = ((old.uid(), old.gid()), (new.uid(), new.gid()));
        self.old_owners.add(owners.0);
        self.new_owners.add(owners.1);
        self.owners_differ += u64::from(owners.0 != owners.1);
    }
}

impl Times {
    #[inline]
    fn pair(&mut self, old: Mtime, new: Mtime) {
        self.met += 1;
        self.old.add(old);
        self.new.add(new);
        if old != new {
            self.differ += 1;
            let dropped = old.sec == new.sec && (old.nsec == 0 || new.nsec == 0);
            self.dropped += u64::from(dropped);
        }
    }
}
