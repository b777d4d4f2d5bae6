//! Which nodes of a tree are wanted.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::num::index;
use crate::tree::{NodeId, Tree};

/// A pattern that means nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

/// Patterns of paths, of which one must match.
///
/// A pattern is matched with a whole path, with or without its first slash; `*` and `?` match no
/// slash, `**` matches any path.
#[derive(Clone, Debug)]
pub struct Only {
    set: GlobSet,
    patterns: Vec<String>,
}

impl Only {
    /// Reads patterns.
    ///
    /// # Errors
    /// [`BadPattern`] for the first that is none.
    ///
    /// # Example
    /// ```
    /// assert!(cfs::live::Only::new(["etc/*.conf", "/usr/**"]).is_ok());
    /// assert!(cfs::live::Only::new(["[a"]).is_err());
    /// ```
    pub fn new(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, BadPattern> {
        let mut set = GlobSetBuilder::new();
        let bad = |error: globset::Error| BadPattern(error.to_string());
        let mut given = Vec::new();
        for pattern in patterns {
            given.push(pattern.as_ref().to_owned());
            let pattern = pattern.as_ref().trim_start_matches('/').trim_end_matches('/');
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            set.add(glob.map_err(bad)?);
        }
        Ok(Self { set: set.build().map_err(bad)?, patterns: given })
    }

    /// The patterns that match nothing in a tree, as they were given.
    #[must_use]
    pub fn unmatched(&self, tree: &Tree<'_>) -> Vec<&str> {
        let mut is_matched = vec![false; self.patterns.len()];
        let mut walk = tree.walk();
        while walk.next().is_some() {
            for pattern in self.set.matches(as_path(walk.path())) {
                if let Some(matched) = is_matched.get_mut(pattern) {
                    *matched = true;
                }
            }
        }
        let all = self.patterns.iter().zip(is_matched);
        all.filter(|(_, matched)| !matched).map(|(pattern, _)| &**pattern).collect()
    }

    fn matches(&self, path: &[u8]) -> bool {
        self.set.is_match(as_path(path))
    }
}

/// A path without its first slash.
fn as_path(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}

/// The nodes that are wanted: those that match, with all that is below them and above.
#[derive(Debug)]
pub(super) struct Wanted(Option<Vec<bool>>);

impl Wanted {
    pub(super) fn new(tree: &Tree<'_>, only: Option<&Only>) -> Self {
        let Some(only) = only else { return Self(None) };
        let mut wanted = vec![false; tree.len()];
        let mut walk = tree.walk();
        // The directories above the current node, and the node behind the last match.
        let (mut above, mut end) = (Vec::new(), NodeId::ROOT);
        while let Some(step) = walk.next() {
            above.truncate(step.depth);
            above.push(step.node);
            if step.node >= end && only.matches(walk.path()) {
                end = tree.end(step.node);
                above.iter().for_each(|node| wanted[index(node.number())] = true);
            }
            wanted[index(step.node.number())] |= step.node < end;
        }
        Self(Some(wanted))
    }

    pub(super) fn has(&self, node: NodeId) -> bool {
        let listed = |wanted: &Vec<bool>| wanted.get(index(node.number())).copied();
        node == NodeId::ROOT || self.0.as_ref().is_none_or(|it| listed(it).unwrap_or(false))
    }
}
