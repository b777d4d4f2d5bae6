//! The command line, as it is typed.

mod check;
mod diff;
mod extract;
mod git;
mod golden;
mod mount;
mod scan;
mod store;
mod verity;

pub(super) use check::{CheckArgs, Explained, Selected};
pub(super) use diff::{DiffArgs, PatchArgs};
pub(super) use extract::ExtractArgs;
pub(super) use git::{
    Driver, GitArgs, GitCommand, GitInstallArgs, GitMergeArgs, GitScope, GitTextconvArgs,
    GitUninstallArgs,
};
pub(super) use golden::{GoldenArgs, GoldenCommand, GoldenFiles};
#[cfg(feature = "fuse")]
pub(super) use mount::{FuseArgs, When};
pub(super) use mount::{MountArgs, MountsArgs, UmountArgs};
pub(super) use scan::{ScanArgs, StoreOption};
pub(super) use store::{
    Share, StoreAddArgs, StoreArgs, StoreCommand, StoreGcArgs, StoreMissingArgs, StoreSealArgs,
    StoreStatsArgs, StoreVerifyArgs,
};

pub(super) use verity::{
    DigestArgs, EnableArgs, ImageArgs, MeasureArgs, VerityArgs, VerityCommand,
};

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::load::Kind;
use super::progress::Show;
use super::report::Style;
use crate::erofs::Version;
use crate::verity::Algorithm;

/// Filesystem trees as text: composefs dumps, EROFS images and fs-verity digests.
#[derive(Debug, Parser)]
#[command(name = "cfs", version, propagate_version = true, after_help = AFTER_HELP)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  cfs dump image.cfs > tree.txt             an image as text
  cfs mkimage --from-dump tree.txt out.cfs  text as an image
  cfs verity image out.cfs                  which digest it has, in every format

A SOURCE is a directory, or an EROFS image of composefs or dump text, as it is, gzipped or zstd-compressed; \"-\" is \
standard input. A link to this program named cfs-NAME runs `cfs NAME`.
Exit status: 0 done, 1 no (nothing to show, by design), 2 trouble.";

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Common {
    /// Print no warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print all warnings, not only the first of each kind
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Take warnings for errors
    #[arg(long, global = true)]
    pub(super) deny_warnings: bool,
    /// Stop reading a dump after N errors
    #[arg(long, global = true, value_name = "N", default_value = "20")]
    pub(super) max_errors: NonZero<usize>,
    /// Print errors in this form: with the line, on one line, or one JSON document a line
    #[arg(long, global = true, value_name = "FORM", default_value = "human")]
    pub(super) error_format: Style,
    /// Color messages; "auto" does on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Show how far long work has come; "auto" does on a terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) progress: Show,
    /// Use N threads [default: as many as there are processors]
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<NonZero<usize>>,
    /// Refuse a source of more bytes than this after decompression, such as 512M [default: no limit]
    #[arg(long, global = true, value_name = "BYTES", value_parser = byte_count)]
    pub(super) max_input: Option<u64>,
}

/// When to color.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a source is read.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Reading {
    /// Read sources as this, whatever they look like
    #[arg(long, value_name = "KIND")]
    pub(super) from: Option<Kind>,
    /// Refuse dump text of which anything would be dropped, rewritten or guessed
    #[arg(long)]
    pub(super) strict: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Dump(DumpArgs),
    Mkimage(MkimageArgs),
    Ls(LsArgs),
    Objects(ObjectsArgs),
    Cat(CatArgs),
    Extract(ExtractArgs),
    Check(CheckArgs),
    Diff(DiffArgs),
    Patch(PatchArgs),
    Git(GitArgs),
    Golden(GoldenArgs),
    Store(StoreArgs),
    Mount(MountArgs),
    Umount(UmountArgs),
    Mounts(MountsArgs),
    Verity(VerityArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Print the canonical dump of images or of dump text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs dump image.cfs > tree.txt
  cfs dump --filter=etc --filter=usr image.cfs
  cfs dump tree.txt.zst -o canonical.txt
  cfs dump --hardlinks=keep --exclude='**/*.pyc' /usr > usr.txt

Several sources are printed one after another, which is no valid dump any more.")]
pub(super) struct DumpArgs {
    /// Directories, images or dump texts; "-" is standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub(super) sources: Vec<PathBuf>,
    /// Write to FILE, which appears when it is whole
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Keep only the root and this entry of it, with all that is below; can be repeated
    #[arg(long, value_name = "NAME", value_parser = OsStringValueParser::new().try_map(single_name))]
    pub(super) filter: Vec<OsString>,
    /// Hash function of the digests of a directory's files
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(super) digest_alg: Alg,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) scan: ScanArgs,
}

/// Write an image
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs mkimage --from-dump tree.txt out.cfs
  cfs mkimage --from-dump tree.txt > out.cfs
  cfs mkimage --print-digest-only --from-dump tree.txt
  cfs mkimage old.cfs --format=v1 new.cfs
  cfs mkimage --digest-store objects/ rootfs/ out.cfs

Without --format, --min-version and --max-version an image is V0, raised to V1 by a whiteout. With \
one of the latter two, the other one is 0 unless given, as with mkcomposefs.")]
pub(super) struct MkimageArgs {
    /// Read this dump text; the only operand is then IMAGE
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(super) from_dump: Option<PathBuf>,
    /// A directory, dump text or an image; "-" is standard input
    #[arg(value_name = "SOURCE")]
    pub(super) first: Option<PathBuf>,
    /// Where to write the image, which appears when it is whole; "-" or nothing is standard output
    #[arg(value_name = "IMAGE")]
    pub(super) second: Option<PathBuf>,
    /// The same as IMAGE
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Layout of the image
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["min_version", "max_version"])]
    pub(super) format: Option<Format>,
    /// Lowest version of the layout: 0 or 1
    #[arg(long, value_name = "N", value_parser = version_number)]
    pub(super) min_version: Option<Version>,
    /// Highest version of the layout: 0 or 1
    #[arg(long, value_name = "N", value_parser = version_number)]
    pub(super) max_version: Option<Version>,
    /// Print the fs-verity digest of the image as hex digits
    #[arg(long)]
    pub(super) print_digest: bool,
    /// Print the digest, and write no image
    #[arg(long, conflicts_with_all = ["output", "second"])]
    pub(super) print_digest_only: bool,
    /// Hash function of the digest that is printed, and of those of a directory's files
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(super) digest_alg: Alg,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) store: StoreOption,
    #[command(flatten)]
    pub(super) scan: ScanArgs,
}

/// List what is in a directory of a source
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs ls image.cfs
  cfs ls -l image.cfs /etc
  cfs ls -R tree.txt | grep passwd

With -R or several PATHs, every line is a full path. Bytes that are not printable are escaped as in \
a dump, unless -z is given.")]
pub(super) struct LsArgs {
    /// Directory, image or dump text; "-" is standard input
    pub(super) source: PathBuf,
    /// Directories to list, or files to name [default: /]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<OsString>,
    /// Show mode, links, owner, group, size and time (UTC) too
    #[arg(short, long)]
    pub(super) long: bool,
    /// List what is below directories too
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,
    /// End lines with NUL, and escape nothing
    #[arg(short = 'z', long = "null")]
    pub(super) null: bool,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// List the payload paths of all external files, sorted, each once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs objects a.cfs b.cfs > needed.txt
  cfs objects -z a.cfs | rsync -0 --files-from=- objects/ host:objects/")]
pub(super) struct ObjectsArgs {
    /// Directories, images or dump texts; "-" is standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub(super) sources: Vec<PathBuf>,
    /// End lines with NUL, and escape nothing
    #[arg(short = 'z', long = "null")]
    pub(super) null: bool,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// Print the content of files, and the targets of symlinks
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs cat image.cfs /etc/hostname
  cfs cat --basedir=objects image.cfs /usr/bin/env > env

The content of an object is printed if its digest is the one that the source tells. Exits with 1 if a \
content stands elsewhere, and says where, or is not what it should be.")]
pub(super) struct CatArgs {
    /// Directory, image or dump text; "-" is standard input
    pub(super) source: PathBuf,
    /// Files and symlinks
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<OsString>,
    /// Take the contents of files from this directory of objects; can be repeated, the first that has \
    /// an object is taken
    #[arg(long, value_name = "DIR")]
    pub(super) basedir: Vec<PathBuf>,
    /// Compare only the sizes of objects, not their digests
    #[arg(long)]
    pub(super) no_verify: bool,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// Print a script that completes the command line in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cfs completions bash > /usr/share/bash-completion/completions/cfs")]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
    /// The program that is completed: cfs, or cfs-NAME for any command NAME
    #[arg(default_value = "cfs")]
    pub(super) program: String,
}

/// Write the man pages of all commands to a directory
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cfs man /usr/share/man/man1")]
pub(super) struct ManArgs {
    /// The directory, which is made if it does not exist
    pub(super) dir: PathBuf,
}

/// The layout of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// V0, or V1 if there is a whiteout
    Auto,
    /// Version 0
    V0,
    /// Version 1
    V1,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Alg {
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
}

impl From<Alg> for Algorithm {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::Sha256 => Self::Sha256,
            Alg::Sha512 => Self::Sha512,
        }
    }
}

/// A name without a slash.
fn single_name(name: OsString) -> Result<OsString, &'static str> {
    if name.as_encoded_bytes().contains(&b'/') {
        return Err("expected the name of one entry of the root, found a \"/\"");
    }
    Ok(name)
}

/// The number of a version that exists.
fn version_number(text: &str) -> Result<Version, &'static str> {
    let number = text.parse().ok();
    number.and_then(Version::from_number).ok_or("expected 0 or 1")
}

/// A number of bytes, with K, M, G or T for powers of 1024.
fn byte_count(text: &str) -> Result<u64, &'static str> {
    let (digits, shift) = match text.as_bytes().split_last() {
        Some((b'k' | b'K', digits)) => (digits, 10),
        Some((b'm' | b'M', digits)) => (digits, 20),
        Some((b'g' | b'G', digits)) => (digits, 30),
        Some((b't' | b'T', digits)) => (digits, 40),
        _ => (text.as_bytes(), 0),
    };
    let number = str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or("expected a number of bytes, such as 4096, 512M or 2G")
}
