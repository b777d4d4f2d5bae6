//! Paths in a tree, as they are typed.

use std::ffi::OsStr;

use super::failure::Failure;
use super::report::Trouble;
use crate::dump::unescape;
use crate::tree::{NodeId, Tree};

/// The node at a path; the path may be escaped, as lists print it.
pub(super) fn find(tree: &Tree<'_>, source: &str, path: &OsStr) -> Result<NodeId, Failure> {
    let raw = path.as_encoded_bytes();
    let unescaped = || unescape(raw).ok().and_then(|path| tree.find(&path));
    tree.find(raw).or_else(unescaped).ok_or_else(|| {
        let message = format_args!("{}: no such path", raw.escape_ascii());
        Trouble::in_file(source, message).into()
    })
}
