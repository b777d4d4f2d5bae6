//! The object store: a directory of backing files, each under the hex digits of its fs-verity digest,
//! as `xx/rest`.
//!
//! > **Invariant:** what stands under a name of an object has that digest: it was computed from the
//! > very bytes that were written, and they were synced before they got their name.

mod basedir;

pub use basedir::Basedirs;
