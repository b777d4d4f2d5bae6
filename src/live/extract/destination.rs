//! The directory that is made, and the private one in which everything is made first.

use std::hash::{BuildHasher, RandomState};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, CWD, Dir, Mode, OFlags, RenameFlags, mkdirat, openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::Existing;
use super::descent::{identity, open_directory};
use super::error::{ExtractErrorKind, failed};
use super::metadata::{User, make_private};
use super::remove::remove_all_in;

/// Where a tree goes.
pub(super) struct Destination {
    /// The directory itself if it exists, else the one that it will be in.
    pub(super) home: Arc<OwnedFd>,
    /// The name that it will have there.
    pub(super) name: Option<Vec<u8>>,
    temporary: String,
    /// Where everything is made.
    pub(super) staging: Arc<OwnedFd>,
}

impl Destination {
    pub(super) fn new(
        path: &Path,
        existing: Existing,
        user: User,
    ) -> Result<Self, ExtractErrorKind> {
        let (home, name) = find(path, existing)?;
        let (temporary, staging) = private_directory(&home, user).map_err(failed("make"))?;
        Ok(Self { home: Arc::new(home), name, temporary, staging: Arc::new(staging) })
    }

    /// Gives a directory that is whole its name.
    pub(super) fn publish(&self, name: &[u8]) -> Result<(), ExtractErrorKind> {
        if !self.is_in_place() {
            return Err(ExtractErrorKind::Swapped);
        }
        let flags = RenameFlags::NOREPLACE;
        match renameat_with(&*self.home, &*self.temporary, &*self.home, name, flags) {
            Err(Errno::EXIST) => Err(ExtractErrorKind::NotEmpty),
            renamed => renamed.map_err(failed("rename")),
        }
    }

    /// Removes the private directory with all that is in it.
    pub(super) fn discard(&self) -> Result<(), ExtractErrorKind> {
        remove_all_in(&self.staging)?;
        if !self.is_in_place() {
            return Err(ExtractErrorKind::Swapped);
        }
        unlinkat(&*self.home, &*self.temporary, AtFlags::REMOVEDIR).map_err(failed("remove"))
    }

    fn is_in_place(&self) -> bool {
        let found = statat(&*self.home, &*self.temporary, AtFlags::SYMLINK_NOFOLLOW);
        let found = found.map(|stat| (stat.st_dev, stat.st_ino));
        found.is_ok() && found == identity(&self.staging)
    }
}

/// Opens the destination, or the directory in which it will be under a name.
fn find(path: &Path, existing: Existing) -> Result<(OwnedFd, Option<Vec<u8>>), ExtractErrorKind> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match openat(CWD, path, flags, Mode::empty()) {
        Ok(dir) => {
            if existing == Existing::Refuse && !is_empty(&dir).map_err(failed("list"))? {
                return Err(ExtractErrorKind::NotEmpty);
            }
            return Ok((dir, None));
        }
        Err(Errno::NOTDIR) => return Err(ExtractErrorKind::NotDirectory),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(ExtractErrorKind::System("open", errno)),
    }
    let name = path.file_name().ok_or(ExtractErrorKind::System("open", Errno::NOENT))?;
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let above = openat(CWD, above.unwrap_or(Path::new(".")), flags, Mode::empty());
    let above = above.map_err(failed("make"))?;
    if statat(&above, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
        return Err(ExtractErrorKind::NotDirectory);
    }
    Ok((above, Some(name.as_bytes().to_vec())))
}

fn is_empty(dir: &OwnedFd) -> Result<bool, Errno> {
    for entry in Dir::read_from(dir)? {
        if ![c".", c".."].contains(&entry?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a directory with a name that nothing has, which only its owner may enter.
pub(super) fn private_directory(home: &OwnedFd, user: User) -> Result<(String, OwnedFd), Errno> {
    loop {
        let name = format!(".cfs-{:016x}", RandomState::new().hash_one(user.uid));
        match mkdirat(home, &*name, Mode::from_raw_mode(0o700)) {
            Err(Errno::EXIST) => {}
            made => {
                made?;
                let dir = open_directory(home, &*name)?;
                make_private(dir.as_fd(), user)?;
                return Ok((name, dir));
            }
        }
    }
}
