//! What each thread does.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::entry::{Batch, What};
use super::leaves::Leaves;
use super::options::{OnChange, Rules};
use super::queue::{Names, Queue, Task};
use super::read::{DIRECTORY, Name, tries};
use super::xattrs::{Buffers, Of};
use super::{ProblemKind, ScanError};
use crate::progress::Progress;
use crate::store::{Store, Writer};
use crate::threads::Threads;

/// Names that one thread reads before it looks for other work.
const BATCH: usize = 256;

/// What a thread keeps between tasks.
#[derive(Debug)]
pub(super) struct Worker<'w> {
    pub(super) queue: &'w Queue,
    pub(super) rules: &'w Rules,
    pub(super) threads: Threads,
    pub(super) progress: &'w Progress,
    pub(super) writer: Option<Writer<'w>>,
    pub(super) leaves: Leaves,
    pub(super) buffers: Buffers,
    /// Room for a piece of a content.
    pub(super) piece: Vec<u8>,
    /// `O_NOATIME`, or nothing where it is not allowed.
    pub(super) no_atime: OFlags,
    listing: Vec<MaybeUninit<u8>>,
}

impl<'w> Worker<'w> {
    pub(super) fn new(
        queue: &'w Queue,
        rules: &'w Rules,
        store: Option<&'w Store>,
        threads: Threads,
        progress: &'w Progress,
    ) -> Self {
        Self {
            queue,
            rules,
            threads,
            progress,
            writer: store.map(Store::writer),
            leaves: Leaves::new(rules.options.algorithm),
            buffers: Buffers::new(),
            piece: Vec::new(),
            no_atime: OFlags::NOATIME,
            listing: vec![MaybeUninit::uninit(); 64 * 1024],
        }
    }

    /// Works until all is done, or must stop.
    pub(super) fn run(mut self) {
        while let Some(task) = self.queue.next(self.progress) {
            self.no_atime = OFlags::NOATIME;
            match task {
                Task::List(dir) => self.list(dir),
                Task::Read { dir, number, names } => self.read(dir, number, &names),
            }
        }
        if let Some(Err(error)) = self.writer.map(Writer::finish) {
            self.queue.fail(ScanError::Store(error));
        }
    }

    fn list(&mut self, dir: u32) {
        let (parent, name) = self.queue.place(dir);
        if let Err(kind) = self.list_in(dir, parent, &name) {
            self.queue.problem(dir, b"", kind);
        }
        self.queue.done(parent);
    }

    /// Opens a directory and reads what it is and the names in it.
    fn list_in(&mut self, dir: u32, parent: u32, name: &[u8]) -> Result<(), ProblemKind> {
        let above = self.queue.dir(parent)?;
        let file = if dir == 0 {
            above
        } else {
            let flags = DIRECTORY | OFlags::NOATIME;
            let opened = match openat(&above, name, flags, Mode::empty()) {
                Err(Errno::PERM) => openat(&above, name, DIRECTORY, Mode::empty()),
                opened => opened,
            };
            Arc::new(opened.map_err(|errno| match errno {
                Errno::NOTDIR | Errno::LOOP => ProblemKind::Replaced,
                errno => ProblemKind::Open(errno),
            })?)
        };
        let stat = fstat(&file).map_err(ProblemKind::Open)?;
        if self.rules.store == Some((stat.st_dev, stat.st_ino)) {
            return Err(ProblemKind::IsStore);
        }
        let mut own = Batch::default();
        own.begin(name);
        self.facts(&stat, &mut own);
        self.xattrs(&Of::File(file.as_fd()), &mut own)?;
        let names = if self.is_elsewhere(dir, &stat) {
            Names::default()
        } else {
            self.names(file.as_fd()).map_err(ProblemKind::Read)?
        };
        self.queue.listed(dir, own, (stat.st_dev, stat.st_ino), file, names.batches(BATCH));
        Ok(())
    }

    /// Whether a directory belongs to another file system, and that matters.
    fn is_elsewhere(&self, dir: u32, stat: &Stat) -> bool {
        self.rules.options.one_file_system && dir > 0 && self.queue.root_device() != stat.st_dev
    }

    fn names(&mut self, file: BorrowedFd<'_>) -> Result<Names, Errno> {
        let mut names = Names::default();
        let mut listing = RawDir::new(file, &mut self.listing);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name, entry.file_type());
            }
        }
        Ok(names)
    }

    fn read(&mut self, dir: u32, number: usize, names: &Names) {
        match self.queue.dir(dir) {
            Ok(file) => {
                let batch = self.batch(dir, file.as_fd(), names);
                self.queue.read(dir, number, batch);
            }
            Err(kind) => self.queue.problem(dir, b"", kind),
        }
        self.queue.done(dir);
    }

    fn batch(&mut self, dir: u32, file: BorrowedFd<'_>, names: &Names) -> Batch {
        let mut batch = Batch::default();
        batch.entries.reserve_exact(names.len());
        let mut path = if self.rules.excludes() { self.queue.path(dir, b"") } else { Vec::new() };
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        let above = path.len();
        let mut firsts = Vec::new();
        for (name, file_type) in names.iter() {
            path.truncate(above);
            path.extend_from_slice(name);
            if self.progress.is_stopped() {
                break;
            }
            if self.rules.is_excluded(&path) {
                continue;
            }
            batch.begin(name);
            if let Some(group) = self.name(dir, file, name, file_type, &mut batch) {
                firsts.push((group, batch.entries.len() - 1));
            }
        }
        self.leaves.flush(&mut batch);
        for (group, number) in firsts {
            if let Some(entry) = batch.entries.get(number).copied() {
                self.queue.linked(group, &batch, &entry);
            }
            if let Some(entry) = batch.entries.get_mut(number) {
                entry.what = What::Linked(group);
            }
        }
        batch.arena.shrink_to_fit();
        batch
    }

    /// Reads a name into the entry that was begun for it. The number of its inode, if that has several
    /// names and this is the first one that was met.
    fn name(
        &mut self,
        dir: u32,
        file: BorrowedFd<'_>,
        name: &[u8],
        file_type: FileType,
        batch: &mut Batch,
    ) -> Option<u32> {
        let mut reading = Name { dir, name, file_type, lenient: false, first: None };
        let on_change = self.rules.options.on_change;
        let mut tries = tries(on_change);
        loop {
            tries -= 1;
            reading.lenient = on_change == OnChange::Warn && tries == 0;
            let kind = match self.attempt(file, &mut reading, batch) {
                Ok(()) => return reading.first.map(|(_, number)| number),
                Err(kind) => kind,
            };
            batch.restart();
            let is_change = matches!(kind, ProblemKind::Changed | ProblemKind::Replaced);
            // A name that is gone is left out, if changes are no errors.
            let is_gone = kind == ProblemKind::Open(Errno::NOENT) && on_change != OnChange::Error;
            if is_gone || self.progress.is_stopped() {
                return None;
            }
            if !is_change || tries == 0 {
                self.queue.problem(dir, name, kind);
                return None;
            }
            // What is there now may be of another type.
            reading.file_type = FileType::Unknown;
        }
    }

    fn attempt(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &mut Name<'_>,
        batch: &mut Batch,
    ) -> Result<(), ProblemKind> {
        if name.file_type == FileType::Unknown {
            let stat = statat(dir, name.name, AtFlags::SYMLINK_NOFOLLOW);
            name.file_type = FileType::from_raw_mode(stat.map_err(ProblemKind::Open)?.st_mode);
        }
        if name.file_type != FileType::Directory {
            return self.entry(dir, name, batch);
        }
        let number = self.queue.add_dir(name.dir, name.name);
        if let Some(entry) = batch.last() {
            entry.what = What::Directory(number);
        }
        Ok(())
    }
}
