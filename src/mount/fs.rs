//! The kernel's contexts, in which file systems are set up.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsmount, fsopen};

use super::error::{Feature, MountError, MountErrorKind};
use super::kernel::{Kernel, Step};

/// Asks for a file system; `step` and `lacking` are for errors.
pub(super) fn open(
    name: &str,
    step: Step,
    lacking: Feature,
    kernel: &Kernel<'_>,
) -> Result<OwnedFd, MountError> {
    let opened = kernel.try_step(step, || fsopen(name, FsOpenFlags::FSOPEN_CLOEXEC));
    opened.map_err(|errno| match errno {
        Errno::NODEV => MountErrorKind::Lacks(lacking).into(),
        Errno::NOSYS => MountErrorKind::Lacks(Feature::MountInterface).into(),
        errno => refused(step, errno),
    })
}

/// A context as a mount that stands nowhere.
pub(super) fn mount(context: &OwnedFd, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// A refusal; that of a privilege is one of its own.
pub(super) fn refused(step: Step, errno: Errno) -> MountError {
    match errno {
        Errno::PERM => MountErrorKind::Privileges(step).into(),
        errno => MountError::of_step(step, errno),
    }
}

/// What the kernel says about a context, in lines that are read once.
pub(super) fn said(context: BorrowedFd<'_>) -> Vec<String> {
    /// The kernel keeps eight.
    const LINES: usize = 16;
    let mut lines: Vec<String> = Vec::new();
    let mut buffer = [0; 1024];
    for _ in 0..LINES {
        let Ok(len) = rustix::io::read(context, &mut buffer) else { break };
        let line = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
        // `e`, `w` or `i` and a space come first.
        let line = line.trim_end().get(2..).unwrap_or_default().escape_debug().to_string();
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// A descriptor as a path.
pub(super) fn path(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}
