//! Sealing a file with fs-verity.

use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use rustix::io::Errno;

use super::error::StoreErrorKind;
use super::{Store, Verity};
use crate::sys::{enable_verity, measure_verity};
use crate::verity::Digest;

/// Times that sealing is tried while something has the file open for writing. The pause before each
/// is twice the one before, a quarter of a second in all: a process that is just being started holds
/// copies of all descriptors until it runs its program.
const TRIES: u32 = 8;

/// Seals a file that is open for reading only, and compares what the kernel measures.
pub(super) fn seal(file: BorrowedFd<'_>, expected: &Digest) -> Result<(), StoreErrorKind> {
    let mut tries = 0;
    loop {
        match enable_verity(file, expected.algorithm()) {
            Ok(()) | Err(Errno::EXIST) => break,
            Err(Errno::INTR) => {}
            Err(Errno::TXTBSY) if tries < TRIES => {
                sleep(Duration::from_millis(1 << tries));
                tries += 1;
            }
            // The file system is full, or broken.
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::IO)) => {
                return Err(StoreErrorKind::Write(errno));
            }
            Err(errno) => return Err(StoreErrorKind::NoVerity(errno)),
        }
    }
    match measure_verity(file).map_err(StoreErrorKind::Open)? {
        Some(found) if found == *expected => Ok(()),
        _ => Err(StoreErrorKind::WrongSeal { expected: *expected }),
    }
}

impl Store {
    /// Seals a file as [`seal`] does. False if that is impossible, and need not be.
    pub(super) fn seal(
        &self,
        file: BorrowedFd<'_>,
        expected: &Digest,
    ) -> Result<bool, StoreErrorKind> {
        if !self.wants_seal() {
            return Ok(false);
        }
        match seal(file, expected) {
            Ok(()) => Ok(true),
            Err(StoreErrorKind::NoVerity(errno)) if self.options.verity == Verity::IfPossible => {
                if matches!(errno, Errno::NOTTY | Errno::OPNOTSUPP) {
                    self.cannot_seal.store(true, Ordering::Relaxed);
                }
                Ok(false)
            }
            Err(kind) => Err(kind),
        }
    }

    /// Whether sealing is worth a try.
    pub(super) fn wants_seal(&self) -> bool {
        self.options.verity == Verity::Required || !self.cannot_seal()
    }
}
