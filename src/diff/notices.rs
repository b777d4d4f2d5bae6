//! What a reviewer must not miss, wherever in a large change it stands.

use super::attribute::Attribute;
use super::words::is_world_writable;
use super::{Change, Diff, Kind};
use crate::tree::{FileType, Inode, NodeId};

/// Something about an entry that a reviewer must not miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is.
    pub kind: NoticeKind,
    /// The entry in the new tree.
    pub node: NodeId,
    /// Whether it lies in a directory that is told as a whole.
    pub nested: bool,
}

/// What a reviewer must not miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// A file that runs with the rights of its owner, and did not before.
    SetuidAdded,
    /// A file that no longer runs with the rights of its owner.
    SetuidRemoved,
    /// A file that runs with the rights of its group, and did not before.
    SetgidAdded,
    /// A file that no longer runs with the rights of its group.
    SetgidRemoved,
    /// Capabilities that are new or others than before.
    Capability,
    /// Capabilities that are gone.
    CapabilityRemoved,
    /// Anybody may write, and could not before.
    WorldWritable,
    /// A new device node, or one with another number.
    Device,
    /// A file or directory that became a symlink.
    BecameSymlink,
    /// A new or changed file whose content stands elsewhere, and has no digest although most have.
    NoDigest,
}

impl NoticeKind {
    /// All kinds, most important first.
    pub const ALL: [Self; 10] = [
        Self::SetuidAdded,
        Self::SetgidAdded,
        Self::Capability,
        Self::WorldWritable,
        Self::Device,
        Self::BecameSymlink,
        Self::NoDigest,
        Self::SetuidRemoved,
        Self::SetgidRemoved,
        Self::CapabilityRemoved,
    ];

    /// Its place among [all kinds](Self::ALL).
    pub(super) fn rank(self) -> usize {
        Self::ALL.into_iter().position(|kind| kind == self).unwrap_or_default()
    }

    /// What it is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SetuidAdded => "setuid added",
            Self::SetuidRemoved => "setuid removed",
            Self::SetgidAdded => "setgid added",
            Self::SetgidRemoved => "setgid removed",
            Self::Capability => "capability added or changed",
            Self::CapabilityRemoved => "capability removed",
            Self::WorldWritable => "world-writable",
            Self::Device => "device node",
            Self::BecameSymlink => "became a symlink",
            Self::NoDigest => "without a digest",
        }
    }

    /// What it is, behind a number.
    #[must_use]
    pub const fn counted(self, count: u64) -> &'static str {
        match self {
            Self::Device if count != 1 => "device nodes",
            Self::BecameSymlink if count != 1 => "became symlinks",
            Self::Capability if count != 1 => "capabilities added or changed",
            Self::CapabilityRemoved if count != 1 => "capabilities removed",
            _ => self.words(),
        }
    }

    /// The name, such as `setuid-added`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetuidAdded => "setuid-added",
            Self::SetuidRemoved => "setuid-removed",
            Self::SetgidAdded => "setgid-added",
            Self::SetgidRemoved => "setgid-removed",
            Self::Capability => "capability",
            Self::CapabilityRemoved => "capability-removed",
            Self::WorldWritable => "world-writable",
            Self::Device => "device",
            Self::BecameSymlink => "became-symlink",
            Self::NoDigest => "no-digest",
        }
    }
}

/// Finds what must not be missed, in the order of the changes.
pub(super) fn notices(diff: &Diff<'_>) -> Vec<Notice> {
    let side = diff.summary.new;
    let mut notices = Vec::new();
    let wants_digests = side.digests > side.external / 2;
    for change in &diff.changes {
        let Some(new) = change.new else { continue };
        match change.kind {
            Kind::Added | Kind::Type => {
                let mut number = new.number();
                while number < diff.new.end(new).number() {
                    let node = NodeId::from_number(number);
                    if diff.is_moved_to(node) {
                        number = diff.new.end(node).number();
                        continue;
                    }
                    alone(diff, (node, node != new), wants_digests, &mut notices);
                    number += 1;
                }
                let is_symlink = diff.new.facts(new).file_type() == FileType::Symlink;
                if change.kind == Kind::Type && is_symlink {
                    let kind = NoticeKind::BecameSymlink;
                    notices.push(Notice { kind, node: new, nested: false });
                }
            }
            Kind::Deleted => {}
            _ => changed(diff, change, new, wants_digests, &mut notices),
        }
    }
    notices
}

/// What there is to say of an entry that is new.
fn alone(
    diff: &Diff<'_>,
    (node, nested): (NodeId, bool),
    wants_digests: bool,
    notices: &mut Vec<Notice>,
) {
    let inode = diff.new.facts(node);
    let mode = inode.mode().permissions();
    let kind = inode.file_type();
    let is_file = kind == FileType::Regular;
    let found = [
        (NoticeKind::SetuidAdded, is_file && mode & 0o4000 != 0),
        (NoticeKind::SetgidAdded, is_file && mode & 0o2000 != 0),
        (NoticeKind::Capability, capability(&inode).is_some()),
        (NoticeKind::WorldWritable, kind != FileType::Symlink && is_world_writable(mode)),
        (NoticeKind::Device, kind.is_device() && !inode.is_whiteout()),
        (NoticeKind::NoDigest, wants_digests && lacks_digest(&inode)),
    ];
    let found = found.into_iter().filter(|(_, holds)| *holds);
    notices.extend(found.map(|(kind, _)| Notice { kind, node, nested }));
}

/// What there is to say of an entry that is in both trees.
fn changed(
    diff: &Diff<'_>,
    change: &Change,
    new: NodeId,
    wants_digests: bool,
    notices: &mut Vec<Notice>,
) {
    let Some(old) = change.old else { return };
    let (before, after) = (diff.old.facts(old), diff.new.facts(new));
    let modes = (before.mode().permissions(), after.mode().permissions());
    let is_file = after.file_type() == FileType::Regular;
    let (gained, lost) = (modes.1 & !modes.0, modes.0 & !modes.1);
    let told = |attribute| change.attributes.contains(attribute);
    let mode = told(Attribute::Mode);
    let capabilities = (capability(&before), capability(&after));
    let differ = told(Attribute::Xattr) && capabilities.0 != capabilities.1;
    let writable = is_world_writable(modes.1) && !is_world_writable(modes.0);
    let content = told(Attribute::Content) || told(Attribute::Digest) || told(Attribute::Storage);
    let found = [
        (NoticeKind::SetuidAdded, mode && is_file && gained & 0o4000 != 0),
        (NoticeKind::SetuidRemoved, mode && is_file && lost & 0o4000 != 0),
        (NoticeKind::SetgidAdded, mode && is_file && gained & 0o2000 != 0),
        (NoticeKind::SetgidRemoved, mode && is_file && lost & 0o2000 != 0),
        (NoticeKind::Capability, differ && capabilities.1.is_some()),
        (NoticeKind::CapabilityRemoved, differ && capabilities.1.is_none()),
        (NoticeKind::WorldWritable, mode && after.file_type() != FileType::Symlink && writable),
        (NoticeKind::Device, told(Attribute::Device) && !after.is_whiteout()),
        (NoticeKind::NoDigest, content && wants_digests && lacks_digest(&after)),
    ];
    let found = found.into_iter().filter(|(_, holds)| *holds);
    notices.extend(found.map(|(kind, _)| Notice { kind, node: new, nested: false }));
}

fn capability<'t>(inode: &Inode<'t, '_>) -> Option<&'t [u8]> {
    let mut xattrs = inode.xattrs();
    xattrs.find(|xattr| xattr.key == b"security.capability").map(|xattr| xattr.value)
}

fn lacks_digest(inode: &Inode<'_, '_>) -> bool {
    inode.is_external() && inode.digest_bytes().is_none()
}
