//! Work that a caller may spread over threads, which this crate starts none of here.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Does `job(0)` to `job(count - 1)`, in any order or at once.
pub type DoAll<'x> = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + 'x;

/// Does one job after another.
pub(super) fn in_turn(count: usize, job: &(dyn Fn(usize) + Sync)) {
    (0..count).for_each(job);
}

/// A job that panics takes the whole layout with it, so a poisoned lock is never looked into.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a lock guarded, once all jobs are done.
pub(super) fn finished<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
