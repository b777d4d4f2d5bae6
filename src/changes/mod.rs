//! A comparison as a JSON document, and the new tree made of the old one and such a document.
//!
//! [`document()`] writes what [`diff()`](crate::diff::diff()) found; [`apply`] is the way back. The
//! format is `cfs-diff/1`; its schema stands in `grammar/diff.schema.json`. Bytes that are UTF-8 are a
//! string; all others are an object, `{"escaped": "…"}`, with the escapes of a dump.
//!
//! **Law:** applying the document of `diff(a, b)` to `a` gives the canonical form of `b`, if nothing was
//! ignored.

mod apply;
mod document;
mod entry;
mod error;
mod model;
mod value;

pub use apply::apply;
pub use document::{Source, document};
pub use error::{PatchError, PatchErrorKind};

/// What the documents say they are.
pub const FORMAT: &str = "cfs-diff/1";
