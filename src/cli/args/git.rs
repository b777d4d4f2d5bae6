//! The command line of `cfs git`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Make git understand images and dumps: what changed in them, and merges; see cfs-git(7)
#[derive(Debug, Args)]
pub(crate) struct GitArgs {
    #[command(subcommand)]
    pub(crate) command: GitCommand,
}

/// What `cfs git` does.
#[derive(Debug, Subcommand)]
pub(crate) enum GitCommand {
    Install(GitInstallArgs),
    Uninstall(GitUninstallArgs),
    Attributes,
    Textconv(GitTextconvArgs),
    Diff(GitDiffArgs),
    Merge(GitMergeArgs),
}

/// Which configuration of git.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub(crate) struct GitScope {
    /// For this repository: .git/config and .gitattributes; what is done unless told otherwise
    #[arg(long)]
    pub(crate) local: bool,
    /// For all repositories of this user
    #[arg(long)]
    pub(crate) global: bool,
}

/// Which of git's ways to show a binary file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Driver {
    /// As the text that it stands for, everywhere
    Textconv,
    /// In `git diff` as `cfs diff` shows it; elsewhere as text, unless --ext-diff is given
    External,
}

/// Configure git to show images and dumps, and to merge dumps
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs git install
  cfs git install --global --driver=textconv

Adds the lines of `cfs git attributes` that are missing, and changes no other line.")]
pub(crate) struct GitInstallArgs {
    #[command(flatten)]
    pub(crate) scope: GitScope,
    /// How git shows images
    #[arg(long, value_name = "DRIVER", default_value = "external")]
    pub(crate) driver: Driver,
}

/// Take back what `cfs git install` configured; the attributes stay, and then mean nothing
#[derive(Debug, Args)]
pub(crate) struct GitUninstallArgs {
    #[command(flatten)]
    pub(crate) scope: GitScope,
}

/// Print a file as text, whatever it is: what git runs for diff.cfs.textconv
#[derive(Debug, Args)]
pub(crate) struct GitTextconvArgs {
    /// An image, a dump, or any other file
    pub(crate) file: PathBuf,
}

/// Print what changed in a file: what git runs for diff.cfs.command
#[derive(Debug, Args)]
pub(crate) struct GitDiffArgs {
    /// PATH OLD-FILE OLD-HEX OLD-MODE NEW-FILE NEW-HEX NEW-MODE [NEW-PATH WHAT], as git gives them
    #[arg(required = true, num_args = 1.., value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Merge two dumps into the first: what git runs for merge.cfs-dump.driver
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cfs git merge ours.dump base.dump theirs.dump

Exits with 0 if all was merged, 1 if there are conflicts, which then stand in OURS between markers, 129 for \
trouble.")]
pub(crate) struct GitMergeArgs {
    /// Our side, which becomes the result; git's %A
    pub(crate) ours: PathBuf,
    /// What both sides come from; git's %O
    pub(crate) base: PathBuf,
    /// Their side; git's %B
    pub(crate) theirs: PathBuf,
    /// Width of markers; git's %L
    #[arg(short = 'L', long, value_name = "N", default_value = "7")]
    pub(crate) marker_size: usize,
    /// Name of the file, for messages; git's %P
    #[arg(short = 'P', long, value_name = "NAME")]
    pub(crate) path: Option<PathBuf>,
    /// Name of our side; git's %X
    #[arg(long, value_name = "NAME", default_value = "ours")]
    pub(crate) our_name: String,
    /// Name of their side; git's %Y
    #[arg(long, value_name = "NAME", default_value = "theirs")]
    pub(crate) their_name: String,
}
