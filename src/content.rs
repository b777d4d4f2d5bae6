//! The content of open files: its digest, copies of it with theirs, and its seal.
//!
//! **Invariant:** a digest is of the bytes that count: of a copy, those that were written.

mod seal;

pub use seal::{Seal, measure, seal};

use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{copy_file_range, ioctl_ficlone};
use rustix::io::{Errno, pread, pwrite};

use crate::num::{clamp_index, wide};
use crate::progress::Progress;
use crate::sys::start_writing;
use crate::threads::{Threads, digest_pieces};
use crate::verity::{Algorithm, Digest};

/// Why a content could not be read or copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The source cannot be read.
    #[error("cannot be read: {0}")]
    Read(Errno),
    /// The copy cannot be written, or not be read again.
    #[error("cannot be written: {0}")]
    Write(Errno),
    /// The file ended before its size; both in bytes.
    #[error("expected {expected} bytes, found an end after {found}")]
    Short {
        /// Where the end should be.
        expected: u64,
        /// Where it is.
        found: u64,
    },
    /// The work was asked to stop.
    #[error("stopped")]
    Stopped,
}

/// The fs-verity digest of the first `size` bytes of a file, on several threads.
///
/// # Errors
/// [`ContentError::Read`], [`ContentError::Short`], [`ContentError::Stopped`].
pub fn digest(
    file: BorrowedFd<'_>,
    size: u64,
    algorithm: Algorithm,
    threads: Threads,
    progress: &Progress,
) -> Result<Digest, ContentError> {
    digest_pieces(algorithm, threads, size, |start, piece| {
        check(progress)?;
        read_piece(file, start, piece)?;
        progress.add(0, wide(piece.len()));
        Ok(())
    })
}

/// When the disk begins to write a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writeback {
    /// While more is copied, so that a sync has less to wait for.
    Early,
    /// Whenever the system likes: nobody waits for it.
    Lazy,
}

/// Copies the first `size` bytes of a file to an empty one that is open for reading and writing, and
/// tells the fs-verity digest of what the copy holds.
///
/// The two share their blocks where the file system can do that; else the kernel copies; else this
/// program does.
///
/// # Errors
/// All of [`ContentError`]; the copy may then hold anything.
pub fn copy(
    source: BorrowedFd<'_>,
    copy: BorrowedFd<'_>,
    size: u64,
    algorithm: Algorithm,
    writeback: Writeback,
    threads: Threads,
    progress: &Progress,
) -> Result<Digest, ContentError> {
    let is_clone = ioctl_ficlone(copy, source).is_ok();
    if is_clone {
        // The source may have grown, or shrunk, since it was looked at.
        rustix::fs::ftruncate(copy, size).map_err(ContentError::Write)?;
    }
    let writing = Mutex::new(());
    digest_pieces(algorithm, threads, size, |start, piece| {
        check(progress)?;
        if is_clone {
            read_piece(copy, start, piece)?;
        } else {
            copy_piece(source, copy, start, piece, &writing)?;
            let end = start.saturating_add(wide(piece.len()));
            if writeback == Writeback::Early && end.is_multiple_of(STRETCH) {
                start_writing(copy, end - STRETCH, STRETCH);
            }
        }
        progress.add(0, wide(piece.len()));
        Ok(())
    })
}

/// Bytes that are handed to the disk at a time while more are copied.
const STRETCH: u64 = 8 << 20;

/// Copies a piece, and reads what the copy holds.
fn copy_piece(
    source: BorrowedFd<'_>,
    copy: BorrowedFd<'_>,
    start: u64,
    piece: &mut [u8],
    writing: &Mutex<()>,
) -> Result<(), ContentError> {
    // Writers of one file wait for each other in any case; in the kernel they do so at full speed.
    let in_turn = || writing.lock().unwrap_or_else(PoisonError::into_inner);
    let len = wide(piece.len());
    let turn = in_turn();
    let is_copied = copy_by_kernel(source, copy, start, len)?;
    drop(turn);
    if is_copied {
        read_piece(copy, start, piece).map_err(of_copy)?;
    } else {
        read_piece(source, start, piece)?;
        let _turn = in_turn();
        write_piece(copy, start, piece)?;
    }
    Ok(())
}

fn check(progress: &Progress) -> Result<(), ContentError> {
    if progress.is_stopped() { Err(ContentError::Stopped) } else { Ok(()) }
}

/// An error in reading a copy, told as one of writing it.
fn of_copy(error: ContentError) -> ContentError {
    match error {
        ContentError::Read(errno) => ContentError::Write(errno),
        error => error,
    }
}

/// Lets the kernel copy a range. False if it cannot do so for these files.
fn copy_by_kernel(
    source: BorrowedFd<'_>,
    copy: BorrowedFd<'_>,
    start: u64,
    len: u64,
) -> Result<bool, ContentError> {
    let (mut from, mut to) = (start, start);
    let end = start.saturating_add(len);
    while from < end {
        let left = clamp_index(end.saturating_sub(from));
        match copy_file_range(source, Some(&mut from), copy, Some(&mut to), left) {
            // Some file systems say so of files that are not at their end.
            Ok(0) => return Ok(false),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                return Err(ContentError::Write(error));
            }
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Fills a buffer from a place in a file.
///
/// # Errors
/// [`ContentError::Read`], [`ContentError::Short`].
pub(crate) fn read_piece(
    file: BorrowedFd<'_>,
    start: u64,
    piece: &mut [u8],
) -> Result<(), ContentError> {
    let expected = start.saturating_add(wide(piece.len()));
    let mut at = start;
    let mut rest = piece;
    while !rest.is_empty() {
        match pread(file, &mut *rest, at) {
            Ok(0) => return Err(ContentError::Short { expected, found: at }),
            Ok(len) => {
                at = at.saturating_add(wide(len));
                rest = rest.get_mut(len..).unwrap_or_default();
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(ContentError::Read(error)),
        }
    }
    Ok(())
}

/// Writes all of a buffer at a place in a file.
///
/// # Errors
/// [`ContentError::Write`].
pub(crate) fn write_piece(
    file: BorrowedFd<'_>,
    start: u64,
    piece: &[u8],
) -> Result<(), ContentError> {
    let mut at = start;
    let mut rest = piece;
    while !rest.is_empty() {
        match pwrite(file, rest, at) {
            Ok(0) => return Err(ContentError::Write(Errno::NOSPC)),
            Ok(len) => {
                at = at.saturating_add(wide(len));
                rest = rest.get(len..).unwrap_or_default();
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(ContentError::Write(error)),
        }
    }
    Ok(())
}

/// Copies the first `size` bytes of a file to an empty one, without looking at them.
///
/// # Errors
/// All of [`ContentError`]; the copy may then hold anything.
pub(crate) fn transfer(
    source: BorrowedFd<'_>,
    copy: BorrowedFd<'_>,
    size: u64,
    progress: &Progress,
) -> Result<(), ContentError> {
    const PIECE: u64 = 256 * 1024;
    if ioctl_ficlone(copy, source).is_ok() {
        progress.add(0, size);
        return rustix::fs::ftruncate(copy, size).map_err(ContentError::Write);
    }
    let mut start = 0;
    let mut buffer = Vec::new();
    while start < size {
        check(progress)?;
        let len = (size - start).min(PIECE);
        if !copy_by_kernel(source, copy, start, len)? {
            buffer.resize(clamp_index(len), 0);
            read_piece(source, start, &mut buffer)?;
            write_piece(copy, start, &buffer)?;
        }
        start += len;
        progress.add(0, len);
    }
    Ok(())
}
