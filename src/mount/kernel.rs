//! What is used of the kernel, and in which steps.

use std::fmt;

use rustix::io::Errno;

use super::error::MountError;

/// What is used of the kernel. The default is all that it has.
///
/// What is false here counts as missing, and the next best way is taken. With that, every way can be
/// tried on a kernel that has them all.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Kernel<'a> {
    /// EROFS straight from a file, not through a loop device. Linux 6.12, and not on all file systems.
    pub file_backed: bool,
    /// Layers of an overlay as descriptors, of which one leads to a mount that stands nowhere. Linux
    /// 6.15.
    pub descriptors: bool,
    /// Layers of an overlay one by one. Linux 6.7.
    pub single_layers: bool,
    /// Is called before each step. An error takes the place of the step, as if the kernel had given
    /// it.
    pub before: &'a (dyn Fn(Step) -> Result<(), Errno> + Sync),
}

impl Default for Kernel<'_> {
    fn default() -> Self {
        Self { file_backed: true, descriptors: true, single_layers: true, before: &|_| Ok(()) }
    }
}

impl fmt::Debug for Kernel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("file_backed", &self.file_backed)
            .field("descriptors", &self.descriptors)
            .field("single_layers", &self.single_layers)
            .finish_non_exhaustive()
    }
}

impl Kernel<'_> {
    /// Does a step.
    pub(super) fn try_step<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        (self.before)(step)?;
        work()
    }

    /// Does a step whose error needs no more words.
    pub(super) fn step<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<T, MountError> {
        self.try_step(step, work).map_err(|errno| MountError::of_step(step, errno))
    }
}

/// The steps of mounting, each of which the kernel may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The image is opened.
    OpenImage,
    /// The kernel is asked for the digest of the image.
    Measure,
    /// The headers of the image are read.
    ReadImage,
    /// The directories are opened.
    OpenLayers,
    /// The user namespace is opened.
    OpenNamespace,
    /// The kernel is asked for EROFS.
    ErofsOpen,
    /// EROFS is told about the image.
    ErofsOptions,
    /// A loop device is looked for.
    LoopFind,
    /// The image is given to the loop device.
    LoopConfigure,
    /// EROFS reads the image.
    ErofsCreate,
    /// EROFS becomes a mount.
    ErofsMount,
    /// The owners of the mount are mapped.
    MapIds,
    /// The kernel is asked for an overlay.
    OverlayOpen,
    /// The overlay is given its options.
    OverlayOptions,
    /// The overlay is told to demand digests.
    OverlayVerity,
    /// The overlay is given its layers.
    OverlayLayers,
    /// The overlay is made of its layers.
    OverlayCreate,
    /// The overlay becomes a mount.
    OverlayMount,
    /// A thread gets a mount namespace of its own.
    Unshare,
    /// The directories are found again in that namespace.
    FindLayers,
    /// The image is attached in that namespace.
    AttachImage,
    /// The mount gets its place.
    Attach,
}

impl Step {
    /// All of them, in the order in which they are first done.
    pub const ALL: [Self; 22] = [
        Self::OpenImage,
        Self::ReadImage,
        Self::Measure,
        Self::OpenLayers,
        Self::OpenNamespace,
        Self::ErofsOpen,
        Self::ErofsOptions,
        Self::LoopFind,
        Self::LoopConfigure,
        Self::ErofsCreate,
        Self::ErofsMount,
        Self::MapIds,
        Self::OverlayOpen,
        Self::OverlayOptions,
        Self::OverlayVerity,
        Self::OverlayLayers,
        Self::OverlayCreate,
        Self::OverlayMount,
        Self::Unshare,
        Self::FindLayers,
        Self::AttachImage,
        Self::Attach,
    ];

    /// What the step does, in words that follow `cannot`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::OpenImage => "open the image",
            Self::Measure => "ask for the digest of the image",
            Self::ReadImage => "read the image",
            Self::OpenLayers | Self::FindLayers => "open the directories",
            Self::OpenNamespace => "open the user namespace",
            Self::ErofsOpen | Self::ErofsOptions => "set up an EROFS mount",
            Self::LoopFind | Self::LoopConfigure => "set up a loop device",
            Self::ErofsCreate | Self::ErofsMount => "mount the image as EROFS",
            Self::MapIds => "map the owners of files",
            Self::OverlayOpen | Self::OverlayOptions => "set up an overlay",
            Self::OverlayVerity => "demand fs-verity of the objects",
            Self::OverlayLayers | Self::OverlayCreate | Self::OverlayMount => "mount the overlay",
            Self::Unshare | Self::AttachImage => "use a mount namespace to build the overlay in",
            Self::Attach => "attach the mount",
        }
    }
}
