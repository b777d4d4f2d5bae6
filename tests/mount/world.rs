//! A directory to mount in, on a thread whose mounts nobody else sees.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cfs::mount::{self, Kernel, Mount, MountError, MountOptions, Way};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, mount_change};
use rustix::thread::UnshareFlags;

pub(crate) const CFS: &str = env!("CARGO_BIN_EXE_cfs");

/// The content of `/big`, which is an object.
pub(crate) fn big() -> Vec<u8> {
    (0..251).cycle().take(100_000).collect()
}

/// A directory with an image, its objects and a mount point.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

/// Runs a test as root with mounts of its own, or says why not.
pub(crate) fn as_root(test: impl FnOnce(&World) + Send) {
    if !rustix::process::geteuid().is_root() {
        return crate::support::skipped("only root can mount");
    }
    for name in ["erofs", "overlay"] {
        let flags = rustix::mount::FsOpenFlags::FSOPEN_CLOEXEC;
        match rustix::mount::fsopen(name, flags) {
            Err(Errno::NODEV | Errno::NOSYS | Errno::PERM) => {
                return crate::support::skipped(&format!("{name} cannot be mounted here"));
            }
            opened => _ = opened.unwrap(),
        }
    }
    let run = || {
        // The table of descriptors stays that of all threads.
        #[expect(deprecated, reason = "the other function is for tables of descriptors")]
        rustix::thread::unshare(UnshareFlags::FS | UnshareFlags::NEWNS).unwrap();
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
        test(&World::new());
    };
    if let Err(panic) = std::thread::scope(|scope| scope.spawn(run).join()) {
        std::panic::resume_unwind(panic);
    }
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let world = Self { dir };
        for name in ["source", "source/d", "mnt", "upper", "work", "ram"] {
            fs::create_dir(world.path(name)).unwrap();
        }
        fs::write(world.path("source/small"), "hi\n").unwrap();
        fs::write(world.path("source/big"), big()).unwrap();
        world.image();
        world
    }

    /// Makes the image of `source` again.
    pub(crate) fn image(&self) {
        let made = self.cfs(&["mkimage", "-q", "--digest-store", "objects", "source", "image.cfs"]);
        assert!(made.status.success(), "{}", stderr(&made));
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs `cfs` in the directory.
    pub(crate) fn cfs(&self, args: &[impl AsRef<OsStr>]) -> Output {
        self.command(CFS).args(args).output().unwrap()
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path());
        command
    }

    /// The options for the objects here, and more.
    pub(crate) fn options(&self, more: &str) -> MountOptions {
        let mut options = MountOptions::default();
        options.add(more, mount::Unknown::Refuse).unwrap();
        options.basedirs.insert(0, self.path("objects"));
        options
    }

    pub(crate) fn prepare(&self, more: &str, kernel: &Kernel<'_>) -> Result<Mount, MountError> {
        mount::prepare(&self.path("image.cfs"), &self.options(more), kernel)
    }

    /// Mounts a file system in memory over `ram`, with the image in it.
    pub(crate) fn image_in_ram(&self) -> PathBuf {
        let ram = self.path("ram");
        rustix::mount::mount("ram", &ram, "tmpfs", MountFlags::empty(), None).unwrap();
        fs::copy(self.path("image.cfs"), self.in_ram()).unwrap();
        self.in_ram()
    }

    /// Where that image lies. Its name is like no other's.
    pub(crate) fn in_ram(&self) -> PathBuf {
        let name = self.dir.path().file_name().unwrap();
        self.path("ram").join(name).with_extension("cfs")
    }

    /// Unmounts by `cfs umount`. A program that another test is just starting holds copies of all
    /// descriptors for a moment, so a mount that is busy is tried again.
    #[track_caller]
    pub(crate) fn unmount(&self, name: impl AsRef<OsStr>) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let ran = self.cfs(&[OsStr::new("umount"), name.as_ref()]);
            if ran.status.success() {
                return;
            }
            let said = stderr(&ran);
            assert!(said.contains("busy") && Instant::now() < end, "{said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What there is: mounts, loop devices with an image of this world, files.
    pub(crate) fn all(&self) -> String {
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
        let mut files: Vec<String> = files_below(self.dir.path());
        files.sort();
        format!("{mounts}{:?}\n{}", self.loop_devices(), files.join("\n"))
    }

    /// The loop devices that have the image of this world.
    pub(crate) fn loop_devices(&self) -> Vec<String> {
        let name = self.in_ram();
        let name = name.file_name().unwrap().to_str().unwrap();
        let devices = fs::read_dir("/sys/block").unwrap().filter_map(|device| {
            let device = device.unwrap().path();
            let backing = fs::read_to_string(device.join("loop/backing_file")).ok()?;
            backing.contains(name).then(|| device.display().to_string())
        });
        devices.collect()
    }

    /// Waits until all is as it was: a device is freed a little after its last user is gone.
    #[track_caller]
    pub(crate) fn becomes(&self, before: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.all() != before && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(self.all(), before);
    }
}

fn files_below(top: &Path) -> Vec<String> {
    let entries = fs::read_dir(top).unwrap().map(|entry| entry.unwrap());
    let below = entries.flat_map(|entry| {
        let path = entry.path();
        let name = format!("{path:?}");
        let below =
            if entry.file_type().unwrap().is_dir() { files_below(&path) } else { Vec::new() };
        below.into_iter().chain([name])
    });
    below.collect()
}

/// The ways to build a mount, each of them forced.
pub(crate) fn ways() -> [(Way, Kernel<'static>); 3] {
    let all = Kernel::default();
    let mut no_descriptors = all;
    no_descriptors.descriptors = false;
    let mut list = no_descriptors;
    list.single_layers = false;
    [(Way::Descriptors, all), (Way::Namespace, no_descriptors), (Way::List, list)]
}

impl World {
    /// The way that is taken on this kernel if that one is the best that is allowed.
    pub(crate) fn way(&self, best: Way) -> Way {
        let rank = |way| match way {
            Way::Descriptors => 0,
            Way::Namespace => 1,
            Way::List => 2,
        };
        let newest = self.prepare("", &Kernel::default()).unwrap().way();
        if rank(newest) > rank(best) { newest } else { best }
    }
}

/// A path in a mount that stands nowhere.
pub(crate) fn inside(mount: &Mount, path: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", mount.fd().as_fd().as_raw_fd())).join(path)
}

/// The mount shows what the image of a new world has.
#[track_caller]
pub(crate) fn shows_all(root: &Path) {
    assert_eq!(names_in(root), ["big", "d", "small"]);
    assert_eq!(fs::read(root.join("small")).unwrap(), b"hi\n");
    assert!(fs::read(root.join("big")).unwrap() == big());
}

pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The error of the system in a result of the standard library.
pub(crate) fn errno<T: std::fmt::Debug>(result: std::io::Result<T>) -> Errno {
    Errno::from_io_error(&result.unwrap_err()).unwrap()
}
