//! Hashes of what entries hold.

use xxhash_rust::xxh64::xxh64;

use super::offset;
use crate::num::wide;
use crate::tree::{FileType, Inode, InodeId, NodeId, Tree};

/// A node, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    pub(super) node: NodeId,
    /// Equal for nodes that hold the same. It leaves out the node's own name, but not those below it.
    pub(super) hash: u64,
    /// How many files and symlinks it stands for that can be told from others: 0 or 1 for a file.
    pub(super) weight: u32,
    /// Whether it lies in a directory that is told as a whole.
    pub(super) nested: bool,
    pub(super) is_directory: bool,
    /// Whether it lies in a directory that was moved, and is at the same place there.
    pub(super) is_bound: bool,
}

impl Hashed {
    /// Whether it is a file that can be told from others by what it holds.
    pub(super) const fn is_file(&self) -> bool {
        !self.is_directory && self.weight > 0
    }
}

/// The hashes of all nodes from each of some tops on, in walk order. A file of which `is_linked`
/// says that it has several names can only be moved with all that is around it.
pub(super) fn hashes(
    tree: &Tree<'_>,
    tops: &[NodeId],
    is_linked: impl Fn(InodeId) -> bool,
) -> Vec<Hashed> {
    let mut all = Vec::new();
    for &top in tops {
        let start = all.len();
        all.extend((top.number()..tree.end(top).number()).map(|number| {
            let node = NodeId::from_number(number);
            file(tree, node, node != top, is_linked(tree.inode_of(node)))
        }));
        let below = all.get_mut(start..).unwrap_or_default();
        // What is below a directory comes behind it.
        for at in (0..below.len()).rev() {
            add_up(tree, top, below, at);
        }
    }
    all
}

fn file(tree: &Tree<'_>, node: NodeId, nested: bool, is_linked: bool) -> Hashed {
    let inode = tree.facts(node);
    let (hash, can_be_told) = content(&inode);
    let weight = u32::from(can_be_told && !is_linked);
    let is_directory = inode.file_type() == FileType::Directory;
    Hashed { node, hash, weight, nested, is_directory, is_bound: false }
}

/// A hash of what an inode holds, and whether that is much enough to be told from others.
fn content(inode: &Inode<'_, '_>) -> (u64, bool) {
    match inode.file_type() {
        FileType::Directory => (1, false),
        FileType::Symlink => {
            let target = inode.payload().unwrap_or_default();
            (xxh64(target, 2), !target.is_empty())
        }
        FileType::Regular if inode.is_external() => {
            let bytes = inode.digest_bytes().or(inode.payload());
            (xxh64(bytes.unwrap_or_default(), inode.size() ^ 3 << 60), bytes.is_some())
        }
        FileType::Regular => {
            let content = inode.content().unwrap_or_default();
            (xxh64(content, 4), !content.is_empty())
        }
        kind => (xxh64(&inode.rdev().to_le_bytes(), 5 + u64::from(kind.is_device())), false),
    }
}

/// Makes the hash of a directory of those of its entries.
fn add_up(tree: &Tree<'_>, top: NodeId, below: &mut [Hashed], at: usize) {
    let Some(&it) = below.get(at).filter(|it| it.is_directory) else { return };
    let (mut hash, mut weight) = (it.hash, 0_u32);
    for child in tree.children(it.node) {
        let Some(found) = below.get(offset(top, child)) else { continue };
        hash = xxh64(&found.hash.to_le_bytes(), hash.rotate_left(17) ^ wide(1));
        hash = xxh64(tree.name(child), hash);
        weight = weight.saturating_add(found.weight);
    }
    if let Some(place) = below.get_mut(at) {
        (place.hash, place.weight) = (hash, weight);
    }
}
