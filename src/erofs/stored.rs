//! Xattrs as an image stores them: escaped, completed with the writer's own, sorted, shared.
//!
//! Inodes with the same xattrs in the tree and the same [`Role`] store the same, so the work is done
//! once for each such pair and not for each inode.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::disk::name;
use super::encode;
use super::policy::Policy;
use crate::num::index;
use crate::tree::{Tree, Xattr, XattrSet};

/// What the writer adds to an inode's xattrs beside those of external files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Nothing.
    Plain,
    /// The marks of a converted whiteout.
    Whiteout,
    /// A directory: the root or not, with a whiteout among its own names or not.
    Directory {
        /// Gets `trusted.overlay.opaque`.
        root: bool,
        /// Gets the marks of a directory with whiteouts.
        has_whiteouts: bool,
    },
    /// A character device that the writer puts into the root: only its label.
    Stub,
}

/// Number of a [`StoredSet`].
pub(super) type SetId = u32;

/// An xattr as an image stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair<'t> {
    pub(super) key: Cow<'t, [u8]>,
    pub(super) value: Cow<'t, [u8]>,
}

impl Pair<'_> {
    /// The order of the shared table, backwards: by key, then length of the value, then value.
    pub(super) fn rank(&self) -> (&[u8], usize, &[u8]) {
        (&self.key, self.value.len(), &self.value)
    }

    /// Bytes of the entry, padding included.
    pub(super) fn entry_len(&self) -> usize {
        encode::entry_len(encode::split(&self.key).1.len(), self.value.len())
    }

    pub(super) fn entry(&self) -> Vec<u8> {
        let mut entry = Vec::new();
        encode::push_entry(&mut entry, encode::split(&self.key), &[&self.value]);
        entry
    }
}

/// The xattrs of all inodes with one set of the tree and one role.
#[derive(Clone, Debug)]
pub(super) struct StoredSet<'t> {
    /// Sorted by key. The number says which of the distinct shared pairs it is, if it is one.
    pub(super) pairs: Vec<(Pair<'t>, Option<u32>)>,
    inodes: u64,
}

/// All sets of an image.
#[derive(Clone, Debug)]
pub(super) struct StoredSets<'t> {
    pub(super) sets: Vec<StoredSet<'t>>,
    /// The set of a plain inode, by set of the tree; `u32::MAX` where there is none yet.
    plain: Vec<SetId>,
    others: BTreeMap<(XattrSet, Role), SetId>,
}

/// Distinct pairs that two or more inodes have, in ascending order of [`Pair::rank`].
pub(super) type SharedPairs<'t> = Vec<Pair<'t>>;

impl<'t> StoredSets<'t> {
    pub(super) fn new(tree: &Tree<'_>) -> Self {
        let plain = vec![SetId::MAX; tree.xattr_set_count()];
        Self { sets: Vec::new(), plain, others: BTreeMap::new() }
    }

    /// Counts inodes with a set and a role.
    #[inline]
    pub(super) fn count(
        &mut self,
        tree: &'t Tree<'_>,
        policy: Policy,
        set: XattrSet,
        role: Role,
        inodes: u64,
    ) {
        let id = match self.find(set, role) {
            Some(id) => id,
            None => self.insert(stored_pairs(tree, policy, set, role), set, role),
        };
        if let Some(set) = self.sets.get_mut(index(id)) {
            set.inodes += inodes;
        }
    }

    /// The set that was counted for a set of the tree and a role.
    #[inline]
    pub(super) fn find(&self, set: XattrSet, role: Role) -> Option<SetId> {
        if role == Role::Plain {
            return self.plain.get(index(set.number())).copied().filter(|&id| id != SetId::MAX);
        }
        self.others.get(&(set, role)).copied()
    }

    fn insert(&mut self, pairs: Vec<Pair<'t>>, set: XattrSet, role: Role) -> SetId {
        let id = u32::try_from(self.sets.len()).unwrap_or(SetId::MAX);
        let pairs = pairs.into_iter().map(|pair| (pair, None)).collect();
        self.sets.push(StoredSet { pairs, inodes: 0 });
        match self.plain.get_mut(index(set.number())) {
            Some(plain) if role == Role::Plain => *plain = id,
            _ => {
                self.others.insert((set, role), id);
            }
        }
        id
    }

    /// Finds the pairs that two or more inodes have, and notes in every set which they are.
    pub(super) fn share(&mut self) -> SharedPairs<'t> {
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (s, set) in self.sets.iter().enumerate() {
            all.extend((0..set.pairs.len()).map(|p| (s, p)));
        }
        let pair = |&(s, p): &(usize, usize)| &self.sets[s].pairs[p].0;
        all.sort_unstable_by(|a, b| pair(a).rank().cmp(&pair(b).rank()));
        let mut shared = Vec::new();
        let mut marks = Vec::new();
        for same in all.chunk_by(|a, b| pair(a) == pair(b)) {
            let inodes: u64 = same.iter().map(|&(s, _)| self.sets[s].inodes).sum();
            if inodes > 1 {
                let number = u32::try_from(shared.len()).ok();
                marks.extend(same.iter().map(|&place| (place, number)));
                shared.extend(same.first().map(pair).cloned());
            }
        }
        for ((s, p), number) in marks {
            self.sets[s].pairs[p].1 = number;
        }
        shared
    }
}

/// The stored form of a set, sorted by key.
fn stored_pairs<'t>(
    tree: &'t Tree<'_>,
    policy: Policy,
    set: XattrSet,
    role: Role,
) -> Vec<Pair<'t>> {
    let mut pairs: Vec<Pair<'t>> = if role == Role::Stub {
        tree.xattrs(set).filter(|xattr| xattr.key == name::SELINUX).map(escaped).collect()
    } else {
        tree.xattrs(set).map(escaped).collect()
    };
    for &(key, value) in added(policy, role) {
        pairs.retain(|pair| *pair.key != *key);
        pairs.push(Pair { key: Cow::Borrowed(key), value: Cow::Borrowed(value) });
    }
    pairs.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    pairs
}

/// An xattr of the tree under the name it is stored by.
fn escaped(xattr: Xattr<'_>) -> Pair<'_> {
    let key = match xattr.key.strip_prefix(name::OVERLAY) {
        None => Cow::Borrowed(xattr.key),
        Some(rest) => Cow::Owned([name::ESCAPED, rest].concat()),
    };
    Pair { key, value: Cow::Borrowed(xattr.value) }
}

/// What the writer sets, under stored names.
fn added(policy: Policy, role: Role) -> &'static [(&'static [u8], &'static [u8])] {
    const OPAQUE: (&[u8], &[u8]) = (name::ESCAPED_OPAQUE, b"x");
    const USER_OPAQUE: (&[u8], &[u8]) = (name::USER_OPAQUE, b"x");
    const WHITEOUTS: (&[u8], &[u8]) = (name::ESCAPED_WHITEOUTS, b"");
    const USER_WHITEOUTS: (&[u8], &[u8]) = (name::USER_WHITEOUTS, b"");
    const ROOT: (&[u8], &[u8]) = (name::OPAQUE, b"y");
    match (role, policy.marks_opaque) {
        (Role::Plain | Role::Stub, _) => &[],
        (Role::Whiteout, _) => &[(name::ESCAPED_WHITEOUT, b""), (name::USER_WHITEOUT, b"")],
        (Role::Directory { root: false, has_whiteouts: false }, _) => &[],
        (Role::Directory { root: true, has_whiteouts: false }, _) => &[ROOT],
        (Role::Directory { root: false, has_whiteouts: true }, false) => {
            &[WHITEOUTS, USER_WHITEOUTS]
        }
        (Role::Directory { root: false, has_whiteouts: true }, true) => {
            &[WHITEOUTS, USER_WHITEOUTS, OPAQUE, USER_OPAQUE]
        }
        (Role::Directory { root: true, has_whiteouts: true }, false) => {
            &[WHITEOUTS, USER_WHITEOUTS, ROOT]
        }
        (Role::Directory { root: true, has_whiteouts: true }, true) => {
            &[WHITEOUTS, USER_WHITEOUTS, OPAQUE, USER_OPAQUE, ROOT]
        }
    }
}
