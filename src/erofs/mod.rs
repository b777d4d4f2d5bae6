//! EROFS images of composefs.
mod area;
mod dir;
pub mod disk;
mod emit;
mod encode;
mod external;
mod layout;
mod order;
mod policy;
mod stored;
mod write_error;

pub(crate) use dir::directory_size;
pub(crate) use order::{ReadBack, is_reserved};
pub use layout::{Layout, layout};
pub use policy::Version;
pub use write_error::{WriteError, WriteErrorKind};
