//! Inodes in the kernel's words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FileAttr, FileType, INodeNo};

use crate::erofs::{Slot, ViewInode, disk};
use crate::num::{index, wide};
use crate::tree::{self, Mtime};

/// How long the kernel may rely on what it was told: nothing ever changes.
pub(super) const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The inode number of a slot.
pub(super) fn ino(slot: Slot, root: Slot) -> INodeNo {
    if slot == root { INodeNo::ROOT } else { INodeNo(slot.number()) }
}

/// What `stat` tells of an inode.
pub(super) fn attr(inode: &ViewInode, ino: INodeNo) -> FileAttr {
    let time = system_time(inode.mtime());
    FileAttr {
        ino,
        size: inode.size(),
        // In 512 bytes, of whole blocks.
        blocks: inode.size().div_ceil(wide(disk::BLOCK_SIZE)).saturating_mul(8),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind: kind(inode.file_type()),
        perm: inode.mode().permissions(),
        nlink: inode.nlink(),
        uid: inode.uid(),
        gid: inode.gid(),
        rdev: inode.rdev(),
        blksize: 4096,
        flags: 0,
    }
}

/// What the kernel is told of a name that does not exist, so that it does not ask again.
pub(super) fn nothing() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: FileType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// A file type.
pub(super) fn kind(file_type: tree::FileType) -> FileType {
    match file_type {
        tree::FileType::Regular => FileType::RegularFile,
        tree::FileType::Directory => FileType::Directory,
        tree::FileType::CharDevice => FileType::CharDevice,
        tree::FileType::BlockDevice => FileType::BlockDevice,
        tree::FileType::Fifo => FileType::NamedPipe,
        tree::FileType::Socket => FileType::Socket,
        tree::FileType::Symlink => FileType::Symlink,
    }
}

/// A time. Nanoseconds that make more than a second count as the last one of it.
fn system_time(mtime: Mtime) -> SystemTime {
    let seconds = Duration::from_secs(mtime.sec.unsigned_abs());
    let start = if mtime.sec < 0 {
        UNIX_EPOCH.checked_sub(seconds)
    } else {
        UNIX_EPOCH.checked_add(seconds)
    };
    let nanoseconds = Duration::from_nanos(u64::from(mtime.nsec.min(999_999_999)));
    start.and_then(|start| start.checked_add(nanoseconds)).unwrap_or(UNIX_EPOCH)
}

/// A length that a caller has room for.
pub(super) fn room(size: u32) -> usize {
    index(size)
}
