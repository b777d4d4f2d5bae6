//! Namespaces of their own for tests, and a directory with an image, objects and a place to mount.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cfs::dump::{self, Options};
use cfs::erofs::Version;
use cfs::fuse::{FuseError, Image, ImageOptions, MountOptions, Mounted};
use cfs::store::Basedirs;
use cfs::verity::{Algorithm, digest};

use crate::laws;
use crate::support::{copy_program, installed, say_skipped};

/// Says that this runs where [`inside`] wanted it.
const INSIDE: &str = "CFS_TEST_INSIDE";

/// Who runs a test, and where. Nothing that is mounted there outlives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Root, in a mount namespace.
    Root,
    /// A plain user, in a mount namespace.
    PlainUser,
    /// The same, who finds no program.
    PlainUserWithoutHelper,
    /// The root of a user namespace that a plain user has made.
    UserNamespace,
}

/// Runs the rest of the test somewhere else: true there, and false here, where all is done then.
#[track_caller]
pub(crate) fn inside(place: Where) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !rustix::process::geteuid().is_root() {
        say_skipped("not root, who makes namespaces to mount in");
        return false;
    }
    if !Path::new("/dev/fuse").exists() {
        say_skipped("there is no /dev/fuse");
        return false;
    }
    if installed("unshare").is_none() || installed("setpriv").is_none() {
        return false;
    }
    // A plain user may not reach the place where the test was built.
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let test = dir.path().join("test");
    copy_program(&std::env::current_exe().unwrap(), &test);
    copy_program(Path::new(env!("CARGO_BIN_EXE_cfs")), &dir.path().join("cfs"));
    let thread = std::thread::current();
    let name = thread.name().expect("a test has a name");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-ec", &script(place), "sh"]);
    command.arg(dir.path()).arg(&test).args(["--exact", name, "--nocapture"]);
    command.env(INSIDE, "yes").env("RUST_BACKTRACE", "0");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    words.lines().filter_map(|line| line.strip_prefix("skipped: ")).for_each(say_skipped);
    assert!(output.status.success(), "{}\n{said}\n{words}", output.status);
    assert!(said.contains("1 passed"), "{said}");
    false
}

/// The program, where [`inside`] has put it.
pub(crate) fn program() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("cfs")
}

/// Starts the test: `$1` is a directory, the rest its command line.
fn script(place: Where) -> String {
    // The device has its usual mode, which not all machines give it.
    let device = "mknod \"$1/device\" c 10 229; chmod 666 \"$1/device\"
                  mount --bind \"$1/device\" /dev/fuse";
    let user = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    match place {
        Where::Root => String::from("shift; exec \"$@\""),
        Where::PlainUser => format!("{device}; shift; exec {user} \"$@\""),
        Where::PlainUserWithoutHelper => {
            format!("shift; exec {user} env PATH=/nothing \"$@\"")
        }
        Where::UserNamespace => format!("{device}; shift; exec {user} unshare -Urm \"$@\""),
    }
}

/// A directory with an image, objects and a place to mount, all of it removed in the end.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

/// What is mounted, and ended with the test.
pub(crate) struct Shown {
    pub(crate) mounted: Option<Mounted>,
    pub(crate) at: PathBuf,
}

impl Shown {
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.at.join(name)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(mounted) = self.mounted.take() {
            mounted.unmounter().unmount().unwrap();
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["objects", "fuse", "kernel", "erofs"] {
            fs::create_dir(world.path(name)).unwrap();
        }
        world
    }

    /// A world with the image of what stands below the root in a dump.
    pub(crate) fn with_dump(lines: &str) -> Self {
        let world = Self::new();
        world.dump(lines);
        world
    }

    pub(crate) fn dump(&self, lines: &str) {
        let text = format!("/ 4096 40755 2 0 0 0 5.25 - - -\n{lines}");
        let tree = dump::parse(text.as_bytes(), &Options::default()).unwrap().tree;
        fs::write(self.path("image"), laws::write(&tree, Version::V0)).unwrap();
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Adds an object under a path.
    pub(crate) fn object(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn open(&self, options: &ImageOptions) -> Result<Image, FuseError> {
        self.open_with(&["objects"], options)
    }

    pub(crate) fn open_with(
        &self,
        basedirs: &[&str],
        options: &ImageOptions,
    ) -> Result<Image, FuseError> {
        let basedirs = Basedirs::open(basedirs.iter().map(|name| self.path(name))).unwrap();
        Image::open(&self.path("image"), basedirs, options)
    }

    /// Mounts an image at `fuse`.
    #[track_caller]
    pub(crate) fn show(&self, image: Image) -> Shown {
        let at = self.path("fuse");
        let mut options = MountOptions::default();
        options.source = OsString::from("name, of \\ it");
        let mounted = image.mount(&at, &options).unwrap_or_else(|error| panic!("{error}"));
        Shown { mounted: Some(mounted), at }
    }

    /// Mounts the image at `fuse` in the usual way.
    #[track_caller]
    pub(crate) fn fuse(&self) -> Shown {
        self.show(self.open(&ImageOptions::default()).unwrap())
    }

    /// Mounts the image at `kernel` by the kernel's own means; false if it cannot.
    pub(crate) fn kernel(&self) -> bool {
        let run = |kind: &str, options: &str, source: &Path, target: &Path| {
            let mut command = Command::new("mount");
            command.args(["-t", kind, "-o", options]).args([source, target]);
            let output = command.output().unwrap();
            if !output.status.success() {
                let words = String::from_utf8_lossy(&output.stderr).into_owned();
                say_skipped(&format!("no {kind} mount by the kernel: {}", words.trim()));
            }
            output.status.success()
        };
        let (image, objects) = (self.path("erofs"), self.path("objects"));
        let layers = format!(
            "ro,metacopy=on,redirect_dir=on,lowerdir={}::{}",
            image.display(),
            objects.display()
        );
        run("erofs", "ro", &self.path("image"), &image)
            && run("overlay", &layers, Path::new("none"), &self.path("kernel"))
    }
}

/// A line of a dump: a file whose content is an object, at a path of its own, with its digest.
pub(crate) fn external(name: &str, payload: &str, content: &[u8]) -> String {
    let digest = digest(Algorithm::Sha256, content);
    format!("/{name} {} 100644 1 0 0 0 1.5 {payload} - {digest}\n", content.len())
}
