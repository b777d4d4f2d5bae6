//! A mount namespace that nobody else sees, and that is gone afterwards.

use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, UnmountFlags, mount_change, move_mount, unmount,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::error::MountError;
use super::fs;
use super::kernel::{Kernel, Step};
use crate::sys::unshare_mounts;

/// Does work on a thread that has a mount namespace of its own, in which the image is attached.
///
/// The mount of the image lies over `/` there, where no path leads to it: only its descriptor does.
/// What `find` gives is found by the paths of the caller; afterwards `/` may be another directory.
pub(super) fn with_image<F, T: Send>(
    image: &OwnedFd,
    kernel: &Kernel<'_>,
    find: impl FnOnce() -> Result<F, MountError> + Send,
    work: impl FnOnce(F) -> Result<T, MountError> + Send,
) -> Result<T, MountError> {
    let run = || {
        kernel
            .try_step(Step::Unshare, unshare_mounts)
            .map_err(|errno| fs::refused(Step::Unshare, errno))?;
        let found = find()?;
        let _attached = Attached::new(image, kernel)?;
        work(found)
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
            keep_to_this_namespace()?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(image, c"", CWD, c"/", flags)
        };
        let attached = kernel.try_step(Step::AttachImage, attach);
        attached.map(|()| Self(image)).map_err(|errno| fs::refused(Step::AttachImage, errno))
    }
}

/// Sees to it that what is attached in the namespace of this thread does not appear elsewhere.
fn keep_to_this_namespace() -> Result<(), Errno> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    match mount_change(c"/", private) {
        // `/` is that of `chroot`. To enter a namespace is to get its own `/`.
        Err(Errno::INVAL) => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let namespace = openat(CWD, c"/proc/thread-self/ns/mnt", flags, Mode::empty())?;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Mount))?;
            mount_change(c"/", private)
        }
        changed => changed,
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        // If it fails, the end of the namespace does the same a little later.
        let _ = unmount(fs::path(self.0), UnmountFlags::DETACH);
    }
}
