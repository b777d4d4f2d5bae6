//! A tree that is being changed: names, each with the number of its inode.

use std::collections::BTreeMap;

use super::error::{PatchError, PatchErrorKind};
use super::value::Held;
use crate::canon::canonicalise;
use crate::num::index;
use crate::tree::{Builder, Facts, Inode, InodeId, Mode, Mtime, NodeId, Tree, Xattr, XattrSet};

/// The facts of an inode, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) mode: Mode,
    pub(super) nlink: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) rdev: u32,
    pub(super) mtime: Mtime,
    /// SIZE, content, payload and digest; of a symlink its target as the payload.
    pub(super) held: Held,
    pub(super) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Owned {
    pub(super) fn of(inode: &Inode<'_, '_>) -> Self {
        Self {
            mode: inode.mode(),
            nlink: inode.nlink(),
            uid: inode.uid(),
            gid: inode.gid(),
            rdev: inode.rdev(),
            mtime: inode.mtime(),
            held: Held::of(inode),
            xattrs: inode.xattrs().map(|it| (it.key.to_vec(), it.value.to_vec())).collect(),
        }
    }

    fn facts(&self, xattrs: XattrSet) -> Facts<'_> {
        Facts {
            mode: self.mode,
            size: self.held.size,
            nlink: self.nlink,
            uid: self.uid,
            gid: self.gid,
            rdev: self.rdev,
            mtime: self.mtime,
            payload: self.held.payload.as_deref(),
            content: self.held.content.as_deref(),
            digest: self.held.digest.as_deref(),
            xattrs,
        }
    }
}

/// A path as it is sorted: in walk order. No name holds a NUL, which stands for the slash.
type Key = Vec<u8>;

fn key(path: &[u8]) -> Key {
    if path == b"/" {
        return Vec::new();
    }
    path.iter().map(|&byte| if byte == b'/' { 0 } else { byte }).collect()
}

fn path(key: &[u8]) -> Vec<u8> {
    if key.is_empty() {
        return b"/".to_vec();
    }
    key.iter().map(|&byte| if byte == 0 { b'/' } else { byte }).collect()
}

/// Names and inodes. Inodes of the old tree have the numbers they have there, until they are changed.
pub(super) struct Model<'t> {
    old: &'t Tree<'t>,
    names: BTreeMap<Key, u32>,
    changed: BTreeMap<u32, Owned>,
    next: u32,
}

impl<'t> Model<'t> {
    /// A model with no names.
    pub(super) fn new(old: &'t Tree<'t>) -> Self {
        let next = u32::try_from(old.inode_count()).unwrap_or(u32::MAX);
        Self { old, names: BTreeMap::new(), changed: BTreeMap::new(), next }
    }

    /// Gives a name to an inode. An error if the name is there.
    pub(super) fn name(&mut self, at: &[u8], inode: u32) -> Result<(), PatchError> {
        match self.names.insert(key(at), inode) {
            None => Ok(()),
            Some(_) => Err(PatchError::at(PatchErrorKind::PathExists, at)),
        }
    }

    /// Gives a name that is there to another inode.
    pub(super) fn rename(&mut self, at: &[u8], inode: u32) {
        self.names.insert(key(at), inode);
    }

    pub(super) fn inode_at(&self, at: &[u8]) -> Option<u32> {
        self.names.get(&key(at)).copied()
    }

    /// A new inode.
    pub(super) fn add(&mut self, facts: Owned) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        self.changed.insert(number, facts);
        number
    }

    /// The facts of an inode as they were in the old tree, or are if it is new.
    pub(super) fn before(&self, inode: u32) -> Option<Owned> {
        if index(inode) < self.old.inode_count() {
            return Some(Owned::of(&self.old.inode(InodeId::from_number(inode))));
        }
        self.changed.get(&inode).cloned()
    }

    /// The facts of an inode, to be changed.
    pub(super) fn edit(&mut self, inode: u32) -> Option<&mut Owned> {
        if !self.changed.contains_key(&inode) {
            let before = self.before(inode)?;
            self.changed.insert(inode, before);
        }
        self.changed.get_mut(&inode)
    }

    /// The tree of it all, in canonical form.
    pub(super) fn build(&self) -> Result<Tree<'static>, PatchError> {
        let mut build = Build {
            model: self,
            builder: Builder::rootless(b""),
            sets: vec![None; self.old.xattr_set_count()],
            carriers: BTreeMap::new(),
            links: Vec::new(),
        };
        let mut open: Vec<(usize, NodeId)> = Vec::new();
        let mut before: &[u8] = &[];
        for (key, &inode) in &self.names {
            while open.last().is_some_and(|&(len, _)| !is_below(key, before, len)) {
                open.pop();
            }
            let parent = open.last().copied();
            let node = build.add(parent, key, inode)?;
            open.push((key.len(), node));
            before = key;
        }
        for &(link, carrier) in &build.links {
            build
                .builder
                .resolve(link, carrier)
                .map_err(|error| PatchError::new(PatchErrorKind::Build(error)))?;
        }
        let tree = build.builder.finish();
        let mut tree = tree.map_err(|error| PatchError::new(PatchErrorKind::Build(error)))?;
        canonicalise(&mut tree);
        Ok(tree)
    }
}

/// Whether a key lies below the directory whose key is the first `len` bytes of another.
fn is_below(key: &[u8], other: &[u8], len: usize) -> bool {
    key.get(..len) == other.get(..len) && key.get(len) == Some(&0)
}

struct Build<'m, 't> {
    model: &'m Model<'t>,
    builder: Builder<'static>,
    /// The sets of the old tree, as they are numbered in the new one.
    sets: Vec<Option<XattrSet>>,
    carriers: BTreeMap<u32, NodeId>,
    links: Vec<(NodeId, NodeId)>,
}

impl Build<'_, '_> {
    fn add(
        &mut self,
        parent: Option<(usize, NodeId)>,
        key: &[u8],
        inode: u32,
    ) -> Result<NodeId, PatchError> {
        let failed = |error| PatchError::at(PatchErrorKind::Build(error), &path(key));
        let Some((len, parent)) = parent else {
            if !key.is_empty() {
                return Err(PatchError::at(PatchErrorKind::NoParent, &path(key)));
            }
            return self.root(inode);
        };
        let name = key.get(len + 1..).unwrap_or_default();
        if name.contains(&0) {
            return Err(PatchError::at(PatchErrorKind::NoParent, &path(key)));
        }
        if let Some(&carrier) = self.carriers.get(&inode) {
            let link = self.builder.link(parent, name).map_err(failed)?;
            self.links.push((link, carrier));
            return Ok(link);
        }
        let node = match self.model.changed.get(&inode) {
            Some(owned) => {
                let set = self.owned_set(owned).map_err(failed)?;
                self.builder.add(parent, name, &owned.facts(set))
            }
            None => {
                let old = self.model.old.inode(InodeId::from_number(inode));
                let xattrs = self.old_set(&old).map_err(failed)?;
                self.builder.add(parent, name, &Facts { xattrs, ..old.to_facts() })
            }
        };
        let node = node.map_err(failed)?;
        self.carriers.insert(inode, node);
        Ok(node)
    }

    fn root(&mut self, inode: u32) -> Result<NodeId, PatchError> {
        let failed = |error| PatchError::at(PatchErrorKind::Build(error), b"/");
        let owned = self.model.changed.get(&inode).cloned();
        let owned = owned.or_else(|| self.model.before(inode));
        let owned = owned.ok_or(PatchError::at(PatchErrorKind::NoPath, b"/"))?;
        let set = self.owned_set(&owned).map_err(failed)?;
        self.builder.set_root(&owned.facts(set)).map_err(failed)?;
        self.carriers.insert(inode, NodeId::ROOT);
        Ok(NodeId::ROOT)
    }

    fn owned_set(&mut self, owned: &Owned) -> Result<XattrSet, crate::tree::BuildError> {
        let pairs = owned.xattrs.iter().map(|(key, value)| Xattr { key, value });
        self.builder.xattrs(&pairs.collect::<Vec<_>>())
    }

    fn old_set(&mut self, old: &Inode<'_, '_>) -> Result<XattrSet, crate::tree::BuildError> {
        let slot = index(old.xattr_set().number());
        if let Some(&Some(set)) = self.sets.get(slot) {
            return Ok(set);
        }
        let set = self.builder.xattrs(&old.xattrs().collect::<Vec<_>>())?;
        if let Some(place) = self.sets.get_mut(slot) {
            *place = Some(set);
        }
        Ok(set)
    }
}
