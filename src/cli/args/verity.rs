//! The command line of `cfs verity`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Alg, Reading};

/// Compute fs-verity digests, ask the kernel for them, and seal files
#[derive(Debug, Args)]
pub(crate) struct VerityArgs {
    #[command(subcommand)]
    pub(crate) command: VerityCommand,
}

/// What `cfs verity` does.
#[derive(Debug, Subcommand)]
pub(crate) enum VerityCommand {
    Digest(DigestArgs),
    Image(ImageArgs),
    Measure(MeasureArgs),
    Enable(EnableArgs),
}

/// Print the fs-verity digest of files, as `fsverity digest` does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs verity digest image.cfs
  cfs verity digest --compact --digest-alg=sha512 - < image.cfs")]
pub(crate) struct DigestArgs {
    /// Files; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Hash function
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
    /// Print the hex digits alone
    #[arg(long)]
    pub(crate) compact: bool,
}

/// Print the digest that a tree's image has in every format, and say which one is at hand
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs verity image out.cfs
  cfs verity image --json tree.txt

For an image, the format whose bytes are those of the image is marked; for dump text, the one that \
`cfs mkimage` chooses.")]
pub(crate) struct ImageArgs {
    /// Directory, image or dump text; "-" is standard input
    pub(crate) source: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Print the digest by which the kernel has sealed files; compute it for those that are not sealed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs verity measure image.cfs objects/3d/248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95
  cfs verity measure --require image.cfs && cfs mount -o digest=... image.cfs /mnt

Each line is \"kernel\" or \"computed\", ALGORITHM:DIGEST and FILE. What was computed says what the file \
held while it was read, and nothing of what it will hold.")]
pub(crate) struct MeasureArgs {
    /// Files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Compute nothing: name the files that are not sealed, and exit with 1
    #[arg(long)]
    pub(crate) require: bool,
    /// Hash function of what is computed
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// Seal files with fs-verity: they can never be written to again, and the kernel verifies what it reads
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs verity enable image.cfs
  cfs store seal objects/    all objects of a store

Names, modes, owners, times and xattrs of a sealed file can change, and it can be removed. A file that is \
sealed already is fine if its digest is the one that it would get now. Sealing wants a file system with \
fs-verity: btrfs, f2fs, or ext4 after `tune2fs -O verity`.")]
pub(crate) struct EnableArgs {
    /// Files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Hash function
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
}
