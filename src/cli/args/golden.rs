//! The command line of `cfs golden`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Alg, Reading, ScanArgs};

/// Hold a tree against a golden file: a dump, with parts left open; see cfs-golden(7)
#[derive(Debug, Args)]
pub(crate) struct GoldenArgs {
    #[command(subcommand)]
    pub(crate) command: GoldenCommand,
}

/// What `cfs golden` does.
#[derive(Debug, Subcommand)]
pub(crate) enum GoldenCommand {
    /// Tell whether a source is as a golden file says, and if not, what differs and how to accept it
    #[command(after_help = "\
Examples:
  cfs golden check tests/rootfs.dump rootfs/
  cfs golden check --normalize @portable tests/rootfs.dump image.cfs

Exits with 0 if it is, or differs only in what is ignored, 1 if it is not, 2 for trouble.")]
    Check(GoldenFiles),
    /// Write a golden file anew so that a source is as it says; what is left open in it stays so
    #[command(after_help = "\
Examples:
  cfs golden accept tests/rootfs.dump rootfs/
  cfs golden accept --normalize mtime,selinux tests/rootfs.dump image.cfs

A file that does not exist is made. With --normalize, the attributes are left open in each line from then on.")]
    Accept(GoldenFiles),
}

/// A golden file, and what is held against it.
#[derive(Debug, Args)]
pub(crate) struct GoldenFiles {
    /// The golden file: dump text, in which \"*\" stands for any value of a field
    pub(crate) golden: PathBuf,
    /// Directory, image or dump text; "-" is standard input
    pub(crate) source: PathBuf,
    /// Leave these attributes open, separated by commas: those of `cfs diff --ignore`, selinux, or a
    /// profile: @portable, @unprivileged, @access, @layout
    #[arg(long, visible_alias = "ignore", value_name = "ATTRIBUTES", value_delimiter = ',')]
    pub(crate) normalize: Vec<String>,
    /// List each entry of what is told as a whole
    #[arg(short, long)]
    pub(crate) list: bool,
    /// Hash function of the digests of a directory's files
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}
