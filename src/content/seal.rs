//! Sealing open files with fs-verity, and asking the kernel what it has sealed.

use std::os::fd::BorrowedFd;
use std::thread::sleep;
use std::time::Duration;

use rustix::io::Errno;

use crate::sys::{enable_verity, measure_verity};
use crate::verity::{Algorithm, Digest};

/// What sealing a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It is sealed now.
    New,
    /// It was sealed already, in whatever way.
    Old,
}

/// Times that sealing is tried while something has the file open for writing. The pause before each
/// is twice the one before, a quarter of a second in all: a process that is just being started holds
/// copies of all descriptors until it runs its program.
const TRIES: u32 = 8;

/// Seals a file with fs-verity, without a salt or a signature, in blocks of 4096 bytes: its content
/// can never change again, and the kernel verifies each block that it reads.
///
/// The file must be open for reading only, by somebody who may write to it.
///
/// # Errors
/// Those of the system: `ETXTBSY` if the file stays open for writing somewhere, `EBUSY` if somebody
/// else is sealing it, `EOPNOTSUPP` and `ENOTTY` if its file system or the kernel has no fs-verity,
/// `EACCES` if this user may not write to it, `EINVAL` if the hash function or the size of the blocks
/// is not supported there.
///
/// # Example
/// ```no_run
/// use std::os::fd::AsFd;
/// use cfs::verity::Algorithm;
/// let image = std::fs::File::open("image.cfs")?;
/// cfs::content::seal(image.as_fd(), Algorithm::Sha256)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Source
/// `FS_IOC_ENABLE_VERITY` in the documentation of the kernel.
pub fn seal(file: BorrowedFd<'_>, algorithm: Algorithm) -> Result<Seal, Errno> {
    let mut tries = 0;
    loop {
        match enable_verity(file, algorithm) {
            Ok(()) => return Ok(Seal::New),
            Err(Errno::EXIST) => return Ok(Seal::Old),
            Err(Errno::INTR) => {}
            Err(Errno::TXTBSY) if tries < TRIES => {
                sleep(Duration::from_millis(1 << tries));
                tries += 1;
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// The digest with which the kernel verifies a file; `None` if the file is not sealed, or cannot be
/// where it lies, or is sealed in a way that composefs does not know.
///
/// # Errors
/// Those of the system that say neither.
///
/// # Source
/// `FS_IOC_MEASURE_VERITY` in the documentation of the kernel.
pub fn measure(file: BorrowedFd<'_>) -> Result<Option<Digest>, Errno> {
    measure_verity(file)
}
