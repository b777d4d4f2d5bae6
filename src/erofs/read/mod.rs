//! Image to tree.
//!
//! The image is not trusted: every number is checked where it is used, and nothing recurses. Work
//! and memory stay within a small multiple of the image's length, because the structures of an image
//! never share bytes: what the inodes met so far take up is summed, and may not exceed the length.
//!
//! Names are met in walk order, so the builder need not look anything up. Names and values are
//! borrowed from the image; a set of xattrs that inodes share is kept once.
//!
//! | Module | Holds |
//! |---|---|
//! | `image` | the headers, and access to bytes that may not be there |
//! | `inode` | an inode in either form, and where its data lies |
//! | `dir` | the names in directory blocks |
//! | `xattr`, `sets` | an inode's xattrs and what they mean; sets that were met |
//! | `links` | inodes that were met, and their further names |
//! | `walk` | the way through all of these |
//! | `view` | one of these at a time, where no tree is made |
//!
//! # Source
//! Linux `fs/erofs/`; `lcfs_load_node_from_image` in composefs `libcomposefs/lcfs-writer-erofs.c`.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

mod dir;
mod image;
mod inode;
mod links;
mod sets;
mod view;
mod walk;
mod xattr;

use super::error::ImageError;
use crate::tree::Tree;
use image::Image;
pub use image::ImageInfo;
pub use view::{
    BlockBuffer, External, Marks, Names, Slot, Source, View, ViewError, ViewInode, ViewName,
};

/// What the headers of an image tell, without a look at its inodes.
///
/// # Errors
/// What is wrong with the composefs header or the superblock.
pub fn info(image: &[u8]) -> Result<ImageInfo, ImageError> {
    Image::open(image).map(|image| image.info())
}

/// What the headers of an image of `len` bytes tell, of which `start` holds the first 4096 or more.
///
/// # Errors
/// As [`info`].
pub fn info_of_start(start: &[u8], len: u64) -> Result<ImageInfo, ImageError> {
    Image::open_start(start, len).map(|image| image.info())
}

/// Reads an image of composefs version 0, 1 or 2 into the tree it was made of.
///
/// What the writer added is undone: generated entries of the root are left out, escaped xattrs are
/// renamed back, and those that say where the content of a file stands become its payload and
/// digest. The first name of an inode that is met carries it. All else is kept as it is stored:
/// link counts, SIZE of directories, the order of xattrs (an inode's own before those it shares).
///
/// # Errors
/// The image is corrupt or of an unsupported kind, see [`ImageError::is_unsupported`].
///
/// # Example
/// ```no_run
/// let image = std::fs::read("tree.cfs")?;
/// let tree = cfs::erofs::read(&image)?;
/// println!("{} names", tree.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(image: &[u8]) -> Result<Tree<'_>, ImageError> {
    walk::walk(Image::open(image)?)
}
