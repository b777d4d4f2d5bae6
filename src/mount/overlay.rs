//! The overlay over an image and its objects, as a mount that stands nowhere.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, fsconfig_create, fsconfig_set_fd, fsconfig_set_string};

use super::Way;
use super::error::{Feature, MountError, MountErrorKind};
use super::fs;
use super::image::Image;
use super::kernel::{Kernel, Step};
use super::layers::Layers;
use super::options::{Atime, MountOptions, ObjectVerity};
use super::private::with_image;

/// An overlay that is to be built.
#[derive(Clone, Copy)]
struct Plan<'a> {
    label: &'a [u8],
    /// Whether overlays look at an option when it is set. Those of older kernels forward whatever it
    /// is to an interface that knows no layers of objects alone.
    is_strict: bool,
    image: &'a OwnedFd,
    options: &'a MountOptions,
    kernel: &'a Kernel<'a>,
}

/// Why an overlay was not built in one way.
enum Unbuilt {
    /// Perhaps another way helps.
    OtherWay(MountError),
    /// Nothing helps.
    Never(MountError),
}

/// Builds an overlay over the mount of an image, in the best way that works.
pub(super) fn mount(
    image: &Image,
    erofs: &OwnedFd,
    layers: &Layers,
    options: &MountOptions,
    kernel: &Kernel<'_>,
) -> Result<(OwnedFd, Way), MountError> {
    let label = image.label();
    let probe = open(kernel)?;
    let is_strict = fsconfig_set_string(&probe, c"no-such-option", c"").is_err();
    let plan = Plan { label: &label, is_strict, image: erofs, options, kernel };
    let mut first = None;
    if kernel.descriptors && is_strict {
        match plan.build(Way::Descriptors, layers, Separator::DataOnly) {
            Ok(fd) => return Ok((fd, Way::Descriptors)),
            Err(Unbuilt::Never(error)) => return Err(error),
            Err(Unbuilt::OtherWay(error)) => first = Some(error),
        }
    }
    let find = || layers.again(kernel);
    let built = with_image(erofs, kernel, find, |layers| plan.in_namespace(&layers));
    // The kernel may have said more to the first way, about the same options.
    built.map_err(|last| match first {
        Some(first) if last.kernel_said().is_empty() && !first.kernel_said().is_empty() => first,
        _ => last,
    })
}

fn open(kernel: &Kernel<'_>) -> Result<OwnedFd, MountError> {
    fs::open("overlay", Step::OverlayOpen, Feature::Overlay, kernel)
}

/// Whether an error tells nothing but that something was not understood.
fn is_odd(error: &MountError) -> bool {
    matches!(error.kind(), MountErrorKind::Step(_, Errno::INVAL))
}

/// What stands between the layers of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    /// What follows holds objects alone. Linux 6.5.
    DataOnly,
    /// What follows is a layer like any other. An image hides what such a layer would show.
    Plain,
}

impl Plan<'_> {
    /// Builds the overlay in the namespace of this thread.
    fn in_namespace(&self, layers: &Layers) -> Result<(OwnedFd, Way), MountError> {
        let mut ways = vec![(Way::List, Separator::DataOnly)];
        if self.kernel.single_layers && self.is_strict {
            ways.insert(0, (Way::Namespace, Separator::DataOnly));
        }
        if !self.is_strict {
            ways.push((Way::List, Separator::Plain));
        }
        let mut last = MountError::of_step(Step::OverlayCreate, Errno::INVAL);
        for (way, separator) in ways {
            match self.build(way, layers, separator) {
                Ok(fd) => return Ok((fd, way)),
                Err(Unbuilt::Never(error)) => return Err(error),
                Err(Unbuilt::OtherWay(error)) => last = error,
            }
        }
        let is_unknown = !self.is_strict && is_odd(&last);
        if is_unknown && self.options.object_verity() == ObjectVerity::Require {
            return Err(MountErrorKind::Lacks(Feature::Verity).into());
        }
        Err(last)
    }

    fn build(&self, way: Way, layers: &Layers, separator: Separator) -> Result<OwnedFd, Unbuilt> {
        let context = open(self.kernel).map_err(Unbuilt::Never)?;
        let failed = |step, errno| fs::refused(step, errno).with(fs::said(context.as_fd()));
        let never = |step| move |errno| Unbuilt::Never(failed(step, errno));
        let options = || self.set_options(&context);
        self.kernel.try_step(Step::OverlayOptions, options).map_err(never(Step::OverlayOptions))?;
        self.demand_verity(&context)?;
        let set = || match way {
            Way::Descriptors => self.set_descriptors(&context, layers),
            Way::Namespace => self.set_single(&context, layers),
            Way::List => self.set_list(&context, layers, separator),
        };
        let other = |step| {
            move |errno| match errno {
                Errno::INVAL | Errno::BADF | Errno::OPNOTSUPP => {
                    Unbuilt::OtherWay(failed(step, errno))
                }
                Errno::NOENT if way != Way::Descriptors && step == Step::OverlayLayers => {
                    Unbuilt::Never(MountErrorKind::Lacks(Feature::Proc).into())
                }
                errno => Unbuilt::Never(failed(step, errno)),
            }
        };
        self.kernel.try_step(Step::OverlayLayers, set).map_err(other(Step::OverlayLayers))?;
        let create = || fsconfig_create(&context);
        self.kernel.try_step(Step::OverlayCreate, create).map_err(other(Step::OverlayCreate))?;
        let mount = || fs::mount(&context, self.attributes());
        self.kernel.try_step(Step::OverlayMount, mount).map_err(never(Step::OverlayMount))
    }

    fn set_options(&self, context: &OwnedFd) -> Result<(), Errno> {
        fsconfig_set_string(context, c"source", self.label)?;
        fsconfig_set_string(context, c"metacopy", c"on")?;
        fsconfig_set_string(context, c"redirect_dir", c"on")
    }

    fn demand_verity(&self, context: &OwnedFd) -> Result<(), Unbuilt> {
        let verity = self.options.object_verity();
        // Who forwards all options does not say which ones are known.
        if verity == ObjectVerity::Off || verity == ObjectVerity::Try && !self.is_strict {
            return Ok(());
        }
        let demand = || fsconfig_set_string(context, c"verity", c"require");
        match self.kernel.try_step(Step::OverlayVerity, demand) {
            Err(Errno::INVAL) if verity == ObjectVerity::Try => Ok(()),
            Err(Errno::INVAL) => Err(Unbuilt::Never(MountErrorKind::Lacks(Feature::Verity).into())),
            demanded => {
                demanded.map_err(|errno| Unbuilt::Never(fs::refused(Step::OverlayVerity, errno)))
            }
        }
    }

    fn set_descriptors(&self, context: &OwnedFd, layers: &Layers) -> Result<(), Errno> {
        fsconfig_set_fd(context, c"lowerdir+", self.image)?;
        for layer in &layers.basedirs {
            fsconfig_set_fd(context, c"datadir+", &layer.fd)?;
        }
        if let Some((upper, work)) = &layers.upper {
            fsconfig_set_fd(context, c"upperdir", &upper.fd)?;
            fsconfig_set_fd(context, c"workdir", &work.fd)?;
        }
        Ok(())
    }

    fn set_single(&self, context: &OwnedFd, layers: &Layers) -> Result<(), Errno> {
        fsconfig_set_string(context, c"lowerdir+", fs::path(self.image))?;
        for layer in &layers.basedirs {
            fsconfig_set_string(context, c"datadir+", fs::path(&layer.fd))?;
        }
        set_upper(context, layers)
    }

    fn set_list(
        &self,
        context: &OwnedFd,
        layers: &Layers,
        separator: Separator,
    ) -> Result<(), Errno> {
        let separator = match separator {
            Separator::DataOnly => "::",
            Separator::Plain => ":",
        };
        // A value has at most 255 bytes, so names are short: those in a directory of descriptors.
        rustix::process::chdir(c"/proc/self/fd")?;
        let name = |fd: &OwnedFd| fs::path(fd).trim_start_matches("/proc/self/fd/").to_owned();
        let mut list = name(self.image);
        for layer in &layers.basedirs {
            list.push_str(separator);
            list.push_str(&name(&layer.fd));
        }
        fsconfig_set_string(context, c"lowerdir", list)?;
        set_upper(context, layers)
    }

    /// What the mount itself forbids.
    fn attributes(&self) -> MountAttrFlags {
        let flags = &self.options.flags;
        let chosen = [
            (!self.options.is_writable(), MountAttrFlags::MOUNT_ATTR_RDONLY),
            (flags.nosuid, MountAttrFlags::MOUNT_ATTR_NOSUID),
            (flags.nodev, MountAttrFlags::MOUNT_ATTR_NODEV),
            (flags.noexec, MountAttrFlags::MOUNT_ATTR_NOEXEC),
            (flags.nosymfollow, MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW),
            (flags.nodiratime, MountAttrFlags::MOUNT_ATTR_NODIRATIME),
            (flags.atime == Atime::Never, MountAttrFlags::MOUNT_ATTR_NOATIME),
            (flags.atime == Atime::Strict, MountAttrFlags::MOUNT_ATTR_STRICTATIME),
        ];
        let chosen = chosen.into_iter().filter(|(is_chosen, _)| *is_chosen);
        chosen.fold(MountAttrFlags::empty(), |all, (_, flag)| all | flag)
    }
}

/// Descriptors as paths have no byte that this interface takes for an escape.
fn set_upper(context: &OwnedFd, layers: &Layers) -> Result<(), Errno> {
    let Some((upper, work)) = &layers.upper else { return Ok(()) };
    fsconfig_set_string(context, c"upperdir", fs::path(&upper.fd))?;
    fsconfig_set_string(context, c"workdir", fs::path(&work.fd))
}
