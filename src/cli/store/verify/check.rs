//! Checking many objects on several threads, in one directory or several.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh64::xxh64;

use crate::cli::args::Share;
use crate::cli::store::images::Need;
use crate::num::wide;
use crate::progress::Progress;
use crate::store::{Count, Expected, Object, Store, StoreError, StoreErrorKind, object_path};
use crate::threads::{self, Threads};
use crate::verity::Digest;

/// A path at which an object lies, or must lie.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Item<'n> {
    /// The digest that is its name, which it has unless images need it.
    pub(in crate::cli) digest: Option<Digest>,
    /// What images need to lie there.
    pub(in crate::cli) needs: &'n [Need<'n>],
}

impl<'n> Item<'n> {
    /// The path.
    pub(super) fn path(&self) -> Cow<'n, [u8]> {
        match self.needs.first() {
            Some(need) => Cow::Borrowed(need.payload),
            None => self.digest.map_or_else(Vec::new, |digest| object_path(&digest).into()).into(),
        }
    }
}

/// What came of checking paths.
#[derive(Debug, Default)]
pub(in crate::cli) struct Checked {
    /// What is wrong, with the number of the item.
    pub(in crate::cli) problems: Vec<(usize, StoreErrorKind)>,
    /// The objects whose content was read.
    pub(in crate::cli) read: Count,
}

/// How objects are checked.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Check<'c> {
    /// Where objects are looked for: the first directory that has one counts.
    pub(in crate::cli) stores: &'c [Store],
    /// Which part of them is read.
    pub(in crate::cli) sample: Option<Share>,
    pub(in crate::cli) progress: &'c Progress,
}

/// Objects of more bytes are worth all threads.
const LARGE: u64 = 8 << 20;

impl Check<'_> {
    /// Checks paths: small objects side by side, then each large one on all threads.
    pub(in crate::cli) fn all(&self, items: &[Item<'_>], threads: Threads) -> Checked {
        self.progress.expect(wide(items.len()), 0);
        let shared = Mutex::new((Checked::default(), Vec::new()));
        threads::each(threads, items.len(), |i| {
            let Some(item) = items.get(i).filter(|_| !self.progress.is_stopped()) else { return };
            let one = self.one(item, LARGE, Threads::ONE);
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            match one {
                Some(one) => {
                    shared.0.add(i, one);
                    self.progress.add(1, 0);
                }
                None => shared.1.push(i),
            }
        });
        let (mut checked, large) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        for i in large {
            if let Some(one) = items.get(i).and_then(|item| self.one(item, u64::MAX, threads)) {
                checked.add(i, one);
                self.progress.add(1, 0);
            }
        }
        checked
    }

    /// Checks a path; nothing if the object has more bytes than may be read.
    fn one(&self, item: &Item<'_>, most: u64, threads: Threads) -> Option<One> {
        let mut one = One::default();
        let path = item.path();
        let object = match self.object(&path) {
            Ok(object) => object,
            Err(problem) => {
                // What was listed may have been removed since.
                if !item.needs.is_empty() || problem != StoreErrorKind::Missing {
                    one.problems.push(problem);
                }
                return Some(one);
            }
        };
        let is_read = self.sample.is_none_or(|share| is_in_sample(&path, share));
        if is_read && object.size > most {
            return None;
        }
        one.problems.extend(wrong_sizes(item, &object));
        let needed = item.needs.iter().filter_map(|need| need.digest);
        let digests: BTreeSet<Digest> = item.digest.into_iter().chain(needed).collect();
        if is_read && !digests.is_empty() {
            one.read.add(object.size);
            for digest in digests {
                let expected = Expected { size: None, digests: &[digest] };
                let result = object.check(&expected, threads, self.progress);
                one.problems.extend(result.err());
            }
        }
        Some(one)
    }

    /// The object at a path, in the first directory that has something there.
    fn object(&self, path: &[u8]) -> Result<Object, StoreErrorKind> {
        let found = self.stores.iter().map(|store| store.object(path));
        let is_there = |found: &Result<_, StoreError>| {
            !found.as_ref().is_err_and(|error| *error.kind() == StoreErrorKind::Missing)
        };
        let found = found.into_iter().find(is_there);
        found.map_or(Err(StoreErrorKind::Missing), |found| {
            found.map_err(|error| error.kind().clone())
        })
    }
}

/// What came of checking one path.
#[derive(Debug, Default)]
struct One {
    problems: Vec<StoreErrorKind>,
    /// The object, if it was read.
    read: Count,
}

impl Checked {
    fn add(&mut self, number: usize, one: One) {
        self.problems.extend(one.problems.into_iter().map(|problem| (number, problem)));
        self.read += one.read;
    }
}

/// The sizes that images tell, and that an object does not have.
fn wrong_sizes(item: &Item<'_>, object: &Object) -> Vec<StoreErrorKind> {
    let sizes: BTreeSet<u64> = item.needs.iter().map(|need| need.size).collect();
    let wrong = sizes.into_iter().filter(|&size| size != object.size);
    wrong.map(|expected| StoreErrorKind::WrongSize { expected, found: object.size }).collect()
}

/// Whether a path is in a sample: by its bytes alone, so that every run takes the same.
fn is_in_sample(path: &[u8], share: Share) -> bool {
    xxh64(path, 0) % 1_000_000 < share.0
}
