//! The content of external files, opened and verified anew every time.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::fstat;
use rustix::io::Errno;

use super::Verify;
use super::image::errno;
use crate::content::{self, read_piece};
use crate::erofs::External;
use crate::num::{clamp_index, wide};
use crate::progress::Progress;
use crate::store::Basedirs;
use crate::sys::measure_verity;
use crate::threads::Threads;
use crate::verity::{self, Digest};

/// The longest file whose bytes are kept in memory while it is open, in bytes.
const MAX_HELD: u64 = 128 * 1024;
/// The most that is kept so at any time, in bytes.
const MAX_ALL_HELD: usize = 64 * 1024 * 1024;
/// Buffers that are kept for the next files.
const MAX_SPARE: usize = 16;
/// The shortest file that is hashed by more than one thread, in bytes.
const MIN_THREADED: u64 = 4 * 1024 * 1024;

/// Opens contents.
#[derive(Debug)]
pub(super) struct Contents {
    basedirs: Basedirs,
    verify: Verify,
    held: Arc<Memory>,
}

/// The memory of what is held.
#[derive(Debug, Default)]
struct Memory {
    /// Bytes in use.
    used: AtomicUsize,
    /// Some that were used, and may be again.
    spare: Mutex<Vec<Vec<u8>>>,
}

/// An open content, of a size that is known to be right.
#[derive(Debug)]
pub(super) enum Content {
    /// The very bytes that were hashed.
    Held(Held),
    /// A file, which the kernel verifies, or which had the right digest when it was opened, or whose
    /// digest nobody asked for.
    File {
        /// The file.
        file: File,
        /// Its size in bytes.
        size: u64,
    },
}

/// Bytes that count among those held.
#[derive(Debug)]
pub(super) struct Held {
    /// Begins with the bytes.
    buffer: Vec<u8>,
    len: usize,
    memory: Arc<Memory>,
}

impl Memory {
    /// Room for so many bytes, unless too many are held.
    fn hold(self: &Arc<Self>, len: usize) -> Option<Held> {
        let before = self.used.fetch_add(len, Ordering::Relaxed);
        // From here on, dropping this counts them back.
        let mut held = Held { buffer: Vec::new(), len, memory: self.clone() };
        if before.saturating_add(len) > MAX_ALL_HELD {
            return None;
        }
        held.buffer = self.spare().pop().unwrap_or_default();
        if held.buffer.len() < len {
            held.buffer.resize(len, 0);
        }
        Some(held)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.len, Ordering::Relaxed);
        let mut spare = self.memory.spare();
        if spare.len() < MAX_SPARE {
            spare.push(std::mem::take(&mut self.buffer));
        }
    }
}

impl Contents {
    pub(super) fn new(basedirs: Basedirs, verify: Verify) -> Self {
        Self { basedirs, verify, held: Arc::default() }
    }

    /// Opens the content of a file of this size.
    ///
    /// # Errors
    /// `ENOENT` if no directory has it, `EIO` if it is not what it must be.
    pub(super) fn open(&self, external: &External, size: u64) -> Result<Content, Errno> {
        let file = self.basedirs.object(&external.path)?.ok_or(Errno::NOENT)?;
        if u64::try_from(fstat(&file)?.st_size) != Ok(size) {
            return Err(Errno::IO);
        }
        match (self.verify, &external.digest) {
            (Verify::Never, _) | (Verify::IfKnown, None) => Ok(Content::File { file, size }),
            (Verify::Always, None) => Err(Errno::IO),
            (_, Some(digest)) => self.verified(file, size, digest),
        }
    }

    /// The content of a file that has this digest.
    fn verified(&self, file: File, size: u64, digest: &Digest) -> Result<Content, Errno> {
        let check = |is_right| if is_right { Ok(()) } else { Err(Errno::IO) };
        if let Some(sealed) = measure_verity(file.as_fd())? {
            check(sealed == *digest)?;
            return Ok(Content::File { file, size });
        }
        if let Some(held) = self.hold(&file, size)? {
            check(verity::digest(digest.algorithm(), held.bytes()) == *digest)?;
            return Ok(Content::Held(held));
        }
        let threads = if size < MIN_THREADED { Threads::ONE } else { Threads::available() };
        let progress = Progress::default();
        let found = content::digest(file.as_fd(), size, digest.algorithm(), threads, &progress);
        check(found.map_err(errno)? == *digest)?;
        Ok(Content::File { file, size })
    }

    /// Reads a file that is short enough to be held.
    fn hold(&self, file: &File, size: u64) -> Result<Option<Held>, Errno> {
        if size > MAX_HELD {
            return Ok(None);
        }
        let Some(mut held) = self.held.hold(clamp_index(size)) else { return Ok(None) };
        let room = held.buffer.get_mut(..held.len).unwrap_or_default();
        read_piece(file.as_fd(), 0, room).map_err(errno)?;
        Ok(Some(held))
    }
}

impl Content {
    /// Gives `take` at most `len` bytes from an offset on; fewer at the end only. `scratch` is room for
    /// them.
    pub(super) fn read<T>(
        &self,
        offset: u64,
        len: usize,
        scratch: &mut Vec<u8>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Errno> {
        match self {
            Self::Held(held) => {
                let rest = held.bytes().get(clamp_index(offset)..).unwrap_or_default();
                Ok(take(rest.get(..len).unwrap_or(rest)))
            }
            Self::File { file, size } => {
                let len = clamp_index(size.saturating_sub(offset).min(wide(len)));
                if scratch.len() < len {
                    scratch.resize(len, 0);
                }
                let room = scratch.get_mut(..len).unwrap_or_default();
                // A file that has become shorter must not read as zeros.
                read_piece(file.as_fd(), offset, room).map_err(errno)?;
                Ok(take(room))
            }
        }
    }
}
