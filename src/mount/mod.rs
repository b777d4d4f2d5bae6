//! Images as file systems: kernel mounts, and the table of those that there are.
//!
//! A composefs mount is an overlay whose only visible layer is the image, an EROFS file system, and
//! whose lowest layers are directories of objects. [`prepare`] builds one that stands nowhere yet;
//! [`Mount::attach`] puts it in its place, which is the last step.
//!
//! **Invariants:**
//! * The image is opened once. What is measured is that descriptor, and what is mounted is what it
//!   leads to: no path is looked up twice.
//! * Nothing has a name before all is done: no directory is made, and what is half built belongs to
//!   descriptors of this process. They go with it, however it ends.
//! * What the kernel can do is found out by trying, never from its version.
//! * A digest that is demanded is compared with what the kernel enforces, never with one that is
//!   computed here: nothing would hold the file to it later.

mod erofs;
mod error;
mod fs;
mod image;
mod kernel;
mod layers;
mod options;
mod overlay;
mod private;
mod table;

pub use crate::sys::Measured;
pub use error::{Feature, MountError, MountErrorKind, Role};
pub use image::check_seal;
pub use kernel::{Kernel, Step};
pub use options::{
    Atime, MountFlags, MountOptions, ObjectVerity, OptionError, OptionErrorKind, Unknown,
};
pub use table::{Demand, Mounted, Server, from_table, mounted};

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MoveMountFlags, move_mount};

use image::Image;
use layers::Layers;

/// A mount that stands nowhere yet. It is gone when this is dropped.
#[derive(Debug)]
pub struct Mount {
    fd: OwnedFd,
    way: Way,
    loop_device: Option<u32>,
    unsealable: Vec<PathBuf>,
}

/// How an overlay was built, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// All layers were given as descriptors. Linux 6.15.
    Descriptors,
    /// Layers were given one by one, in a mount namespace that is gone. Linux 6.7.
    Namespace,
    /// Layers were given as one list, in a mount namespace that is gone.
    List,
}

/// Builds a mount of an image, by the best of the ways that the kernel knows. Needs the privileges of
/// an administrator of the system, not of a user namespace alone.
///
/// # Errors
/// All of [`MountError`] but those about the mount point. Nothing is left then.
///
/// # Example
/// ```no_run
/// use cfs::mount::{self, Kernel, MountOptions, Unknown};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut options = MountOptions::default();
/// options.add("basedir=/var/lib/objects,nodev", Unknown::Refuse)?;
/// let mount = mount::prepare("/var/lib/image.cfs".as_ref(), &options, &Kernel::default())?;
/// // Any file below it can be opened already.
/// let hosts = rustix::fs::openat(
///     mount.fd(),
///     "etc/hosts",
///     rustix::fs::OFlags::RDONLY,
///     rustix::fs::Mode::empty(),
/// )?;
/// mount.attach(&mount::MountPoint::open("/mnt".as_ref())?, &Kernel::default())?;
/// # Ok(())
/// # }
/// ```
pub fn prepare(
    image: &Path,
    options: &MountOptions,
    kernel: &Kernel<'_>,
) -> Result<Mount, MountError> {
    options.check()?;
    let image = Image::open(image, kernel)?;
    if let Some(digest) = &options.digest {
        image.check_seal(digest, kernel)?;
    }
    let layers = Layers::open(options, kernel)?;
    let lower = erofs::mount(&image, options, kernel)?;
    let (fd, way) = overlay::mount(&image, &lower.fd, &layers, options, kernel)?;
    Ok(Mount { fd, way, loop_device: lower.loop_device, unsealable: layers.unsealable(options) })
}

impl Mount {
    /// The root of the mount, as an `O_PATH` descriptor.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The descriptor, for `move_mount` and whatever else; the mount lives as long as it does.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// How it was built.
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// The number of the loop device that the image needed where it lies, which goes with the mount.
    #[must_use]
    pub fn loop_device(&self) -> Option<u32> {
        self.loop_device
    }

    /// The `basedir`s whose objects cannot be sealed where they lie although they must be, so that no
    /// file of theirs can be opened.
    #[must_use]
    pub fn unsealable(&self) -> &[PathBuf] {
        &self.unsealable
    }

    /// Puts the mount in its place.
    ///
    /// # Errors
    /// [`MountErrorKind::Step`] with [`Step::Attach`]. The mount is gone then.
    pub fn attach(self, point: &MountPoint, kernel: &Kernel<'_>) -> Result<(), MountError> {
        let flags =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        kernel.step(Step::Attach, || move_mount(&self.fd, c"", &point.0, c"", flags))
    }
}

/// A directory to attach a mount to.
#[derive(Debug)]
pub struct MountPoint(OwnedFd);

impl MountPoint {
    /// Opens a directory; a symlink is followed.
    ///
    /// # Errors
    /// [`MountErrorKind::Open`] with [`Role::MountPoint`].
    pub fn open(path: &Path) -> Result<Self, MountError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, path, flags, Mode::empty());
        fd.map(Self).map_err(|errno| MountError::open(Role::MountPoint, path, errno))
    }
}
