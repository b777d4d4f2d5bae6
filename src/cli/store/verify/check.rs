//! Checking many objects on several threads.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh64::xxh64;

use crate::cli::args::Share;
use crate::cli::store::images::Need;
use crate::progress::Progress;
use crate::store::{Count, Expected, Object, Store, StoreErrorKind};
use crate::threads::{self, Threads};
use crate::verity::Digest;

/// A path at which an object lies, or must lie.
#[derive(Debug)]
pub(super) struct Item<'n> {
    pub(super) path: Vec<u8>,
    /// The digest that is its name.
    pub(super) digest: Option<Digest>,
    /// What images need to lie there.
    pub(super) needs: &'n [Need<'n>],
}

/// What came of checking a path.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) problems: Vec<StoreErrorKind>,
    /// The object, if its content was read.
    pub(super) read: Count,
}

/// How objects are checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'c> {
    pub(super) store: &'c Store,
    /// Which part of them is read.
    pub(super) sample: Option<Share>,
    pub(super) progress: &'c Progress,
}

/// Objects of more bytes are worth all threads.
const LARGE: u64 = 8 << 20;

impl Check<'_> {
    /// Checks paths: small objects side by side, then each large one on all threads.
    pub(super) fn all(&self, items: &[Item<'_>], threads: Threads) -> Vec<Checked> {
        let results: Vec<_> = items.iter().map(|_| Mutex::new(None)).collect();
        threads::each(threads, items.len(), |i| {
            if let (Some(item), Some(result)) = (items.get(i), results.get(i)) {
                let checked = self.one(item, LARGE, Threads::ONE);
                *result.lock().unwrap_or_else(PoisonError::into_inner) = checked;
            }
        });
        let results = items.iter().zip(results).map(|(item, result)| {
            let checked = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            checked.or_else(|| self.one(item, u64::MAX, threads)).unwrap_or_default()
        });
        results.collect()
    }

    /// Checks a path; nothing if the object has more bytes than may be read.
    fn one(&self, item: &Item<'_>, most: u64, threads: Threads) -> Option<Checked> {
        let mut checked = Checked::default();
        let object = match self.store.object(&item.path) {
            Ok(object) => object,
            Err(error) => {
                // What was listed may have been removed since.
                if !item.needs.is_empty() || *error.kind() != StoreErrorKind::Missing {
                    checked.problems.push(error.kind().clone());
                }
                return Some(checked);
            }
        };
        let is_read = self.sample.is_none_or(|share| is_in_sample(&item.path, share));
        if is_read && object.size > most {
            return None;
        }
        checked.problems.extend(wrong_sizes(item, &object));
        let needed = item.needs.iter().filter_map(|need| need.digest);
        let digests: BTreeSet<Digest> = item.digest.into_iter().chain(needed).collect();
        if is_read && !digests.is_empty() {
            checked.read.add(object.size);
            for digest in digests {
                let expected = Expected { size: None, digests: &[digest] };
                let result = object.check(&expected, threads, self.progress);
                checked.problems.extend(result.err());
            }
        }
        Some(checked)
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
