//! `cfs store seal`.

use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use serde_json::{Value, json};

use super::{escaped, print, trouble, verify};
use crate::cli::args::StoreSealArgs;
use crate::cli::failure::{Answer, Failure, words};
use crate::cli::load::Context;
use crate::cli::progress::watch;
use crate::cli::verity::why_unsealed;
use crate::content::Seal;
use crate::num::wide;
use crate::progress::Progress;
use crate::store::{Listing, Store, StoreError, StoreErrorKind, object_path};
use crate::threads::{self, Threads};
use crate::verity::Digest;

/// What came of sealing all objects.
#[derive(Debug, Default)]
struct Sealed {
    /// Those that are sealed now, and those that were before.
    new: u64,
    old: u64,
    /// Those that could not be sealed, and why the first of them could not.
    refused: u64,
    why: Option<Errno>,
    /// What is wrong with others.
    problems: Vec<StoreError>,
}

impl Sealed {
    fn add(&mut self, sealed: Result<Seal, StoreError>) {
        match sealed {
            Ok(Seal::New) => self.new += 1,
            Ok(Seal::Old) => self.old += 1,
            Err(error) => match error.kind() {
                StoreErrorKind::NoVerity(errno) => {
                    self.refused += 1;
                    self.why.get_or_insert(*errno);
                }
                // What was listed was removed since.
                StoreErrorKind::Missing => {}
                _ => self.problems.push(error),
            },
        }
    }
}

/// Seals every object whose content has the digest that is its name.
pub(super) fn run(context: &Context, args: &StoreSealArgs) -> Result<Answer, Failure> {
    let store = Store::open(&args.dir)?;
    if args.require {
        store.try_verity()?;
    }
    let listing = store.list()?;
    let progress = Progress::default();
    let mut sealed =
        watch(context, &progress, || seal(&store, &listing, context.threads, &progress))?;
    sealed.problems.sort_by(|a, b| a.path().cmp(b.path()));
    for error in &sealed.problems {
        context.report.trouble(&trouble(error));
    }
    if args.json {
        print(&document(&listing, &sealed))?;
    }
    let Sealed { new, old, refused, .. } = sealed;
    context.report.note(&format!("{new} sealed, {old} sealed before, {refused} not sealed"));
    if let Some(why) = sealed.why.and_then(why_unsealed) {
        context.report.note(&format!("not sealed: {why}"));
    }
    Ok(if refused == 0 && sealed.problems.is_empty() { Answer::Yes } else { Answer::No })
}

/// Objects of more bytes are worth all threads for the comparison with their names.
const LARGE: u64 = 8 << 20;

fn seal(store: &Store, listing: &Listing, threads: Threads, progress: &Progress) -> Sealed {
    let size = |digest: &Digest| {
        let object = store.object(object_path(digest).as_bytes());
        object.map_or(0, |object| object.size)
    };
    let sizes: Vec<u64> = listing.objects.iter().map(size).collect();
    progress.expect(wide(sizes.len()), sizes.iter().sum());
    let sealed = Mutex::new(Sealed::default());
    let one = |digest: &Digest, threads| {
        if !progress.is_stopped() {
            let result = store.seal_object(digest, threads, progress);
            sealed.lock().unwrap_or_else(PoisonError::into_inner).add(result);
            progress.add(1, 0);
        }
    };
    let all: Vec<(&Digest, u64)> = listing.objects.iter().zip(sizes).collect();
    let (large, small): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, size)| *size > LARGE);
    threads::each(threads, small.len(), |i| {
        if let Some((digest, _)) = small.get(i) {
            one(digest, Threads::ONE);
        }
    });
    for (digest, _) in large {
        one(digest, threads);
    }
    sealed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn document(listing: &Listing, sealed: &Sealed) -> Value {
    let finding = |error: &StoreError| {
        json!({
            "path": escaped(error.path().as_os_str().as_encoded_bytes()),
            "kind": verify::kind(error.kind()),
            "message": words(error.kind()),
        })
    };
    json!({
        "version": 1,
        "command": "store seal",
        "objects": listing.objects.len(),
        "new": sealed.new,
        "existing": sealed.old,
        "unsealed": sealed.refused,
        "findings": sealed.problems.iter().map(finding).collect::<Vec<_>>(),
    })
}
