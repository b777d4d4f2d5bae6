//! EROFS images of composefs.
mod area;
mod dir;
pub mod disk;
mod emit;
mod encode;
mod error;
mod external;
mod layout;
mod order;
mod policy;
mod read;
mod shape;
mod stored;
mod write_error;

pub(crate) use dir::directory_size;
pub use error::{ImageError, ImageErrorKind, Structure};
pub use layout::{DoAll, Layout, layout, layout_with};
pub(crate) use order::{ReadBack, is_reserved};
pub use policy::Version;
pub use read::{ImageInfo, info, read};
pub use write_error::{WriteError, WriteErrorKind};
