//! System calls that have no safe interface.
#![allow(unsafe_code)]

#[cfg(feature = "cli")]
mod large_pages;
#[cfg(feature = "cli")]
mod map;
mod mount;

#[cfg(feature = "cli")]
pub use large_pages::LargePages;
#[cfg(feature = "cli")]
pub(crate) use map::Map;
pub(crate) use mount::{configure_loop, free_loop, map_ids, unshare_mounts};

use std::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, Setter, ioctl, opcode};

use crate::verity::{Algorithm, Digest};

/// The number that fs-verity gives to an algorithm, on disk and in its calls.
const fn algorithm_number(algorithm: Algorithm) -> u32 {
    match algorithm {
        Algorithm::Sha256 => 1,
        Algorithm::Sha512 => 2,
    }
}

/// The argument of `FS_IOC_ENABLE_VERITY`: `struct fsverity_enable_arg` of Linux
/// `include/uapi/linux/fsverity.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct EnableVerity {
    version: u32,
    hash_algorithm: u32,
    block_size: u32,
    salt_size: u32,
    salt: u64,
    signature_size: u32,
    reserved: u32,
    signature: u64,
    more: [u64; 11],
}
const _: () = assert!(size_of::<EnableVerity>() == 128);

/// Seals a file with fs-verity, without a salt or a signature, in blocks of 4096 bytes. The file must
/// be open for reading only, and nowhere for writing.
///
/// # Errors
/// Those of the system, of which `EEXIST` says that it is sealed already, `ETXTBSY` that it is open
/// for writing somewhere, and `EOPNOTSUPP` and `ENOTTY` that its file system cannot.
pub(crate) fn enable_verity(file: BorrowedFd<'_>, algorithm: Algorithm) -> Result<(), Errno> {
    let argument = EnableVerity {
        version: 1,
        hash_algorithm: algorithm_number(algorithm),
        block_size: 4096,
        ..EnableVerity::default()
    };
    const ENABLE: Opcode = opcode::write::<EnableVerity>(b'f', 133);
    // SAFETY: the opcode is that of a call which reads a `struct fsverity_enable_arg`, whose layout
    // is that of `EnableVerity`, and whose pointers are null and of length 0.
    unsafe { ioctl(file, Setter::<ENABLE, EnableVerity>::new(argument)) }
}

/// Lets the system begin to write a range of a file to its disk, so that a sync has less to wait for.
/// That it does not is no error.
pub(crate) fn start_writing(file: BorrowedFd<'_>, start: u64, len: u64) {
    let (Ok(start), Ok(len)) = (start.try_into(), len.try_into()) else { return };
    // SAFETY: the call takes numbers only, and the descriptor is open.
    unsafe {
        libc::sync_file_range(file.as_raw_fd(), start, len, libc::SYNC_FILE_RANGE_WRITE);
    }
}

/// The argument of `FS_IOC_MEASURE_VERITY`: `struct fsverity_digest`, and room for the longest digest
/// there is.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct MeasureVerity {
    algorithm: u16,
    size: u16,
    digest: [u8; 64],
}

// SAFETY: the call reads `size` and writes a `struct fsverity_digest` and at most `size` bytes behind
// it, for which there is room. Any bytes are a valid value.
unsafe impl Ioctl for MeasureVerity {
    type Output = Self;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        // The size is that of the structure without its room.
        opcode::read_write::<[u16; 2]>(b'f', 134)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, argument: *mut c_void) -> Result<Self, Errno> {
        // SAFETY: `argument` is what `as_ptr` gave.
        Ok(unsafe { argument.cast::<Self>().read() })
    }
}

/// What the kernel says of the seal of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// It is sealed with this digest.
    Sealed(Digest),
    /// It is sealed in a way that composefs does not know.
    Odd,
    /// It is not sealed, but could be.
    Unsealed,
    /// It cannot be sealed where it lies; the error of the system says why.
    Impossible(Errno),
}

/// Asks the kernel for the seal of a file that is open for reading.
///
/// # Errors
/// Those of the system that say nothing of a seal.
pub(crate) fn measured(file: BorrowedFd<'_>) -> Result<Measured, Errno> {
    let room = MeasureVerity { algorithm: 0, size: 64, digest: [0; 64] };
    // SAFETY: `MeasureVerity` says what the call does.
    let measured = match unsafe { ioctl(file, room) } {
        Ok(measured) => measured,
        Err(Errno::NODATA) => return Ok(Measured::Unsealed),
        Err(errno @ (Errno::OPNOTSUPP | Errno::NOTTY)) => return Ok(Measured::Impossible(errno)),
        Err(errno) => return Err(errno),
    };
    let digest = measured.digest.get(..usize::from(measured.size)).and_then(Digest::from_bytes);
    let is_its =
        |digest: &Digest| algorithm_number(digest.algorithm()) == u32::from(measured.algorithm);
    Ok(digest.filter(is_its).map_or(Measured::Odd, Measured::Sealed))
}

/// The digest by which the kernel has sealed a file; `None` if it is not sealed, or cannot be where it
/// lies, or is sealed in a way that composefs does not know.
///
/// # Errors
/// Those of the system that say neither.
pub(crate) fn measure_verity(file: BorrowedFd<'_>) -> Result<Option<Digest>, Errno> {
    Ok(match measured(file)? {
        Measured::Sealed(digest) => Some(digest),
        _ => None,
    })
}
