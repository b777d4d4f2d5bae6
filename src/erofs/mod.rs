//! EROFS image ⇄ tree.
//!
//! [`layout()`] gives every inode, name and xattr its place; [`Layout::emit`] writes any stretch of the
//! image and decides nothing. What differs between the [versions](Version) is a value, chosen once.
//! [`read`] undoes what the writer did to a tree, and trusts no number; a [`View`] looks an image up in
//! place, and shows it as a mount does. The structures on disk are
//! defined once, in [`disk`].
//!
//! The writer works in this order: survey all inodes (`survey`, `stored`, `external`), build the shared
//! xattrs (`area`), find the room that each inode takes (`shape`), place inodes breadth first with the
//! lists of directories (`layout`, `dir`), then the table and the data blocks.
//!
//! **Invariant:** `erofs` knows nothing of text, and of a tree only what [`Tree`](crate::tree::Tree)
//! shows.

mod area;
mod dir;
pub mod disk;
mod emit;
mod encode;
mod error;
mod external;
mod jobs;
mod layout;
mod locate;
mod order;
mod policy;
mod read;
mod shape;
mod stored;
mod survey;
mod write_error;

pub(crate) use dir::directory_size;
pub use error::{ImageError, ImageErrorKind, Structure};
pub use jobs::DoAll;
pub use layout::{Layout, layout, layout_with};
pub use locate::Part;
pub(crate) use order::{ReadBack, is_reserved};
pub use policy::Version;
pub use read::{
    BlockBuffer, External, ImageInfo, Marks, Names, Slot, Source, View, ViewError, ViewInode,
    ViewName, info, info_of_start, read,
};
pub use write_error::{WriteError, WriteErrorKind};
