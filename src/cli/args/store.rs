//! The command line of `cfs store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Alg, Reading};

/// Keep objects under their digests
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

/// What `cfs store` does.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    Add(StoreAddArgs),
    Seal(StoreSealArgs),
    Verify(StoreVerifyArgs),
    Missing(StoreMissingArgs),
    Gc(StoreGcArgs),
    Stats(StoreStatsArgs),
}

/// Store the content of files, and print their digests
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store add objects/ big.bin
  tar -cO . | cfs store add --require-verity objects/ -

What is printed is what `cfs verity digest` prints. An object that is there already is left as it is, \
if it is a regular file of the right size. A store that does not exist is made.")]
pub(crate) struct StoreAddArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Files; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Hash function
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    pub(crate) digest_alg: Alg,
    /// Fail if objects cannot be sealed with fs-verity
    #[arg(long)]
    pub(crate) require_verity: bool,
    /// Read objects that are there already, and compare their digests
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print one JSON document
    #[arg(long, conflicts_with = "null")]
    pub(crate) json: bool,
    /// End lines with NUL, and escape nothing
    #[arg(short = 'z', long = "null")]
    pub(crate) null: bool,
}

/// Seal all objects with fs-verity, so that the kernel verifies what is read of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store seal objects/
  cfs store seal --require objects/

An object whose content does not have the digest that is its name is named and not sealed. Exits with 1 \
if that is so, or if objects cannot be sealed.")]
pub(crate) struct StoreSealArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Try whether files can be sealed there, and fail before any object is read
    #[arg(long)]
    pub(crate) require: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// Compare objects with their names and with the images that use them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store verify objects/
  cfs store verify objects/ --image a.cfs --image b.cfs --json
  cfs store verify objects/ --sample 5%

Below each object that is wrong or missing stand the images and paths that use it. Files that are no \
objects, and that no IMAGE uses, are named too, but are nothing wrong. Which objects a sample takes \
depends on their names alone. Exits with 1 if something is wrong.")]
pub(crate) struct StoreVerifyArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Compare with what this image or dump needs too; can be repeated
    #[arg(long = "image", value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// Read the content of only so many objects
    #[arg(long, value_name = "N%", value_parser = share)]
    pub(crate) sample: Option<Share>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// List the objects that images need and a store does not have, with their sizes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store missing objects/ image.cfs
  cfs store missing -z objects/ image.cfs | rsync -0 --files-from=- host:objects/ objects/

Lines are SIZE and PATH; with -z, paths alone. Exits with 1 if something is missing.")]
pub(crate) struct StoreMissingArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Images or dump texts; "-" is standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "null")]
    pub(crate) json: bool,
    /// End paths with NUL, and print nothing else
    #[arg(short = 'z', long = "null")]
    pub(crate) null: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// List, or delete, the objects that no image needs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store gc objects/ --keep a.cfs --keep b.cfs
  cfs store gc objects/ --keep a.cfs --keep b.cfs --delete

Only what has the name of an object is ever deleted, and nothing while somebody writes to the store. \
Between adding the objects of an image and keeping that image, do not delete.")]
pub(crate) struct StoreGcArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Keep the objects that this image or dump needs; can be repeated
    #[arg(long, value_name = "IMAGE", required_unless_present = "keep_nothing")]
    pub(crate) keep: Vec<PathBuf>,
    /// Keep no object at all
    #[arg(long, conflicts_with = "keep")]
    pub(crate) keep_nothing: bool,
    /// Delete, instead of listing what would be
    #[arg(long)]
    pub(crate) delete: bool,
    /// Print one JSON document
    #[arg(long, conflicts_with = "null")]
    pub(crate) json: bool,
    /// End lines with NUL
    #[arg(short = 'z', long = "null")]
    pub(crate) null: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Show how many objects a store has, and which images share them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs store stats objects/
  cfs store stats objects/ --image a.cfs --image b.cfs --json

ALONE is what an image needs and no other one: what goes when it goes.")]
pub(crate) struct StoreStatsArgs {
    /// The store
    pub(crate) dir: PathBuf,
    /// Show what this image or dump uses; can be repeated
    #[arg(long = "image", value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A part of all objects, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(pub(crate) u64);

/// A percentage with up to four decimals.
fn share(text: &str) -> Result<Share, &'static str> {
    let text = text.strip_suffix('%').unwrap_or(text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = format!("{whole}{decimals:0<4}");
    let share = Some(number).filter(|_| {
        is_number(whole) && is_number(decimals) && !whole.is_empty() && decimals.len() <= 4
    });
    let share = share.and_then(|number| number.parse().ok()).filter(|&share| share <= 1_000_000);
    share.map(Share).ok_or("expected a percentage, such as 5% or 0.5%")
}
