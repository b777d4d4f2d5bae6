//! The command line of `cfs store`.

use clap::Args;

/// Keep objects under their digests
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {}
