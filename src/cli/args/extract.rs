//! The command line of `cfs extract`.

use clap::Args;

/// Make the tree of a source real, in a directory
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {}
