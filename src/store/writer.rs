//! Adding objects.

use std::ops::AddAssign;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{FsWord, Mode, OFlags, fstatfs, fsync, mkdirat, openat, syncfs};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::error::{Mismatch, StoreError, StoreErrorKind};
use super::object::Expected;
use super::seal::{self, seal_or_copy};
use super::temporary::{Temporary, lock};
use super::{Store, object_path};
use crate::content::{self, ContentError, Writeback};
use crate::num::{clamp_index, wide};
use crate::progress::Progress;
use crate::threads::Threads;
use crate::verity::{self, Digest};

/// The content of an object.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Bytes at hand.
    Bytes(&'a [u8]),
    /// The first `size` bytes of a file that is open for reading.
    File {
        /// The file.
        file: BorrowedFd<'a>,
        /// Bytes of it that count.
        size: u64,
    },
}

/// A number of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub objects: u64,
    /// Bytes they have together.
    pub bytes: u64,
}

impl Count {
    /// Counts an object of so many bytes.
    pub fn add(&mut self, bytes: u64) {
        *self += Self { objects: 1, bytes };
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.objects = self.objects.saturating_add(other.objects);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What a writer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Objects that were not there.
    pub new: Count,
    /// Objects that were there already, each time they were added.
    pub existing: Count,
    /// Those of either kind that are not sealed with fs-verity.
    pub unsealed: u64,
}

impl AddAssign for Added {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.existing += other.existing;
        self.unsealed = self.unsealed.saturating_add(other.unsealed);
    }
}

/// Objects that wait for their names, at most: each holds a descriptor.
const BATCH: usize = 128;
/// Bytes that they have together, at most, before they are synced.
const BATCH_BYTES: u64 = 64 << 20;
/// Objects of more bytes are synced on their own, and get their names at once.
const LARGE: u64 = 8 << 20;
/// Files of no more bytes are read, to know whether they are needed before they are written.
const SMALL: u64 = 256 << 10;

/// The type of file systems that may hear nothing of `syncfs`: `FUSE_SUPER_MAGIC`.
const FUSE: FsWord = 0x6573_5546;

/// Adds objects to a store; each thread has one of its own.
///
/// An object may get its name at any time between [`Writer::add`] and [`Writer::finish`]: many are
/// synced together. One that is dropped before leaves out those that have none yet.
#[derive(Debug)]
pub struct Writer<'s> {
    store: &'s Store,
    /// The directory, locked; opened anew, as each descriptor hears of an error in syncing once.
    dir: Option<Arc<OwnedFd>>,
    /// Descriptors that all writers of the store may hold together.
    descriptors: usize,
    waiting: Vec<Waiting>,
    bytes: u64,
    added: Added,
    /// Whether the last large file was there already, as the next one may be too: it is then read
    /// before it is copied.
    is_repeating: bool,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.store.writers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An object that has no name yet.
#[derive(Debug)]
struct Waiting {
    digest: Digest,
    size: u64,
    file: Temporary,
    is_sealed: bool,
}

impl Store {
    /// A writer that has done nothing yet.
    #[must_use]
    pub fn writer(&self) -> Writer<'_> {
        self.writers.fetch_add(1, Ordering::Relaxed);
        let limit = getrlimit(Resource::Nofile).current;
        Writer {
            store: self,
            dir: None,
            descriptors: clamp_index(limit.unwrap_or(u64::MAX) / 2),
            waiting: Vec::new(),
            bytes: 0,
            added: Added::default(),
            is_repeating: false,
        }
    }

    /// A descriptor of the directory that holds the lock of those who write.
    pub(super) fn writing(&self) -> Result<Arc<OwnedFd>, StoreError> {
        let root = self.made()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(root, ".", flags, Mode::empty());
        let dir = dir.map_err(|errno| self.error(StoreErrorKind::Open(errno)))?;
        // Where a directory cannot be locked, no objects are removed either.
        let _ = lock(&dir);
        self.clean(dir.as_fd())?;
        Ok(Arc::new(dir))
    }
}

impl Writer<'_> {
    /// Adds an object, unless it is there already, and tells its digest. `threads` is how many may
    /// work on a large one; the bytes are counted as progress, files are not.
    ///
    /// # Errors
    /// [`StoreErrorKind::Source`] if the content cannot be read, or the work was asked to stop;
    /// what [`Store::check`] has to say of an object that is there already;
    /// [`StoreErrorKind::Write`] and others if the store cannot be written to, which may be about any
    /// object that was added before. A writer can go on after the first of these, and after no other.
    pub fn add(
        &mut self,
        source: Source<'_>,
        threads: Threads,
        progress: &Progress,
    ) -> Result<Digest, StoreError> {
        if progress.is_stopped() {
            return Err(self.store.error(StoreErrorKind::Source(ContentError::Stopped)));
        }
        match source {
            Source::Bytes(bytes) => self.add_bytes(bytes, threads, progress),
            Source::File { file, size } if size <= SMALL => {
                let mut bytes = vec![0; clamp_index(size)];
                content::read_piece(file, 0, &mut bytes)
                    .map_err(|error| self.store.error(StoreErrorKind::Source(error)))?;
                self.add_bytes(&bytes, threads, progress)
            }
            Source::File { file, size } => self.add_file(file, size, threads, progress),
        }
    }

    /// Names what waits, syncs the directories, and tells what was done.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn finish(mut self) -> Result<Added, StoreError> {
        self.name_waiting()?;
        // Those that exist already may have got their names from somebody who has not synced them yet.
        if let Some(dir) = &self.dir {
            syncfs(dir).map_err(|errno| self.store.error(StoreErrorKind::Write(errno)))?;
        }
        Ok(self.added)
    }

    fn add_bytes(
        &mut self,
        bytes: &[u8],
        threads: Threads,
        progress: &Progress,
    ) -> Result<Digest, StoreError> {
        let digest = verity::digest(self.store.options.algorithm, bytes);
        progress.add(0, wide(bytes.len()));
        let size = wide(bytes.len());
        if self.waiting.iter().any(|waiting| waiting.digest == digest) {
            self.added.existing.add(size);
            return Ok(digest);
        }
        self.dir()?;
        if !self.is_there(&digest, size, threads)? {
            let file = self.temporary()?;
            content::write_piece(file.file(), 0, bytes).map_err(|error| self.failed(error))?;
            self.wait(Waiting { digest, size, file, is_sealed: false }, threads)?;
        }
        Ok(digest)
    }

    fn add_file(
        &mut self,
        source: BorrowedFd<'_>,
        size: u64,
        threads: Threads,
        progress: &Progress,
    ) -> Result<Digest, StoreError> {
        let algorithm = self.store.options.algorithm;
        if self.is_repeating {
            let digest = content::digest(source, size, algorithm, threads, progress)
                .map_err(|error| self.failed(error))?;
            self.dir()?;
            if self.is_there(&digest, size, threads)? {
                return Ok(digest);
            }
        }
        let file = self.temporary()?;
        let early = Writeback::Early;
        let digest = content::copy(source, file.file(), size, algorithm, early, threads, progress)
            .map_err(|error| self.failed(error))?;
        self.is_repeating = self.is_there(&digest, size, threads)?;
        if !self.is_repeating {
            self.wait(Waiting { digest, size, file, is_sealed: false }, threads)?;
        }
        Ok(digest)
    }

    /// The error of a copy.
    fn failed(&self, error: ContentError) -> StoreError {
        self.store.error(match error {
            ContentError::Write(errno) => StoreErrorKind::Write(errno),
            error => StoreErrorKind::Source(error),
        })
    }

    fn dir(&mut self) -> Result<&Arc<OwnedFd>, StoreError> {
        let dir = match self.dir.take() {
            Some(dir) => dir,
            None => self.store.writing()?,
        };
        Ok(self.dir.insert(dir))
    }

    fn temporary(&mut self) -> Result<Temporary, StoreError> {
        let store = self.store;
        Temporary::new(self.dir()?, &store.options)
            .map_err(|errno| store.error(StoreErrorKind::Write(errno)))
    }

    /// Whether an object is there already, as it should be; if so, it is counted.
    fn is_there(
        &mut self,
        digest: &Digest,
        size: u64,
        threads: Threads,
    ) -> Result<bool, StoreError> {
        let path = object_path(digest);
        let object = match self.store.object(path.as_bytes()) {
            Err(error) if *error.kind() == StoreErrorKind::Missing => return Ok(false),
            opened => opened?,
        };
        let failed = |kind| self.store.object_error(digest, kind);
        let is_sealed = object.is_sealed_as(digest).map_err(failed)?;
        let digests = [*digest];
        let must_read = self.store.options.verify_existing && !is_sealed;
        let digests = if must_read { &digests[..] } else { &[] };
        let expected = Expected { size: Some(size), digests };
        object.check(&expected, threads, &Progress::default()).map_err(failed)?;
        let is_sealed =
            is_sealed || self.store.seal(object.file.as_fd(), digest).map_err(failed)?;
        self.added.existing.add(size);
        self.added.unsealed += u64::from(!is_sealed);
        Ok(true)
    }

    /// Seals an object, if that is possible, and lets it wait for its name.
    fn wait(&mut self, mut object: Waiting, threads: Threads) -> Result<(), StoreError> {
        let (store, digest) = (self.store, object.digest);
        let failed = |kind| store.object_error(&digest, kind);
        if self.store.wants_seal() {
            let closed = object.file.close_for_writing();
            closed.map_err(|errno| failed(StoreErrorKind::Write(errno)))?;
            object.is_sealed = self.seal(&mut object, threads).map_err(failed)?;
        }
        if object.size >= LARGE {
            fsync(object.file.file()).map_err(|errno| failed(StoreErrorKind::Write(errno)))?;
            return self.name(object, threads);
        }
        self.bytes = self.bytes.saturating_add(object.size);
        self.waiting.push(object);
        if self.waiting.len() >= self.batch() || self.bytes >= BATCH_BYTES {
            self.name_waiting()?;
        }
        Ok(())
    }

    /// Seals an object, or a copy of it that nobody else has open. False if that is impossible, and need
    /// not be.
    fn seal(&self, object: &mut Waiting, threads: Threads) -> Result<bool, StoreErrorKind> {
        let Waiting { digest, size, file, .. } = object;
        let seal = |file: &Temporary| seal::seal(file.file(), digest);
        let sealed = seal_or_copy(file, seal, |busy| self.copy(busy, *size, digest, threads));
        self.store.unless_impossible(sealed)
    }

    /// Another temporary file with the same content, closed for writing.
    fn copy(
        &self,
        busy: &Temporary,
        size: u64,
        digest: &Digest,
        threads: Threads,
    ) -> Result<Temporary, StoreErrorKind> {
        let dir = self.dir.as_ref().ok_or(StoreErrorKind::Write(Errno::BADF))?;
        let failed = StoreErrorKind::Write;
        let mut copy = Temporary::new(dir, &self.store.options).map_err(failed)?;
        let (algorithm, progress) = (digest.algorithm(), Progress::default());
        let found = content::copy(
            busy.file(),
            copy.file(),
            size,
            algorithm,
            Writeback::Early,
            threads,
            &progress,
        );
        let found = found.map_err(StoreErrorKind::Content)?;
        if found != *digest {
            let mismatch = Mismatch { expected: *digest, found };
            return Err(StoreErrorKind::WrongDigest(Box::new(mismatch)));
        }
        copy.close_for_writing().map_err(failed)?;
        Ok(copy)
    }

    /// Objects that may wait, so that the descriptors of all writers suffice.
    fn batch(&self) -> usize {
        let writers = self.store.writers.load(Ordering::Relaxed).max(1);
        BATCH.min(self.descriptors / writers)
    }

    /// Syncs the objects that wait, all in one, and names them.
    fn name_waiting(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.sync_waiting().map_err(|errno| self.store.error(StoreErrorKind::Write(errno)))?;
        self.bytes = 0;
        for object in std::mem::take(&mut self.waiting) {
            self.name(object, Threads::ONE)?;
        }
        Ok(())
    }

    fn sync_waiting(&self) -> Result<(), Errno> {
        let Some(dir) = &self.dir else { return Ok(()) };
        if fstatfs(dir)?.f_type == FUSE {
            return self.waiting.iter().try_for_each(|object| fsync(object.file.file()));
        }
        syncfs(dir)
    }

    /// Gives an object its name, unless there is one by now.
    fn name(&mut self, object: Waiting, threads: Threads) -> Result<(), StoreError> {
        let Waiting { digest, size, file, is_sealed } = object;
        let path = object_path(&digest);
        let (two, rest) = path.split_once('/').unwrap_or_default();
        let dir = self.directory(two)?;
        match file.link(dir.as_fd(), rest) {
            Ok(()) => {
                self.added.new.add(size);
                self.added.unsealed += u64::from(!is_sealed);
                Ok(())
            }
            Err(Errno::EXIST) if self.is_there(&digest, size, threads)? => Ok(()),
            Err(errno) => Err(self.store.object_error(&digest, StoreErrorKind::Write(errno))),
        }
    }

    /// A directory of objects, which is made if it does not exist.
    fn directory(&mut self, name: &str) -> Result<OwnedFd, StoreError> {
        let store = self.store;
        let failed = |kind| StoreError::new(store.path.join(name), kind);
        let root = self.dir()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            match openat(root, name, flags, Mode::empty()) {
                Ok(dir) => return Ok(dir),
                Err(Errno::NOENT) => match mkdirat(root, name, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(failed(StoreErrorKind::Write(errno))),
                },
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(failed(StoreErrorKind::NotDirectory));
                }
                Err(errno) => return Err(failed(StoreErrorKind::Open(errno))),
            }
        }
    }
}
