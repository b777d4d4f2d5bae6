//! Sealing objects with fs-verity.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use super::error::{StoreError, StoreErrorKind};
use super::object::Expected;
use super::{Store, Verity};
use crate::content::{self, Seal};
use crate::progress::Progress;
use crate::threads::Threads;
use crate::verity::Digest;

/// Seals a file that is open for reading only, and compares what the kernel measures.
pub(super) fn seal(file: BorrowedFd<'_>, expected: &Digest) -> Result<Seal, StoreErrorKind> {
    let sealed = content::seal(file, expected.algorithm()).map_err(|errno| match errno {
        // The file system is full, or broken.
        Errno::NOSPC | Errno::DQUOT | Errno::IO => StoreErrorKind::Write(errno),
        errno => StoreErrorKind::NoVerity(errno),
    })?;
    match content::measure(file).map_err(StoreErrorKind::Open)? {
        Some(found) if found == *expected => Ok(sealed),
        _ => Err(StoreErrorKind::WrongSeal { expected: *expected }),
    }
}

/// Copies that are made of a file which somebody has open for writing, each to be sealed instead.
const COPIES: usize = 3;

/// Seals a file, or a copy of it if it stays busy: nobody else knows of the copy.
///
/// # Errors
/// Those of sealing the last copy, and of making copies.
pub(super) fn seal_or_copy<F>(
    file: &mut F,
    seal: impl Fn(&F) -> Result<Seal, StoreErrorKind>,
    mut copy: impl FnMut(&F) -> Result<F, StoreErrorKind>,
) -> Result<Seal, StoreErrorKind> {
    for _ in 0..COPIES {
        match seal(file) {
            Err(StoreErrorKind::NoVerity(Errno::TXTBSY)) => *file = copy(file)?,
            sealed => return sealed,
        }
    }
    seal(file)
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
        self.unless_impossible(seal(file, expected))
    }

    /// Whether a file was sealed; an error if it was not and had to be.
    pub(super) fn unless_impossible(
        &self,
        sealed: Result<Seal, StoreErrorKind>,
    ) -> Result<bool, StoreErrorKind> {
        match sealed {
            Ok(_) => Ok(true),
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

    /// Seals the object that has this digest, if its content has it too.
    ///
    /// # Errors
    /// As [`Store::object`]; [`StoreErrorKind::WrongDigest`], and the object is not sealed then;
    /// [`StoreErrorKind::WrongSeal`] if it was sealed in another way before;
    /// [`StoreErrorKind::NoVerity`] if it cannot be sealed.
    pub fn seal_object(
        &self,
        digest: &Digest,
        threads: Threads,
        progress: &Progress,
    ) -> Result<Seal, StoreError> {
        let object = self.object(super::object_path(digest).as_bytes())?;
        let failed = |kind| self.object_error(digest, kind);
        if object.is_sealed_as(digest).map_err(failed)? {
            return Ok(Seal::Old);
        }
        let expected = Expected { size: None, digests: std::slice::from_ref(digest) };
        object.check(&expected, threads, progress).map_err(failed)?;
        seal(object.file.as_fd(), digest).map_err(failed)
    }

    /// Finds out whether files can be sealed where the store lies, by sealing one that is dropped.
    ///
    /// # Errors
    /// [`StoreErrorKind::NoVerity`] if not; [`StoreErrorKind::Write`] if nothing can be written there.
    pub fn try_verity(&self) -> Result<(), StoreError> {
        let dir = self.writing()?;
        let failed = |errno| self.error(StoreErrorKind::Write(errno));
        let mut file = super::temporary::Temporary::new(&dir, &self.options).map_err(failed)?;
        file.close_for_writing().map_err(failed)?;
        let empty = crate::verity::digest(self.options.algorithm, b"");
        seal(file.file(), &empty).map(|_| ()).map_err(|kind| self.error(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: StoreErrorKind = StoreErrorKind::NoVerity(Errno::TXTBSY);

    /// Seals a file that is a number: the copy of this number is the first that nobody holds.
    fn sealed(free: usize) -> (Result<Seal, StoreErrorKind>, usize) {
        let mut file = 0;
        let seal = |&file: &usize| if file >= free { Ok(Seal::New) } else { Err(BUSY) };
        (seal_or_copy(&mut file, seal, |&file| Ok(file + 1)), file)
    }

    #[test]
    fn a_file_that_stays_busy_is_copied_a_few_times() {
        assert_eq!(sealed(0), (Ok(Seal::New), 0));
        assert_eq!(sealed(2), (Ok(Seal::New), 2));
        assert_eq!(sealed(3), (Ok(Seal::New), 3));
        assert_eq!(sealed(4), (Err(BUSY), 3));
    }

    #[test]
    fn a_copy_that_cannot_be_made_is_the_error() {
        let full = StoreErrorKind::Write(Errno::NOSPC);
        let result = seal_or_copy(&mut 0, |_: &usize| Err(BUSY), |_| Err(full.clone()));
        assert_eq!(result, Err(full));
    }
}
