//! System calls that are not safe by themselves.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The bytes of a file, mapped into memory and read from it at once.
///
/// Mapping saves copying the bytes, and the memory for the copy. Nothing that is made of them relies
/// on their staying as they are: another process that writes to the file meanwhile can make the
/// result wrong in any way that another content could have. If it cuts the file short, the system
/// ends this process with SIGBUS.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    len: usize,
}

impl Mapping {
    /// Maps the first bytes of a regular file. `len` must not be 0.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::POPULATE;
        // SAFETY: the address is left to the system, so no memory in use is replaced.
        let start = unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, flags, file, 0) }?;
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `new` has mapped `len` readable bytes there, which stay until `drop`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the bytes were mapped by `new`, and nothing borrows them any more.
        let _ = unsafe { munmap(self.start.as_ptr(), self.len) };
    }
}

// SAFETY: the bytes are only read, from any thread alike.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`.
unsafe impl Sync for Mapping {}
