//! The pure pieces of the library, on several threads.
//!
//! Each function gives what one thread would give, byte for byte: pieces are taken, worked on in
//! any order, and put together in their own.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::dump::{self, Assembler, Batch, BatchReader, Options, ParseError, Parsed};
use crate::erofs::{self, Layout, Version, WriteError};
use crate::num::{clamp_index, wide};
use crate::tree::Tree;
use crate::verity::{self, Algorithm, Digest, Hasher};

/// How many threads to use, the calling one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads(NonZero<usize>);

impl Threads {
    /// One: no thread is started.
    pub const ONE: Self = Self(NonZero::<usize>::MIN);

    /// As many as given.
    #[must_use]
    pub const fn new(count: NonZero<usize>) -> Self {
        Self(count)
    }

    /// As many as the machine has processors for this process.
    #[must_use]
    pub fn available() -> Self {
        std::thread::available_parallelism().map_or(Self::ONE, Self)
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0.get()
    }

    /// At most one for each piece of work.
    fn for_pieces(self, pieces: u64) -> usize {
        self.0.get().min(clamp_index(pieces.max(1)))
    }
}

/// Reads a text as [`dump::parse`] does.
///
/// # Errors
/// Those of [`dump::parse`].
pub fn parse<'a>(
    text: &'a [u8],
    options: &Options,
    threads: Threads,
) -> Result<Parsed<'a>, ParseError> {
    let mut parts = dump::parts(text);
    let mut assembler = Assembler::new(text, options);
    let work = Work {
        threads: threads.for_pieces(wide(text.len()) / (512 * 1024)),
        slot: || (&[][..], Batch::default()),
        worker: || BatchReader::new(options.profile),
        work: |reader: &mut BatchReader<'a>, slot: &mut (&'a [u8], Batch<'a>)| {
            reader.read(slot.0, &mut slot.1);
        },
    };
    let next = |slot: &mut (&'a [u8], Batch<'a>)| match parts.next() {
        Some(part) => {
            slot.0 = part;
            true
        }
        None => false,
    };
    // A break says that there are too many errors to go on; `finish` tells them.
    let _: Option<()> = work.run(next, |slot| assembler.add(&slot.1));
    assembler.finish()
}

/// Lays out a tree as [`erofs::layout()`] does.
///
/// # Errors
/// Those of [`erofs::layout()`].
pub fn layout<'t>(
    tree: &'t Tree<'t>,
    version: Version,
    threads: Threads,
) -> Result<Layout<'t>, WriteError> {
    erofs::layout_with(tree, version, &|count, job| each(threads, count, job))
}

/// Does a job for each number below `count`, in any order.
pub(crate) fn each(threads: Threads, count: usize, job: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < count) {
            job(i);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.for_pieces(wide(count)) {
            // Where no thread can be started, this one does all the work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}

/// Bytes of an image that are written at a time; a multiple of the block size.
const WINDOW: usize = 256 * 1024;

/// Writes an image to a sink from its first byte to its last, and tells its fs-verity digest.
///
/// # Errors
/// Those of the sink, which is then not called again.
pub fn write_image<E: Send>(
    layout: &Layout<'_>,
    threads: Threads,
    algorithm: Option<Algorithm>,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<Digest>, E> {
    let mut hasher = algorithm.map(Hasher::new);
    let mut start = 0;
    let work = Work {
        threads: threads.for_pieces(layout.len() / wide(WINDOW)),
        slot: || (0, 0, Vec::new(), Vec::new()),
        worker: || (),
        work: |(): &mut (), (start, len, bytes, leaves): &mut (u64, usize, Vec<u8>, Vec<u8>)| {
            layout.emit_into(*start, *len, bytes);
            if let Some(algorithm) = algorithm {
                *leaves = verity::leaf_digests(algorithm, bytes);
            }
        },
    };
    let next = |(at, len, ..): &mut (u64, usize, Vec<u8>, Vec<u8>)| {
        *at = start;
        *len = clamp_index(layout.len() - start).min(WINDOW);
        start += wide(*len);
        *len > 0
    };
    let failed = work.run(next, |(_, _, bytes, leaves)| {
        if let Some(hasher) = &mut hasher {
            // An image and its windows are whole blocks, so their leaves always fit.
            let _ = hasher.add_leaves(leaves);
        }
        sink(bytes).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(hasher.map(Hasher::finish)),
    }
}

/// Bytes that are read and hashed at a time; a multiple of the block size.
const READ: usize = 256 * 1024;

/// The fs-verity digest of a stream. `fill` fills the buffer it is given as far as it can, and says
/// how far; less than whole is the end.
///
/// # Errors
/// Those of `fill`, which is then not called again.
pub fn digest<E: Send>(
    algorithm: Algorithm,
    threads: Threads,
    mut fill: impl FnMut(&mut [u8]) -> Result<usize, E> + Send,
) -> Result<Digest, E> {
    let mut hasher = Hasher::new(algorithm);
    let mut failed = None;
    let mut ended = false;
    let work = Work {
        threads: threads.0.get(),
        slot: || (vec![0; READ], 0, Vec::new()),
        worker: || (),
        work: |(): &mut (), (bytes, len, leaves): &mut (Vec<u8>, usize, Vec<u8>)| {
            if *len == READ {
                *leaves = verity::leaf_digests(algorithm, bytes);
            }
        },
    };
    let next = |slot: &mut (Vec<u8>, usize, Vec<u8>)| {
        if ended {
            return false;
        }
        match fill(&mut slot.0) {
            Ok(len) => slot.1 = len,
            Err(error) => {
                failed = Some(error);
                slot.1 = 0;
            }
        }
        ended = slot.1 < READ;
        slot.1 > 0
    };
    let _: Option<()> = work.run(next, |(bytes, len, leaves)| {
        if *len == READ {
            // Only the last piece is not whole, so these leaves follow whole blocks.
            let _ = hasher.add_leaves(leaves);
        } else {
            hasher.update(bytes.get(..*len).unwrap_or_default());
        }
        ControlFlow::Continue(())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(hasher.finish()),
    }
}

/// The fs-verity digest of `size` bytes, of which `fill` fetches any piece, given its first byte, on
/// any thread.
///
/// # Errors
/// Those of `fill`: of several, the one that is met first in the order of the bytes.
#[cfg(feature = "live")]
pub(crate) fn digest_pieces<E: Send>(
    algorithm: Algorithm,
    threads: Threads,
    size: u64,
    fill: impl Fn(u64, &mut [u8]) -> Result<(), E> + Sync,
) -> Result<Digest, E> {
    struct Piece<E> {
        start: u64,
        len: usize,
        hashed: Result<Hashed, E>,
    }
    let mut hasher = Hasher::new(algorithm);
    let mut start = 0;
    let room = clamp_index(size).min(STEP);
    let work = Work {
        threads: threads.for_pieces(size.div_ceil(wide(READ))),
        slot: || Piece { start: 0, len: 0, hashed: Ok(Hashed::default()) },
        worker: || vec![0; room],
        work: |buffer: &mut Vec<u8>, piece: &mut Piece<E>| {
            piece.hashed = hash_piece(algorithm, piece.start, piece.len, buffer, &fill);
        },
    };
    let next = |piece: &mut Piece<E>| {
        piece.start = start;
        piece.len = clamp_index(size - start).min(READ);
        start += wide(piece.len);
        piece.len > 0
    };
    let failed = work.run(next, |piece| {
        match std::mem::replace(&mut piece.hashed, Ok(Hashed::default())) {
            Err(error) => return ControlFlow::Break(error),
            Ok(Hashed { leaves, tail }) => {
                // Only the last piece has a tail, so these leaves follow whole blocks.
                let _ = hasher.add_leaves(&leaves);
                hasher.update(&tail);
            }
        }
        ControlFlow::Continue(())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(hasher.finish()),
    }
}

/// Bytes that are fetched at a time, few enough to be hashed before they leave the nearest caches.
#[cfg(feature = "live")]
const STEP: usize = 64 * 1024;

/// What a piece of a content comes to: the digests of its whole blocks, and the bytes behind them.
#[cfg(feature = "live")]
#[derive(Default)]
struct Hashed {
    leaves: Vec<u8>,
    tail: Vec<u8>,
}

/// Fetches and hashes a piece, step by step.
#[cfg(feature = "live")]
fn hash_piece<E>(
    algorithm: Algorithm,
    start: u64,
    len: usize,
    buffer: &mut [u8],
    fill: &impl Fn(u64, &mut [u8]) -> Result<(), E>,
) -> Result<Hashed, E> {
    let mut hashed = Hashed::default();
    let mut at = 0;
    while at < len {
        let bytes = buffer.get_mut(..(len - at).min(STEP)).unwrap_or_default();
        fill(start + wide(at), bytes)?;
        let (whole, tail) = bytes.split_at(bytes.len() - bytes.len() % verity::BLOCK_SIZE);
        hashed.leaves.extend_from_slice(&verity::leaf_digests(algorithm, whole));
        hashed.tail.extend_from_slice(tail);
        at += bytes.len().max(1);
    }
    Ok(hashed)
}

/// Lets `next` fill slots until it says no, works on them on any thread, and lets `consume` have them
/// on this thread in the order in which they were filled.
#[cfg(feature = "live")]
pub(crate) fn in_order<S: Default + Send, B>(
    threads: Threads,
    next: impl FnMut(&mut S) -> bool + Send,
    work: impl Fn(&mut S) + Sync,
    consume: impl FnMut(&mut S) -> ControlFlow<B>,
) -> Option<B> {
    let work = |(): &mut (), slot: &mut S| work(slot);
    Work { threads: threads.0.get(), slot: S::default, worker: || (), work }.run(next, consume)
}

/// Pieces of work that need not one another, on several threads.
struct Work<NewSlot, NewWorker, Do> {
    threads: usize,
    /// Makes the place of a piece and of what becomes of it.
    slot: NewSlot,
    /// Makes what a thread keeps between pieces.
    worker: NewWorker,
    work: Do,
}

/// Pieces that a thread may be ahead of the one that puts them together.
const AHEAD: usize = 4;

struct State<S, Next> {
    next: Next,
    started: usize,
    consumed: usize,
    ended: bool,
    done: BTreeMap<usize, S>,
    free: Vec<S>,
}

impl<S, Next: FnMut(&mut S) -> bool> State<S, Next> {
    /// Starts a piece, if there is one and it is not too far ahead.
    fn start(&mut self, threads: usize, new: impl Fn() -> S) -> Option<(usize, S)> {
        if self.ended || self.started >= self.consumed + AHEAD * threads {
            return None;
        }
        let mut slot = self.free.pop().unwrap_or_else(new);
        if !(self.next)(&mut slot) {
            self.ended = true;
            return None;
        }
        self.started += 1;
        Some((self.started - 1, slot))
    }
}

impl<S, W, NewSlot, NewWorker, Do> Work<NewSlot, NewWorker, Do>
where
    S: Send,
    NewSlot: Fn() -> S + Sync,
    NewWorker: Fn() -> W + Sync,
    Do: Fn(&mut W, &mut S) + Sync,
{
    /// Lets `next` fill slots until it says no, works on them on any thread, and lets `consume` have
    /// them on this thread in the order in which they were filled.
    fn run<B>(
        &self,
        mut next: impl FnMut(&mut S) -> bool + Send,
        mut consume: impl FnMut(&mut S) -> ControlFlow<B>,
    ) -> Option<B> {
        if self.threads < 2 {
            let (mut slot, mut worker) = ((self.slot)(), (self.worker)());
            while next(&mut slot) {
                (self.work)(&mut worker, &mut slot);
                if let ControlFlow::Break(end) = consume(&mut slot) {
                    return Some(end);
                }
            }
            return None;
        }
        let state = State {
            next,
            started: 0,
            consumed: 0,
            ended: false,
            done: BTreeMap::new(),
            free: Vec::new(),
        };
        let shared = (Mutex::new(state), Condvar::new());
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                // Where no thread can be started, this one does all the work.
                let help = || self.help(&shared);
                let _ = std::thread::Builder::new().spawn_scoped(scope, help);
            }
            self.lead(&shared, &mut consume)
        })
    }

    /// What the other threads do: work on pieces until there are no more.
    fn help<Next: FnMut(&mut S) -> bool>(&self, shared: &(Mutex<State<S, Next>>, Condvar)) {
        let mut worker = (self.worker)();
        let mut state = lock(&shared.0);
        while !state.ended {
            if let Some((number, mut slot)) = state.start(self.threads, &self.slot) {
                drop(state);
                (self.work)(&mut worker, &mut slot);
                state = lock(&shared.0);
                state.done.insert(number, slot);
                shared.1.notify_all();
            } else if !state.ended {
                state = wait(&shared.1, state);
            }
        }
        shared.1.notify_all();
    }

    /// What the calling thread does: put pieces together, and work on one when none is ready.
    fn lead<B, Next: FnMut(&mut S) -> bool>(
        &self,
        shared: &(Mutex<State<S, Next>>, Condvar),
        consume: &mut impl FnMut(&mut S) -> ControlFlow<B>,
    ) -> Option<B> {
        let mut worker = (self.worker)();
        let mut state = lock(&shared.0);
        loop {
            let turn = state.consumed;
            if let Some(mut slot) = state.done.remove(&turn) {
                drop(state);
                let flow = consume(&mut slot);
                state = lock(&shared.0);
                state.consumed += 1;
                state.free.push(slot);
                if let ControlFlow::Break(end) = flow {
                    state.ended = true;
                    shared.1.notify_all();
                    return Some(end);
                }
                shared.1.notify_all();
            } else if let Some((number, mut slot)) = state.start(self.threads, &self.slot) {
                drop(state);
                (self.work)(&mut worker, &mut slot);
                state = lock(&shared.0);
                state.done.insert(number, slot);
            } else if state.ended && state.consumed == state.started {
                shared.1.notify_all();
                return None;
            } else {
                state = wait(&shared.1, state);
            }
        }
    }
}

/// A thread that panicked takes the scope down with it, so a poisoned lock is never looked into.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'m, T>(condition: &Condvar, guard: MutexGuard<'m, T>) -> MutexGuard<'m, T> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
