//! The command line of `cfs diff` and `cfs patch`.

use std::path::PathBuf;

use clap::Args;

use super::{Alg, Reading, ScanArgs};

/// Explain what changed between two sources
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs diff old.cfs new.cfs
  cfs diff --ignore mtime,xattr:security.selinux old.cfs rootfs/
  cfs diff --path 'etc/**' -p old.txt new.txt
  cfs diff --markdown old.cfs new.cfs > comment.md
  cfs diff --html old.cfs new.cfs > page.html

Letters: A added, D deleted, M content, m metadata, T type, R renamed or moved, L hard link.
Attributes: type content target device size mode owner xattr xattr:NAME hardlink mtime digest payload storage \
names; with --all also nlink dirsize xattr-order. A NAME may end in \"*\"; \"names\" are entries that only one side has.
Exits with 0 if the trees are the same, or differ only in what was ignored, 1 if they differ, 2 for trouble.")]
pub(crate) struct DiffArgs {
    /// Directory, image or dump text; "-" is standard input
    pub(crate) old: PathBuf,
    /// Directory, image or dump text; "-" is standard input
    pub(crate) new: PathBuf,
    /// Ignore these attributes, separated by commas; what differs in them is counted
    #[arg(long, value_name = "ATTRIBUTES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Compare only these attributes
    #[arg(long, value_name = "ATTRIBUTES", value_delimiter = ',', conflicts_with = "ignore")]
    pub(crate) only: Vec<String>,
    /// Compare only paths that match, with all that is below them; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
    /// Ignore what nothing that runs from the tree can tell: mtime, hardlink, payload, storage
    #[arg(long, conflicts_with = "only")]
    pub(crate) semantic: bool,
    /// Compare also link counts, sizes of directories and the order of xattrs
    #[arg(long)]
    pub(crate) all: bool,
    /// List each entry of what is told as a whole
    #[arg(short, long)]
    pub(crate) list: bool,
    /// Exit with 0 only if the two files are the same bytes
    #[arg(long)]
    pub(crate) exact: bool,
    #[command(flatten)]
    pub(crate) form: DiffForm,
    /// Find contents that are not in an image in this directory of objects, for -p; can be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) basedir: Vec<PathBuf>,
    /// Hash function of the digests of a directory's files
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub(crate) struct DiffForm {
    /// Print what changed as hunks, one for each path and attribute
    #[arg(short, long)]
    pub(crate) patch: bool,
    /// Print how many changes there are in each directory
    #[arg(long)]
    pub(crate) stat: bool,
    /// Print letters and paths alone
    #[arg(long)]
    pub(crate) name_status: bool,
    /// Print letters and paths alone, each ended with NUL, and escape nothing
    #[arg(short = 'z', long = "null")]
    pub(crate) null: bool,
    /// Print one JSON document, which `cfs patch` takes
    #[arg(long)]
    pub(crate) json: bool,
    /// Print Markdown for a comment on a pull request, at most 65,000 characters
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Print one page for a browser, which loads nothing
    #[arg(long)]
    pub(crate) html: bool,
}

/// Print the dump that a source becomes by changes that `cfs diff --json` printed
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cfs diff --json old.cfs new.cfs > changes.json
  cfs patch old.cfs changes.json > new.txt")]
pub(crate) struct PatchArgs {
    /// Directory, image or dump text; "-" is standard input
    pub(crate) old: PathBuf,
    /// What `cfs diff --json` printed; "-" is standard input
    pub(crate) changes: PathBuf,
    /// Write to FILE, which appears when it is whole
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
