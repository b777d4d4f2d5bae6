//! Going down a directory and up again, with few descriptors however deep it is.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::error::{ExtractErrorKind, failed};

/// Which directory it is, whatever its name.
pub(super) type Identity = (u64, u64);

/// Descriptors that are kept open, those in use elsewhere apart.
const KEPT: usize = 64;

/// The directories from a first one down to the current one.
#[derive(Debug)]
pub(super) struct Descent {
    levels: Vec<(Identity, Option<Arc<OwnedFd>>)>,
}

impl Descent {
    pub(super) fn new(top: Arc<OwnedFd>) -> Result<Self, Errno> {
        Ok(Self { levels: vec![(identity(&top)?, Some(top))] })
    }

    /// The current directory.
    pub(super) fn current(&self) -> Result<&Arc<OwnedFd>, ExtractErrorKind> {
        self.levels.last().and_then(|(_, dir)| dir.as_ref()).ok_or(ExtractErrorKind::Swapped)
    }

    /// Goes into a directory of the current one, never through a symlink.
    pub(super) fn enter(&mut self, name: &[u8]) -> Result<Arc<OwnedFd>, Errno> {
        let current = self.levels.last().and_then(|(_, dir)| dir.as_ref()).ok_or(Errno::BADF)?;
        let dir = Arc::new(open_directory(&**current, name)?);
        self.levels.push((identity(&dir)?, Some(Arc::clone(&dir))));
        // The first one stays open.
        let far = self.levels.len().checked_sub(KEPT).filter(|&far| far > 0);
        if let Some((_, kept)) = far.and_then(|far| self.levels.get_mut(far)) {
            *kept = None;
        }
        Ok(dir)
    }

    /// Goes up, if the directory above is still the one it was.
    pub(super) fn leave(&mut self) -> Result<Option<Arc<OwnedFd>>, ExtractErrorKind> {
        let left = self.levels.pop().and_then(|(_, dir)| dir);
        if let (Some((above, kept @ None)), Some(left)) = (self.levels.last_mut(), &left) {
            let dir = open_directory(&**left, c"..").map_err(failed("open"))?;
            if identity(&dir).map_err(failed("read"))? != *above {
                return Err(ExtractErrorKind::Swapped);
            }
            *kept = Some(Arc::new(dir));
        }
        Ok(left)
    }
}

pub(super) fn open_directory(
    dir: impl std::os::fd::AsFd,
    name: impl Arg,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

pub(super) fn identity(file: &OwnedFd) -> Result<Identity, Errno> {
    fstat(file).map(|stat| (stat.st_dev, stat.st_ino))
}
