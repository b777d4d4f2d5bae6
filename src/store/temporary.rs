//! Files that have no name yet, or none that counts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use rustix::fs::{
    Access, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, RenameFlags, accessat, fchmod,
    flock, fstat, linkat, openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::StoreOptions;

/// What the names of temporary files begin with.
pub(super) const PREFIX: &str = ".cfs-object-";

/// The mode of objects, whatever the umask is.
const MODE: Mode = Mode::from_raw_mode(0o644);

/// A file that is removed unless it gets the name of an object.
///
/// **Invariant:** one that has a name is locked, by a lock that ends with this program, so that what
/// can be locked is stale.
#[derive(Debug)]
pub(super) struct Temporary {
    file: OwnedFd,
    name: Option<TemporaryName>,
}

#[derive(Debug)]
struct TemporaryName {
    dir: Arc<OwnedFd>,
    name: String,
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        // Whoever writes to the store next removes it if this fails.
        let _ = unlinkat(&self.dir, &self.name, AtFlags::empty());
    }
}

impl Temporary {
    /// An empty file in a directory, open for reading and writing.
    pub(super) fn new(dir: &Arc<OwnedFd>, options: &StoreOptions) -> Result<Self, Errno> {
        if !options.named_temporaries {
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            match openat(dir, ".", flags, MODE) {
                Ok(file) if has_proc() => {
                    fchmod(&file, MODE)?;
                    return Ok(Self { file, name: None });
                }
                Ok(_) | Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        loop {
            if let Some(temporary) = Self::named(dir)? {
                return Ok(temporary);
            }
        }
    }

    /// A file with a name and a lock; `None` if it was removed before it was locked.
    fn named(dir: &Arc<OwnedFd>) -> Result<Option<Self>, Errno> {
        let random = RandomState::new().build_hasher().finish();
        let name = format!("{PREFIX}{random:016x}");
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        let file = match openat(dir, &name, flags, MODE) {
            Err(Errno::EXIST) => return Ok(None),
            opened => opened?,
        };
        let name = Some(TemporaryName { dir: Arc::clone(dir), name });
        let temporary = Self { file, name };
        lock(&temporary.file)?;
        fchmod(&temporary.file, MODE)?;
        Ok((fstat(&temporary.file)?.st_nlink > 0).then_some(temporary))
    }

    /// The file.
    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Keeps the file open for reading only.
    pub(super) fn close_for_writing(&mut self) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.file = match &self.name {
            Some(TemporaryName { dir, name }) => {
                let file = openat(dir, name, flags, Mode::empty())?;
                // Shared with that of the other descriptor, which is given up in a moment.
                lock(&file)?;
                file
            }
            None => openat(CWD, path(&self.file), flags - OFlags::NOFOLLOW, Mode::empty())?,
        };
        Ok(())
    }

    /// Gives the file its name in a directory, which replaces nothing.
    pub(super) fn link(mut self, dir: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
        let Some(old) = self.name.take() else {
            return linkat(CWD, path(&self.file), dir, name, AtFlags::SYMLINK_FOLLOW);
        };
        match renameat_with(&old.dir, &old.name, dir, name, RenameFlags::NOREPLACE) {
            // The file system cannot refuse to replace. What appears in between is the same object.
            Err(Errno::INVAL) => match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => renameat(&old.dir, &old.name, dir, name),
                Ok(_) => Err(Errno::EXIST),
                Err(errno) => Err(errno),
            },
            renamed => renamed,
        }
        // The old name is removed now if there still is one.
    }
}

/// Whether `/proc` names open files, without which one that has no name gets none.
fn has_proc() -> bool {
    static HAS_PROC: OnceLock<bool> = OnceLock::new();
    let ask = || accessat(CWD, "/proc/self/fd", Access::EXISTS, AtFlags::empty()).is_ok();
    *HAS_PROC.get_or_init(ask)
}

/// The name that `/proc` gives an open file.
fn path(file: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Waits for the lock that says that a file or a store is in use.
pub(super) fn lock(file: &OwnedFd) -> Result<(), Errno> {
    loop {
        match flock(file, FlockOperation::LockShared) {
            Err(Errno::INTR) => {}
            locked => return locked,
        }
    }
}

/// Removes a temporary file if nobody has it locked. Whether it is gone.
pub(super) fn remove_stale(dir: BorrowedFd<'_>, name: &str) -> Result<bool, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(dir, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(true),
        opened => opened?,
    };
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(false);
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(false),
        locked => locked?,
    }
    match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(now) if (now.st_dev, now.st_ino) == (stat.st_dev, stat.st_ino) => {
            unlinkat(dir, name, AtFlags::empty()).map(|()| true)
        }
        Ok(_) => Ok(false),
        Err(Errno::NOENT) => Ok(true),
        Err(errno) => Err(errno),
    }
}
