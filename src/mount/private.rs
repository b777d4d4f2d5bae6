//! A mount namespace that nobody else sees, and that is gone afterwards.

use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::Errno;
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, UnmountFlags, mount_change, move_mount, unmount,
};

use super::error::MountError;
use super::fs;
use super::kernel::{Kernel, Step};
use crate::sys::unshare_mounts;

/// Does work on a thread that has a mount namespace of its own, in which the image is attached.
///
/// The mount of the image lies over `/` there, where no path leads to it: only its descriptor does.
pub(super) fn with_image<T: Send>(
    image: &OwnedFd,
    kernel: &Kernel<'_>,
    work: impl FnOnce() -> Result<T, MountError> + Send,
) -> Result<T, MountError> {
    let run = || {
        kernel
            .try_step(Step::Unshare, || {
                unshare_mounts()?;
                // What is attached here must not appear elsewhere.
                let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
                mount_change(c"/", private)
            })
            .map_err(|errno| fs::refused(Step::Unshare, errno))?;
        let _attached = Attached::new(image, kernel)?;
        work()
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("mount".into()).spawn_scoped(scope, run);
        let thread = thread.map_err(|_| MountError::of_step(Step::Unshare, Errno::AGAIN))?;
        thread.join().unwrap_or(Err(MountError::of_step(Step::Unshare, Errno::FAULT)))
    })
}

/// An image that is attached in the namespace of this thread, until this is dropped.
struct Attached<'a>(&'a OwnedFd);

impl<'a> Attached<'a> {
    fn new(image: &'a OwnedFd, kernel: &Kernel<'_>) -> Result<Self, MountError> {
        let attach = || {
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(image, c"", rustix::fs::CWD, c"/", flags)
        };
        let attached = kernel.try_step(Step::AttachImage, attach);
        attached.map(|()| Self(image)).map_err(|errno| fs::refused(Step::AttachImage, errno))
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        // If it fails, the end of the namespace does the same a little later.
        let _ = unmount(fs::path(self.0), UnmountFlags::DETACH);
    }
}
