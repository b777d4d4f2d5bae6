//! The image: opened once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, SeekFrom, fstat, openat, seek};
use rustix::io::{Errno, pread};

use super::error::{MountError, MountErrorKind, Role};
use super::kernel::{Kernel, Step};
use crate::erofs::disk::BLOCK_SIZE;
use crate::erofs::{ImageInfo, info_of_start};
use crate::num::wide;
use crate::store::Mismatch;
use crate::sys::{Measured, measured};
use crate::verity::Digest;

/// An image that is open, and whose headers are in order.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) fd: OwnedFd,
    pub(super) info: ImageInfo,
    path: PathBuf,
}

impl Image {
    /// Opens an image, and reads what its headers say.
    pub(super) fn open(path: &Path, kernel: &Kernel<'_>) -> Result<Self, MountError> {
        // A FIFO would be waited for.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let failed = |errno| MountError::open(Role::Image, path, errno);
        let open = || openat(CWD, path, flags, Mode::empty());
        let fd = kernel.try_step(Step::OpenImage, open).map_err(failed)?;
        match FileType::from_raw_mode(fstat(&fd).map_err(failed)?.st_mode) {
            FileType::RegularFile | FileType::BlockDevice => {}
            FileType::Directory => return Err(failed(Errno::ISDIR)),
            _ => return Err(MountErrorKind::NotFile.into()),
        }
        let read = || Ok((seek(&fd, SeekFrom::End(0))?, read_start(fd.as_fd())?));
        let (len, start) = kernel.step(Step::ReadImage, read)?;
        let info = info_of_start(&start, len).map_err(MountErrorKind::NotImage)?;
        Ok(Self { fd, info, path: path.to_owned() })
    }

    /// Compares what the kernel enforces with what is demanded.
    pub(super) fn check_seal(
        &self,
        expected: &Digest,
        kernel: &Kernel<'_>,
    ) -> Result<(), MountError> {
        let found = kernel.step(Step::Measure, || measured(self.fd.as_fd()))?;
        check_seal(*expected, found).map_err(Into::into)
    }

    /// What mount tables show: the absolute path, if it fits into one.
    pub(super) fn label(&self) -> Vec<u8> {
        /// What the kernel takes as a value.
        const ROOM: usize = 255;
        let absolute = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let label = absolute.as_os_str().as_bytes();
        if label.len() <= ROOM { label.to_vec() } else { b"composefs".to_vec() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the kernel must look for ACLs. Only versions below 2 say that there is none.
    pub(super) fn may_have_acls(&self) -> bool {
        self.info.has_acl || self.info.composefs_version >= 2
    }
}

/// Compares the seal that a file has with the digest that is demanded of it.
///
/// # Errors
/// [`MountErrorKind::WrongDigest`], [`MountErrorKind::OddSeal`], [`MountErrorKind::NotSealed`],
/// [`MountErrorKind::NoVerity`].
pub fn check_seal(expected: Digest, found: Measured) -> Result<(), MountErrorKind> {
    match found {
        Measured::Sealed(found) if found == expected => Ok(()),
        Measured::Sealed(found) => {
            Err(MountErrorKind::WrongDigest(Box::new(Mismatch { expected, found })))
        }
        Measured::Odd => Err(MountErrorKind::OddSeal { expected }),
        Measured::Unsealed => Err(MountErrorKind::NotSealed { expected }),
        Measured::Impossible(errno) => Err(MountErrorKind::NoVerity { expected, errno }),
    }
}

/// The first block, or all there is.
fn read_start(fd: BorrowedFd<'_>) -> Result<Vec<u8>, Errno> {
    let mut start = vec![0; BLOCK_SIZE];
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match pread(fd, &mut *rest, wide(filled)) {
            Ok(0) => break,
            Ok(len) => filled = filled.saturating_add(len),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    start.truncate(filled);
    Ok(start)
}
