//! What can go wrong with a mount.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::kernel::Step;
use super::options::OptionError;
use crate::erofs::ImageError;
use crate::store::Mismatch;
use crate::verity::Digest;

/// Why an image was not mounted, and what the kernel said to that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", self.kernel_words())]
pub struct MountError {
    kind: MountErrorKind,
    said: Vec<String>,
}

impl MountError {
    pub(super) fn of_step(step: Step, errno: Errno) -> Self {
        MountErrorKind::Step(step, errno).into()
    }

    pub(super) fn open(role: Role, path: &Path, errno: Errno) -> Self {
        MountErrorKind::Open { role, path: path.to_owned(), errno }.into()
    }

    /// Adds what the kernel said.
    pub(super) fn with(self, said: Vec<String>) -> Self {
        Self { said, ..self }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &MountErrorKind {
        &self.kind
    }

    /// What the kernel said to that, if anything, in its own words.
    #[must_use]
    pub fn kernel_said(&self) -> &[String] {
        &self.said
    }

    fn kernel_words(&self) -> String {
        match self.said.as_slice() {
            [] => String::new(),
            said => format!(" (the kernel says: {})", said.join("; ")),
        }
    }
}

impl From<MountErrorKind> for MountError {
    fn from(kind: MountErrorKind) -> Self {
        Self { kind, said: Vec::new() }
    }
}

impl From<OptionError> for MountError {
    fn from(error: OptionError) -> Self {
        MountErrorKind::Option(error).into()
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountErrorKind {
    /// The options cannot be.
    #[error("{0}")]
    Option(OptionError),
    /// A file or directory cannot be opened.
    #[error("cannot open {role} {}: {errno}", path.display())]
    Open {
        /// What it is for.
        role: Role,
        /// Which one it is.
        path: PathBuf,
        /// Why not.
        errno: Errno,
    },
    /// A file of which nothing can be mounted lies where the image should be.
    #[error("the image is neither a regular file nor a block device")]
    NotFile,
    /// The file is no composefs image, or is cut off.
    #[error("no image that can be mounted: {0}")]
    NotImage(ImageError),
    /// The image is not sealed, so that no digest can be demanded of it.
    #[error("the image is not sealed with fs-verity, and the digest {expected} is demanded of it")]
    NotSealed {
        /// The digest that was demanded.
        expected: Digest,
    },
    /// The image cannot be sealed where it lies, so that no digest can be demanded of it.
    #[error(
        "the image has no fs-verity, and cannot have it where it lies ({errno}), and the digest \
         {expected} is demanded of it"
    )]
    NoVerity {
        /// The digest that was demanded.
        expected: Digest,
        /// What the system says.
        errno: Errno,
    },
    /// The image is sealed with another digest.
    #[error("the image is sealed with another digest: expected {}, found {}", .0.expected, .0.found)]
    WrongDigest(Box<Mismatch>),
    /// The image is sealed in a way that gives no digest of composefs.
    #[error("the image is sealed with a hash function that is not known: expected {expected}")]
    OddSeal {
        /// The digest that was demanded.
        expected: Digest,
    },
    /// The kernel lacks something, or is too old.
    #[error("the kernel cannot do this: {0}")]
    Lacks(Feature),
    /// This needs privileges that this process does not have.
    #[error("cannot {}: only an administrator of the system may do this", .0.words())]
    Privileges(Step),
    /// A basedir is given twice, or two of them are the same directory.
    #[error("the basedir {} is given twice", .0.display())]
    Twice(PathBuf),
    /// What a path led to was replaced meanwhile.
    #[error("{role} {} was replaced while it was used", path.display())]
    Replaced {
        /// What it is for.
        role: Role,
        /// Which one it is.
        path: PathBuf,
    },
    /// A step failed.
    #[error("cannot {}: {}", .0.words(), .1)]
    Step(Step, Errno),
}

/// What a file or a directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Role {
    /// The image.
    #[error("the image")]
    Image,
    /// Where the mount is attached.
    #[error("the mount point")]
    MountPoint,
    /// A directory of objects.
    #[error("the basedir")]
    Basedir,
    /// Where changes go.
    #[error("the upperdir")]
    Upperdir,
    /// Where changes are prepared.
    #[error("the workdir")]
    Workdir,
    /// Through which owners are mapped.
    #[error("the user namespace")]
    UserNamespace,
}

/// What a kernel may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Feature {
    /// `fsopen` and its like.
    #[error(
        "it lacks the system calls of the mount interface, or they are forbidden here (Linux 5.2)"
    )]
    MountInterface,
    /// EROFS.
    #[error("it has no EROFS (module erofs)")]
    Erofs,
    /// Overlays.
    #[error("it has no overlays (module overlay)")]
    Overlay,
    /// Digests that overlays demand of objects.
    #[error("its overlays do not know the option \"verity\" (Linux 6.6)")]
    Verity,
    /// Owners that are mapped.
    #[error("it cannot map the owners of EROFS (Linux 5.19)")]
    IdMap,
    /// Loop devices that are set up in one step.
    #[error("it has no loop devices, or is older than Linux 5.8 (module loop)")]
    Loop,
    /// `/proc`, through which an image is named by its descriptor.
    #[error("nothing is mounted on /proc, which is needed here")]
    Proc,
}
