//! The command line of `cfs extract`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::Reading;

/// Make the tree of a source real, in a directory
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs extract --basedir=objects image.cfs tree
  cfs extract --basedir=objects --only='etc/**' --only=usr/bin/env image.cfs tree
  cfs extract --merge tree.txt /srv/root

A DIR that does not exist appears when it is whole; an empty one is filled. Root restores everything; \
for other users, all files are their own.
Exits with 1 if something had to be skipped, and says what.")]
pub(crate) struct ExtractArgs {
    /// Image or dump text; "-" is standard input
    pub(crate) source: PathBuf,
    /// Directory to make
    pub(crate) dir: PathBuf,
    /// Take the contents of files from this directory of objects; can be repeated, the first that has \
    /// an object is taken
    #[arg(long, value_name = "DIR")]
    pub(crate) basedir: Vec<PathBuf>,
    /// Compare only the sizes of contents, not their digests
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Extract only paths that match, with all that is below them; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Extract into a DIR that is not empty, replacing what has the same names
    #[arg(long)]
    pub(crate) merge: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
