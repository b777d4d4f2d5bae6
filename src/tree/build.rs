//! Building a tree, name by name, with no way to build an invalid one.

mod xattrs;

use std::collections::BTreeMap;

use super::Tree;
use super::error::BuildError;
use super::index::NameIndex;
use super::node::{Facts, FileType, InodeId, Kind, MAX_NODES, Node, NodeId, Record};
use super::store::{Span, Store, sample};
use super::walk::Children;
use super::xattr::XattrTable;
use crate::chunks;
use crate::num::index;
pub(crate) use xattrs::Key;

/// A directory that the next name may still go into without a look-up.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: u32,
    last_child: Span,
}

/// Builds a [`Tree`].
///
/// Names may come in any order as long as a directory comes before what is in it. In walk order
/// (depth first, names sorted by bytes), the order every tool writes, building needs no look-up at
/// all.
///
/// # Example
/// ```
/// use cfs::tree::{Builder, Facts, Mode, NodeId};
/// let mode = |bits| Mode::new(bits).unwrap();
/// let mut builder = Builder::new(b"", Facts::new(mode(0o40755)))?;
/// let etc = builder.add(NodeId::ROOT, b"etc", &Facts::new(mode(0o40755)))?;
/// builder.add(etc, b"passwd", &Facts::new(mode(0o100644)))?;
/// let tree = builder.finish()?;
/// assert_eq!(tree.len(), 3);
/// # Ok::<(), cfs::tree::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Builder<'a> {
    store: Store<'a>,
    xattrs: XattrTable,
    nodes: Vec<Node>,
    records: Vec<Record>,
    contents: Vec<(u64, u64)>,
    content_bytes: Vec<u8>,
    open: Vec<Open>,
    has_whiteouts: bool,
    /// A hash of each inode's payload, taken while it is at hand; `None` to take it when it is
    /// wanted.
    payload_samples: Option<Vec<u32>>,
    /// Once a name came out of walk order: the parent of every node, and all names by parent.
    scattered: Option<Scattered>,
    /// Once all names are there, in walk order: the children of the directories that were looked
    /// into.
    looked_into: Option<BTreeMap<u32, Vec<NodeId>>>,
}

#[derive(Debug)]
struct Scattered {
    parents: Vec<u32>,
    names: NameIndex,
}

impl<'a> Builder<'a> {
    /// Starts a tree with its root. Byte strings that lie in `source` are borrowed from it, all
    /// others are copied.
    ///
    /// # Errors
    /// [`BuildError::RootNotDirectory`], and the errors of [`Builder::add`] about facts.
    pub fn new(source: &'a [u8], root: Facts<'_>) -> Result<Self, BuildError> {
        let mut builder = Self::rootless(source);
        builder.set_root(&root)?;
        Ok(builder)
    }

    /// A builder that wants [`Builder::set_root`] before any name. It can make the xattrs of the root.
    #[must_use]
    pub fn rootless(source: &'a [u8]) -> Self {
        Self {
            store: Store::new(source),
            xattrs: XattrTable::new(),
            nodes: Vec::new(),
            records: Vec::new(),
            contents: Vec::new(),
            content_bytes: Vec::new(),
            open: Vec::new(),
            has_whiteouts: false,
            payload_samples: None,
            scattered: None,
            looked_into: None,
        }
    }

    /// Takes a hash of every payload as it comes. That is for payloads that lie apart from one
    /// another, so that fetching them a second time is slow.
    pub(crate) fn sample_payloads(&mut self) {
        self.payload_samples = Some(Vec::new());
    }

    /// Makes room for nodes that are known to come.
    pub(crate) fn reserve(&mut self, nodes: usize) {
        if let Some(samples) = &mut self.payload_samples {
            samples.reserve_exact(nodes);
        }
        self.nodes.reserve_exact(nodes);
        self.records.reserve_exact(nodes);
    }

    /// Gives the tree its root.
    ///
    /// # Errors
    /// `RootNotDirectory`, `Duplicate` if there is a root, and the errors of [`Builder::add`] about
    /// facts.
    ///
    /// # Example
    /// ```
    /// use cfs::tree::{Builder, Facts, Mode, NodeId, Xattr};
    /// let mut builder = Builder::rootless(b"");
    /// let xattrs = builder.xattrs(&[Xattr { key: b"user.k", value: b"v" }])?;
    /// let mode = Mode::new(0o40755).unwrap();
    /// builder.set_root(&Facts { xattrs, ..Facts::new(mode) })?;
    /// assert_eq!(builder.finish()?.facts(NodeId::ROOT).xattrs().len(), 1);
    /// # Ok::<(), cfs::tree::BuildError>(())
    /// ```
    pub fn set_root(&mut self, facts: &Facts<'_>) -> Result<(), BuildError> {
        if !self.nodes.is_empty() {
            return Err(BuildError::Duplicate);
        }
        if facts.mode.file_type() != FileType::Directory {
            return Err(BuildError::RootNotDirectory);
        }
        let inode = self.record(facts)?;
        let name = self.store.keep(b"").unwrap_or(Span::NONE);
        self.nodes.push(Node::carrier(name, inode, Kind::of(facts.mode, facts.rdev)));
        self.open.push(Open { node: 0, last_child: Span::NONE });
        Ok(())
    }

    /// Adds a name that carries an inode of its own.
    ///
    /// # Errors
    /// What is wrong with the name, its parent or the facts; the builder is then as it was.
    #[inline]
    pub fn add(
        &mut self,
        parent: NodeId,
        name: &[u8],
        facts: &Facts<'_>,
    ) -> Result<NodeId, BuildError> {
        check_name(name)?;
        self.check_parent(parent)?;
        let slot = self.slot(parent, name)?;
        let inode = self.record(facts)?;
        let name = self.store.keep(name).unwrap_or(Span::NONE);
        let kind = Kind::of(facts.mode, facts.rdev);
        self.has_whiteouts |= kind == Kind::Whiteout;
        Ok(self.push(parent, slot, Node::carrier(name, inode, kind)))
    }

    /// Adds a further name of an inode that [`Builder::resolve`] names later.
    ///
    /// # Errors
    /// What is wrong with the name or its parent; the builder is then as it was.
    pub fn link(&mut self, parent: NodeId, name: &[u8]) -> Result<NodeId, BuildError> {
        check_name(name)?;
        self.check_parent(parent)?;
        let slot = self.slot(parent, name)?;
        let name = self.store.keep(name).unwrap_or(Span::NONE);
        Ok(self.push(parent, slot, Node::unresolved(name)))
    }

    /// Makes `link` a further name of the inode that `target` carries.
    ///
    /// # Errors
    /// `LinkToDirectory`; `UnresolvedLink` if `target` is itself a link that is not resolved.
    pub fn resolve(&mut self, link: NodeId, target: NodeId) -> Result<(), BuildError> {
        let target = self.node(target).filter(|target| !target.is_unresolved());
        let target = target.ok_or(BuildError::UnresolvedLink)?;
        if target.is_directory() {
            return Err(BuildError::LinkToDirectory);
        }
        if let Some(node) = self.nodes.get_mut(index(link.0)).filter(|node| node.is_link()) {
            *node = node.linked_to(target);
        }
        Ok(())
    }

    /// The node of a name in a directory, if it was added.
    pub fn child(&mut self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        if self.looked_into.is_some() && self.scattered.is_none() {
            return self.look_into(parent, name);
        }
        let scattered = Scattered::of(&mut self.scattered, &self.nodes, &self.open, &self.store);
        scattered.names.find(&self.store, &self.nodes, parent.0, name).map(NodeId)
    }

    /// Says that all names are there, which makes [`Builder::child`] cheap for names that came in
    /// walk order. Adding further ones is allowed, and slow.
    pub fn names_done(&mut self) {
        if self.scattered.is_none() && self.looked_into.is_none() {
            close(&mut self.nodes, &self.open);
            self.looked_into = Some(BTreeMap::new());
        }
    }

    /// Finds a name among nodes in walk order, whose children are sorted.
    fn look_into(&mut self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let known = self.looked_into.as_mut()?;
        let children =
            known.entry(parent.0).or_insert_with(|| Children::new(&self.nodes, parent).collect());
        let name_of = |node: &NodeId| self.store.get(self.nodes[index(node.0)].name);
        let place = children.binary_search_by(|node| name_of(node).cmp(name)).ok()?;
        children.get(place).copied()
    }

    /// Whether a node is a directory.
    #[must_use]
    pub fn is_directory(&self, node: NodeId) -> bool {
        self.node(node).is_some_and(Node::is_directory)
    }

    /// Whether a node was added by [`Builder::link`].
    #[must_use]
    pub fn is_link(&self, node: NodeId) -> bool {
        self.node(node).is_some_and(Node::is_link)
    }

    /// The number of names so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is not even a root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The finished tree, in walk order whatever the order of the names was.
    ///
    /// # Errors
    /// `UnresolvedLink`.
    pub fn finish(mut self) -> Result<Tree<'a>, BuildError> {
        if self.nodes.iter().any(|node| node.is_unresolved()) {
            return Err(BuildError::UnresolvedLink);
        }
        if self.nodes.is_empty() {
            return Err(BuildError::RootNotDirectory);
        }
        match self.scattered.take() {
            None => close(&mut self.nodes, &self.open),
            Some(scattered) => {
                drop(scattered.names);
                self.nodes =
                    super::index::in_walk_order(&self.store, &self.nodes, &scattered.parents);
            }
        }
        Ok(Tree {
            store: self.store,
            xattrs: self.xattrs,
            nodes: self.nodes,
            records: self.records,
            contents: self.contents,
            content_bytes: self.content_bytes,
            has_whiteouts: self.has_whiteouts,
            payload_samples: self.payload_samples.unwrap_or_default(),
        })
    }

    #[inline]
    fn node(&self, id: NodeId) -> Option<Node> {
        self.nodes.get(index(id.0)).copied()
    }

    #[inline]
    fn check_parent(&self, parent: NodeId) -> Result<(), BuildError> {
        if self.is_directory(parent) { Ok(()) } else { Err(BuildError::ParentNotDirectory) }
    }

    /// Finds where a new name goes: in walk order, or to where it must be looked up.
    #[inline]
    fn slot(&mut self, parent: NodeId, name: &[u8]) -> Result<Slot, BuildError> {
        if index(MAX_NODES) <= self.nodes.len() {
            return Err(BuildError::TooMany);
        }
        if self.scattered.is_none() && self.looked_into.is_none() {
            let depth = self.open.iter().rposition(|open| open.node <= parent.0);
            if let Some(depth) = depth
                && let Some(open) = self.open.get(depth)
                && open.node == parent.0
                && self.store.get_opt(open.last_child).is_none_or(|last| last < name)
            {
                return Ok(Slot::InOrder { depth });
            }
        }
        let scattered = Scattered::of(&mut self.scattered, &self.nodes, &self.open, &self.store);
        match scattered.names.find(&self.store, &self.nodes, parent.0, name) {
            Some(_) => Err(BuildError::Duplicate),
            None => Ok(Slot::Scattered),
        }
    }

    #[inline]
    fn push(&mut self, parent: NodeId, slot: Slot, node: Node) -> NodeId {
        // `slot` has checked that the number fits.
        let id = u32::try_from(self.nodes.len()).unwrap_or(MAX_NODES);
        self.nodes.push(node);
        match (slot, &mut self.scattered) {
            (Slot::InOrder { depth }, None) => self.push_in_order(depth, id, node),
            (_, Some(scattered)) => {
                scattered.parents.push(parent.0);
                scattered.names.insert(&self.store, &self.nodes, parent.0, id);
            }
            (Slot::Scattered, None) => {}
        }
        NodeId(id)
    }

    #[inline]
    fn push_in_order(&mut self, depth: usize, id: u32, node: Node) {
        while self.open.len() > depth + 1 {
            if let Some(done) = self.open.pop() {
                self.nodes[index(done.node)].end = id;
            }
        }
        if let Some(parent) = self.open.last_mut() {
            parent.last_child = node.name;
        }
        if node.is_directory() {
            self.open.push(Open { node: id, last_child: Span::NONE });
        } else {
            self.nodes[index(id)].end = id + 1;
        }
    }

    #[inline]
    fn record(&mut self, facts: &Facts<'_>) -> Result<InodeId, BuildError> {
        if let Some(digest) = facts.digest
            && !matches!(digest.len(), 32 | 64)
        {
            return Err(BuildError::BadDigest(digest.len()));
        }
        if index(facts.xattrs.0) >= self.xattrs.len() {
            return Err(BuildError::UnknownXattrs);
        }
        let (payload, content) = (some_bytes(facts.payload), some_bytes(facts.content));
        let content = content.map_or(Ok(0), |content| self.content(content))?;
        let record = Record {
            size: facts.size,
            sec: facts.mtime.sec,
            payload: self.keep(payload)?,
            digest: self.keep(facts.digest)?,
            nsec: facts.mtime.nsec,
            nlink: facts.nlink,
            uid: facts.uid,
            gid: facts.gid,
            rdev: facts.rdev,
            xattrs: facts.xattrs,
            content,
            mode: facts.mode,
        };
        let id = u32::try_from(self.records.len()).map_err(|_| BuildError::TooMany)?;
        // There are no more inodes than names, whose number `slot` has checked.
        self.records.push(record);
        if let Some(samples) = &mut self.payload_samples {
            samples.push(payload.map_or(0, sample));
        }
        Ok(InodeId(id))
    }

    #[inline]
    fn keep(&mut self, bytes: Option<&[u8]>) -> Result<Span, BuildError> {
        match bytes {
            None => Ok(Span::NONE),
            Some(bytes) => self.store.keep(bytes).ok_or(BuildError::TooLong(bytes.len())),
        }
    }

    /// Keeps a content, which may be longer than a span can tell.
    fn content(&mut self, content: &[u8]) -> Result<u32, BuildError> {
        use crate::num::wide;
        let place = match self.store.place(content) {
            Some(at) => wide(at),
            None => {
                let at = wide(self.store.source().len()) + wide(self.content_bytes.len());
                self.content_bytes.extend_from_slice(content);
                at
            }
        };
        self.contents.push((place, wide(content.len())));
        u32::try_from(self.contents.len()).map_err(|_| BuildError::TooMany)
    }
}

#[derive(Clone, Copy)]
enum Slot {
    InOrder { depth: usize },
    Scattered,
}

impl Scattered {
    /// The state for names out of order, made from the names so far when it is first needed.
    fn of<'s>(
        state: &'s mut Option<Self>,
        nodes: &[Node],
        open: &[Open],
        store: &Store<'_>,
    ) -> &'s mut Self {
        state.get_or_insert_with(|| {
            let mut closed = nodes.to_vec();
            close(&mut closed, open);
            let parents = super::index::parents(&closed);
            let mut names = NameIndex::new(store);
            for (id, &parent) in (0u32..).zip(&parents).skip(1) {
                names.insert(store, nodes, parent, id);
            }
            Self { parents, names }
        })
    }
}

/// Ends the directories that are still open, now that no name can follow.
fn close(nodes: &mut [Node], open: &[Open]) {
    let end = u32::try_from(nodes.len()).unwrap_or(MAX_NODES);
    for open in open {
        if let Some(node) = nodes.get_mut(index(open.node)) {
            node.end = end;
        }
    }
}

/// An empty value is none: no text and no image tells the two apart.
#[inline]
fn some_bytes(bytes: Option<&[u8]>) -> Option<&[u8]> {
    bytes.filter(|bytes| !bytes.is_empty())
}

#[inline]
fn check_name(name: &[u8]) -> Result<(), BuildError> {
    match name {
        [] => return Err(BuildError::EmptyName),
        [b'.'] | [b'.', b'.'] => return Err(BuildError::DotName),
        _ => {}
    }
    if name.len() > 255 {
        return Err(BuildError::NameTooLong(name.len()));
    }
    let bad = |chunk: &[u8; 16]| {
        chunk.iter().fold(false, |bad, &byte| bad | (byte == b'/') | (byte == 0))
    };
    if chunks::any(name, b'a', bad) {
        return Err(BuildError::BadNameByte);
    }
    Ok(())
}
