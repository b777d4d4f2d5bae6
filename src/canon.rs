//! The canonical form of a tree: what reading its image back would give.
//!
//! Stands above `tree` and `erofs`, because the SIZE of a directory and the order of xattrs follow
//! from the rules of the image. It adds no whiteout marks: only the V1 writer does.
//!
//! **Laws:** canonicalising twice changes nothing more, and a tree that was read from an image is
//! canonical.

use std::collections::BTreeMap;

use crate::erofs::{ReadBack, directory_size, is_reserved};
use crate::num::wide;
use crate::tree::{FileType, InodeId, Keep, NodeId, Tree, Xattr, XattrSet};

/// What canonicalising changed, beside the SIZE and NLINK of directories and the order of xattrs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Names that carry a hard-linked inode now and did not before. They change the bytes of the
    /// image.
    pub carriers: Vec<NodeId>,
    /// Inodes that lost a payload, a content, a digest, a device number or a SIZE that no image
    /// holds for their type.
    pub facts: Vec<InodeId>,
    /// Inodes that lost xattrs whose names the image format takes for its own.
    pub xattrs: Vec<InodeId>,
}

impl Changes {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Brings a tree into canonical form.
///
/// Recomputes SIZE and NLINK of directories and SIZE of symlinks, drops what no image can hold,
/// makes the first name in walk order carry each inode, and puts xattrs in the order in which an
/// image gives them back.
///
/// # Example
/// ```
/// use cfs::{canon, dump};
/// let text = b"/ 0 40755 2 0 0 0 0.0 - - -\n/d 0 40755 9 0 0 0 0.0 - - -\n";
/// let mut tree = dump::parse(text, &dump::Options::default())?.tree;
/// canon::canonicalise(&mut tree);
/// let canonical = "/ 4096 40755 3 0 0 0 0.0 - - -\n/d 27 40755 2 0 0 0 0.0 - - -\n";
/// assert_eq!(dump::print(&tree), canonical.as_bytes());
/// # Ok::<(), dump::ParseError>(())
/// ```
pub fn canonicalise(tree: &mut Tree<'_>) -> Changes {
    let carriers = tree.carry_first();
    let xattrs = drop_reserved(tree);
    let facts = drop_facts(tree);
    sort_xattrs(tree);
    Changes { carriers, facts, xattrs }
}

/// Drops xattrs that the writer takes for its own marks.
fn drop_reserved(tree: &mut Tree<'_>) -> Vec<InodeId> {
    let mut less: BTreeMap<(XattrSet, bool), Option<XattrSet>> = BTreeMap::new();
    let mut changed = Vec::new();
    for id in inode_ids(tree) {
        let inode = tree.inode(id);
        let marked = inode.is_whiteout() || inode.file_type() == FileType::Regular;
        let key = (inode.xattr_set(), marked);
        let set = match less.get(&key) {
            Some(&set) => set,
            None => {
                let set = without_reserved(tree, key.0, marked);
                less.insert(key, set);
                set
            }
        };
        if let Some(set) = set {
            tree.set_xattrs(id, set);
            changed.push(id);
        }
    }
    changed
}

/// The set without reserved names, if it has any.
fn without_reserved(tree: &mut Tree<'_>, set: XattrSet, marked: bool) -> Option<XattrSet> {
    if !tree.xattrs(set).any(|xattr| is_reserved(xattr.key, marked)) {
        return None;
    }
    let kept: Vec<(Vec<u8>, Vec<u8>)> = tree
        .xattrs(set)
        .filter(|xattr| !is_reserved(xattr.key, marked))
        .map(|xattr| (xattr.key.to_vec(), xattr.value.to_vec()))
        .collect();
    add(tree, &kept)
}

fn add(tree: &mut Tree<'_>, pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<XattrSet> {
    let pairs: Vec<Xattr<'_>> = pairs.iter().map(|(key, value)| Xattr { key, value }).collect();
    tree.add_xattrs(&pairs).ok()
}

/// Drops facts that no image holds for the type, and sets the sizes that follow from others.
fn drop_facts(tree: &mut Tree<'_>) -> Vec<InodeId> {
    let mut changed = Vec::new();
    for node in tree.nodes().filter(|&node| !tree.is_link(node)).collect::<Vec<_>>() {
        let id = tree.inode_of(node);
        let inode = tree.inode(id);
        let (file_type, size) = (inode.file_type(), inode.size());
        let has_content = inode.content().is_some_and(|content| !content.is_empty());
        let has_payload = inode.payload().is_some_and(|payload| !payload.is_empty());
        let external = inode.is_external();
        let keep = Keep {
            payload: (external || file_type == FileType::Symlink) && has_payload,
            content: file_type == FileType::Regular && has_content,
            digest: external,
            rdev: file_type.is_device(),
        };
        let (new_size, nlink) = match file_type {
            FileType::Directory => (directory_size(tree, node), directory_nlink(tree, node)),
            FileType::Symlink => (inode.payload().map_or(0, |p| wide(p.len())), inode.nlink()),
            FileType::Regular => (size, inode.nlink()),
            _ => (0, inode.nlink()),
        };
        let dropped = tree.keep_facts(id, keep, new_size, nlink);
        if dropped || (file_type != FileType::Directory && size != new_size) {
            changed.push(id);
        }
    }
    changed
}

fn directory_nlink(tree: &Tree<'_>, directory: NodeId) -> u32 {
    let is_directory = |&child: &NodeId| tree.facts(child).file_type() == FileType::Directory;
    let below = tree.children(directory).filter(is_directory).count();
    u32::try_from(below).unwrap_or(u32::MAX - 2) + 2
}

/// Puts xattrs in the order in which an image gives them back.
fn sort_xattrs(tree: &mut Tree<'_>) {
    let mut sorted = BTreeMap::new();
    let mut signatures = Vec::with_capacity(tree.inode_count());
    {
        let read_back = ReadBack::new(tree);
        for id in inode_ids(tree).filter(|&id| tree.inode(id).xattr_set() != XattrSet::EMPTY) {
            let signature = read_back.signature(id);
            signatures.push((id, signature));
            sorted.entry(signature).or_insert_with(|| {
                let pairs = read_back.xattrs(signature).into_iter();
                let pairs: Vec<_> =
                    pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
                let set = tree.inode(id).xattr_set();
                let now = tree.xattrs(set).map(|xattr| (xattr.key, xattr.value));
                let is_sorted = now.eq(pairs.iter().map(|(key, value)| (&**key, &**value)));
                if is_sorted { (Vec::new(), Some(set)) } else { (pairs, None) }
            });
        }
    }
    for (id, signature) in signatures {
        let Some((pairs, set)) = sorted.get_mut(&signature) else { continue };
        if set.is_none() {
            *set = add(tree, pairs);
        }
        if let Some(set) = *set {
            tree.set_xattrs(id, set);
        }
    }
}

fn inode_ids(tree: &Tree<'_>) -> impl Iterator<Item = InodeId> + use<> {
    (0..u32::try_from(tree.inode_count()).unwrap_or(u32::MAX)).map(InodeId::from_number)
}
