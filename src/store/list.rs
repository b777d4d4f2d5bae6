//! What lies in a store.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::error::{StoreError, StoreErrorKind};
use super::temporary::{PREFIX, remove_stale};
use super::{Store, object_digest};
use crate::verity::Digest;

/// The names in a store, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of objects, whatever lies there.
    pub objects: Vec<Digest>,
    /// Paths of files that a writer has not finished, or was killed over; the next one removes them.
    pub temporaries: Vec<Vec<u8>>,
    /// Paths that no writer of ours made; those of directories end in a slash.
    pub foreign: Vec<Vec<u8>>,
}

impl Store {
    /// All names in the store. Foreign directories are not looked into.
    ///
    /// # Errors
    /// [`StoreErrorKind::Open`] if a directory cannot be read.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        self.each_name(self.root()?, b"", |path, is_dir| {
            if is_dir && is_two_digits(&path) {
                self.list_objects(&path, &mut listing)?;
            } else if path.starts_with(PREFIX.as_bytes()) && !is_dir {
                listing.temporaries.push(path);
            } else {
                listing.foreign.push(as_foreign(path, is_dir));
            }
            Ok(())
        })?;
        listing.objects.sort_unstable();
        listing.temporaries.sort_unstable();
        listing.foreign.sort_unstable();
        Ok(listing)
    }

    fn list_objects(&self, two: &[u8], listing: &mut Listing) -> Result<(), StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = openat(self.root()?, two, flags, Mode::empty());
        let dir = dir.map_err(|errno| self.path_error(two, StoreErrorKind::Open(errno)))?;
        let prefix = [two, b"/"].concat();
        self.each_name(dir.as_fd(), &prefix, |path, is_dir| {
            match object_digest(&path) {
                Some(digest) => listing.objects.push(digest),
                None => listing.foreign.push(as_foreign(path, is_dir)),
            }
            Ok(())
        })
    }

    /// Calls a function with each name in a directory behind a prefix, and whether it is a directory.
    fn each_name(
        &self,
        dir: BorrowedFd<'_>,
        prefix: &[u8],
        mut take: impl FnMut(Vec<u8>, bool) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |errno| self.path_error(prefix, StoreErrorKind::Open(errno));
        for entry in Dir::read_from(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => continue,
                    stat => FileType::from_raw_mode(stat.map_err(failed)?.st_mode),
                },
                kind => kind,
            };
            take([prefix, name].concat(), kind == FileType::Directory)?;
        }
        Ok(())
    }

    /// Removes the temporary files of writers that were killed.
    pub(super) fn clean(&self, dir: BorrowedFd<'_>) -> Result<(), StoreError> {
        self.each_name(dir, b"", |path, _| {
            if let Some(name) = str::from_utf8(&path).ok().filter(|name| name.starts_with(PREFIX)) {
                // One of another user is left to that user.
                let _ = remove_stale(dir, name);
            }
            Ok(())
        })
    }
}

fn is_two_digits(name: &[u8]) -> bool {
    name.len() == 2 && name.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn as_foreign(mut path: Vec<u8>, is_dir: bool) -> Vec<u8> {
    if is_dir {
        path.push(b'/');
    }
    path
}
