//! The part of a tree that matches patterns.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::cli::failure::Failure;
use crate::cli::report::Trouble;
use crate::tree::{Builder, Facts, InodeId, NodeId, Tree, XattrSet};

/// Patterns of paths, of which one must match.
pub(super) struct Only(GlobSet);

impl Only {
    /// The patterns, if there are any.
    pub(super) fn new(patterns: &[String]) -> Result<Option<Self>, Failure> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let refused = |error: globset::Error| {
            Failure::from(
                Trouble::new(format!("--path: {error}"))
                    .hint("write it as 'etc/**' or 'usr/bin/*'"),
            )
        };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let pattern = pattern.trim_start_matches('/').trim_end_matches('/');
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            set.add(glob.map_err(refused)?);
        }
        set.build().map(|set| Some(Self(set))).map_err(refused)
    }

    /// The tree with only what matches, what is below that, and the directories above, whose own
    /// facts are left out.
    pub(super) fn part(&self, tree: &Tree<'_>) -> Tree<'static> {
        let wanted = self.wanted(tree);
        let part = Part {
            tree,
            builder: Builder::rootless(b""),
            sets: BTreeMap::new(),
            carriers: BTreeMap::new(),
            links: Vec::new(),
        };
        // What a tree holds makes a tree again, so that nothing is left to fail.
        part.build(&wanted).unwrap_or_else(|_| tree.clone().into_owned())
    }

    /// Of each node of a tree: whether it matches, or is below what does.
    pub(super) fn inside(&self, tree: &Tree<'_>) -> Vec<bool> {
        self.wanted(tree).into_iter().map(|want| want == Want::Whole).collect()
    }

    fn wanted(&self, tree: &Tree<'_>) -> Vec<Want> {
        let mut wanted = vec![Want::No; tree.len()];
        let mut walk = tree.walk();
        let mut above: Vec<NodeId> = Vec::new();
        let at = |node: NodeId| crate::num::index(node.number());
        while let Some(step) = walk.next() {
            above.truncate(step.depth);
            let inside = above.last().is_some_and(|&parent| wanted[at(parent)] == Want::Whole);
            let path = walk.path();
            let path = path.strip_prefix(b"/").unwrap_or(path);
            if inside || self.0.is_match(Path::new(OsStr::from_bytes(path))) {
                wanted[at(step.node)] = Want::Whole;
                for &node in above.iter().rev() {
                    if wanted[at(node)] != Want::No {
                        break;
                    }
                    wanted[at(node)] = Want::Way;
                }
            }
            above.push(step.node);
        }
        wanted
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    No,
    /// Only as the way to what is wanted.
    Way,
    Whole,
}

struct Part<'t> {
    tree: &'t Tree<'t>,
    builder: Builder<'static>,
    sets: BTreeMap<XattrSet, XattrSet>,
    carriers: BTreeMap<InodeId, NodeId>,
    links: Vec<(NodeId, NodeId)>,
}

impl Part<'_> {
    fn build(mut self, wanted: &[Want]) -> Result<Tree<'static>, crate::tree::BuildError> {
        let tree = self.tree;
        let mut open: Vec<(NodeId, NodeId)> = Vec::new();
        for (node, &want) in tree.nodes().zip(wanted) {
            while open.last().is_some_and(|&(end, _)| end <= node) {
                open.pop();
            }
            let parent = open.last().map(|&(_, parent)| parent);
            let made = match (want, parent) {
                (Want::Whole, _) => self.add(parent, node)?,
                (Want::Way, _) | (Want::No, None) => self.way(parent, node)?,
                (Want::No, Some(_)) => continue,
            };
            open.push((tree.end(node), made));
        }
        for &(link, carrier) in &self.links {
            self.builder.resolve(link, carrier)?;
        }
        self.builder.finish()
    }

    /// A directory without facts of its own.
    fn way(
        &mut self,
        parent: Option<NodeId>,
        node: NodeId,
    ) -> Result<NodeId, crate::tree::BuildError> {
        let mode = crate::tree::Mode::new(0o40755).unwrap_or(self.tree.facts(node).mode());
        let facts = Facts::new(mode);
        match parent {
            None => self.builder.set_root(&facts).map(|()| NodeId::ROOT),
            Some(parent) => self.builder.add(parent, self.tree.name(node), &facts),
        }
    }

    fn add(
        &mut self,
        parent: Option<NodeId>,
        node: NodeId,
    ) -> Result<NodeId, crate::tree::BuildError> {
        let (inode, name) = (self.tree.inode_of(node), self.tree.name(node));
        if let (Some(parent), Some(&carrier)) = (parent, self.carriers.get(&inode)) {
            let link = self.builder.link(parent, name)?;
            self.links.push((link, carrier));
            return Ok(link);
        }
        let old = self.tree.facts(node);
        let set = match self.sets.get(&old.xattr_set()) {
            Some(&set) => set,
            None => {
                let set = self.builder.xattrs(&old.xattrs().collect::<Vec<_>>())?;
                self.sets.insert(old.xattr_set(), set);
                set
            }
        };
        let facts = Facts { xattrs: set, ..old.to_facts() };
        let made = match parent {
            None => self.builder.set_root(&facts).map(|()| NodeId::ROOT)?,
            Some(parent) => self.builder.add(parent, name, &facts)?,
        };
        self.carriers.insert(inode, made);
        Ok(made)
    }
}
