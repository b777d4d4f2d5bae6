//! How much a scan will have to read.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::options::{Rules, ScanOptions};
use super::read::DIRECTORY;
use crate::progress::Progress;

/// Directories that are open at a time, at most.
const DEPTH: usize = 128;

/// Tells `progress` of the regular files that a [`scan`](super::scan()) of the same directory will read,
/// and of their bytes. It says nothing if it is asked to stop, by `stop`, or cannot look everywhere.
pub fn expect(root: &Path, options: &ScanOptions, progress: &Progress, stop: &Progress) {
    if let Ok(Some(count)) = Counter::count(root, options, stop) {
        progress.expect(count.files, count.bytes);
    }
}

/// A directory that is counted.
struct Level {
    dir: OwnedFd,
    /// Directories in it that are not counted yet.
    below: Vec<Vec<u8>>,
    /// Bytes of its path.
    path: usize,
}

struct Counter {
    rules: Rules,
    device: u64,
    listing: Vec<MaybeUninit<u8>>,
    path: Vec<u8>,
    linked: BTreeSet<(u64, u64)>,
    files: u64,
    bytes: u64,
}

impl Counter {
    /// Counts; nothing if that came to no end.
    fn count(root: &Path, options: &ScanOptions, stop: &Progress) -> Result<Option<Self>, Errno> {
        let Ok(rules) = Rules::new(options, None) else { return Ok(None) };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, root, flags, Mode::empty())?;
        let mut counter = Self {
            rules,
            device: fstat(&root)?.st_dev,
            listing: vec![MaybeUninit::uninit(); 64 * 1024],
            path: Vec::new(),
            linked: BTreeSet::new(),
            files: 0,
            bytes: 0,
        };
        let mut levels = vec![counter.level(root)?];
        while let Some(level) = levels.last_mut() {
            let Some(name) = level.below.pop() else {
                levels.pop();
                continue;
            };
            if stop.is_stopped() || levels.len() > DEPTH {
                return Ok(None);
            }
            let Some(level) = levels.last() else { break };
            counter.path.truncate(level.path);
            counter.path.push(b'/');
            counter.path.extend_from_slice(&name);
            let dir = openat(&level.dir, name, DIRECTORY, Mode::empty())?;
            if counter.rules.options.one_file_system && fstat(&dir)?.st_dev != counter.device {
                continue;
            }
            levels.push(counter.level(dir)?);
        }
        Ok(Some(counter))
    }

    /// Counts the files of a directory, whose path is the current one.
    fn level(&mut self, dir: OwnedFd) -> Result<Level, Errno> {
        let (mut files, mut below) = (Vec::new(), Vec::new());
        let mut listing = RawDir::new(&dir, &mut self.listing);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            match entry.file_type() {
                _ if matches!(name, b"." | b"..") => {}
                FileType::Directory => below.push(name.to_vec()),
                FileType::RegularFile | FileType::Unknown => files.push(name.to_vec()),
                _ => {}
            }
        }
        let path = self.path.len();
        if self.rules.excludes() {
            below.retain(|name| !self.is_excluded(name));
            files.retain(|name| !self.is_excluded(name));
        }
        for name in files {
            let stat = statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => self.file(&stat),
                FileType::Directory => below.push(name),
                _ => {}
            }
        }
        Ok(Level { dir, below, path })
    }

    fn is_excluded(&mut self, name: &[u8]) -> bool {
        let len = self.path.len();
        self.path.push(b'/');
        self.path.extend_from_slice(name);
        let is_excluded = self.rules.is_excluded(&self.path);
        self.path.truncate(len);
        is_excluded
    }

    fn file(&mut self, stat: &Stat) {
        // Whatever becomes of its names, a file is read once.
        if stat.st_nlink > 1 && !self.linked.insert((stat.st_dev, stat.st_ino)) {
            return;
        }
        self.files += 1;
        self.bytes = self.bytes.saturating_add(u64::try_from(stat.st_size).unwrap_or_default());
    }
}
