//! Filesystem trees as text: composefs dumps, EROFS images and the tree between them.
//!
//! Into the library go a dump text, an image or a directory; out come the same tree as another one,
//! byte for byte what the reference implementation writes, and fs-verity digests. Everything is a
//! conversion through one [canonical tree](tree):
//!
//! ```text
//!     cfs    cfs-dump    cfs-mkimage          programs: one match on `cli::run`
//!       \________|____________/
//!                |
//!               cli            flags, files, wording, exit codes
//!  golden      /   \           golden files in tests
//! mount fuse live --> store    images as file systems; directory <-> tree; objects by digest
//!              \   /
//!             content          open files, their digests and copies
//!             threads          the pure pieces below, on several threads
//!  ==============|============================ below: values in, values out
//!    merge  check   pattern       three texts -> one; what is most likely not meant; what is left open
//!      |      |  canon   diff     what an image gives back; tree x tree -> changes
//!      |      | /     \    |
//!      |     erofs     |   |      image <-> tree
//!      |        \      |   |
//!    dump -----> tree -'---'      text <-> tree
//!                  |
//!               verity           fs-verity digests
//! ```
//!
//! # The modules
//!
//! * [`verity`] computes digests. [`verity::digest`] takes bytes, [`verity::Hasher`] a stream; leaves
//!   are hashed in batches by the fastest kernel the processor has.
//! * [`tree`] is the value in the middle. It keeps each fact as it was given and derives none; it
//!   borrows names and values from the text or image it was read from. [`tree::Builder`] is the only
//!   way to make one.
//! * [`dump`] reads and prints text. [`dump::parse`] collects everything there is to say about a
//!   text, each finding with its line and column; [`dump::print()`] gives text that parses to an equal
//!   tree.
//! * [`erofs`] reads and writes images. [`erofs::layout()`] gives everything its place, with arithmetic
//!   that can be tested as such; [`erofs::Layout::emit`] then writes any stretch of the image and
//!   cannot fail. [`erofs::read`] trusts no number; [`erofs::View`] answers single questions instead.
//!   All use one definition of each [structure on disk](erofs::disk).
//! * [`diff`](mod@diff) compares two trees, and puts what changed into words; with the feature `json`,
//!   `changes` writes that as a document, and makes the new tree of the old one and such a document.
//! * [`mod@merge`] makes one text of three, by path and field.
//! * [`pattern`] reads dumps with parts left open, says what is not as they say, and writes them anew.
//! * [`sketch`] makes trees in a few lines, for tests.
//! * [`canon`] brings a tree into the form that reading its image back would give.
//! * [`check`] finds what is legal in a tree, a text or an image, and most likely not meant.
//! * [`threads`] runs the pieces of `dump`, `erofs` and `verity` on several threads.
//! * With the feature `live`: `live` scans a directory into a tree and extracts a tree into a
//!   directory, by descriptors and single names, never by joined paths; `store` keeps objects under
//!   their digests, whole and verified or not at all; `content` digests and copies open files for
//!   both; `mount` mounts images and lists mounts; `progress` is what long work tells and is told; `sys`
//!   holds the system calls that have no safe interface.
//! * With the feature `golden`: `golden` holds trees against golden files in tests.
//! * With the feature `fuse`: `fuse` serves an image as a mount without the kernel's EROFS, for those
//!   without privileges. It looks the image up in place, through [`erofs::View`].
//! * `cli` is what the programs share; with the feature `cli`.
//!
//! # What holds everywhere
//!
//! * **Data flows one way:** source to tree to sink. `dump` and `erofs` never name each other.
//! * **Below the double line** nothing reads a file, a clock, the environment or a random number, and
//!   nothing starts a thread. `tests/tidy.rs` holds that.
//! * **The same tree gives the same image** on every machine, every day, with any number of threads.
//! * **Nothing is repaired in silence.** What is taken although it is dubious is a warning with a
//!   place; what would be lost by canonicalising is one too.
//! * **Input is untrusted.** Any bytes give a tree or an error: no panic, no endless loop, and memory
//!   within a small multiple of the input. Nothing recurses, however deep a path is.
//! * **What is hashed is what is recorded:** a file is opened once, and its facts, its content and what
//!   the store keeps of it come from that descriptor.
//! * **Nothing is written outside a destination,** and nothing is opened through a symlink, whoever
//!   swaps names meanwhile.
//! * **`unsafe`** stands in three modules: the hashing kernels, the line scanner's search, and the
//!   system calls; **`as`** in one.
//!
//! # Errors
//!
//! There are four families, by what a user can act on: [`dump::ParseError`] points into a text,
//! [`erofs::ImageError`] at a byte of an image, [`erofs::WriteError`] at the node of a tree that
//! no image can hold; and `live`, `store`, `mount` and `fuse` name the path, the operation and the
//! system's error.
//!
//! # Testing
//!
//! What a function must always do is a law in `tests/laws`, which property tests and fuzz targets
//! share. What the reference does is a fixture with a second source, never our own output.
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod calendar;
pub mod canon;
#[cfg(feature = "json")]
pub mod changes;
pub mod check;
mod chunks;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "live")]
pub mod content;
pub mod diff;
pub mod dump;
pub mod erofs;
#[cfg(feature = "fuse")]
pub mod fuse;
#[cfg(feature = "golden")]
pub mod golden;
#[cfg(feature = "live")]
pub mod live;
pub mod merge;
#[cfg(feature = "live")]
pub mod mount;
mod num;
pub mod pattern;
#[cfg(feature = "live")]
pub mod progress;
pub mod sketch;
#[cfg(feature = "live")]
pub mod store;
#[cfg(feature = "live")]
mod sys;
pub mod threads;
pub mod tree;
pub mod verity;

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "golden"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
