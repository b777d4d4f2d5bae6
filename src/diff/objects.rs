//! Which objects two trees need.

use xxhash_rust::xxh64::xxh64;

use crate::tree::Tree;

/// A number of objects, and the bytes they have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// SIZE of their files, added up.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The objects that two trees need: what would have to be fetched to get from one to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// Only the new tree needs them.
    pub new: Count,
    /// Only the old tree needs them.
    pub unused: Count,
    /// Both need them.
    pub shared: Count,
}

/// Counts objects, each once. They are told apart by a hash of their paths.
pub(super) fn objects(old: &Tree<'_>, new: &Tree<'_>) -> Objects {
    let (old, new) = (needed(old), needed(new));
    let mut objects = Objects::default();
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        match (old.peek().copied(), new.peek().copied()) {
            (None, None) => return objects,
            (Some(a), Some(b)) if a.0 == b.0 => {
                objects.shared.add(b.1);
                old.next();
                new.next();
            }
            (Some(a), b) if b.is_none_or(|b| a.0 < b.0) => {
                objects.unused.add(a.1);
                old.next();
            }
            (_, Some(b)) => {
                objects.new.add(b.1);
                new.next();
            }
            (Some(_), None) => return objects,
        }
    }
}

/// The objects of a tree with their sizes, sorted.
fn needed(tree: &Tree<'_>) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    for inode in tree.inodes().filter(|inode| inode.is_external()) {
        let name = inode.payload().or(inode.digest_bytes());
        all.extend(name.map(|name| (xxh64(name, 0), inode.size())));
    }
    all.sort_unstable();
    all.dedup_by_key(|object| object.0);
    all
}
