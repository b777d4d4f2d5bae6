//! Where results go: whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::place::{self, Place};
use super::replace::Replacement;
use super::report::{Trouble, file_name};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// For people and programs.
    Text,
    /// For programs alone: refused by terminals.
    Binary,
}

/// Where to write, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// A file of any kind.
    Path(PathBuf),
}

impl Target {
    /// A path, or standard output for none or `-`.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        match path {
            Some(path) if path.as_os_str() != "-" => Self::Path(path),
            _ => Self::Stdout,
        }
    }

    /// Whether it leads to the same file as standard output, such as `/dev/stdout` does.
    pub(super) fn is_stdout(&self) -> bool {
        let is_plain = |file: &Metadata| !file.file_type().is_char_device();
        let stdout = || stdout().and_then(|file| file.metadata()).ok().filter(is_plain);
        *self == Self::Stdout || stdout().is_some_and(|stdout| self.is_file(&stdout))
    }

    /// Whether it leads to the file with this metadata.
    pub(super) fn is_file(&self, file: &Metadata) -> bool {
        let own = match self {
            Self::Stdout => stdout().and_then(|file| file.metadata()),
            Self::Path(path) => fs::metadata(path),
        };
        own.is_ok_and(|own| (own.dev(), own.ino()) == (file.dev(), file.ino()))
    }

    fn name(&self) -> String {
        match self {
            Self::Stdout => String::from("standard output"),
            Self::Path(path) => file_name(path),
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Output {
    name: String,
    file: File,
    /// What to do when all is written; nothing for what was written straight through.
    replacement: Option<Replacement>,
}

impl Output {
    /// Begins to write. A file that exists stays as it is until [`Output::finish`].
    pub(super) fn create(target: &Target, content: Content) -> Result<Self, Failure> {
        let name = target.name();
        let output = match target {
            Target::Stdout => straight(&name, stdout()),
            Target::Path(path) => at_path(&name, path),
        };
        let output = output.map_err(|error| Failure::io("write", &name, &error))?;
        if content == Content::Binary && output.file.is_terminal() {
            return Err(refusal().into());
        }
        Ok(output)
    }

    /// Standard output, for text.
    pub(super) fn stdout() -> Result<Self, Failure> {
        Self::create(&Target::Stdout, Content::Text)
    }

    /// Writes all the bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Self { name, file, .. } = self;
        file.write_all(bytes).map_err(|error| trouble(name, &error))
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self { name, file, replacement } = self;
        let Some(replacement) = replacement else { return Ok(()) };
        replacement.persist(file).map_err(|error| trouble(&name, &error))
    }
}

/// Refuses binary output if it would go to a terminal, before any work is done for it.
pub(super) fn check_terminal(target: &Target) -> Result<(), Failure> {
    if *target == Target::Stdout && io::stdout().is_terminal() {
        return Err(refusal().into());
    }
    Ok(())
}

fn refusal() -> Trouble {
    Trouble::new("refusing to write an image to a terminal")
        .hint("redirect standard output, or name a file with -o")
}

fn trouble(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::io("write", name, error),
    }
}

fn straight(name: &str, file: io::Result<File>) -> io::Result<Output> {
    Ok(Output { name: name.to_owned(), file: file?, replacement: None })
}

fn at_path(name: &str, path: &Path) -> io::Result<Output> {
    match place::resolve(path)? {
        Place::Descriptor(number) => straight(name, place::open_descriptor(number, path)),
        Place::Straight => straight(name, File::options().write(true).truncate(true).open(path)),
        Place::File { path, mode } => {
            let (replacement, file) = Replacement::begin(path, mode)?;
            Ok(Output { name: name.to_owned(), file, replacement: Some(replacement) })
        }
    }
}

/// Standard output without the buffer of the standard library.
fn stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}
