//! The bytes of an image that is being served.
//!
//! The file is not mapped: one that got shorter would end the process, and every mount with it. Nor is
//! it read as a whole, which would take seconds and as much memory. Pieces are read when they are
//! needed, and the last few are kept; the kernel caches what it was told, so each is needed seldom.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use super::error::FuseErrorKind;
use crate::content::{ContentError, read_piece};
use crate::erofs::Source;
use crate::num::{clamp_index, wide};
use crate::store::Mismatch;
use crate::sys::measure_verity;
use crate::verity::{self, Digest};

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;
/// Pieces that are kept: 4 MiB in all.
const PIECES: usize = 256;

/// The bytes of an image.
#[derive(Debug)]
pub(super) enum ImageBytes {
    /// Read from the file when they are needed.
    File(CachedFile),
    /// Read once and hashed, and not looked for in the file again.
    Memory(Vec<u8>),
}

impl ImageBytes {
    /// The bytes of an open image; if a digest is given, of one that has it for as long as it is
    /// served.
    pub(super) fn new(file: File, digest: Option<&Digest>) -> Result<Self, FuseErrorKind> {
        let stat = fstat(&file).map_err(FuseErrorKind::Image)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(FuseErrorKind::NotAFile);
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        match digest {
            None => Ok(Self::File(CachedFile::new(file, size))),
            Some(digest) => Self::with_digest(file, size, digest),
        }
    }

    fn with_digest(file: File, size: u64, expected: &Digest) -> Result<Self, FuseErrorKind> {
        let wrong =
            |found| FuseErrorKind::WrongDigest(Box::new(Mismatch { expected: *expected, found }));
        match measure_verity(file.as_fd()).map_err(FuseErrorKind::Image)? {
            // What is sealed cannot change, and the kernel checks whatever is read of it.
            Some(found) if found == *expected => Ok(Self::File(CachedFile::new(file, size))),
            Some(found) => Err(wrong(found)),
            None => {
                let mut bytes = Vec::new();
                let len = clamp_index(size);
                let room = bytes.try_reserve_exact(len);
                room.map_err(|_| FuseErrorKind::Image(Errno::NOMEM))?;
                bytes.resize(len, 0);
                read_piece(file.as_fd(), 0, &mut bytes)
                    .map_err(|error| FuseErrorKind::Image(errno(error)))?;
                let found = verity::digest(expected.algorithm(), &bytes);
                if found == *expected { Ok(Self::Memory(bytes)) } else { Err(wrong(found)) }
            }
        }
    }
}

impl Source for ImageBytes {
    type Error = Errno;

    fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size,
            Self::Memory(bytes) => wide(bytes.len()),
        }
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), Errno> {
        match self {
            Self::File(file) => file.read(at, buffer),
            Self::Memory(bytes) => {
                let found = bytes.get(clamp_index(at)..).and_then(|rest| rest.get(..buffer.len()));
                buffer.copy_from_slice(found.ok_or(Errno::IO)?);
                Ok(())
            }
        }
    }
}

/// A file of which the pieces that were read last are kept.
#[derive(Debug)]
pub(super) struct CachedFile {
    file: File,
    size: u64,
    pieces: Vec<Mutex<Piece>>,
}

/// A piece of a file.
#[derive(Debug, Default)]
struct Piece {
    /// Its number, counted from 1; 0 if there is none.
    number: u64,
    bytes: Vec<u8>,
}

impl CachedFile {
    fn new(file: File, size: u64) -> Self {
        Self { file, size, pieces: (0..PIECES).map(|_| Mutex::default()).collect() }
    }

    fn read(&self, mut at: u64, mut buffer: &mut [u8]) -> Result<(), Errno> {
        while !buffer.is_empty() {
            let number = at / wide(PIECE);
            let len = self.read_from(number, clamp_index(at % wide(PIECE)), buffer)?;
            at = at.saturating_add(wide(len));
            buffer = buffer.get_mut(len..).unwrap_or_default();
        }
        Ok(())
    }

    /// Copies bytes of a piece, from an offset into it on, and tells how many.
    fn read_from(&self, number: u64, offset: usize, buffer: &mut [u8]) -> Result<usize, Errno> {
        let place = self.pieces.get(clamp_index(number % wide(PIECES))).ok_or(Errno::IO)?;
        let mut piece = place.lock().unwrap_or_else(PoisonError::into_inner);
        if piece.number != number.saturating_add(1) {
            self.fetch(number, &mut piece)?;
        }
        let bytes = piece.bytes.get(offset..).filter(|bytes| !bytes.is_empty()).ok_or(Errno::IO)?;
        let len = bytes.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), bytes.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn fetch(&self, number: u64, piece: &mut Piece) -> Result<(), Errno> {
        let start = number.saturating_mul(wide(PIECE));
        let len = clamp_index(self.size.saturating_sub(start).min(wide(PIECE)));
        piece.number = 0;
        piece.bytes.resize(len, 0);
        read_piece(self.file.as_fd(), start, &mut piece.bytes).map_err(errno)?;
        piece.number = number.saturating_add(1);
        Ok(())
    }
}

/// What the system says of bytes that cannot be read. A file that has become shorter has an
/// error of its own that no system knows.
pub(super) fn errno(error: ContentError) -> Errno {
    match error {
        ContentError::Read(errno) => errno,
        _ => Errno::IO,
    }
}
