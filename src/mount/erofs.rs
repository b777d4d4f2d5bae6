//! The image as an EROFS mount that stands nowhere.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string};

use super::error::{Feature, MountError, MountErrorKind, Role};
use super::fs;
use super::image::Image;
use super::kernel::{Kernel, Step};
use super::options::MountOptions;
use crate::sys::{configure_loop, free_loop, map_ids};

/// The image as a mount that stands nowhere.
#[derive(Debug)]
pub(super) struct Erofs {
    pub(super) fd: OwnedFd,
    /// The device that it needed.
    pub(super) loop_device: Option<u32>,
}

/// Mounts an image: straight from its file, or else through a loop device.
pub(super) fn mount(
    image: &Image,
    options: &MountOptions,
    kernel: &Kernel<'_>,
) -> Result<Erofs, MountError> {
    // A bad namespace is told before anything is set up.
    let namespace = match &options.idmap {
        Some(path) => {
            let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let open = || openat(CWD, path, flags, Mode::empty());
            let opened = kernel.try_step(Step::OpenNamespace, open);
            let failed = |errno| MountError::open(Role::UserNamespace, path, errno);
            Some(opened.map_err(failed)?)
        }
        None => None,
    };
    let direct = match kernel.file_backed {
        true => from(&image.fd, image, kernel)?,
        false => None,
    };
    let erofs = match direct {
        Some(fd) => Erofs { fd, loop_device: None },
        None => through_loop(image, kernel)?,
    };
    if let Some(namespace) = namespace {
        let map = || map_ids(erofs.fd.as_fd(), namespace.as_fd());
        kernel.try_step(Step::MapIds, map).map_err(|errno| match errno {
            Errno::NOSYS | Errno::INVAL => MountErrorKind::Lacks(Feature::IdMap).into(),
            errno => MountError::of_step(Step::MapIds, errno),
        })?;
    }
    Ok(erofs)
}

/// Mounts what a descriptor leads to; `None` if it must be a block device and is none.
fn from(
    source: &OwnedFd,
    image: &Image,
    kernel: &Kernel<'_>,
) -> Result<Option<OwnedFd>, MountError> {
    let context = fs::open("erofs", Step::ErofsOpen, Feature::Erofs, kernel)?;
    let configure = || {
        fsconfig_set_string(&context, c"source", fs::path(source))?;
        fsconfig_set_flag(&context, c"ro")?;
        if image.may_have_acls() { Ok(()) } else { fsconfig_set_flag(&context, c"noacl") }
    };
    let refused = |step, errno| fs::refused(step, errno).with(fs::said(context.as_fd()));
    kernel
        .try_step(Step::ErofsOptions, configure)
        .map_err(|errno| refused(Step::ErofsOptions, errno))?;
    match kernel.try_step(Step::ErofsCreate, || fsconfig_create(&context)) {
        Err(Errno::NOTBLK) => return Ok(None),
        Err(Errno::NOENT) => return Err(MountErrorKind::Lacks(Feature::Proc).into()),
        created => created.map_err(|errno| refused(Step::ErofsCreate, errno))?,
    }
    let mount = || fs::mount(&context, MountAttrFlags::MOUNT_ATTR_RDONLY);
    let mounted = kernel.try_step(Step::ErofsMount, mount);
    mounted.map(Some).map_err(|errno| refused(Step::ErofsMount, errno))
}

/// Mounts an image through a loop device, which goes with the mount.
fn through_loop(image: &Image, kernel: &Kernel<'_>) -> Result<Erofs, MountError> {
    let (number, device) = loop_device(image, kernel)?;
    match from(&device, image, kernel)? {
        Some(fd) => Ok(Erofs { fd, loop_device: Some(number) }),
        None => Err(MountError::of_step(Step::ErofsCreate, Errno::NOTBLK)),
    }
}

/// How often a device is looked for: somebody else may take the free one each time.
const TRIES: u64 = 100;

/// A loop device with the image in it, which is free again when nobody has it open.
fn loop_device(image: &Image, kernel: &Kernel<'_>) -> Result<(u32, OwnedFd), MountError> {
    let open = |path: &str| openat(CWD, path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let control = || open("/dev/loop-control");
    let control = kernel.try_step(Step::LoopFind, control).map_err(|errno| match errno {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => MountErrorKind::Lacks(Feature::Loop).into(),
        Errno::ACCESS => MountErrorKind::Privileges(Step::LoopFind).into(),
        errno => fs::refused(Step::LoopFind, errno),
    })?;
    let mut tries = 0;
    loop {
        let attempt = kernel.try_step(Step::LoopConfigure, || {
            let number = free_loop(&control)?;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let device = openat(CWD, format!("/dev/loop{number}"), flags, Mode::empty())?;
            configure(&device, image).map(|()| (number, device))
        });
        match attempt {
            // Taken, or not there yet.
            Err(Errno::BUSY | Errno::NOENT | Errno::NXIO) if tries < TRIES => {
                tries += 1;
                sleep(Duration::from_millis(tries.min(20)));
            }
            Err(Errno::NOTTY) => return Err(MountErrorKind::Lacks(Feature::Loop).into()),
            attempt => return attempt.map_err(|errno| fs::refused(Step::LoopConfigure, errno)),
        }
    }
}

fn configure(device: &OwnedFd, image: &Image) -> Result<(), Errno> {
    let name = image.path().as_os_str().as_bytes();
    match configure_loop(device, image.fd.as_fd(), name, true) {
        // Not every file system can be read past the page cache.
        Err(Errno::INVAL) => configure_loop(device, image.fd.as_fd(), name, false),
        configured => configured,
    }
}
