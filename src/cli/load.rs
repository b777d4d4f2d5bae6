//! A source as a tree.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::args::{Color, Common, Reading};
use super::failure::Failure;
use super::input::{self, Bytes, Input};
use super::output::Target;
use super::progress::Show;
use super::report::{Reporter, Text, Trouble, Verbosity, file_name};
use super::scan::Scanning;
use crate::canon::canonicalise;
use crate::check;
use crate::dump::{Code, Options, ParseError, Parsed, Profile, Warnings};
use crate::erofs::{self, ImageError, disk};
use crate::num::wide;
use crate::store::Basedirs;
use crate::threads::{self, Threads};
use crate::tree::Tree;

/// What all commands work with.
#[derive(Debug)]
pub(super) struct Context {
    /// The name of the program.
    pub(super) program: String,
    /// The arguments as they were typed.
    pub(super) typed: Vec<OsString>,
    /// Where messages go.
    pub(super) report: Reporter,
    /// How many threads to use.
    pub(super) threads: Threads,
    /// When to show how far work has come.
    pub(super) progress: Show,
    /// When to colour.
    pub(super) color: Color,
    max_input: Option<u64>,
    max_errors: usize,
}

impl Context {
    /// What the program's name, its arguments and common options ask for.
    pub(super) fn new(program: &str, typed: Vec<OsString>, common: &Common) -> Self {
        Self {
            program: program.to_owned(),
            typed,
            report: Reporter::new(program, common),
            threads: common.threads.map_or_else(Threads::available, Threads::new),
            progress: common.progress,
            color: common.color,
            max_input: common.max_input,
            max_errors: common.max_errors.get(),
        }
    }
}

impl Context {
    /// The most bytes that a file may have, decompressed or not.
    pub(super) fn max_input(&self) -> Option<u64> {
        self.max_input
    }

    /// How dump text is read whatever the options about sources say.
    pub(super) fn lenient(&self) -> Options {
        let all = self.report.verbosity == Verbosity::All;
        let warnings = if all { Warnings::All } else { Warnings::First };
        Options { profile: Profile::Lenient, warnings, max_errors: self.max_errors }
    }
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Dump text
    Dump,
    /// EROFS image
    Image,
    /// Directory
    Dir,
}

/// What becomes of the tree of a dump text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It stays as it was given.
    Given,
    /// It is brought into canonical form.
    Canonical,
}

/// A source, read whole.
#[derive(Debug)]
pub(super) struct Source {
    /// Name of the file, for messages.
    pub(super) name: String,
    /// All of it, decompressed.
    pub(super) bytes: Bytes,
    /// What it is.
    pub(super) kind: Kind,
    profile: Profile,
    path: PathBuf,
    scanning: Scanning,
}

impl Source {
    /// Reads a source, `-` for standard input, from which `target` will be written.
    pub(super) fn read(
        context: &Context,
        path: &Path,
        reading: Reading,
        target: &Target,
    ) -> Result<Self, Failure> {
        let is_directory = match reading.from {
            None => path.as_os_str() != "-" && path.is_dir(),
            from => from == Some(Kind::Dir),
        };
        let Input { name, bytes } = if is_directory {
            Input { name: file_name(path), bytes: Bytes::Read(Vec::new()) }
        } else {
            input::read(path, context.max_input, target)?
        };
        let found = || if is_directory { Kind::Dir } else { kind_of(&bytes) };
        let kind = reading.from.unwrap_or_else(found);
        let profile = if reading.strict { Profile::Strict } else { Profile::Lenient };
        let (path, scanning) = (path.to_owned(), Scanning::to_look());
        Ok(Self { name, bytes, kind, profile, path, scanning })
    }

    /// A dump text that is no file.
    pub(super) fn of_dump(text: Vec<u8>) -> Self {
        let (name, path, bytes) = (String::from("a dump"), PathBuf::new(), Bytes::Read(text));
        let (profile, scanning) = (Profile::Lenient, Scanning::to_look());
        Self { name, bytes, kind: Kind::Dump, profile, path, scanning }
    }

    /// Gives it another name for messages.
    pub(super) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Says how it is scanned, if it is a directory.
    pub(super) fn scanned(self, scanning: Scanning) -> Self {
        Self { scanning, ..self }
    }

    /// The tree; of an image, as it was read.
    pub(super) fn tree(&self, context: &Context, form: Form) -> Result<Tree<'_>, Failure> {
        match self.kind {
            Kind::Dump => self.parse(context, form),
            Kind::Image => {
                erofs::read(&self.bytes).map_err(|error| image_trouble(&self.name, &error).into())
            }
            Kind::Dir => {
                let mut tree = self.scanning.tree(context, &self.path)?;
                // Nothing of a directory is lost by that.
                canonicalise(&mut tree);
                Ok(tree)
            }
        }
    }

    /// A dump text with all warnings, or what is wrong with it. Nothing is said of either.
    pub(super) fn parsed(
        &self,
        context: &Context,
    ) -> Result<Result<Parsed<'_>, ParseError>, Failure> {
        self.refuse_image()?;
        Ok(threads::parse(&self.bytes, &self.all_warnings(context), context.threads))
    }

    fn all_warnings(&self, context: &Context) -> Options {
        let (profile, max_errors) = (self.profile, context.max_errors);
        Options { profile, warnings: Warnings::All, max_errors }
    }

    /// The path that was given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The tree of a dump text as it was given, of which all has been said before.
    pub(super) fn given(&self, context: &Context) -> Option<Tree<'_>> {
        let options = Options { profile: self.profile, ..Options::default() };
        let is_dump = self.kind == Kind::Dump;
        let parsed = is_dump.then(|| threads::parse(&self.bytes, &options, context.threads));
        parsed?.ok().map(|parsed| parsed.tree)
    }

    fn parse(&self, context: &Context, form: Form) -> Result<Tree<'_>, Failure> {
        self.refuse_image()?;
        let options = Options { profile: self.profile, ..context.lenient() };
        let text = Text { file: &self.name, bytes: &self.bytes };
        match threads::parse(&self.bytes, &options, context.threads) {
            Err(error) => {
                context.report.findings(text, &error.findings);
                Err(Failure::Reported)
            }
            Ok(mut parsed) => {
                if form == Form::Canonical {
                    self.canonicalise(&mut parsed, options.warnings);
                }
                let refused = context.report.findings(text, &parsed.findings);
                if refused { Err(Failure::Reported) } else { Ok(parsed.tree) }
            }
        }
    }

    /// Brings the tree into canonical form, and warns of what changes its image.
    fn canonicalise(&self, Parsed { tree, findings }: &mut Parsed<'_>, keep: Warnings) {
        let moved = canonicalise(tree).carriers;
        if !moved.is_empty() {
            findings.warning_counts.insert(Code::CarrierMoved, wide(moved.len()));
            findings.warnings.extend(check::carriers(&self.bytes, tree, &moved, keep));
        }
    }

    /// Says so if an image is to be read as dump text, instead of what a parser says of it.
    fn refuse_image(&self) -> Result<(), Failure> {
        if kind_of(&self.bytes) != Kind::Image {
            return Ok(());
        }
        let trouble = Trouble::in_file(&self.name, "expected dump text, found an EROFS image");
        let hint = "an image needs neither --from-dump nor --from=dump: it is recognised";
        Err(trouble.about(&self.name).hint(hint).into())
    }
}

/// What bytes look like. No dump text begins as a composefs header does, so that a damaged image is
/// not taken for one.
fn kind_of(bytes: &[u8]) -> Kind {
    let starts = |at: usize, magic: u32| {
        bytes.get(at..).is_some_and(|rest| rest.starts_with(&magic.to_le_bytes()))
    };
    let is_image =
        starts(disk::SUPERBLOCK_OFFSET, disk::EROFS_MAGIC) || starts(0, disk::COMPOSEFS_MAGIC);
    if is_image { Kind::Image } else { Kind::Dump }
}

fn image_trouble(name: &str, error: &ImageError) -> Trouble {
    let trouble = Trouble::in_file(name, error).at(error.offset());
    if error.is_unsupported() {
        return trouble.hint("the image may be sound, but this program cannot read its kind");
    }
    trouble.hint("the image is damaged, or was not made by a composefs tool")
}

/// Opens the directories of objects that a command names.
pub(super) fn basedirs(paths: &[PathBuf]) -> Result<Basedirs, Failure> {
    Basedirs::open(paths).map_err(|(path, errno)| {
        match Failure::io("open", &file_name(&path), &errno.into()) {
            Failure::Trouble(trouble) => {
                trouble.hint("--basedir names a directory of objects").into()
            }
            failure => failure,
        }
    })
}
