//! Live directories: scanned into trees, and trees extracted into directories.
//!
//! > **Invariant:** every system call here takes a descriptor and a single name, never a joined path,
//! > and never follows a symlink.
mod scan;

pub use scan::{
    HardLinks, IdMap, Mtimes, OnChange, Problem, ProblemKind, Scan, ScanError, ScanOptions, Xattrs,
    scan,
};
