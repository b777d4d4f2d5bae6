//! The canonical tree: what a dump text, an image and a directory have in common.
//!
//! A [`Tree`] is a value. It keeps every fact as it was given, and derives none: payload, digest,
//! SIZE, content, NLINK, the order of xattrs, and which name of a hard-linked inode carries it.
//! Children are sorted by the bytes of their names, and nodes are numbered in walk order: depth
//! first, a directory before what is in it.
//!
//! **Invariant:** a tree is valid. Only [`Builder`] makes one.
//! **Invariant:** `tree` knows no format. A limit that only EROFS has is checked in `erofs`.

mod build;
mod error;
mod index;
mod node;
mod rewrite;
mod store;
mod walk;
mod xattr;

pub use build::Builder;
pub(crate) use build::Key;
pub use error::BuildError;
pub(crate) use node::Kind;
pub use node::{Facts, FileType, InodeId, Mode, Mtime, NodeId};
pub(crate) use rewrite::Keep;
pub use walk::{Children, Step, Walk};
pub use xattr::{Xattr, XattrSet};

use node::{Node, Record};
use store::Store;
pub(crate) use store::sample;
use xattr::XattrTable;

use crate::num::{clamp_index, index, wide};
use crate::verity::Digest;

/// A filesystem tree. See the [module](self) for what it keeps.
///
/// Names and values are borrowed from the text or image the tree was read from; a node and its
/// inode take 80 bytes beside it.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    store: Store<'a>,
    xattrs: XattrTable,
    nodes: Vec<Node>,
    records: Vec<Record>,
    contents: Vec<(u64, u64)>,
    content_bytes: Vec<u8>,
    has_whiteouts: bool,
    /// A hash of each inode's payload, or nothing at all.
    payload_samples: Vec<u32>,
}

impl<'a> Tree<'a> {
    /// Whether any inode is a [whiteout](Inode::is_whiteout).
    #[must_use]
    pub fn has_whiteouts(&self) -> bool {
        self.has_whiteouts
    }

    /// The number of names, the root included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: a tree has a root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The number of inodes; a hard link counts once.
    #[must_use]
    pub fn inode_count(&self) -> usize {
        self.records.len()
    }

    /// The number of xattr sets, for tables indexed by [`XattrSet::number`].
    #[must_use]
    pub fn xattr_set_count(&self) -> usize {
        self.xattrs.len()
    }

    /// The name of a node; empty for the root.
    #[must_use]
    #[inline]
    pub fn name(&self, node: NodeId) -> &[u8] {
        self.store.get(self.node(node).name)
    }

    /// The inode a name stands for.
    #[must_use]
    #[inline]
    pub fn inode_of(&self, node: NodeId) -> InodeId {
        self.node(node).inode()
    }

    /// Whether a name is a hard link, that is, another name carries its inode.
    #[must_use]
    #[inline]
    pub fn is_link(&self, node: NodeId) -> bool {
        self.node(node).is_link()
    }

    /// What a node is.
    #[inline]
    pub(crate) fn kind(&self, node: NodeId) -> Kind {
        self.node(node).kind()
    }

    /// All inodes, in the order of their ids.
    pub fn inodes(&self) -> impl ExactSizeIterator<Item = Inode<'_, 'a>> {
        self.records.iter().map(|record| Inode { tree: self, record })
    }

    /// The path of a node, found by going down from the root.
    #[must_use]
    pub fn path(&self, node: NodeId) -> Vec<u8> {
        let mut path = Vec::new();
        let mut at = NodeId::ROOT;
        while at != node {
            let Some(next) = self.children(at).find(|&child| node.0 < self.end(child).0) else {
                break;
            };
            path.push(b'/');
            path.extend_from_slice(self.name(next));
            at = next;
        }
        if path.is_empty() { b"/".to_vec() } else { path }
    }

    /// The facts of an inode.
    #[must_use]
    #[inline]
    pub fn inode(&self, id: InodeId) -> Inode<'_, 'a> {
        Inode { tree: self, record: &self.records[index(id.0)] }
    }

    /// The facts of the inode a name stands for.
    #[must_use]
    #[inline]
    pub fn facts(&self, node: NodeId) -> Inode<'_, 'a> {
        self.inode(self.inode_of(node))
    }

    /// The xattrs of a set, in their order.
    pub fn xattrs(&self, set: XattrSet) -> impl ExactSizeIterator<Item = Xattr<'_>> {
        self.xattrs.iter(&self.store, set)
    }

    /// The names in a directory, sorted by bytes; nothing for other nodes.
    #[must_use]
    pub fn children(&self, node: NodeId) -> Children<'_> {
        Children::new(&self.nodes, node)
    }

    /// One past the last node below this one, in walk order.
    #[must_use]
    #[inline]
    pub fn end(&self, node: NodeId) -> NodeId {
        NodeId(self.node(node).end)
    }

    /// All nodes in walk order, with their paths.
    #[must_use]
    pub fn walk(&self) -> Walk<'_, 'a> {
        Walk::new(self)
    }

    /// All nodes in walk order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(node::MAX_NODES)).map(NodeId)
    }

    /// The node at a path such as `/etc/passwd`; slashes may be repeated.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<NodeId> {
        let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(NodeId::ROOT, |node, name| {
            self.children(node).find(|&child| self.name(child) == name)
        })
    }

    /// For each inode with more than one name, or with none that carries it first in walk order:
    /// the node that carries it.
    #[must_use]
    pub fn carriers(&self) -> Vec<NodeId> {
        let mut carriers = vec![NodeId::ROOT; self.records.len()];
        for node in self.nodes().filter(|&node| !self.is_link(node)) {
            carriers[index(self.inode_of(node).0)] = node;
        }
        carriers
    }

    /// Looks at what some nodes from one on are made of, and does nothing with it. Their parts may
    /// lie anywhere in the source, and a processor fetches many places at once where each on its
    /// own would be waited for.
    pub(crate) fn fetch(&self, from: NodeId, count: u32) {
        let end = from.0.saturating_add(count).min(u32::try_from(self.len()).unwrap_or(u32::MAX));
        self.fetch_all((from.0..end).map(NodeId));
    }

    /// As [`Tree::fetch`], for any nodes.
    pub(crate) fn fetch_all(&self, nodes: impl Iterator<Item = NodeId> + Clone) {
        let records = nodes.clone().map(|node| self.facts(node).nlink());
        let records = records.fold(0, |all, nlink| all ^ nlink);
        let values = nodes.map(|node| {
            let inode = self.facts(node);
            let payload = inode.payload().unwrap_or_default();
            let digest = inode.digest_bytes().unwrap_or_default();
            let ends = [self.name(node).first(), payload.first(), payload.last(), digest.first()];
            ends.into_iter().flatten().fold(0, |all, &byte| all ^ byte)
        });
        std::hint::black_box((records, values.fold(0, |all, byte| all ^ byte)));
    }

    /// As [`Tree::fetch`], for the first name in each directory among some nodes.
    pub(crate) fn fetch_first_names(&self, nodes: impl Iterator<Item = NodeId>) {
        let first = nodes.filter_map(|node| self.children(node).next());
        let names = first.filter_map(|child| self.name(child).first());
        std::hint::black_box(names.fold(0, |all, &byte| all ^ byte));
    }

    /// The same tree with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Tree<'static> {
        let (mut contents, mut content_bytes) = (Vec::new(), Vec::new());
        for &place in &self.contents {
            let content = self.content_at(place).unwrap_or_default();
            contents.push((wide(content_bytes.len()), wide(content.len())));
            content_bytes.extend_from_slice(content);
        }
        Tree {
            store: self.store.into_owned(),
            xattrs: self.xattrs,
            nodes: self.nodes,
            records: self.records,
            contents,
            content_bytes,
            has_whiteouts: self.has_whiteouts,
            payload_samples: self.payload_samples,
        }
    }

    /// A hash of an inode's payload, equal for equal payloads.
    #[inline]
    pub(crate) fn payload_sample(&self, id: InodeId) -> u32 {
        match self.payload_samples.get(index(id.0)) {
            Some(&sample) => sample,
            None => self.inode(id).payload().map_or(0, sample),
        }
    }

    /// The bytes of a content, which lie in the source or behind it.
    #[inline]
    fn content_at(&self, (at, len): (u64, u64)) -> Option<&[u8]> {
        let source = self.store.source();
        let bytes = match at.checked_sub(wide(source.len())) {
            None => source.get(clamp_index(at)..)?,
            Some(at) => self.content_bytes.get(clamp_index(at)..)?,
        };
        bytes.get(..clamp_index(len))
    }

    // Node and inode ids are handed out by this tree alone, so they index its vectors.
    #[inline]
    fn node(&self, id: NodeId) -> Node {
        self.nodes[index(id.0)]
    }
}

/// The facts of an inode in a tree.
#[derive(Clone, Copy, Debug)]
pub struct Inode<'t, 'a> {
    tree: &'t Tree<'a>,
    record: &'t Record,
}

impl<'t> Inode<'t, '_> {
    /// Type and permissions.
    #[must_use]
    #[inline]
    pub fn mode(&self) -> Mode {
        self.record.mode
    }

    /// File type.
    #[must_use]
    #[inline]
    pub fn file_type(&self) -> FileType {
        self.record.mode.file_type()
    }

    /// SIZE as given, in bytes.
    #[must_use]
    #[inline]
    pub fn size(&self) -> u64 {
        self.record.size
    }

    /// Link count as given.
    #[must_use]
    #[inline]
    pub fn nlink(&self) -> u32 {
        self.record.nlink
    }

    /// Owner.
    #[must_use]
    #[inline]
    pub fn uid(&self) -> u32 {
        self.record.uid
    }

    /// Group.
    #[must_use]
    #[inline]
    pub fn gid(&self) -> u32 {
        self.record.gid
    }

    /// Device number in the 32-bit Linux encoding, as given.
    #[must_use]
    #[inline]
    pub fn rdev(&self) -> u32 {
        self.record.rdev
    }

    /// Time of the last modification.
    #[must_use]
    #[inline]
    pub fn mtime(&self) -> Mtime {
        self.record.mtime()
    }

    /// Symlink target or path of the backing file.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> Option<&'t [u8]> {
        self.tree.store.get_opt(self.record.payload)
    }

    /// Whether there is a payload that is not empty. Does not look at its bytes.
    #[inline]
    pub(crate) fn has_payload(&self) -> bool {
        self.payload().is_some_and(|payload| !payload.is_empty())
    }

    /// Content that stands in the tree itself.
    #[must_use]
    #[inline]
    pub fn content(&self) -> Option<&'t [u8]> {
        if self.record.content == 0 {
            return None;
        }
        let place = self.tree.contents.get(index(self.record.content - 1))?;
        self.tree.content_at(*place)
    }

    /// The digest of the backing file, 32 or 64 bytes.
    #[must_use]
    #[inline]
    pub fn digest_bytes(&self) -> Option<&'t [u8]> {
        self.tree.store.get_opt(self.record.digest)
    }

    /// The digest of the backing file.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest_bytes().and_then(Digest::from_bytes)
    }

    /// The set of xattrs.
    #[must_use]
    #[inline]
    pub fn xattr_set(&self) -> XattrSet {
        self.record.xattrs
    }

    /// The xattrs, in their order.
    pub fn xattrs(&self) -> impl ExactSizeIterator<Item = Xattr<'t>> {
        self.tree.xattrs.iter(&self.tree.store, self.record.xattrs)
    }

    /// A whiteout of overlayfs: a character device 0:0.
    #[must_use]
    #[inline]
    pub fn is_whiteout(&self) -> bool {
        self.file_type() == FileType::CharDevice && self.record.rdev == 0
    }

    /// A regular file whose content stands elsewhere: SIZE above 0 and no content here.
    #[must_use]
    #[inline]
    pub fn is_external(&self) -> bool {
        let empty = self.record.content == 0 || self.content().is_none_or(<[u8]>::is_empty);
        self.file_type() == FileType::Regular && empty && self.record.size > 0
    }

    /// All facts, for a builder; the xattr set is left empty.
    #[must_use]
    pub fn to_facts(&self) -> Facts<'t> {
        Facts {
            mode: self.mode(),
            size: self.size(),
            nlink: self.nlink(),
            uid: self.uid(),
            gid: self.gid(),
            rdev: self.rdev(),
            mtime: self.mtime(),
            payload: self.payload(),
            content: self.content(),
            digest: self.digest_bytes(),
            xattrs: XattrSet::EMPTY,
        }
    }
}

impl PartialEq for Inode<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |inode: &Self| {
            let r = inode.record;
            (r.mode, r.size, r.nlink, r.uid, r.gid, r.rdev, r.sec, r.nsec)
        };
        numbers(self) == numbers(other)
            && self.payload() == other.payload()
            && self.content() == other.content()
            && self.digest_bytes() == other.digest_bytes()
            && self.xattrs().eq(other.xattrs())
    }
}

/// Two trees are equal if they have the same names, facts and hard links, with the same carriers,
/// whatever they borrow from.
impl PartialEq for Tree<'_> {
    fn eq(&self, other: &Tree<'_>) -> bool {
        if self.len() != other.len() || self.records.len() != other.records.len() {
            return false;
        }
        let (ours, theirs) = (self.carriers(), other.carriers());
        self.nodes().all(|id| {
            let (a, b) = (self.node(id), other.node(id));
            let same_name = self.name(id) == other.name(id);
            let same_place = a.end == b.end && a.is_link() == b.is_link();
            let same_carrier = ours[index(a.inode().0)] == theirs[index(b.inode().0)];
            let same_facts = a.is_link() || self.inode(a.inode()) == other.inode(b.inode());
            same_name && same_place && same_carrier && same_facts
        })
    }
}

impl Eq for Tree<'_> {}
