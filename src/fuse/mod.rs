//! Serving an image as a mount, without privileges: through FUSE.
//!
//! [`Image`] is an image and the directories of its objects; [`Image::mount`] shows it to everybody,
//! served by threads of this process until somebody unmounts it. Nothing is read ahead: an image with
//! millions of names is there as fast as an empty one.
//!
//! # What is seen
//! What the kernel's own mount of the image shows: an overlay. Whiteouts of the tree are empty files
//! with a mark, those that the writer put into the root are not there, and xattrs that belong to the
//! format are hidden. Inode numbers are the same every time, and hard links share one.
//!
//! # What is verified
//! Contents are opened anew at every `open`: below the directories only, through no symlink, the first
//! regular file there is, of the size that the image tells. If the image has a digest for it
//! ([`Verify::IfKnown`]), then either the kernel has sealed the object with that digest, and verifies
//! all that is read; or its content is hashed here, each time. Up to 128 KiB, the very bytes that were
//! hashed are what is read until the file is closed. Of a longer object that is not sealed, it is known
//! that it was right when it was opened: who may write to it can change it afterwards. What an earlier
//! reader left in the page cache is served again, which was verified as well. Anything that is not right
//! is `EIO`, what is not there `ENOENT`.
//!
//! With [`ImageOptions::digest`], the image is either sealed with that digest, and the kernel verifies
//! all that is read of it; or it is read into memory whole, and served from there if the digest of these
//! bytes is right. Without, an image that is written to while it is mounted can show anything, as with a
//! kernel mount; it cannot do harm otherwise.
//!
//! Where the kernel offers it (6.9, and root), it reads large objects by itself. It is told which file
//! that is only after the file was verified.
//!
//! # How it ends
//! By `umount`, by `fusermount3 -u`, by [`Mounted::unmounter`]; the server then returns. A server that is
//! killed leaves a mount in which everything is `ENOTCONN`; it takes one of the first two to
//! end that.

mod attach;
mod attr;
mod content;
mod error;
mod handles;
mod image;
mod listing;
mod server;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use fuser::{Config, Session, SessionACL};

use crate::erofs::View;
use crate::store::Basedirs;
use crate::verity::Digest;
use attach::{Connection, Target, is_root_of_the_system};
pub use attach::{Ended, unmount_by_helper};
use content::Contents;
pub use error::{FuseError, FuseErrorKind};
use image::ImageBytes;
use server::{Privilege, Server};

/// Which contents are verified when they are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// None.
    Never,
    /// Those whose digest the image has.
    #[default]
    IfKnown,
    /// All; those without a digest cannot be opened.
    Always,
}

/// Who may look into a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allow {
    /// Everybody if root mounts it, be it the root of a namespace; else the user who does.
    #[default]
    OthersIfRoot,
    /// Everybody. The system may refuse that to plain users.
    Others,
    /// The user who mounts it.
    Owner,
}

/// What is served.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImageOptions {
    /// The digest that the image must have.
    pub digest: Option<Digest>,
    /// Which contents are verified.
    pub verify: Verify,
}

/// How it is mounted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MountOptions {
    /// The source in the table of mounts, which is only a name: the path of the image.
    pub source: OsString,
    /// Who may look.
    pub allow: Allow,
    /// Whether set-user-ID bits count.
    pub suid: bool,
    /// Whether devices can be opened.
    pub dev: bool,
    /// Whether programs can be run.
    pub exec: bool,
    /// Whether symlinks are followed. The helper of plain users cannot forbid it.
    pub symfollow: bool,
    /// How many threads answer.
    pub threads: NonZero<usize>,
}

impl Default for MountOptions {
    fn default() -> Self {
        const MOST: NonZero<usize> = NonZero::new(8).unwrap();
        Self {
            source: OsString::from("composefs"),
            allow: Allow::default(),
            suid: false,
            dev: false,
            exec: true,
            symfollow: true,
            threads: std::thread::available_parallelism()
                .map_or(NonZero::<usize>::MIN, |count| count.min(MOST)),
        }
    }
}

/// An image that can be mounted.
///
/// # Example
/// ```no_run
/// use cfs::fuse::{Image, ImageOptions, MountOptions};
/// use cfs::store::Basedirs;
///
/// let basedirs = Basedirs::open(["objects"]).map_err(|(_, errno)| errno)?;
/// let image = Image::open("tree.cfs".as_ref(), basedirs, &ImageOptions::default())?;
/// let mounted = image.mount("mnt".as_ref(), &MountOptions::default())?;
/// mounted.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Image(Server);

impl Image {
    /// Opens an image, and checks its headers.
    ///
    /// # Errors
    /// [`FuseErrorKind::Image`], [`FuseErrorKind::NotAFile`], [`FuseErrorKind::Header`],
    /// [`FuseErrorKind::WrongDigest`].
    pub fn open(
        path: &Path,
        basedirs: Basedirs,
        options: &ImageOptions,
    ) -> Result<Self, FuseError> {
        let open = || -> Result<Self, FuseErrorKind> {
            use rustix::fs::{CWD, Mode, OFlags, openat};
            // What is no file must not be waited for.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let file = openat(CWD, path, flags, Mode::empty()).map_err(FuseErrorKind::Image)?;
            let bytes = ImageBytes::new(File::from(file), options.digest.as_ref())?;
            let view = View::open(bytes)?;
            let contents = Contents::new(basedirs, options.verify);
            let privilege = if is_root_of_the_system() { Privilege::Root } else { Privilege::None };
            Ok(Self(Server::new(view, contents, privilege)))
        };
        open().map_err(|kind| FuseError::new(path, kind))
    }

    /// Mounts the image on a directory. When this returns, everything in it can be read.
    ///
    /// # Errors
    /// [`FuseErrorKind::Target`], [`FuseErrorKind::Orphaned`], [`FuseErrorKind::Device`],
    /// [`FuseErrorKind::Refused`], [`FuseErrorKind::NoHelper`], [`FuseErrorKind::Helper`],
    /// [`FuseErrorKind::Connection`].
    pub fn mount(self, target: &Path, options: &MountOptions) -> Result<Mounted, FuseError> {
        let mount = || -> Result<Mounted, FuseErrorKind> {
            let (device, mount, place) = Connection::new(target, options)?.into_parts();
            let mut config = Config::default();
            config.n_threads = Some(options.threads.get());
            config.clone_fd = false;
            // The kernel itself keeps others out.
            let session = Session::from_fd(self.0, device, SessionACL::All, config)
                .map_err(FuseErrorKind::Connection)?;
            let server = std::thread::Builder::new().name(String::from("fuse"));
            let server = server.spawn(move || session.run()).map_err(FuseErrorKind::Connection)?;
            let place = Connection::attach(mount, place)?;
            Ok(Mounted { server, target: Arc::new(place) })
        };
        mount().map_err(|kind| FuseError::new(target, kind))
    }
}

/// A mount that threads of this process serve.
///
/// When this is dropped, the mount stays, and is served until the process ends.
#[derive(Debug)]
pub struct Mounted {
    server: JoinHandle<io::Result<()>>,
    target: Arc<Target>,
}

/// Ends a mount; may be used by any thread.
#[derive(Clone, Debug)]
pub struct Unmounter(Arc<Target>);

impl Mounted {
    /// What ends the mount.
    #[must_use]
    pub fn unmounter(&self) -> Unmounter {
        Unmounter(self.target.clone())
    }

    /// Waits until the mount has ended.
    ///
    /// # Errors
    /// That the connection to the kernel broke.
    pub fn join(self) -> io::Result<()> {
        self.server.join().unwrap_or_else(|_| Err(io::Error::other("the server has failed")))
    }
}

impl Unmounter {
    /// Ends the mount. It is no error if it has ended already.
    ///
    /// # Errors
    /// [`FuseErrorKind::Unmount`], [`FuseErrorKind::NoHelper`].
    pub fn unmount(&self) -> Result<Ended, FuseError> {
        self.0.unmount().map_err(|kind| FuseError::new(self.0.path(), kind))
    }
}
