//! The directories of a scan, of which a bounded number is open.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::process::{Resource, getrlimit};

use super::entry::Batch;
use crate::num::{clamp_index, index};

/// A directory that was met.
#[derive(Debug)]
pub(super) struct Dir {
    parent: u32,
    name: Box<[u8]>,
    /// Device and inode, once it was opened.
    pub(super) id: (u64, u64),
    file: Option<Arc<OwnedFd>>,
    /// Tasks that will want it open.
    wanted: u32,
    /// One entry: the directory itself.
    pub(super) own: Batch,
    /// What is in it, by name.
    pub(super) batches: Vec<Batch>,
}

/// All directories that were met, by number; the root is 0, and stays open.
#[derive(Debug)]
pub(super) struct Dirs {
    all: Vec<Dir>,
    /// Directories in the order in which they were opened; some may be closed again.
    opened: VecDeque<u32>,
    open: usize,
    most: usize,
}

/// Directories that may be open at a time, beside the root.
const MOST: usize = 256;

/// A way down from a directory that is open: numbers, names and what must be found there.
pub(super) type Way = Vec<(u32, Vec<u8>, (u64, u64))>;

impl Dirs {
    pub(super) fn new(root: OwnedFd) -> Self {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let mut dirs = Self {
            all: Vec::new(),
            opened: VecDeque::new(),
            open: 0,
            most: MOST.min(clamp_index(limit / 4)),
        };
        dirs.add(0, b"");
        if let Some(first) = dirs.all.first_mut() {
            first.file = Some(Arc::new(root));
        }
        dirs
    }

    /// Takes up a directory that was met in another one.
    pub(super) fn add(&mut self, parent: u32, name: &[u8]) -> u32 {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(Dir {
            parent,
            name: name.into(),
            id: (0, 0),
            file: None,
            wanted: 0,
            own: Batch::default(),
            batches: Vec::new(),
        });
        number
    }

    pub(super) fn get_mut(&mut self, dir: u32) -> Option<&mut Dir> {
        self.all.get_mut(index(dir))
    }

    pub(super) fn into_all(self) -> Vec<Dir> {
        self.all
    }

    /// The parent of a directory and its name there.
    pub(super) fn place(&self, dir: u32) -> (u32, Vec<u8>) {
        self.all.get(index(dir)).map_or((0, Vec::new()), |dir| (dir.parent, dir.name.to_vec()))
    }

    /// The path of a name in a directory; of the directory itself, if the name is empty.
    pub(super) fn path(&self, dir: u32, name: &[u8]) -> Vec<u8> {
        let mut names = vec![name];
        let mut at = dir;
        while let Some(found) = self.all.get(index(at)).filter(|_| at > 0) {
            names.push(&found.name);
            at = found.parent;
        }
        let mut path = Vec::new();
        for name in names.into_iter().rev().filter(|name| !name.is_empty()) {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() { b"/".to_vec() } else { path }
    }

    /// The open directory above this one or itself, and the way down from there, deepest first.
    pub(super) fn way(&self, dir: u32) -> (Option<Arc<OwnedFd>>, Way) {
        let mut way = Vec::new();
        let mut at = dir;
        while let Some(found) = self.all.get(index(at)) {
            if let Some(file) = &found.file {
                return (Some(file.clone()), way);
            }
            way.push((at, found.name.to_vec(), found.id));
            at = found.parent;
        }
        (None, way)
    }

    /// Keeps a directory open for those who want it, and closes the one that was opened longest ago
    /// if they are too many.
    pub(super) fn keep(&mut self, dir: u32, file: Arc<OwnedFd>) {
        let Some(found) = self.all.get_mut(index(dir)).filter(|found| found.file.is_none()) else {
            return;
        };
        found.file = Some(file);
        self.opened.push_back(dir);
        self.open += 1;
        while let Some(&oldest) = self.opened.front() {
            let is_open = self.all.get(index(oldest)).is_some_and(|dir| dir.file.is_some());
            if is_open && self.open <= self.most {
                return;
            }
            self.opened.pop_front();
            self.close(oldest);
        }
    }

    fn close(&mut self, dir: u32) {
        let found = self.all.get_mut(index(dir)).filter(|_| dir > 0);
        if found.and_then(|found| found.file.take()).is_some() {
            self.open -= 1;
        }
    }

    /// Counts a task that will want a directory open.
    pub(super) fn want(&mut self, dir: u32) {
        if let Some(found) = self.all.get_mut(index(dir)) {
            found.wanted += 1;
        }
    }

    /// Closes a directory that no task wants any more.
    pub(super) fn close_unwanted(&mut self, dir: u32) {
        if self.all.get(index(dir)).is_some_and(|found| found.wanted == 0) {
            self.close(dir);
        }
    }

    /// Counts a task that has had what it wanted.
    pub(super) fn release(&mut self, dir: u32) {
        if let Some(found) = self.all.get_mut(index(dir)) {
            found.wanted = found.wanted.saturating_sub(1);
        }
        self.close_unwanted(dir);
    }
}
