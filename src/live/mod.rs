//! Live directories: scanned into trees, and trees extracted into directories.
//!
//! > **Invariant:** every system call here takes a descriptor and a single name, never a joined path,
//! > and never follows a symlink.

mod extract;
mod scan;

pub use extract::{
    BadPattern, Existing, ExtractError, ExtractErrorKind, ExtractOptions, Extracted, Lost, Only,
    Skipped, Verify, extract,
};
pub use scan::{
    HardLinks, IdMap, Mtimes, OnChange, Problem, ProblemKind, Scan, ScanError, ScanOptions, Xattrs,
    expect, scan,
};
