//! The objects that a tree needs, in the directories that were named.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::check::{Code, Finding};
use crate::cli::failure::Failure;
use crate::cli::load::Context;
use crate::cli::progress::watch;
use crate::progress::Progress;
use crate::store::{Expected, Store, StoreErrorKind};
use crate::tree::Tree;
use crate::verity::Digest;

/// Checks each object that a tree needs, at the first file that needs it.
pub(super) fn check(
    context: &Context,
    basedirs: &[PathBuf],
    tree: &Tree<'_>,
) -> Result<Vec<Finding>, Failure> {
    let stores: Result<Vec<Store>, _> = basedirs.iter().map(Store::open).collect();
    let stores = stores?;
    let progress = Progress::default();
    watch(context, &progress, || all(context, &stores, tree, &progress))
}

fn all(context: &Context, stores: &[Store], tree: &Tree<'_>, progress: &Progress) -> Vec<Finding> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let inode = tree.facts(step.node);
        let payload = inode.payload().filter(|_| inode.is_external());
        let Some(payload) = payload.filter(|payload| !payload.is_empty()) else { continue };
        let is_new = seen.insert((payload, inode.size(), inode.digest_bytes()));
        if !is_new || progress.is_stopped() {
            continue;
        }
        let need = Need { payload, size: inode.size(), digest: inode.digest() };
        if let Some(problem) = need.problem(context, stores, progress) {
            let code = match problem {
                StoreErrorKind::Missing => Code::ObjectMissing,
                _ => Code::ObjectWrong,
            };
            let object = payload.escape_ascii();
            let words = format!("object {object}: {}", crate::cli::store::words(&problem));
            found.push(Finding::of_object(code, walk.path(), words));
        }
    }
    found
}

/// An object that a file needs.
struct Need<'t> {
    payload: &'t [u8],
    size: u64,
    digest: Option<Digest>,
}

impl Need<'_> {
    /// What is wrong with the object, in the first directory that has one.
    fn problem(
        &self,
        context: &Context,
        stores: &[Store],
        progress: &Progress,
    ) -> Option<StoreErrorKind> {
        let start = self.payload.iter().take_while(|&&byte| byte == b'/').count();
        let path = self.payload.get(start..).unwrap_or_default();
        let digests: Vec<Digest> = self.digest.into_iter().collect();
        let expected = Expected { size: Some(self.size), digests: &digests };
        for store in stores {
            match store.check(path, &expected, context.threads, progress) {
                Err(error) if *error.kind() == StoreErrorKind::Missing => {}
                Err(error) => return Some(error.kind().clone()),
                Ok(_) => return None,
            }
        }
        Some(StoreErrorKind::Missing)
    }
}
