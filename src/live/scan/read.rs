//! One name: opened once, its facts and its content from that descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat, readlinkat};
use rustix::io::Errno;

use super::entry::{Batch, Part, What};
use super::leaves::SMALL;
use super::worker::Worker;
use super::xattrs::Of;
use super::{OnChange, ProblemKind};
use crate::content::{self, ContentError, read_piece};
use crate::num::{clamp_index, low16, low32, wide};
use crate::store::{Source, StoreErrorKind};
use crate::threads::Threads;
use crate::tree::Mtime;
use crate::verity::{Digest, Hasher};

/// How a directory is opened.
pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How a regular file is opened: whatever it is by now, that neither waits nor does anything.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// How everything else is opened: not at all, but held.
const HELD: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Files of at least so many bytes are read by all threads together.
const LARGE: u64 = 4 << 20;

/// A name that is being read.
#[derive(Debug)]
pub(super) struct Name<'n> {
    pub(super) dir: u32,
    pub(super) name: &'n [u8],
    pub(super) file_type: FileType,
    /// Whether a change is taken as it is.
    pub(super) lenient: bool,
    /// The inode, if it was met here first and has several names.
    pub(super) first: Option<((u64, u64), u32)>,
}

/// What is to be done with a content once it is known that it did not change.
enum Content {
    Done,
    /// So many bytes lie in the room of the leaves.
    Waits(u64),
}

impl Worker<'_> {
    /// Reads what a name in a directory stands for into the entry that was begun for it.
    pub(super) fn entry(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &mut Name<'_>,
        batch: &mut Batch,
    ) -> Result<(), ProblemKind> {
        if name.file_type == FileType::RegularFile {
            return self.regular(dir, name, batch);
        }
        let file = openat(dir, name.name, HELD, Mode::empty()).map_err(ProblemKind::Open)?;
        let stat = fstat(&file).map_err(ProblemKind::Open)?;
        let file_type = FileType::from_raw_mode(stat.st_mode);
        let is_device = matches!(file_type, FileType::CharacterDevice | FileType::BlockDevice);
        if matches!(file_type, FileType::RegularFile | FileType::Directory) {
            return Err(ProblemKind::Replaced);
        }
        if is_device && self.rules.options.skip_devices {
            return Ok(());
        }
        if self.is_met(&stat, name, batch) {
            return Ok(());
        }
        self.facts(&stat, batch);
        self.xattrs(&Of::Path(file.as_fd()), batch)?;
        if file_type == FileType::Symlink {
            let target = readlinkat(&file, "", Vec::new()).map_err(ProblemKind::Read)?;
            batch.push(Part::Payload, target.to_bytes());
            set_size(batch, wide(target.to_bytes().len()));
        }
        Ok(())
    }

    fn regular(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &mut Name<'_>,
        batch: &mut Batch,
    ) -> Result<(), ProblemKind> {
        let file = self.open(dir, name.name)?;
        let stat = fstat(&file).map_err(ProblemKind::Open)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(ProblemKind::Replaced);
        }
        if self.is_met(&stat, name, batch) {
            return Ok(());
        }
        self.facts(&stat, batch);
        self.xattrs(&Of::File(file.as_fd()), batch)?;
        let size = size_of(&stat);
        let content = self.content(file.as_fd(), size, name.lenient, batch)?;
        let after = fstat(&file).map_err(ProblemKind::Read)?;
        let read = batch.last().map_or(0, |entry| entry.size);
        if state(&stat) != state(&after) || read != size {
            if !name.lenient {
                return Err(ProblemKind::Changed);
            }
            self.queue.changed(name.dir, name.name);
        }
        if let Content::Waits(size) = content {
            self.leaves.take(batch.entries.len().saturating_sub(1), size);
        }
        self.progress.add(1, 0);
        Ok(())
    }

    /// Opens a regular file without marking it as read, where that is allowed.
    fn open(&mut self, dir: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, ProblemKind> {
        let opened = loop {
            match openat(dir, name, FILE | self.no_atime, Mode::empty()) {
                // Only for files of one's own. It is asked for again in the next directory.
                Err(Errno::PERM) if !self.no_atime.is_empty() => self.no_atime = OFlags::empty(),
                Err(Errno::INTR) => {}
                opened => break opened,
            }
        };
        opened.map_err(|errno| match errno {
            Errno::LOOP | Errno::NXIO => ProblemKind::Replaced,
            errno => ProblemKind::Open(errno),
        })
    }

    /// Whether an inode has several names and another one was met already; the entry then says so.
    fn is_met(&self, stat: &Stat, name: &mut Name<'_>, batch: &mut Batch) -> bool {
        let id = (stat.st_dev, stat.st_ino);
        if stat.st_nlink < 2 || name.first.is_some_and(|(first, _)| first == id) {
            return false;
        }
        let (number, is_first) = self.queue.link(id);
        if is_first {
            name.first = Some((id, number));
        } else if let Some(entry) = batch.last() {
            entry.what = What::Linked(number);
        }
        !is_first
    }

    /// Gives the entry that was begun last the facts of its inode.
    pub(super) fn facts(&self, stat: &Stat, batch: &mut Batch) {
        let options = &self.rules.options;
        let Some(entry) = batch.last() else { return };
        entry.what = What::Own;
        entry.mode = low16(stat.st_mode.into());
        entry.uid = options.owners.of(stat.st_uid);
        entry.gid = options.groups.of(stat.st_gid);
        entry.rdev = low32(stat.st_rdev);
        entry.mtime = options.mtimes.of(mtime(stat));
        entry.size = 0;
    }

    /// Gives the entry that was begun last its xattrs.
    pub(super) fn xattrs(&mut self, of: &Of<'_>, batch: &mut Batch) -> Result<(), ProblemKind> {
        let len = self.buffers.read(of, self.rules, &mut batch.arena)?;
        batch.end_part(Part::Xattrs, len);
        Ok(())
    }

    /// Reads a content of so many bytes, and sets the size of the entry to what there was of them.
    fn content(
        &mut self,
        file: BorrowedFd<'_>,
        size: u64,
        lenient: bool,
        batch: &mut Batch,
    ) -> Result<Content, ProblemKind> {
        let options = &self.rules.options;
        if size <= options.inline_max {
            self.piece.resize(self.piece.len().max(clamp_index(size)), 0);
            let room = self.piece.get_mut(..clamp_index(size)).unwrap_or_default();
            let len = read_all(file, room)?;
            batch.push(Part::Content, room.get(..len).unwrap_or_default());
            set_size(batch, wide(len));
            self.progress.add(0, wide(len));
            return Ok(Content::Done);
        }
        if options.trust_kernel_verity && self.writer.is_none() {
            let sealed = content::measure(file).map_err(ProblemKind::Read)?;
            if let Some(digest) = sealed.filter(|it| it.algorithm() == options.algorithm) {
                keep(batch, size, &digest);
                self.progress.add(0, size);
                return Ok(Content::Done);
            }
        }
        if self.writer.is_none() && size <= SMALL {
            let len = wide(read_all(file, self.leaves.room(size, batch))?);
            batch.arena.resize(batch.arena.len() + options.algorithm.digest_len(), 0);
            batch.end_part(Part::Digest, options.algorithm.digest_len());
            set_size(batch, len);
            self.progress.add(0, len);
            return Ok(Content::Waits(len));
        }
        match self.digest(file, size) {
            Ok(digest) => keep(batch, size, &digest),
            Err(ContentError::Short { found, .. }) if lenient => {
                let digest = self.digest(file, found).map_err(problem)?;
                keep(batch, found, &digest);
            }
            Err(error) => return Err(problem(error)),
        }
        Ok(Content::Done)
    }

    /// The digest of a content that is stored, or too large to be hashed with others.
    fn digest(&mut self, file: BorrowedFd<'_>, size: u64) -> Result<Digest, ContentError> {
        let queue = self.queue;
        // One thread at a time shares its file, so that they do not get in each other's way.
        let shared = (size >= LARGE).then(|| queue.large.try_lock().ok()).flatten();
        let threads = if shared.is_some() { self.threads } else { Threads::ONE };
        if let Some(writer) = &mut self.writer {
            let added = writer.add(Source::File { file, size }, threads, self.progress);
            return added.map_err(|error| match error.kind() {
                StoreErrorKind::Source(error) => *error,
                _ => {
                    queue.fail(super::ScanError::Store(error));
                    ContentError::Stopped
                }
            });
        }
        let algorithm = self.rules.options.algorithm;
        if shared.is_some() {
            return content::digest(file, size, algorithm, threads, self.progress);
        }
        let mut hasher = Hasher::new(algorithm);
        self.piece.resize(self.piece.len().max(PIECE), 0);
        let mut at = 0;
        while at < size {
            if self.progress.is_stopped() {
                return Err(ContentError::Stopped);
            }
            let len = clamp_index(size - at).min(PIECE);
            let piece = self.piece.get_mut(..len).unwrap_or_default();
            read_piece(file, at, piece)?;
            hasher.update(piece);
            at += wide(len);
            self.progress.add(0, wide(len));
        }
        Ok(hasher.finish())
    }
}

/// Bytes that are read at a time, few enough to be hashed before they leave the nearest caches.
const PIECE: usize = 64 * 1024;

fn set_size(batch: &mut Batch, size: u64) {
    if let Some(entry) = batch.last() {
        entry.size = size;
    }
}

fn keep(batch: &mut Batch, size: u64, digest: &Digest) {
    batch.push(Part::Digest, digest.as_bytes());
    set_size(batch, size);
}

/// Reads until the room is full or the file ends.
fn read_all(file: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize, ProblemKind> {
    let mut filled = 0;
    while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(file, rest) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(ProblemKind::Read(errno)),
        }
    }
    Ok(filled)
}

/// What is wrong with a file whose content could not be read. Work that stops tells of no file.
fn problem(error: ContentError) -> ProblemKind {
    match error {
        ContentError::Read(errno) | ContentError::Write(errno) => ProblemKind::Read(errno),
        ContentError::Short { .. } | ContentError::Stopped => ProblemKind::Changed,
    }
}

fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

fn mtime(stat: &Stat) -> Mtime {
    Mtime { sec: stat.st_mtime, nsec: low32(stat.st_mtime_nsec) }
}

/// What differs after a change.
fn state(stat: &Stat) -> (u64, Mtime, Mtime) {
    let changed = Mtime { sec: stat.st_ctime, nsec: low32(stat.st_ctime_nsec) };
    (size_of(stat), mtime(stat), changed)
}

/// How often a name is read that changes meanwhile.
pub(super) fn tries(on_change: OnChange) -> u32 {
    match on_change {
        OnChange::Error => 1,
        OnChange::Retry | OnChange::Warn => 5,
    }
}
