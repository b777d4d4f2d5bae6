//! Paths in a tree, as they are typed.

use std::ffi::{OsStr, OsString};

use super::load::Context;
use super::report::Trouble;
use crate::dump::unescape;
use crate::tree::{NodeId, Tree};

/// The paths that exist, each with its node, and whether there is one that does not: that is said.
pub(super) fn find_all<'p>(
    context: &Context,
    tree: &Tree<'_>,
    source: &str,
    paths: &'p [OsString],
) -> (Vec<(&'p OsStr, NodeId)>, bool) {
    let mut found = Vec::new();
    for path in paths {
        match find(tree, path.as_encoded_bytes()) {
            Some(node) => found.push((path.as_os_str(), node)),
            None => {
                let path = path.as_encoded_bytes().escape_ascii();
                context
                    .report
                    .trouble(&Trouble::in_file(source, format_args!("{path}: no such path")));
            }
        }
    }
    let missing = found.len() < paths.len();
    (found, missing)
}

/// The node at a path; the path may be escaped, as lists print it.
fn find(tree: &Tree<'_>, path: &[u8]) -> Option<NodeId> {
    tree.find(path).or_else(|| tree.find(&unescape(path).ok()?))
}
