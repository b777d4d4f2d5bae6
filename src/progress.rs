//! What a long piece of work tells while it goes on, and is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts what is done, and carries the word to stop; any thread may use it at any time.
///
/// # Example
/// ```
/// use cfs::progress::Progress;
/// let progress = Progress::default();
/// progress.add(1, 4096);
/// assert_eq!((progress.files(), progress.bytes()), (1, 4096));
/// ```
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    total_files: AtomicU64,
    total_bytes: AtomicU64,
    stop: AtomicBool,
}

impl Progress {
    /// Counts files and bytes that are done.
    pub fn add(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts files and bytes that are known to come.
    pub fn expect(&self, files: u64, bytes: u64) {
        self.total_files.fetch_add(files, Ordering::Relaxed);
        self.total_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Files done.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Bytes done.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Files known to come, those that are done included; 0 if nobody knows.
    #[must_use]
    pub fn total_files(&self) -> u64 {
        self.total_files.load(Ordering::Relaxed)
    }

    /// Bytes known to come, those that are done included; 0 if nobody knows.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes.load(Ordering::Relaxed)
    }

    /// Asks the work to stop at the next file, leaving nothing half done.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
