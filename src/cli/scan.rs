//! A directory as a source.

use std::path::Path;

use super::failure::Failure;
use super::load::Context;
use super::progress::watch_counted;
use super::report::{Trouble, file_name};
use crate::live::{HardLinks, Problem, ScanError, ScanOptions, expect, scan};
use crate::progress::Progress;
use crate::store::Store;
use crate::tree::Tree;

/// How a directory is scanned, and where its objects go.
#[derive(Debug, Default)]
pub(super) struct Scanning {
    pub(super) options: ScanOptions,
    pub(super) store: Option<Store>,
}

impl Scanning {
    /// For looking at a directory: hard links stay together.
    pub(super) fn to_look() -> Self {
        let mut scanning = Self::default();
        scanning.options.hard_links = HardLinks::Keep;
        scanning
    }

    /// The tree of a directory; says what is wrong with each path, if anything is.
    pub(super) fn tree(&self, context: &Context, path: &Path) -> Result<Tree<'static>, Failure> {
        let name = file_name(path);
        let progress = Progress::default();
        let (store, threads) = (self.store.as_ref(), context.threads);
        let work = || scan(path, &self.options, store, threads, &progress);
        let count = |stop: &Progress| expect(path, &self.options, &progress, stop);
        let found = match watch_counted(context, &progress, count, work)? {
            Ok(found) => found,
            Err(ScanError::Unreadable(problems)) => {
                for problem in &problems {
                    context.report.trouble(&trouble(&name, problem));
                }
                return Err(Failure::Reported);
            }
            Err(ScanError::Root(errno)) => {
                return Err(Failure::io("open", &name, &errno.into()));
            }
            Err(ScanError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Trouble::in_file(&name, error).into()),
        };
        if let Some(store) = store {
            // An image that needs no object still has a store to be looked for in.
            store.make()?;
        }
        for problem in &found.changed {
            context.report.note(&format!("warning: {}", told(&name, problem)));
        }
        if found.linked > 0 && self.options.hard_links == HardLinks::Split {
            let files = if found.linked == 1 { "file has" } else { "files have" };
            let linked = found.linked;
            context.report.note(&format!(
                "warning: {name}: {linked} {files} several names, each of which becomes a file of its \
                 own; --hardlinks=keep keeps them together"
            ));
        }
        Ok(found.tree)
    }
}

/// A problem in words, with the path as the user would type it.
fn told(root: &str, problem: &Problem) -> String {
    format!("{}: {}", place(root, problem), problem.kind)
}

fn place(root: &str, problem: &Problem) -> String {
    let path = problem.path.strip_prefix(b"/").unwrap_or(&problem.path);
    match path {
        [] => root.to_owned(),
        path => format!("{}/{}", root.trim_end_matches('/'), path.escape_ascii()),
    }
}

fn trouble(root: &str, problem: &Problem) -> Trouble {
    Trouble::in_file(&place(root, problem), problem.kind)
}
