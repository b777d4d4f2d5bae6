//! What is to be done and what was found, shared by all threads.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FileType, Mode, fstat, openat};
use std::collections::HashMap;

use super::dirs::{Dir, Dirs};
use super::entry::{Batch, Entry};
use super::read::DIRECTORY;
use super::{Problem, ProblemKind, ScanError};
use crate::num::index;
use crate::progress::Progress;

/// Names of a directory and what they are said to be, sorted.
#[derive(Debug, Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    list: Vec<(usize, u8, FileType)>,
}

/// A piece of work.
#[derive(Debug)]
pub(super) enum Task {
    /// Open a directory and list it.
    List(u32),
    /// Read the entries of a directory that have these names, as its batch of this number.
    Read { dir: u32, number: usize, names: Names },
}

/// An inode that has several names.
#[derive(Debug, Default)]
pub(super) struct Linked {
    /// How many of them were met.
    pub(super) names: u32,
    /// One entry: the inode.
    pub(super) batch: Batch,
}

/// All that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) dirs: Vec<Dir>,
    pub(super) linked: Vec<Linked>,
    pub(super) changed: Vec<Problem>,
}

#[derive(Debug)]
struct State {
    tasks: Vec<Task>,
    running: usize,
    dirs: Dirs,
    links: HashMap<(u64, u64), u32>,
    linked: Vec<Linked>,
    problems: Vec<Problem>,
    changed: Vec<Problem>,
    error: Option<ScanError>,
}

/// Tasks and findings.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    more: Condvar,
    /// Held by the thread that shares a large file with all others.
    pub(super) large: Mutex<()>,
}

impl Queue {
    pub(super) fn new(root: OwnedFd) -> Self {
        let mut dirs = Dirs::new(root);
        dirs.want(0);
        let state = State {
            tasks: vec![Task::List(0)],
            running: 0,
            dirs,
            links: HashMap::default(),
            linked: Vec::new(),
            problems: Vec::new(),
            changed: Vec::new(),
            error: None,
        };
        Self { state: Mutex::new(state), more: Condvar::new(), large: Mutex::new(()) }
    }

    /// What was found, and what ends the scan.
    pub(super) fn into_found(self) -> (Found, Option<ScanError>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (mut problems, mut changed) = (state.problems, state.changed);
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        let unreadable = (!problems.is_empty()).then_some(ScanError::Unreadable(problems));
        let found = Found { dirs: state.dirs.into_all(), linked: state.linked, changed };
        (found, state.error.or(unreadable))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next task; none if all is done or the work must stop.
    pub(super) fn next(&self, progress: &Progress) -> Option<Task> {
        let mut state = self.lock();
        loop {
            let is_ended = progress.is_stopped() || state.error.is_some();
            if is_ended || (state.tasks.is_empty() && state.running == 0) {
                self.more.notify_all();
                return None;
            }
            if let Some(task) = state.tasks.pop() {
                state.running += 1;
                return Some(task);
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends a task, which wanted this directory open.
    pub(super) fn done(&self, wanted: u32) {
        let mut state = self.lock();
        state.running -= 1;
        state.dirs.release(wanted);
        self.more.notify_all();
    }

    /// Adds a directory that was met in another one.
    pub(super) fn add_dir(&self, parent: u32, name: &[u8]) -> u32 {
        let mut state = self.lock();
        let dir = state.dirs.add(parent, name);
        state.dirs.want(parent);
        state.tasks.push(Task::List(dir));
        self.more.notify_one();
        dir
    }

    /// Keeps what a directory is, and adds what is in it to the tasks.
    pub(super) fn listed(
        &self,
        dir: u32,
        own: Batch,
        id: (u64, u64),
        file: Arc<OwnedFd>,
        all: Vec<Names>,
    ) {
        let mut state = self.lock();
        if let Some(found) = state.dirs.get_mut(dir) {
            (found.own, found.id) = (own, id);
            found.batches.resize_with(all.len(), Batch::default);
        }
        state.dirs.keep(dir, file);
        // The first batch is on top of the stack.
        for (number, names) in all.into_iter().enumerate().rev() {
            state.dirs.want(dir);
            state.tasks.push(Task::Read { dir, number, names });
        }
        state.dirs.close_unwanted(dir);
        self.more.notify_all();
    }

    /// Keeps what was read.
    pub(super) fn read(&self, dir: u32, number: usize, batch: Batch) {
        let mut state = self.lock();
        let place = state.dirs.get_mut(dir).and_then(|dir| dir.batches.get_mut(number));
        if let Some(place) = place {
            *place = batch;
        }
    }

    /// A directory, opened again if it was closed.
    pub(super) fn dir(&self, dir: u32) -> Result<Arc<OwnedFd>, ProblemKind> {
        let (file, way) = self.lock().dirs.way(dir);
        let mut file = file.ok_or(ProblemKind::Changed)?;
        for (number, name, id) in way.into_iter().rev() {
            let opened = openat(file.as_fd(), &*name, DIRECTORY, Mode::empty());
            let opened = opened.map_err(ProblemKind::Open)?;
            let stat = fstat(&opened).map_err(ProblemKind::Open)?;
            if (stat.st_dev, stat.st_ino) != id {
                return Err(ProblemKind::Replaced);
            }
            file = Arc::new(opened);
            self.lock().dirs.keep(number, file.clone());
        }
        Ok(file)
    }

    /// The device of the root, once that was listed.
    pub(super) fn root_device(&self) -> u64 {
        self.lock().dirs.get_mut(0).map_or(0, |root| root.id.0)
    }

    /// The parent of a directory and its name there.
    pub(super) fn place(&self, dir: u32) -> (u32, Vec<u8>) {
        self.lock().dirs.place(dir)
    }

    /// The path of a name in a directory; of the directory itself, if the name is empty.
    pub(super) fn path(&self, dir: u32, name: &[u8]) -> Vec<u8> {
        self.lock().dirs.path(dir, name)
    }

    /// The number of an inode with several names, and whether this is the first that was met.
    pub(super) fn link(&self, id: (u64, u64)) -> (u32, bool) {
        let mut state = self.lock();
        let next = u32::try_from(state.linked.len()).unwrap_or(u32::MAX);
        let number = *state.links.entry(id).or_insert(next);
        if number == next {
            state.linked.push(Linked::default());
        }
        if let Some(linked) = state.linked.get_mut(index(number)) {
            linked.names += 1;
        }
        (number, number == next)
    }

    /// Keeps what an inode with several names is.
    pub(super) fn linked(&self, number: u32, batch: &Batch, entry: &Entry) {
        let own = batch.copy(entry);
        if let Some(linked) = self.lock().linked.get_mut(index(number)) {
            linked.batch = own;
        }
    }

    /// Notes what is wrong with a name in a directory.
    pub(super) fn problem(&self, dir: u32, name: &[u8], kind: ProblemKind) {
        let mut state = self.lock();
        let path = state.dirs.path(dir, name);
        state.problems.push(Problem { path, kind });
    }

    /// Notes that a name in a directory changed and was taken all the same.
    pub(super) fn changed(&self, dir: u32, name: &[u8]) {
        let mut state = self.lock();
        let path = state.dirs.path(dir, name);
        state.changed.push(Problem { path, kind: ProblemKind::Changed });
    }

    /// Ends the scan.
    pub(super) fn fail(&self, error: ScanError) {
        let mut state = self.lock();
        state.error.get_or_insert(error);
        self.more.notify_all();
    }
}

impl Names {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds a name.
    pub(super) fn push(&mut self, name: &[u8], file_type: FileType) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.list.push((start, u8::try_from(name.len()).unwrap_or(u8::MAX), file_type));
    }

    /// The names and what they are said to be.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], FileType)> {
        self.list.iter().map(|&(start, len, file_type)| (self.name(start, len), file_type))
    }

    fn name(&self, start: usize, len: u8) -> &[u8] {
        self.bytes.get(start..start + usize::from(len)).unwrap_or_default()
    }

    /// The names sorted, in batches of at most so many.
    pub(super) fn batches(mut self, most: usize) -> Vec<Self> {
        let mut list = std::mem::take(&mut self.list);
        list.sort_unstable_by(|a, b| self.name(a.0, a.1).cmp(self.name(b.0, b.1)));
        let batch = |part: &[(usize, u8, FileType)]| {
            let mut names = Self::default();
            part.iter().for_each(|&(at, len, kind)| names.push(self.name(at, len), kind));
            names
        };
        list.chunks(most).map(batch).collect()
    }
}
