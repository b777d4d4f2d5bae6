//! Files as memory.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The bytes of a file in the page cache: no copy, and no memory of our own.
///
/// A file that gets shorter while it is mapped ends the process when the missing bytes are read, and
/// one that is written to changes under the reader. Neither is worse than what another program that
/// writes to the file while it is read can do anyway, but it must not be this program: callers do
/// not map a file that they write to.
#[derive(Debug)]
pub(crate) struct Map {
    start: NonNull<u8>,
    len: usize,
}

impl Map {
    /// Maps the first `len` bytes of a file.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: the system chooses a place that nothing else uses.
        let start = unsafe {
            mmap(std::ptr::null_mut(), len, ProtFlags::READ, MapFlags::PRIVATE, file, 0)
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes stay mapped and readable as long as `self` lives, and all bit patterns
        // are bytes. Nothing in this process writes to them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the bytes were mapped by `new`, and no reference to them outlives `self`.
        // Nothing can be done if it fails, and nothing is lost.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
    }
}
