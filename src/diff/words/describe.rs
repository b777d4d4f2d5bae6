//! Changes in words.

use super::mode::meaning;
use super::value::{xattr_change, xattr_value};
use super::{Counted, bytes, entries, growth, mode, printable};
use crate::calendar::utc;
use crate::diff::moves::size;
use crate::diff::{Attribute, Attributes, Change, Diff, Kind};
use crate::num::wide;
use crate::tree::{FileType, Inode, Mtime, NodeId, Tree};

/// The name of a type of file.
pub(in super::super) const fn type_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "FIFO",
        FileType::CharDevice => "character device",
        FileType::Directory => "directory",
        FileType::BlockDevice => "block device",
        FileType::Regular => "file",
        FileType::Symlink => "symlink",
        FileType::Socket => "socket",
    }
}

/// A device number as `MAJOR:MINOR`.
pub(in super::super) fn device(rdev: u32) -> String {
    format!("{}:{}", rdev >> 8 & 0xfff, rdev & 0xff | rdev >> 12 & 0xf_ff00)
}

/// A time: `0.0` if it is that, else a date in UTC, with nanoseconds only where they are wanted.
pub(in super::super) fn moment(mtime: Mtime, nanoseconds: bool) -> String {
    match (mtime.sec, mtime.nsec, nanoseconds) {
        (0, 0, _) => "0.0".into(),
        (sec, nsec, true) => format!("{}.{nsec:09}", utc(sec)),
        (sec, _, false) => utc(sec),
    }
}

/// What an inode is, in a few words, with what is special about it.
pub(in super::super) fn brief(inode: &Inode<'_, '_>) -> String {
    let mut words = match inode.file_type() {
        FileType::Regular => format!("file, {}", bytes(inode.size())),
        FileType::Symlink => {
            format!("symlink to {}", printable(inode.payload().unwrap_or_default()))
        }
        _ if inode.is_whiteout() => "whiteout".into(),
        kind if kind.is_device() => format!("{} {}", type_name(kind), device(inode.rdev())),
        kind => type_name(kind).into(),
    };
    let mode = inode.mode().permissions();
    for name in mode::special(mode).filter(|name| *name != "sticky") {
        words.push_str(", ");
        words.push_str(name);
    }
    if inode.file_type() != FileType::Symlink && mode::is_world_writable(mode) {
        words.push_str(", anybody may write");
    }
    if let Some(xattr) = inode.xattrs().find(|xattr| xattr.key == b"security.capability") {
        words.push_str(&format!(", {}", xattr_value(xattr.key, xattr.value)));
    }
    words
}

impl Diff<'_> {
    /// What happened to an entry beside its letter and path: these attributes, or what there is to
    /// say of an entry that is only in one tree.
    #[must_use]
    pub fn words(&self, change: &Change, attributes: Attributes) -> String {
        let told = self.attribute_words(change, attributes);
        match (change.kind, change.old, change.new) {
            (Kind::Added, _, Some(new)) => self.added(change, new),
            (Kind::Deleted, Some(old), _) => self.deleted(change, old),
            (Kind::Type, Some(old), Some(new)) => {
                let from = match self.old.facts(old).file_type() {
                    FileType::Regular => "file".into(),
                    _ => self.whole(self.old, old),
                };
                format!("{from} → {}", self.whole(self.new, new))
            }
            (Kind::Moved, _, Some(new)) => {
                let same = match self.new.facts(new).file_type() {
                    FileType::Directory => {
                        format!("directory, {}", entries(change.entries.saturating_sub(1)))
                    }
                    FileType::Symlink => "same target".into(),
                    _ => "same content".into(),
                };
                if told.is_empty() { same } else { format!("{same}; {told}") }
            }
            _ => told + &self.other_names(change),
        }
    }

    /// Of an entry with several names of which all changed: how many others there are.
    fn other_names(&self, change: &Change) -> String {
        let others =
            change.new.filter(|_| change.kind != Kind::Link).map_or(0, |new| self.other_pairs(new));
        match others {
            0 => String::new(),
            _ => format!(" (with {})", super::counted(others, "other name", "other names")),
        }
    }

    /// One attribute of an entry that is in both trees, in words.
    #[must_use]
    pub fn words_of(&self, change: &Change, attribute: Attribute) -> String {
        self.attribute_words(change, attribute.into())
    }

    fn attribute_words(&self, change: &Change, attributes: Attributes) -> String {
        let (Some(old), Some(new)) = (change.old, change.new) else { return String::new() };
        let words = attributes.iter().flat_map(|it| self.attribute(change, it, old, new));
        words.collect::<Vec<_>>().join("; ")
    }

    fn added(&self, change: &Change, new: NodeId) -> String {
        if let Some(to) = self.links_to(new) {
            return format!("hard link of {}", printable(&self.new_path(to)));
        }
        let words = self.whole(self.new, new);
        let moved = size(self.new, new) - change.entries;
        if moved == 0 {
            return words;
        }
        format!("{words}, {} of them moved here", Counted(moved))
    }

    fn deleted(&self, change: &Change, old: NodeId) -> String {
        if let Some(to) = self.linked_to(old) {
            return format!("was a hard link of {}", printable(&self.old_path(to)));
        }
        let words = self.whole(self.old, old);
        let moved = size(self.old, old) - change.entries;
        if moved == 0 {
            return words;
        }
        format!("{words}, {} of them moved away", Counted(moved))
    }

    /// What a node is, with all that is below it.
    fn whole(&self, tree: &Tree<'_>, node: NodeId) -> String {
        let words = brief(&tree.facts(node));
        if tree.facts(node).file_type() != FileType::Directory {
            return words;
        }
        match size(tree, node) - 1 {
            0 => format!("{words}, empty"),
            below => {
                let total = super::super::summary::bytes_below(tree, node);
                format!("{words}, {}, {}", entries(below), bytes(total))
            }
        }
    }

    /// One attribute in words; several for xattrs.
    fn attribute(
        &self,
        change: &Change,
        attribute: Attribute,
        old: NodeId,
        new: NodeId,
    ) -> Vec<String> {
        let (before, after) = (self.old.facts(old), self.new.facts(new));
        vec![match attribute {
            Attribute::Type => return Vec::new(),
            Attribute::Content => return content(change, &before, &after),
            Attribute::Size => sizes(before.size(), after.size()),
            Attribute::Target => {
                let target = |inode: &Inode<'_, '_>| printable(inode.payload().unwrap_or_default());
                format!("target {} → {}", target(&before), target(&after))
            }
            Attribute::Device => {
                format!("device {} → {}", device(before.rdev()), device(after.rdev()))
            }
            Attribute::Mode => modes(&before, &after),
            Attribute::Owner => {
                format!("owner {}:{} → {}:{}", before.uid(), before.gid(), after.uid(), after.gid())
            }
            Attribute::Xattr => {
                let changed = self.xattrs(change);
                let told = changed.iter();
                return told
                    .map(|it| format!("xattr {}: {}", printable(it.key), xattr_change(it)))
                    .collect();
            }
            Attribute::HardLink => self.link_words(new),
            Attribute::Mtime => times(before.mtime(), after.mtime()),
            Attribute::Digest => digests(before.digest_bytes(), after.digest_bytes()),
            Attribute::Payload => format!(
                "payload {} → {}",
                printable(before.payload().unwrap_or(b"none")),
                printable(after.payload().unwrap_or(b"none"))
            ),
            Attribute::Storage => if after.is_external() {
                "content now outside the image"
            } else {
                "content now in the image"
            }
            .into(),
            Attribute::Nlink => format!("links {} → {}", before.nlink(), after.nlink()),
            Attribute::DirectorySize => {
                format!("directory size {} → {}", before.size(), after.size())
            }
            Attribute::XattrOrder => "order of xattrs".into(),
        }]
    }

    fn link_words(&self, new: NodeId) -> String {
        let (before, after) = self.regrouped(new);
        match (before.map(|path| printable(&path)), after.map(|path| printable(&path))) {
            (None, Some(after)) => format!("now a hard link of {after}"),
            (Some(before), None) => format!("no longer a hard link of {before}"),
            (Some(before), Some(after)) => format!("hard link of {before} → of {after}"),
            (None, None) => "no longer the same file as its other names".into(),
        }
    }
}

/// The change of a content: told by the sizes, if those differ.
fn content(change: &Change, old: &Inode<'_, '_>, new: &Inode<'_, '_>) -> Vec<String> {
    if change.attributes.contains(Attribute::Size) {
        return Vec::new();
    }
    let length = |digest: Option<&[u8]>| digest.map_or(0, <[u8]>::len);
    let lengths = (length(old.digest_bytes()), length(new.digest_bytes()));
    let unsure = old.is_external() && new.is_external() && lengths.0 != lengths.1;
    let size = bytes(new.size());
    vec![if unsure {
        format!("same size ({size}); nothing tells whether the content is the same")
    } else {
        format!("other content, same size ({size})")
    }]
}

/// Two sizes, exact where rounding would hide what differs.
fn sizes(old: u64, new: u64) -> String {
    format!("{} → {} ({})", bytes(old), bytes(new), growth(old, new))
}

fn modes(old: &Inode<'_, '_>, new: &Inode<'_, '_>) -> String {
    let is_directory = new.file_type() == FileType::Directory;
    let (old, new) = (old.mode().permissions(), new.mode().permissions());
    format!("mode 0{old:03o} → 0{new:03o} ({})", meaning(old, new, is_directory))
}

/// Two times; nanoseconds only if they alone differ.
fn times(old: Mtime, new: Mtime) -> String {
    let nanoseconds = old.sec == new.sec;
    format!("mtime {} → {}", moment(old, nanoseconds), moment(new, nanoseconds))
}

fn digests(old: Option<&[u8]>, new: Option<&[u8]>) -> String {
    match (old, new) {
        (None, Some(_)) => "digest added".into(),
        (Some(_), None) => "digest removed".into(),
        (Some(old), Some(new)) if old.len() != new.len() => {
            let bits = |digest: &[u8]| 8 * wide(digest.len());
            format!("digest sha{} → sha{}", bits(old), bits(new))
        }
        _ => "digest".into(),
    }
}
