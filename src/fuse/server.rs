//! The answers to the kernel's questions.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use fuser::{
    Errno, FileHandle, Filesystem, Generation, INodeNo, InitFlags, KernelConfig, LockOwner,
    OpenAccMode, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};
use rustix::io::Errno as System;

use super::attr::{FOREVER, attr, ino, nothing, room};
use super::content::{Content, Contents};
use super::handles::{Handles, IN_IMAGE, Passthrough, UNCHANGING};
use super::image::ImageBytes;
use super::listing::Listing;
use crate::erofs::{Slot, View, ViewError, ViewInode};
use crate::num::{clamp_index, wide};
use crate::tree::FileType;

/// The longest name that a file can have, in bytes.
const MAX_NAME: usize = 255;

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privilege {
    /// As root of the whole system.
    Root,
    /// As anybody else, be it the root of a namespace.
    None,
}

/// An image as the kernel's FUSE sees it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) view: View<ImageBytes>,
    contents: Contents,
    handles: Handles,
    privilege: Privilege,
    passthrough: Passthrough,
    /// Whether some inode may have a POSIX ACL, which the kernel then minds.
    has_acl: bool,
}

thread_local! {
    /// Room for what is read of a file.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Server {
    pub(super) fn new(view: View<ImageBytes>, contents: Contents, privilege: Privilege) -> Self {
        let info = view.info();
        // An image of version 2 does not tell.
        let has_acl = info.has_acl || info.composefs_version > 1;
        let (handles, passthrough) = (Handles::default(), Passthrough::Not);
        Self { view, contents, handles, privilege, passthrough, has_acl }
    }

    /// The number of an inode.
    pub(super) fn ino(&self, slot: Slot) -> INodeNo {
        ino(slot, self.view.root())
    }

    /// The inode with a number.
    pub(super) fn inode(&self, ino: INodeNo) -> Result<ViewInode, Errno> {
        let slot = match ino {
            INodeNo::ROOT => self.view.root(),
            INodeNo(number) => self.view.slot(number).ok_or(Errno::ESTALE)?,
        };
        self.view.inode(slot).map_err(view_errno)
    }

    fn find(&self, parent: INodeNo, name: &[u8]) -> Result<Option<ViewInode>, Errno> {
        if name.len() > MAX_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        let dir = self.inode(parent)?;
        let Some(slot) = self.view.lookup(&dir, name).map_err(view_errno)? else {
            return Ok(None);
        };
        let inode = self.view.inode(slot).map_err(view_errno)?;
        Ok(Some(inode).filter(|inode| !self.view.is_hidden(inode)))
    }

    /// What an open file reads from; `None` if that is the image.
    fn content(&self, ino: INodeNo, flags: OpenFlags) -> Result<Option<Content>, Errno> {
        if flags.acc_mode() != OpenAccMode::O_RDONLY {
            return Err(Errno::EROFS);
        }
        let inode = self.inode(ino)?;
        let Some(external) = self.view.external(&inode).map_err(view_errno)? else {
            // A content that is nowhere is no content of zeros.
            let is_missing = inode.is_chunked() && inode.size() > 0;
            return if is_missing { Err(Errno::EIO) } else { Ok(None) };
        };
        self.contents.open(&external, inode.size()).map(Some).map_err(errno)
    }

    fn read_image(&self, ino: INodeNo, offset: u64, len: usize, reply: ReplyData) {
        let read = self.inode(ino).and_then(|inode| {
            if inode.file_type() != FileType::Regular {
                return Err(Errno::EINVAL);
            }
            let left = clamp_index(inode.size().saturating_sub(offset));
            let mut bytes = vec![0; left.min(len)];
            self.view.read(&inode, offset, &mut bytes).map_err(view_errno)?;
            Ok(bytes)
        });
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(errno) => reply.error(errno),
        }
    }

    /// Whether somebody may see an xattr, as far as the kernel does not decide it.
    fn shows(&self, prefix: &[u8], uid: u32) -> bool {
        match prefix {
            b"user." | b"security." => true,
            b"trusted." => uid == 0 && self.privilege == Privilege::Root,
            b"system.posix_acl_access" | b"system.posix_acl_default" => self.has_acl,
            // No more do those of a kernel mount.
            _ => false,
        }
    }

    fn xattr_names(&self, ino: INodeNo, uid: u32) -> Result<Vec<u8>, Errno> {
        let inode = self.inode(ino)?;
        let mut names = Vec::new();
        let told = self.view.xattr_names(&inode, |prefix, rest| {
            if self.shows(prefix, uid) {
                names.extend_from_slice(prefix);
                names.extend_from_slice(rest);
                names.push(0);
            }
        });
        told.map_err(view_errno)?;
        Ok(names)
    }

    fn xattr(&self, ino: INodeNo, name: &[u8]) -> Result<Vec<u8>, Errno> {
        if !self.has_acl && name.starts_with(b"system.posix_acl_") {
            // Who hears this does not ask again for every file.
            return Err(Errno::EOPNOTSUPP);
        }
        if name.starts_with(b"lustre.") {
            return Err(Errno::EOPNOTSUPP);
        }
        let inode = self.inode(ino)?;
        let value = self.view.xattr(&inode, name).map_err(view_errno)?;
        value.ok_or(Errno::ENODATA)
    }
}

impl Filesystem for Server {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let wanted = [
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_CACHE_SYMLINKS,
            InitFlags::FUSE_EXPLICIT_INVAL_DATA,
            InitFlags::FUSE_NO_OPENDIR_SUPPORT,
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_READDIRPLUS_AUTO,
        ];
        for capability in wanted {
            // What an old kernel cannot do costs more questions, and nothing else.
            let _ = config.add_capabilities(capability);
        }
        if self.has_acl {
            let _ = config.add_capabilities(InitFlags::FUSE_POSIX_ACL);
        }
        if self.privilege == Privilege::Root
            && config.add_capabilities(InitFlags::FUSE_PASSTHROUGH).is_ok()
            && config.set_max_stack_depth(1).is_ok()
        {
            self.passthrough = Passthrough::Offered;
        }
        // There are no writes, but this bounds what is read at once too.
        let _ = config.set_max_write(1024 * 1024);
        let _ = config.set_max_background(64);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.find(parent, name.as_bytes()) {
            Ok(found) => {
                let attr = found.map_or_else(nothing, |inode| attr(&inode, self.ino(inode.slot())));
                reply.entry(&FOREVER, &attr, Generation(0));
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.inode(ino) {
            Ok(inode) => reply.attr(&FOREVER, &attr(&inode, ino)),
            Err(errno) => reply.error(errno),
        }
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        match self.inode(ino).and_then(|inode| self.view.target(&inode).map_err(view_errno)) {
            Ok(target) => reply.data(&target),
            Err(errno) => reply.error(errno),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.content(ino, flags) {
            Ok(None) => reply.opened(IN_IMAGE, UNCHANGING),
            Ok(Some(content)) => self.handles.open(ino, content, self.passthrough, reply),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        if handle == IN_IMAGE {
            return self.read_image(ino, offset, room(size), reply);
        }
        let Some(content) = self.handles.content(handle) else {
            return reply.error(Errno::EBADF);
        };
        let mut scratch = SCRATCH.take();
        let mut reply = Some(reply);
        let read = content.read(offset, room(size), &mut scratch, |bytes| {
            if let Some(reply) = reply.take() {
                reply.data(bytes);
            }
        });
        if let (Err(error), Some(reply)) = (read, reply) {
            reply.error(errno(error));
        }
        SCRATCH.set(scratch);
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.handles.close(ino, handle);
        reply.ok();
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // The kernel does not ask again.
        reply.error(Errno::ENOSYS);
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // The kernel does not ask again, and caches what it reads of directories.
        reply.error(Errno::ENOSYS);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        match Listing::of(self, ino).and_then(|listing| listing.fill(offset, &mut reply)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn readdirplus(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        match Listing::of(self, ino).and_then(|listing| listing.fill(offset, &mut reply)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let info = self.view.info();
        reply.statfs(info.len.div_ceil(4096), 0, 0, info.inode_count, 0, 4096, 255, 4096);
    }

    fn getxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        answer(self.xattr(ino, name.as_bytes()), size, reply);
    }

    fn listxattr(&self, request: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        answer(self.xattr_names(ino, request.uid()), size, reply);
    }
}

/// Answers with bytes, or with how many there are.
fn answer(bytes: Result<Vec<u8>, Errno>, size: u32, reply: ReplyXattr) {
    match bytes {
        Err(errno) => reply.error(errno),
        Ok(bytes) if size == 0 => reply.size(u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
        Ok(bytes) if wide(bytes.len()) > u64::from(size) => reply.error(Errno::ERANGE),
        Ok(bytes) => reply.data(&bytes),
    }
}

/// An error of the system.
pub(super) fn errno(errno: System) -> Errno {
    Errno::from_i32(errno.raw_os_error())
}

/// The error that the kernel's own EROFS has in such a case.
pub(super) fn view_errno(error: ViewError<System>) -> Errno {
    match error {
        ViewError::Image(_) => errno(System::UCLEAN),
        ViewError::Source(error) => errno(error),
    }
}
