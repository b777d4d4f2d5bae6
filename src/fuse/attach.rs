//! Making and ending the mount itself.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, openat, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{getgid, getuid};

use super::error::FuseErrorKind;
use super::{Allow, MountOptions};

/// The type in the table of mounts is `fuse.` and this.
const SUBTYPE: &str = "composefs";
/// What mounts for those who may not.
const HELPER: &str = "fusermount3";

/// A connection to the kernel, and what is left to do until others see the mount.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) device: OwnedFd,
    /// The mount, if it is not attached yet.
    mount: Option<OwnedFd>,
    target: Target,
}

/// Where a mount is.
#[derive(Clone, Debug)]
pub(super) struct Target {
    path: PathBuf,
    /// The number of the mount, which tells it from others in the same place.
    id: Option<u64>,
    by_helper: bool,
}

/// How a mount was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left of it.
    Whole,
    /// Nobody finds it any more, but files in it are open, which read until the server ends.
    Detached,
}

impl Connection {
    /// Connects to the kernel: by itself, or through the helper if that takes privileges.
    pub(super) fn new(path: &Path, options: &MountOptions) -> Result<Self, FuseErrorKind> {
        let path = std::fs::canonicalize(path).map_err(|error| target_error(&error))?;
        // What was told of a mount whose server is gone is still known, but this is always asked for.
        rustix::fs::statfs(&path).map_err(|errno| target_error(&errno.into()))?;
        match detached(options) {
            Ok((device, mount)) => {
                let target = Target { path, id: None, by_helper: false };
                Ok(Self { device, mount: Some(mount), target })
            }
            Err(FuseErrorKind::Refused(_, Errno::PERM)) => {
                let device = helped(&path, options)?;
                Ok(Self { device, mount: None, target: Target { path, id: None, by_helper: true } })
            }
            Err(error) => Err(error),
        }
    }

    /// Shows the mount to everybody. It must be served already.
    pub(super) fn attach(
        mount: Option<OwnedFd>,
        mut target: Target,
    ) -> Result<Target, FuseErrorKind> {
        if let Some(mount) = mount {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let place = openat(CWD, &target.path, flags, Mode::empty());
            let place = place.map_err(|errno| target_error(&errno.into()))?;
            let flags =
                MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
            move_mount(&mount, "", &place, "", flags)
                .map_err(|errno| FuseErrorKind::Refused("to attach the mount", errno))?;
        }
        target.id = mount_id(&target.path);
        Ok(target)
    }

    pub(super) fn into_parts(self) -> (OwnedFd, Option<OwnedFd>, Target) {
        (self.device, self.mount, self.target)
    }
}

impl Target {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the mount, unless somebody has done so.
    pub(super) fn unmount(&self) -> Result<Ended, FuseErrorKind> {
        if self.id.is_some() && mount_id(&self.path) != self.id {
            return Ok(Ended::Whole);
        }
        if self.by_helper {
            return match unmount_by_helper(&self.path, false) {
                Err(FuseErrorKind::Helper(_)) => {
                    unmount_by_helper(&self.path, true).map(|()| Ended::Detached)
                }
                ended => ended.map(|()| Ended::Whole),
            };
        }
        match unmount(&self.path, UnmountFlags::NOFOLLOW) {
            // It is gone, or something else is in its place.
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => Ok(Ended::Whole),
            Err(Errno::BUSY) => unmount(&self.path, UnmountFlags::NOFOLLOW | UnmountFlags::DETACH)
                .map(|()| Ended::Detached)
                .map_err(FuseErrorKind::Unmount),
            Err(errno) => Err(FuseErrorKind::Unmount(errno)),
        }
    }
}

/// Ends a FUSE mount through `fusermount3`, as the user who has mounted it may.
///
/// # Errors
/// [`FuseErrorKind::NoHelper`]; [`FuseErrorKind::Helper`] with its words, such as that the mount is in
/// use.
pub fn unmount_by_helper(dir: &Path, lazy: bool) -> Result<(), FuseErrorKind> {
    let mut command = Command::new(HELPER);
    command.args(if lazy { &["-u", "-z"][..] } else { &["-u"] }).arg("--").arg(dir);
    let output = command.stdin(Stdio::null()).output().map_err(|error| no_helper(&error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(FuseErrorKind::Helper(OsString::from_vec(output.stderr.trim_ascii().into()))),
    }
}

/// The number of the mount that a path leads into; since Linux 6.8, one that no other mount ever gets.
fn mount_id(path: &Path) -> Option<u64> {
    const UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
    let known = UNIQUE | StatxFlags::MNT_ID;
    let stat = statx(CWD, path, flags, known).ok()?;
    (stat.stx_mask & known.bits() != 0).then_some(stat.stx_mnt_id)
}

/// A mount that nobody sees yet, and the connection to serve it by.
fn detached(options: &MountOptions) -> Result<(OwnedFd, OwnedFd), FuseErrorKind> {
    let refused = |what| move |errno| FuseErrorKind::Refused(what, errno);
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let context =
        fsopen("fuse", FsOpenFlags::FSOPEN_CLOEXEC).map_err(refused("to begin a FUSE mount"))?;
    let device = openat(CWD, "/dev/fuse", flags, Mode::empty()).map_err(FuseErrorKind::Device)?;
    let strings: [(&str, &[u8]); 6] = [
        ("source", options.source.as_bytes()),
        ("subtype", SUBTYPE.as_bytes()),
        ("fd", &decimal(device.as_raw_fd())),
        ("rootmode", b"40000"),
        ("user_id", &decimal(getuid().as_raw())),
        ("group_id", &decimal(getgid().as_raw())),
    ];
    for (key, value) in strings {
        fsconfig_set_string(&context, key, value).map_err(refused("an option of the mount"))?;
    }
    let all = [("ro", true), ("default_permissions", true), ("allow_other", allows(options))];
    for (flag, _) in all.into_iter().filter(|(_, is_set)| *is_set) {
        fsconfig_set_flag(&context, flag).map_err(refused("an option of the mount"))?;
    }
    fsconfig_create(&context).map_err(refused("a FUSE mount"))?;
    let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes(options))
        .map_err(refused("a FUSE mount"))?;
    Ok((device, mount))
}

fn decimal(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// Whether others than the one who mounts may look.
fn allows(options: &MountOptions) -> bool {
    match options.allow {
        Allow::Others => true,
        Allow::Owner => false,
        // The kernel lets the root of a namespace decide so.
        Allow::OthersIfRoot => getuid().is_root(),
    }
}

fn attributes(options: &MountOptions) -> MountAttrFlags {
    let mut attributes = MountAttrFlags::MOUNT_ATTR_RDONLY;
    let all = [
        (!options.suid, MountAttrFlags::MOUNT_ATTR_NOSUID),
        (!options.dev, MountAttrFlags::MOUNT_ATTR_NODEV),
        (!options.exec, MountAttrFlags::MOUNT_ATTR_NOEXEC),
        (!options.symfollow, MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW),
    ];
    for (_, attribute) in all.into_iter().filter(|(is_set, _)| *is_set) {
        attributes |= attribute;
    }
    attributes
}

/// A mount made by the helper, which is set-user-ID root. Others see it at once, and wait until it is
/// served.
fn helped(path: &Path, options: &MountOptions) -> Result<OwnedFd, FuseErrorKind> {
    let connection = |errno: Errno| FuseErrorKind::Connection(errno.into());
    let (ours, theirs) = UnixStream::pair().map_err(FuseErrorKind::Connection)?;
    // The helper sends the connection to the socket that it finds as its standard input.
    let mut child = Command::new(HELPER)
        .env("_FUSE_COMMFD", "0")
        .arg("-o")
        .arg(OsStr::from_bytes(&helper_options(options)))
        .arg("--")
        .arg(path)
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| no_helper(&error))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut room = [IoSliceMut::new(&mut byte)];
    loop {
        match recvmsg(&ours, &mut room, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(connection(errno)),
        }
    }
    let device = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    let words = words_of(&mut child);
    device.ok_or(FuseErrorKind::Helper(OsString::from_vec(words)))
}

/// What the helper says until it ends.
fn words_of(child: &mut Child) -> Vec<u8> {
    let mut words = Vec::new();
    if let Some(stderr) = &mut child.stderr {
        // Who cannot be heard has nothing to say.
        let _ = stderr.take(4096).read_to_end(&mut words);
    }
    let _ = child.wait();
    words.trim_ascii().to_vec()
}

fn helper_options(options: &MountOptions) -> Vec<u8> {
    let mut list = b"ro,default_permissions,subtype=".to_vec();
    list.extend_from_slice(SUBTYPE.as_bytes());
    // The helper sets these two itself unless it is run by root.
    list.extend_from_slice(if options.suid { b",suid" } else { b",nosuid" });
    list.extend_from_slice(if options.dev { b",dev" } else { b",nodev" });
    if !options.exec {
        list.extend_from_slice(b",noexec");
    }
    if allows(options) {
        list.extend_from_slice(b",allow_other");
    }
    list.extend_from_slice(b",fsname=");
    for &byte in options.source.as_bytes() {
        if matches!(byte, b',' | b'\\') {
            list.push(b'\\');
        }
        list.push(byte);
    }
    list
}

fn no_helper(error: &std::io::Error) -> FuseErrorKind {
    let errno = Errno::from_io_error(error).unwrap_or(Errno::IO);
    FuseErrorKind::NoHelper { helper: PathBuf::from(HELPER), errno }
}

fn target_error(error: &std::io::Error) -> FuseErrorKind {
    match Errno::from_io_error(error).unwrap_or(Errno::IO) {
        Errno::NOTCONN => FuseErrorKind::Orphaned,
        errno => FuseErrorKind::Target(errno),
    }
}

/// Whether this is root of the whole system, not that of a namespace.
pub(super) fn is_root_of_the_system() -> bool {
    let mut map = String::new();
    let read = File::open("/proc/self/uid_map").and_then(|mut file| file.read_to_string(&mut map));
    let fields: Vec<&str> = map.split_ascii_whitespace().collect();
    getuid().is_root() && read.is_ok() && fields == ["0", "0", "4294967295"]
}
