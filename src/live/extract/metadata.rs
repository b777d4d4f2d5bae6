//! Owner, xattrs, mode and times of what was made, in the order in which none undoes another.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chmodat, chownat, fchmod,
    fremovexattr, fsetxattr, fstat, getxattr, setxattr, utimensat,
};
use rustix::io::Errno;

use super::error::{ExtractErrorKind, Lost, Skipped, failed};
use crate::tree::{FileType, Inode, NodeId, Xattr};

/// Who extracts.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// An inode that was made, and where to tell what it lost.
pub(super) struct Made<'m> {
    pub(super) user: User,
    pub(super) node: NodeId,
    pub(super) inode: Inode<'m, 'm>,
    /// Open for real for files and directories; else only its place.
    pub(super) file: BorrowedFd<'m>,
    pub(super) skipped: &'m mut Vec<Skipped>,
}

const ACCESS: &[u8] = b"system.posix_acl_access";
const DEFAULT: &[u8] = b"system.posix_acl_default";
const CAPABILITY: &[u8] = b"security.capability";

impl Made<'_> {
    /// Gives the inode its facts.
    pub(super) fn finish(&mut self) -> Result<(), ExtractErrorKind> {
        self.owner()?;
        let is_acl = |xattr: &Xattr<'_>| [ACCESS, DEFAULT].contains(&xattr.key);
        let is_late = |xattr: &Xattr<'_>| is_acl(xattr) || xattr.key == CAPABILITY;
        self.xattrs(|xattr| !is_late(xattr))?;
        self.xattrs(is_acl)?;
        if self.inode.file_type() != FileType::Symlink {
            self.mode()?;
        }
        self.check_kept(is_acl);
        self.xattrs(|xattr| xattr.key == CAPABILITY)?;
        self.times()
    }

    fn skip(&mut self, lost: Lost, why: Option<Errno>) {
        self.skipped.push(Skipped { node: self.node, lost, why });
    }

    fn owner(&mut self) -> Result<(), ExtractErrorKind> {
        let (uid, gid) = (self.inode.uid(), self.inode.gid());
        if self.user.uid != 0 || (uid, gid) == (0, self.user.gid) {
            return Ok(());
        }
        // The largest number stands for no change.
        if uid == u32::MAX || gid == u32::MAX {
            self.skip(Lost::Owner, None);
            return Ok(());
        }
        let owner = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        match chownat(self.file, c"", owner.0, owner.1, AtFlags::EMPTY_PATH) {
            Err(errno @ (Errno::PERM | Errno::INVAL)) => {
                self.skip(Lost::Owner, Some(errno));
                Ok(())
            }
            done => done.map_err(failed("set its owner")),
        }
    }

    fn xattrs(&mut self, which: impl Fn(&Xattr<'_>) -> bool) -> Result<(), ExtractErrorKind> {
        let inode = self.inode;
        for xattr in inode.xattrs().filter(which) {
            if xattr.key == CAPABILITY && xattr.value.is_empty() {
                // The system takes it and then refuses to read it, so that nobody could scan the file.
                self.skip(Lost::Xattr(xattr.key.to_vec()), Some(Errno::INVAL));
                continue;
            }
            let is_open = matches!(self.inode.file_type(), FileType::Regular | FileType::Directory);
            let set = if is_open {
                fsetxattr(self.file, xattr.key, xattr.value, XattrFlags::empty())
            } else {
                setxattr(self.place(), xattr.key, xattr.value, XattrFlags::empty())
            };
            match set {
                Ok(()) => {}
                Err(errno @ (Errno::DQUOT | Errno::IO | Errno::ROFS)) => {
                    return Err(ExtractErrorKind::System("set an xattr", errno));
                }
                // No space may also say that it is too large for this file system.
                Err(errno) => self.skip(Lost::Xattr(xattr.key.to_vec()), Some(errno)),
            }
        }
        Ok(())
    }

    /// Tells of xattrs that were set and are others now. The system takes an ACL that says nothing, or
    /// nothing that the mode does not say, and drops it; and the mode changes its mask.
    fn check_kept(&mut self, which: impl Fn(&Xattr<'_>) -> bool) {
        let inode = self.inode;
        for xattr in inode.xattrs().filter(which) {
            // One byte more tells a longer value.
            let mut found = vec![0; xattr.value.len() + 1];
            let kept = getxattr(self.place(), xattr.key, &mut found);
            let is_kept = kept.is_ok_and(|len| found.get(..len) == Some(xattr.value));
            let lost = Lost::Xattr(xattr.key.to_vec());
            let mut told = self.skipped.iter().rev().take_while(|it| it.node == self.node);
            let is_told = told.any(|it| it.lost == lost);
            if !is_kept && !is_told {
                self.skip(lost, None);
            }
        }
    }

    /// A name of what is not open for real.
    fn place(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    fn mode(&mut self) -> Result<(), ExtractErrorKind> {
        let mut bits = u32::from(self.inode.mode().permissions());
        if self.user.uid != 0 {
            // A program of another owner must not run as this one.
            let is_own = (self.inode.uid() == self.user.uid, self.inode.gid() == self.user.gid);
            let kept =
                bits & !(if is_own.0 { 0 } else { 0o4000 } | if is_own.1 { 0 } else { 0o2000 });
            if kept != bits {
                self.skip(Lost::SetId, None);
            }
            bits = kept;
        }
        let mode = Mode::from_raw_mode(bits);
        let set = match self.inode.file_type() {
            FileType::Regular | FileType::Directory => fchmod(self.file, mode),
            _ => chmodat(CWD, self.place(), mode, AtFlags::empty()),
        };
        match set {
            Err(errno @ Errno::PERM) => {
                self.skip(Lost::Mode, Some(errno));
                Ok(())
            }
            done => done.map_err(failed("set its mode")),
        }
    }

    fn times(&mut self) -> Result<(), ExtractErrorKind> {
        let mtime = self.inode.mtime();
        // Larger numbers would mean something else to the system.
        let nsec = i64::from(mtime.nsec.min(999_999_999));
        let time = Timespec { tv_sec: mtime.sec, tv_nsec: nsec };
        let times = Timestamps { last_access: time, last_modification: time };
        match utimensat(self.file, c"", &times, AtFlags::EMPTY_PATH) {
            Err(errno @ Errno::PERM) => {
                self.skip(Lost::Mtime, Some(errno));
                return Ok(());
            }
            done => done.map_err(failed("set its time"))?,
        }
        let kept = fstat(self.file).map_err(failed("read its time"))?;
        let kept_nsec = i128::from(kept.st_mtime_nsec);
        if (kept.st_mtime, kept_nsec) != (mtime.sec, i128::from(mtime.nsec)) {
            self.skip(Lost::Mtime, None);
        }
        Ok(())
    }
}

/// Takes away what a directory has inherited, and lets only its owner in.
pub(super) fn make_private(dir: BorrowedFd<'_>, user: User) -> Result<(), Errno> {
    strip_acls(dir);
    if fstat(dir)?.st_gid != user.gid {
        chownat(dir, c"", None, Some(Gid::from_raw(user.gid)), AtFlags::EMPTY_PATH)?;
    }
    fchmod(dir, Mode::from_raw_mode(0o700))
}

/// Takes away the ACLs of a directory, if it has any.
pub(super) fn strip_acls(dir: BorrowedFd<'_>) {
    for key in [DEFAULT, ACCESS] {
        // There is none, or the file system has none.
        let _ = fremovexattr(dir, key);
    }
}
