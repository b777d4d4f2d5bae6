//! Removing objects that nobody needs.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, openat, syncfs, unlinkat};
use rustix::io::Errno;

use super::error::{StoreError, StoreErrorKind};
use super::{Store, object_path};
use crate::verity::Digest;

/// The right to remove objects: as long as it is held, nobody adds any.
///
/// Who adds objects holds the store from the first one to the last, so that what it found there stays
/// until it is done. An image that is written after that must be among those that are kept.
#[derive(Debug)]
pub struct Sweep<'s> {
    store: &'s Store,
    dir: OwnedFd,
}

impl Store {
    /// Takes the right to remove objects, and removes the files of writers that were killed.
    ///
    /// # Errors
    /// [`StoreErrorKind::Busy`] if somebody writes to the store or removes objects from it;
    /// [`StoreErrorKind::Open`] if it cannot be opened or locked.
    pub fn sweep(&self) -> Result<Sweep<'_>, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let failed = |errno| self.error(StoreErrorKind::Open(errno));
        let dir = openat(self.root()?, ".", flags, Mode::empty()).map_err(failed)?;
        match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Err(self.error(StoreErrorKind::Busy)),
            locked => locked.map_err(failed)?,
        }
        self.clean(dir.as_fd())?;
        Ok(Sweep { store: self, dir })
    }
}

impl Sweep<'_> {
    /// Removes what lies under the name of an object, which must not be a directory.
    ///
    /// # Errors
    /// [`StoreErrorKind::Remove`], [`StoreErrorKind::NotDirectory`] if a symlink lies on the way.
    pub fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let path = object_path(digest);
        let (two, rest) = path.split_once('/').unwrap_or_default();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let failed = |kind| self.store.object_error(digest, kind);
        let dir = match openat(&self.dir, two, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(failed(StoreErrorKind::NotDirectory)),
            opened => opened.map_err(|errno| failed(StoreErrorKind::Remove(errno)))?,
        };
        match unlinkat(dir, rest, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed(StoreErrorKind::Remove(errno))),
        }
    }

    /// Syncs the store, and gives the right back.
    ///
    /// # Errors
    /// [`StoreErrorKind::Write`].
    pub fn finish(self) -> Result<(), StoreError> {
        syncfs(&self.dir).map_err(|errno| self.store.error(StoreErrorKind::Write(errno)))
    }
}
