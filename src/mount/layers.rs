//! The directories of an overlay, opened once.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::io::Errno;

use super::error::{MountError, MountErrorKind, Role};
use super::kernel::{Kernel, Step};
use super::options::{MountOptions, ObjectVerity};
use crate::sys::{Measured, measured};

/// The directories beside the image.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) basedirs: Vec<Layer>,
    /// Where changes go, and where they are prepared.
    pub(super) upper: Option<(Layer, Layer)>,
}

/// A directory.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) fd: OwnedFd,
    path: PathBuf,
    role: Role,
}

impl Layers {
    /// Opens all directories.
    pub(super) fn open(options: &MountOptions, kernel: &Kernel<'_>) -> Result<Self, MountError> {
        let open = |path: &PathBuf, role| Layer::open(path, role, kernel, Step::OpenLayers);
        let basedirs = options.basedirs.iter().map(|path| open(path, Role::Basedir));
        let basedirs: Vec<Layer> = basedirs.collect::<Result<_, _>>()?;
        let mut known = HashSet::new();
        if let Some(twice) = basedirs.iter().find(|layer| !known.insert(layer.identity().ok())) {
            return Err(MountErrorKind::Twice(twice.path.clone()).into());
        }
        let upper = match (&options.upperdir, &options.workdir) {
            (Some(upper), Some(work)) => {
                Some((open(upper, Role::Upperdir)?, open(work, Role::Workdir)?))
            }
            _ => None,
        };
        Ok(Self { basedirs, upper })
    }

    /// The same directories as they are found in the mount namespace of this thread.
    pub(super) fn again(&self, kernel: &Kernel<'_>) -> Result<Self, MountError> {
        let again = |layer: &Layer| layer.again(kernel);
        let basedirs = self.basedirs.iter().map(again).collect::<Result<_, _>>()?;
        let upper = match &self.upper {
            Some((upper, work)) => Some((again(upper)?, again(work)?)),
            None => None,
        };
        Ok(Self { basedirs, upper })
    }

    /// Directories whose objects cannot be sealed, but must be.
    pub(super) fn unsealable(&self, options: &MountOptions) -> Vec<PathBuf> {
        if options.object_verity() == ObjectVerity::Off {
            return Vec::new();
        }
        let unsealable = self.basedirs.iter().filter(|layer| layer.is_unsealable());
        unsealable.map(|layer| layer.path.clone()).collect()
    }
}

impl Layer {
    fn open(path: &Path, role: Role, kernel: &Kernel<'_>, step: Step) -> Result<Self, MountError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || openat(CWD, path, flags, Mode::empty());
        let fd =
            kernel.try_step(step, open).map_err(|errno| MountError::open(role, path, errno))?;
        Ok(Self { fd, path: path.to_owned(), role })
    }

    fn again(&self, kernel: &Kernel<'_>) -> Result<Self, MountError> {
        let found = Self::open(&self.path, self.role, kernel, Step::FindLayers)?;
        if found.identity().is_ok_and(|identity| self.identity() == Ok(identity)) {
            return Ok(found);
        }
        Err(MountErrorKind::Replaced { role: self.role, path: self.path.clone() }.into())
    }

    fn identity(&self) -> Result<(u64, u64), Errno> {
        fstat(&self.fd).map(|stat| (stat.st_dev, stat.st_ino))
    }

    /// Whether the file system says that nothing on it can be sealed. A directory tells that too.
    fn is_unsealable(&self) -> bool {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened: Result<OwnedFd, Errno> = openat(&self.fd, c".", flags, Mode::empty());
        let found = opened.and_then(|dir| measured(dir.as_fd()));
        matches!(found, Ok(Measured::Impossible(_)))
    }
}
