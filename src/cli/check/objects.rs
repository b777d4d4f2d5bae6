//! The objects that a tree needs, in the directories that were named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::check::{Code, Finding};
use crate::cli::failure::{Failure, words};
use crate::cli::load::Context;
use crate::cli::progress::watch;
use crate::cli::store::{self, Check, Item, Need, need};
use crate::progress::Progress;
use crate::store::{Store, StoreErrorKind};
use crate::tree::Tree;

/// Checks each object that a tree needs, on several threads; what is wrong is found at the first file
/// that needs it.
pub(super) fn check(
    context: &Context,
    basedirs: &[PathBuf],
    tree: &Tree<'_>,
) -> Result<Vec<Finding>, Failure> {
    if basedirs.is_empty() {
        return Ok(Vec::new());
    }
    let stores: Vec<Store> = basedirs.iter().map(Store::open).collect::<Result<_, _>>()?;
    let mut needs: Vec<Need<'_>> = tree.inodes().filter_map(|inode| need(&inode, 0)).collect();
    needs.sort_unstable();
    needs.dedup();
    let items: Vec<Item<'_>> =
        needs.iter().map(|need| Item { digest: None, needs: std::slice::from_ref(need) }).collect();
    let progress = Progress::default();
    let check = Check { stores: &stores, sample: None, progress: &progress };
    let checked = watch(context, &progress, || check.all(&items, context.threads))?;
    let mut problems: BTreeMap<Need<'_>, Vec<StoreErrorKind>> = BTreeMap::new();
    for (number, problem) in checked.problems {
        if let Some(&need) = needs.get(number) {
            problems.entry(need).or_default().push(problem);
        }
    }
    Ok(at_files(tree, problems))
}

/// Findings about the first file with each need.
fn at_files<'t>(
    tree: &'t Tree<'t>,
    mut problems: BTreeMap<Need<'t>, Vec<StoreErrorKind>>,
) -> Vec<Finding> {
    let mut found = Vec::with_capacity(problems.len());
    let mut walk = tree.walk();
    while let Some(step) = walk.next().filter(|_| !problems.is_empty()) {
        let Some(need) = need(&tree.facts(step.node), 0) else { continue };
        if let Some(problems) = problems.remove(&need) {
            found.push(finding(walk.path(), &need, &problems));
        }
    }
    found
}

fn finding(path: &[u8], need: &Need<'_>, problems: &[StoreErrorKind]) -> Finding {
    let code = match problems {
        [StoreErrorKind::Missing] => Code::ObjectMissing,
        _ => Code::ObjectWrong,
    };
    let said: Vec<String> = problems.iter().map(words).collect();
    let object = store::escaped(need.payload);
    Finding::of_object(code, path, format!("object {object}: {}", said.join("; ")))
}
