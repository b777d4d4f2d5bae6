//! Looks at all inodes once, before anything has a place.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::area::{Areas, External};
use super::external::{Survey, Which};
use super::jobs::{DoAll, finished, lock};
use super::policy::Policy;
use super::stored::{Role, StoredSets};
use crate::num::wide;
use crate::tree::{FileType, Inode, InodeId, Kind, Mtime, NodeId, Tree};

/// Which inodes store more than their own xattrs.
#[derive(Debug)]
pub(super) struct Roles {
    root: InodeId,
    /// Directories with a whiteout among the names that carry their inode there.
    with_whiteouts: BTreeSet<InodeId>,
}

impl Roles {
    pub(super) fn new(tree: &Tree<'_>) -> Self {
        let mut with_whiteouts = BTreeSet::new();
        if tree.has_whiteouts() {
            // The directories above the current node, with the end of their subtree.
            let mut above: Vec<NodeId> = Vec::new();
            for node in tree.nodes() {
                while above.last().is_some_and(|&directory| tree.end(directory) <= node) {
                    above.pop();
                }
                if tree.kind(node) == Kind::Whiteout && !tree.is_link(node) {
                    with_whiteouts.extend(above.last().map(|&directory| tree.inode_of(directory)));
                }
                above.push(node);
            }
        }
        Self { root: tree.inode_of(NodeId::ROOT), with_whiteouts }
    }

    #[inline]
    pub(super) fn of(&self, id: InodeId, inode: &Inode<'_, '_>) -> Role {
        match inode.file_type() {
            FileType::CharDevice if inode.is_whiteout() => Role::Whiteout,
            FileType::Directory => {
                let root = id == self.root;
                let has_whiteouts =
                    !self.with_whiteouts.is_empty() && self.with_whiteouts.contains(&id);
                if root || has_whiteouts {
                    Role::Directory { root, has_whiteouts }
                } else {
                    Role::Plain
                }
            }
            _ => Role::Plain,
        }
    }
}

/// Looks at every inode once: xattrs, what external files share, and the oldest time.
pub(super) fn survey<'t>(
    tree: &'t Tree<'t>,
    policy: Policy,
    roles: &Roles,
    stubs: usize,
    do_all: &DoAll<'_>,
) -> (Areas<'t>, Mtime) {
    let mut sets = StoredSets::new(tree);
    let mut surveys = Which::ALL.map(|which| Survey::new(which, tree.inode_count()));
    let mut base_time = tree.facts(NodeId::ROOT).mtime();
    for (number, inode) in (0u32..).zip(tree.inodes()) {
        let id = InodeId::from_number(number);
        base_time = base_time.min(inode.mtime());
        sets.count(tree, policy, inode.xattr_set(), roles.of(id, &inode), 1);
        if inode.is_external() {
            surveys.iter_mut().for_each(|survey| survey.see(tree, id, &inode));
        }
    }
    let root_set = tree.facts(NodeId::ROOT).xattr_set();
    sets.count(tree, policy, root_set, Role::Stub, wide(stubs));
    let groups = [const { Mutex::new(Vec::new()) }; 2];
    let surveys = surveys.map(|survey| Mutex::new(Some(survey)));
    do_all(groups.len(), &|i| {
        let survey = surveys.get(i).and_then(|survey| lock(survey).take());
        if let (Some(survey), Some(place)) = (survey, groups.get(i)) {
            *lock(place) = survey.groups(tree);
        }
    });
    let groups = groups.map(finished);
    let external = |id| External::new(id, &tree.inode(id));
    (Areas::new(sets, tree.inode_count(), groups, external), base_time)
}
