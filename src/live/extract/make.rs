//! Making one node that is no directory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType as Type, Mode, OFlags, fstat, linkat, makedev, mknodat, openat, symlinkat,
};
use rustix::io::Errno;

use super::ExtractOptions;
use super::Verify;
use super::error::{ExtractErrorKind, Lost, Skipped, failed};
use super::metadata::{Made, User};
use super::objects;
use crate::content::{self, ContentError, Writeback};
use crate::num::wide;
use crate::progress::Progress;
use crate::store::Basedirs;
use crate::threads::Threads;
use crate::tree::{FileType, Inode, NodeId, Tree};

/// What all nodes are made with.
pub(super) struct Maker<'m> {
    pub(super) tree: &'m Tree<'m>,
    pub(super) user: User,
    pub(super) basedirs: &'m Basedirs,
    pub(super) options: &'m ExtractOptions,
    pub(super) threads: Threads,
    pub(super) progress: &'m Progress,
}

/// What came of making nodes.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) unverified: u64,
    pub(super) skipped: Vec<Skipped>,
}

/// Files of fewer bytes are not worth another thread, nor being asked for a digest.
const LARGE: u64 = 4 << 20;

impl Maker<'_> {
    /// Makes a node under a name that nothing has.
    pub(super) fn make(
        &self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        node: NodeId,
        done: &mut Done,
    ) -> Result<(), ExtractErrorKind> {
        if self.progress.is_stopped() {
            return Err(ExtractErrorKind::Stopped);
        }
        let inode = self.tree.facts(node);
        let file = match inode.file_type() {
            FileType::Regular => Some(self.file(dir, name, &inode, done)?),
            _ => self.special(dir, name, node, &inode, done)?,
        };
        if let Some(file) = file {
            let (user, file, skipped) = (self.user, file.as_fd(), &mut done.skipped);
            Made { user, node, inode, file, skipped }.finish()?;
        }
        self.progress.add(1, 0);
        Ok(())
    }

    /// Makes another name of a file. False if there is no such file, as it was skipped.
    pub(super) fn link(
        &self,
        (links, made): (BorrowedFd<'_>, &[u8]),
        (dir, name): (BorrowedFd<'_>, &[u8]),
    ) -> Result<bool, ExtractErrorKind> {
        match linkat(links, made, dir, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(false),
            linked => linked.map(|()| true).map_err(failed("link")),
        }
    }

    fn file(
        &self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        inode: &Inode<'_, '_>,
        done: &mut Done,
    ) -> Result<OwnedFd, ExtractErrorKind> {
        let object =
            if inode.is_external() { Some(objects::open(self.basedirs, inode)?) } else { None };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(0o600);
        let file = openat(dir, name, flags | OFlags::CLOEXEC, mode).map_err(failed("make"))?;
        match object {
            Some(object) => self.copy(object.as_fd(), file.as_fd(), inode, done)?,
            None => {
                let bytes = inode.content().unwrap_or_default();
                let (expected, found) = (inode.size(), wide(bytes.len()));
                if expected != found {
                    return Err(ExtractErrorKind::WrongSize { expected, found });
                }
                content::write_piece(file.as_fd(), 0, bytes).map_err(of_content)?;
                self.progress.add(0, found);
            }
        }
        Ok(file)
    }

    /// Copies an object, and compares its digest with that of the tree.
    fn copy(
        &self,
        object: BorrowedFd<'_>,
        file: BorrowedFd<'_>,
        inode: &Inode<'_, '_>,
        done: &mut Done,
    ) -> Result<(), ExtractErrorKind> {
        let size = inode.size();
        let is_large = size >= LARGE;
        let Some(expected) = inode.digest() else {
            done.unverified += 1;
            return content::transfer(object, file, size, self.progress).map_err(of_content);
        };
        // What the kernel has sealed it also verifies, whenever it reads it.
        let is_sealed =
            || is_large && content::measure(object).is_ok_and(|it| it == Some(expected));
        if self.options.verify == Verify::Sizes || is_sealed() {
            return content::transfer(object, file, size, self.progress).map_err(of_content);
        }
        let threads = if is_large { self.threads } else { Threads::ONE };
        let algorithm = expected.algorithm();
        let lazy = Writeback::Lazy;
        let found = content::copy(object, file, size, algorithm, lazy, threads, self.progress)
            .map_err(of_content)?;
        if found == expected {
            return Ok(());
        }
        let (expected, found) = (expected.to_string(), found.to_string());
        Err(ExtractErrorKind::WrongDigest { expected, found })
    }

    /// Makes what has no content, and opens its place; nothing if the system refuses it.
    fn special(
        &self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        node: NodeId,
        inode: &Inode<'_, '_>,
        done: &mut Done,
    ) -> Result<Option<OwnedFd>, ExtractErrorKind> {
        let made = match inode.file_type() {
            FileType::Symlink => symlinkat(inode.payload().unwrap_or_default(), dir, name),
            _ => {
                let mode = Mode::from_raw_mode(0o600);
                mknodat(dir, name, node_type(inode.file_type()), mode, device(inode.rdev()))
            }
        };
        if let Err(why @ (Errno::PERM | Errno::NOENT | Errno::NAMETOOLONG | Errno::INVAL)) = made {
            done.skipped.push(Skipped { node, lost: Lost::Node, why: Some(why) });
            return Ok(None);
        }
        made.map_err(failed("make"))?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(dir, name, flags, Mode::empty()).map_err(failed("open"))?;
        let found = fstat(&file).map_err(failed("read"))?;
        let is_it = Type::from_raw_mode(found.st_mode) == node_type(inode.file_type());
        if is_it && found.st_nlink == 1 { Ok(Some(file)) } else { Err(ExtractErrorKind::Swapped) }
    }
}

fn of_content(error: ContentError) -> ExtractErrorKind {
    match error {
        ContentError::Stopped => ExtractErrorKind::Stopped,
        ContentError::Short { expected, found } => ExtractErrorKind::WrongSize { expected, found },
        error => ExtractErrorKind::Content(error),
    }
}

fn node_type(file_type: FileType) -> Type {
    match file_type {
        FileType::Fifo => Type::Fifo,
        FileType::CharDevice => Type::CharacterDevice,
        FileType::Directory => Type::Directory,
        FileType::BlockDevice => Type::BlockDevice,
        FileType::Regular => Type::RegularFile,
        FileType::Symlink => Type::Symlink,
        FileType::Socket => Type::Socket,
    }
}

/// A device number of 32 bits: 12 bits of major number between 12 and 8 bits of minor number.
fn device(rdev: u32) -> u64 {
    makedev(rdev >> 8 & 0xfff, rdev & 0xff | rdev >> 12 & 0xf_ff00)
}
