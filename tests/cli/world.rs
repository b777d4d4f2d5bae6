//! A directory to work in, and runs of the built programs there.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const CFS: &str = env!("CARGO_BIN_EXE_cfs");
pub(crate) const CFS_DUMP: &str = env!("CARGO_BIN_EXE_cfs-dump");
pub(crate) const CFS_MKIMAGE: &str = env!("CARGO_BIN_EXE_cfs-mkimage");

/// The root alone: the first test vector of the image format.
pub(crate) const ROOT: &str = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
/// The fs-verity digests of its image.
pub(crate) const ROOT_V0: &str = "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682";
pub(crate) const ROOT_V1: &str = "14a26c957c84f6eb774b91205476adc13196c7c33b9dd97d08d43725ecb90b63";

/// A canonical dump with something of each kind.
pub(crate) const SMALL: &str = "\
/ 4096 40755 4 0 0 0 0.0 - - -
/dev 42 40755 2 0 0 0 0.0 - - -
/dev/tty 0 20666 1 0 5 1280 0.0 - - -
/etc 112 40755 2 0 0 0 0.0 - - -
/etc/big 1048576 100755 1 1000 1000 0 1700000000.5 ab/cdef - 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
/etc/hosts 6 100644 2 0 0 0 0.0 - hello\\n -
/etc/link 5 120777 1 0 0 0 0.0 hosts - -
/etc/same 6 @100644 2 0 0 0 0.0 /etc/hosts hello\\n -
/etc/two\\x20words 3 100644 1 0 0 0 0.0 nodigest - -
";

/// A directory that is removed in the end.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A world with files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names in the directory, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A program that will run in the directory.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, args: &str) -> Command {
        let mut command = Command::new(program);
        command.args(args.split_whitespace()).current_dir(self.dir.path());
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
        command
    }

    /// Runs `cfs` with arguments that are separated by spaces.
    pub(crate) fn cfs(&self, args: &str) -> Ran {
        Ran::of(self.command(CFS, args))
    }

    /// Runs a program with a text on standard input.
    pub(crate) fn with_stdin(&self, program: &str, args: &str, input: &[u8]) -> Ran {
        let mut command = self.command(program, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran(child.wait_with_output().unwrap())
    }

    /// Runs a shell with `$cfs` as the program.
    pub(crate) fn shell(&self, script: &str) -> Ran {
        let mut command = self.command("/bin/sh", "");
        command.arg("-c").arg(script).env("cfs", CFS);
        Ran::of(command)
    }

    /// An image of a dump.
    pub(crate) fn image(&self, name: &str, dump: &str) {
        self.write("image.source", dump);
        self.cfs(&format!("mkimage -q --from-dump image.source {name}")).is_silent_success();
        fs::remove_file(self.path("image.source")).unwrap();
    }
}

/// What a run came to.
pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.output().unwrap())
    }

    pub(crate) fn to_file(mut command: Command, stdout: File) -> Self {
        Self(command.stdout(stdout).stderr(Stdio::piped()).output().unwrap())
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    pub(crate) fn exits(&self, status: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(status), "{}{}", self.out(), self.err());
        self
    }

    /// Exits with this status and exactly these words on standard error.
    #[track_caller]
    pub(crate) fn says(&self, status: i32, words: &str) -> &Self {
        self.exits(status);
        assert_eq!(self.err(), words);
        self
    }

    /// Exits with this status and these words among those on standard error.
    #[track_caller]
    pub(crate) fn mentions(&self, status: i32, words: &str) -> &Self {
        self.exits(status);
        assert!(self.err().contains(words), "expected {words:?} in:\n{}", self.err());
        self
    }

    #[track_caller]
    pub(crate) fn is_silent_success(&self) -> &Self {
        self.says(0, "")
    }

    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Self {
        self.is_silent_success();
        assert_eq!(self.out(), text);
        self
    }
}
