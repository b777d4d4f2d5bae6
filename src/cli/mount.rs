//! `cfs mount` and `cfs umount`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::args::{MountArgs, UmountArgs};
use super::failure::{Answer, Failure, words};
use super::load::Context;
use super::report::{Trouble, file_name};
use crate::mount::{
    self, Kernel, MountError, MountErrorKind, MountOptions, MountPoint, Mounted, ObjectVerity,
    Step, Unknown, Way,
};

/// What is to be mounted, and where.
pub(super) struct Request<'a> {
    pub(super) image: &'a Path,
    pub(super) dir: &'a Path,
    pub(super) options: MountOptions,
    /// Whether the mount is only built.
    pub(super) fake: bool,
}

/// Mounts an image.
pub(super) fn run(context: &Context, args: MountArgs) -> Result<Answer, Failure> {
    let usage = |error: mount::OptionError| Failure::Usage("mount", error.to_string());
    let options = options(args.basedir, &args.options, Unknown::Refuse).map_err(usage)?;
    options.check().map_err(usage)?;
    let request = Request { image: &args.image, dir: &args.dir, options, fake: args.fake };
    #[cfg(feature = "fuse")]
    if let Some(answer) = super::serve::try_run(context, &request, args.fuse) {
        return answer;
    }
    request.mount(context).map_err(|error| trouble(&request, &error))?;
    Ok(Answer::Yes)
}

/// The options of some lists, behind directories that are taken as they are.
pub(super) fn options(
    basedirs: Vec<PathBuf>,
    lists: &[OsString],
    unknown: Unknown,
) -> Result<MountOptions, mount::OptionError> {
    let mut options = MountOptions { basedirs, ..MountOptions::default() };
    lists.iter().try_for_each(|list| options.add(list, unknown))?;
    Ok(options)
}

impl Request<'_> {
    /// Does it.
    pub(super) fn mount(&self, context: &Context) -> Result<(), MountError> {
        let kernel = Kernel::default();
        // A wrong place is told before anything is built.
        let point = MountPoint::open(self.dir)?;
        let mount = mount::prepare(self.image, &self.options, &kernel)?;
        self.notes(context, &mount);
        if self.fake { Ok(()) } else { mount.attach(&point, &kernel) }
    }

    fn notes(&self, context: &Context, mount: &mount::Mount) {
        for dir in mount.unsealable() {
            context.report.note(&format!(
                "files whose objects lie in {} cannot be opened: nothing there can be sealed with \
                 fs-verity, which is demanded of them",
                file_name(dir)
            ));
        }
        if self.options.object_verity() != ObjectVerity::Off && self.options.digest.is_none() {
            context.report.detail("the image itself is not verified, as no digest is given");
        }
        let way = match mount.way() {
            Way::Descriptors => "by descriptors",
            Way::Namespace => "in a mount namespace",
            Way::List => "in a mount namespace, from a list of layers",
        };
        let device = mount.loop_device();
        let device = device.map_or(String::new(), |number| format!(", image on /dev/loop{number}"));
        context.report.detail(&format!("built {way}{device}"));
    }
}

/// What went wrong, and what to do about it.
pub(super) fn trouble(request: &Request<'_>, error: &MountError) -> Trouble {
    let image = file_name(request.image);
    let words = without_number(&error.to_string());
    let trouble = match error.kind() {
        MountErrorKind::Open { path, .. } => Trouble::new(words).about(&file_name(path)),
        _ => Trouble::new(format!("cannot mount {image}: {words}")).about(&image),
    };
    match hint(request, error) {
        Some(hint) => trouble.hint(hint),
        None => trouble,
    }
}

fn hint(request: &Request<'_>, error: &MountError) -> Option<String> {
    let image = file_name(request.image);
    Some(match error.kind() {
        MountErrorKind::Open { errno: Errno::NOTDIR, .. } => "it must be a directory".to_owned(),
        MountErrorKind::NotSealed { .. } => {
            format!("seal it (cfs verity enable {image}) if it is the right one")
        }
        MountErrorKind::NoVerity { .. } => {
            "keep the image where fs-verity is enabled (for ext4: tune2fs -O verity), on a kernel \
             that has it"
                .to_owned()
        }
        MountErrorKind::WrongDigest(_) => {
            "this is not the image that was meant: get that one, or correct the digest".to_owned()
        }
        MountErrorKind::Privileges(_) => {
            "become root, or use \"cfs mount --fuse\", which any user can".to_owned()
        }
        MountErrorKind::Step(Step::MapIds, Errno::PERM) => {
            "the namespace must be another one than that of the system".to_owned()
        }
        MountErrorKind::Lacks(mount::Feature::Verity) => {
            "without \"verity\" and \"digest\" it would be mounted, and nothing be verified"
                .to_owned()
        }
        MountErrorKind::Step(_, Errno::INVAL) if error.kernel_said().is_empty() => {
            "the log of the kernel (dmesg) may say why".to_owned()
        }
        _ => return None,
    })
}

/// The words of an error, without the numbers that the kernel gives to its own.
fn without_number(text: &str) -> String {
    match text.split_once(" (os error ") {
        Some((before, rest)) => {
            format!("{before}{}", rest.split_once(')').map_or("", |(_, behind)| behind))
        }
        None => text.to_owned(),
    }
}

/// Unmounts, and goes on after a directory where that fails.
pub(super) fn unmount(context: &Context, args: &UmountArgs) -> Result<Answer, Failure> {
    let mut answer = Ok(Answer::Yes);
    for dir in &args.dirs {
        if let Err(trouble) = unmount_one(dir, args.lazy) {
            context.report.trouble(&trouble);
            answer = Err(Failure::Reported);
        }
    }
    answer
}

fn unmount_one(dir: &Path, lazy: bool) -> Result<(), Trouble> {
    let name = file_name(dir);
    let failed = |error: &io::Error| {
        let trouble = Trouble::new(format!("cannot unmount {name}: {}", words(error))).about(&name);
        match Errno::from_io_error(error) {
            Some(Errno::BUSY) => trouble
                .hint("somebody uses it (fuser -m tells who); --lazy frees it when nobody does"),
            Some(Errno::PERM) => trouble.hint("only root can unmount what root has mounted"),
            _ => trouble,
        }
    };
    let mounted = Mounted::at(dir).map_err(|error| failed(&error))?;
    let mounted = mounted.ok_or_else(|| {
        Trouble::new(format!("cannot unmount {name}: no composefs mount stands there"))
            .about(&name)
            .hint("\"cfs mounts\" lists those that there are; umount(8) unmounts all others")
    })?;
    let flags = if lazy { UnmountFlags::DETACH } else { UnmountFlags::empty() };
    match rustix::mount::unmount(&mounted.dir, flags | UnmountFlags::NOFOLLOW) {
        #[cfg(feature = "fuse")]
        Err(Errno::PERM) if mounted.server == mount::Server::Fuse => {
            crate::fuse::unmount_by_helper(&mounted.dir, lazy).map_err(|error| {
                Trouble::new(format!("cannot unmount {name}: {error}")).about(&name)
            })
        }
        ended => ended.map_err(|errno| failed(&errno.into())),
    }
}
