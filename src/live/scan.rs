//! A directory as a tree.
//!
//! Threads take tasks from one stack: a directory to list, or a batch of its names to read. What they
//! find is kept by directory and put together in walk order when all is read, so that the tree does
//! not depend on how many they are.

mod assemble;
mod count;
mod dirs;
mod entry;
mod error;
mod leaves;
mod options;
mod queue;
mod read;
mod worker;
mod xattrs;

pub use count::expect;
pub use error::{Problem, ProblemKind, ScanError};
pub use options::{HardLinks, IdMap, Mtimes, OnChange, ScanOptions, Xattrs};

use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::progress::Progress;
use crate::store::Store;
use crate::threads::Threads;
use crate::tree::Tree;
use options::Rules;
use queue::Queue;
use worker::Worker;

/// What a scan found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scan {
    /// The tree. The SIZE of directories is 0, as that follows from the image:
    /// [`canonicalise`](crate::canon::canonicalise) computes it.
    pub tree: Tree<'static>,
    /// Inodes that have several names in the directory.
    pub linked: u64,
    /// What changed while it was read and was taken all the same, with [`OnChange::Warn`].
    pub changed: Vec<Problem>,
}

/// Reads a directory and all that is below it into a tree, and its contents into a store if there is
/// one.
///
/// The root is the directory that `root` leads to; below it no symlink is followed. Each regular file
/// is opened once, and its facts, its xattrs and its content come from that descriptor; FIFOs and
/// devices are never opened for reading.
///
/// Files of more than [`inline_max`](ScanOptions::inline_max) bytes get the path of their object as
/// payload, and its digest. Directories that hold many names, and large files, are shared among the
/// threads; at most 256 directories are open at a time, however deep they lie.
///
/// # Errors
/// [`ScanError::Unreadable`] with every path that could not be read, or that changed while it was;
/// others as they say.
///
/// # Example
/// ```
/// use cfs::live::{ScanOptions, scan};
/// use cfs::progress::Progress;
/// use cfs::threads::Threads;
///
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("hello"), "world")?;
/// let found = scan(dir.path(), &ScanOptions::default(), None, Threads::ONE, &Progress::default())?;
/// let hello = found.tree.find(b"/hello").ok_or("the file is there")?;
/// assert_eq!(found.tree.facts(hello).content(), Some(&b"world"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// mkcomposefs(1); the image of the tree is that of `mkcomposefs DIR` with the same options.
pub fn scan(
    root: &Path,
    options: &ScanOptions,
    store: Option<&Store>,
    threads: Threads,
    progress: &Progress,
) -> Result<Scan, ScanError> {
    let rules = Rules::new(options, store)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, root, flags, Mode::empty()).map_err(ScanError::Root)?;
    let queue = Queue::new(root);
    std::thread::scope(|scope| {
        let work = || Worker::new(&queue, &rules, store, threads, progress).run();
        for _ in 1..threads.count() {
            // Where no thread can be started, this one does all the work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    if progress.is_stopped() {
        return Err(ScanError::Stopped);
    }
    let (found, error) = queue.into_found();
    match error {
        Some(error) => Err(error),
        None => assemble::assemble(found, &rules),
    }
}
