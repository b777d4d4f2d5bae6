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
                let (from, to) = self.types(old, new);
                format!("{from} → {to}")
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
        let moved = size(self.new, new) - change.entries;
        self.whole(self.new, new) + &moved_words(moved, "here")
    }

    fn deleted(&self, change: &Change, old: NodeId) -> String {
        if let Some(to) = self.linked_to(old) {
            return format!("was a hard link of {}", printable(&self.old_path(to)));
        }
        let moved = size(self.old, old) - change.entries;
        self.whole(self.old, old) + &moved_words(moved, "away")
    }

    /// What an entry was and what it is, of one with another type.
    fn types(&self, old: NodeId, new: NodeId) -> (String, String) {
        let from = match self.old.facts(old).file_type() {
            FileType::Regular => "file".into(),
            _ => self.whole(self.old, old),
        };
        let (away, here) = (self.moved_from(old), self.moved_to(new));
        let to = self.whole(self.new, new);
        (from + &moved_words(away, "away"), to + &moved_words(here, "here"))
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

    /// The value of an attribute before and after, in words, if it has one on either side. An entry has
    /// to be in both trees.
    #[must_use]
    pub fn values(&self, change: &Change, attribute: Attribute) -> Option<(String, String)> {
        let (old, new) = (change.old?, change.new?);
        let (before, after) = (self.old.facts(old), self.new.facts(new));
        let both = |told: &dyn Fn(&Inode<'_, '_>) -> String| (told(&before), told(&after));
        Some(match attribute {
            Attribute::Type => self.types(old, new),
            Attribute::Size => {
                let growth = growth(before.size(), after.size());
                (bytes(before.size()), format!("{} ({growth})", bytes(after.size())))
            }
            Attribute::Target => both(&|it| printable(it.payload().unwrap_or_default())),
            Attribute::Payload => both(&|it| printable(it.payload().unwrap_or(b"none"))),
            Attribute::Device => both(&|it| device(it.rdev())),
            Attribute::Mode => modes(&before, &after),
            Attribute::Owner => both(&|it| format!("{}:{}", it.uid(), it.gid())),
            Attribute::Mtime => {
                // Nanoseconds only if they alone differ.
                let nanoseconds = before.mtime().sec == after.mtime().sec;
                both(&|it| moment(it.mtime(), nanoseconds))
            }
            Attribute::Digest => return digests(before.digest_bytes()?, after.digest_bytes()?),
            Attribute::Nlink => both(&|it| it.nlink().to_string()),
            Attribute::DirectorySize => both(&|it| it.size().to_string()),
            Attribute::Content
            | Attribute::Xattr
            | Attribute::HardLink
            | Attribute::Storage
            | Attribute::XattrOrder => return None,
        })
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
        let name = match attribute {
            Attribute::Size => "",
            Attribute::Nlink => "links ",
            Attribute::DirectorySize => "directory size ",
            _ => &format!("{} ", attribute.name()),
        };
        vec![match attribute {
            Attribute::Type => return Vec::new(),
            Attribute::Content => return content(change, &before, &after),
            Attribute::Xattr => {
                let changed = self.xattrs(change);
                let told = changed.iter();
                return told
                    .map(|it| format!("xattr {}: {}", printable(it.key), xattr_change(it)))
                    .collect();
            }
            Attribute::HardLink => self.link_words(new),
            Attribute::Storage if after.is_external() => "content now outside the image".into(),
            Attribute::Storage => "content now in the image".into(),
            Attribute::XattrOrder => "order of xattrs".into(),
            _ => match self.values(change, attribute) {
                Some((old, new)) => format!("{name}{old} → {new}"),
                None if after.digest_bytes().is_some() => "digest added".into(),
                None => "digest removed".into(),
            },
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
    if old.size() != new.size() {
        return vec!["other content".into()];
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

fn modes(old: &Inode<'_, '_>, new: &Inode<'_, '_>) -> (String, String) {
    let is_directory = new.file_type() == FileType::Directory;
    let (old, new) = (old.mode().permissions(), new.mode().permissions());
    (format!("0{old:03o}"), format!("0{new:03o} ({})", meaning(old, new, is_directory)))
}

/// What two digests of one content differ in.
fn digests(old: &[u8], new: &[u8]) -> Option<(String, String)> {
    let name = |digest: &[u8]| format!("sha{}", 8 * wide(digest.len()));
    Some((name(old), name(new)))
}

/// How many of the entries below a directory were moved to it, or away from it.
fn moved_words(count: u64, to: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!(", {} of them moved {to}", Counted(count)),
    }
}
