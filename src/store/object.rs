//! Looking at one object.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;

use super::Store;
use super::error::{Mismatch, StoreError, StoreErrorKind};
use crate::content;
use crate::progress::Progress;
use crate::threads::Threads;
use crate::tree;
use crate::verity::Digest;

/// An object that is open for reading.
#[derive(Debug)]
pub struct Object {
    /// The file, which is a regular one.
    pub file: OwnedFd,
    /// Bytes in it.
    pub size: u64,
}

/// What an object must be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// Bytes in it, if that is known.
    pub size: Option<u64>,
    /// Its digests. Each is computed from its content, so that none costs no reading.
    pub digests: &'a [Digest],
}

/// How paths are looked up: below the store, and not through symlinks.
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// Times that a path with `..` is looked up anew because something was renamed meanwhile.
const TRIES: usize = 16;

impl Store {
    /// Opens the object at a path, which may be any payload of an image: the path stays below the store
    /// and is free of symlinks, or is refused.
    ///
    /// # Errors
    /// [`StoreErrorKind::Missing`], [`StoreErrorKind::Outside`], [`StoreErrorKind::NotRegular`],
    /// [`StoreErrorKind::Open`].
    pub fn object(&self, path: &[u8]) -> Result<Object, StoreError> {
        let failed = |kind| self.path_error(path, kind);
        let root = self.root()?;
        // What is no regular file must not be waited for.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mut tries = 0..TRIES;
        let file = loop {
            match openat2(root, path, flags, Mode::empty(), RESOLVE) {
                Ok(file) => break file,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if tries.next().is_some() => {}
                Err(errno) => return Err(failed(self.refused(path, errno)?)),
            }
        };
        let stat = fstat(&file).map_err(|errno| failed(StoreErrorKind::Open(errno)))?;
        match file_type(stat.st_mode) {
            Some(tree::FileType::Regular) => {
                Ok(Object { file, size: u64::try_from(stat.st_size).unwrap_or(0) })
            }
            kind => Err(failed(not_regular(kind))),
        }
    }

    /// Compares the object at a path with what it must be.
    ///
    /// # Errors
    /// As [`Store::object`]; [`StoreErrorKind::WrongSize`], [`StoreErrorKind::WrongDigest`],
    /// [`StoreErrorKind::Content`] if it cannot be read.
    pub fn check(
        &self,
        path: &[u8],
        expected: &Expected<'_>,
        threads: Threads,
        progress: &Progress,
    ) -> Result<Object, StoreError> {
        let object = self.object(path)?;
        object.check(expected, threads, progress).map_err(|kind| self.path_error(path, kind))?;
        Ok(object)
    }

    /// What lies at a path that was not opened.
    fn refused(&self, path: &[u8], errno: Errno) -> Result<StoreErrorKind, StoreError> {
        Ok(match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => StoreErrorKind::Missing,
            Errno::XDEV | Errno::INVAL => StoreErrorKind::Outside,
            // A symlink at the end, or one on the way; a socket or a device.
            Errno::LOOP | Errno::NXIO | Errno::NODEV => {
                let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat2(self.root()?, path, flags, Mode::empty(), RESOLVE);
                let stat = file.and_then(fstat).ok();
                not_regular(stat.and_then(|stat| file_type(stat.st_mode)))
            }
            errno => StoreErrorKind::Open(errno),
        })
    }

    pub(super) fn path_error(&self, path: &[u8], kind: StoreErrorKind) -> StoreError {
        // Not `join`: a path that begins with a slash would take the place of that of the store.
        let mut whole = self.path.as_os_str().to_owned();
        whole.push("/");
        whole.push(OsStr::from_bytes(path));
        StoreError::new(whole, kind)
    }
}

impl Object {
    /// Whether the kernel has sealed the object, with this digest.
    ///
    /// # Errors
    /// [`StoreErrorKind::WrongSeal`] if it is sealed with another one; [`StoreErrorKind::Open`].
    pub(super) fn is_sealed_as(&self, digest: &Digest) -> Result<bool, StoreErrorKind> {
        match content::measure(self.file.as_fd()).map_err(StoreErrorKind::Open)? {
            Some(found) if found != *digest => Err(StoreErrorKind::WrongSeal { expected: *digest }),
            found => Ok(found.is_some()),
        }
    }

    /// Compares the object with what it must be.
    ///
    /// # Errors
    /// [`StoreErrorKind::WrongSize`], [`StoreErrorKind::WrongDigest`], and
    /// [`StoreErrorKind::Content`] if it cannot be read.
    pub fn check(
        &self,
        expected: &Expected<'_>,
        threads: Threads,
        progress: &Progress,
    ) -> Result<(), StoreErrorKind> {
        if let Some(size) = expected.size.filter(|&size| size != self.size) {
            return Err(StoreErrorKind::WrongSize { expected: size, found: self.size });
        }
        for digest in expected.digests {
            let file = self.file.as_fd();
            let found = content::digest(file, self.size, digest.algorithm(), threads, progress)
                .map_err(StoreErrorKind::Content)?;
            if found != *digest {
                let mismatch = Mismatch { expected: *digest, found };
                return Err(StoreErrorKind::WrongDigest(Box::new(mismatch)));
            }
        }
        Ok(())
    }
}

fn file_type(mode: rustix::fs::RawMode) -> Option<tree::FileType> {
    let mode = u16::try_from(mode & 0o177_777).ok()?;
    tree::Mode::new(mode).map(tree::Mode::file_type)
}

fn not_regular(kind: Option<tree::FileType>) -> StoreErrorKind {
    kind.map_or(StoreErrorKind::Outside, StoreErrorKind::NotRegular)
}
