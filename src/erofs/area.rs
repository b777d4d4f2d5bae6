//! The xattr area of an inode: filter, references into the shared table, entries of its own.

use zerocopy::IntoBytes;

use super::disk::name;
use super::disk::{INDEX_TRUSTED, Metacopy, XattrHeader};
use super::encode;
use super::external::{Same, Which};
use super::stored::{Pair, SetId, SharedPairs, StoredSet, StoredSets};
use crate::num::{index, wide};
use crate::tree::{Inode, InodeId};

/// References an inode may have; what is shared beyond them is stored in the inode.
const MAX_REFERENCES: usize = 128;

/// Length of the area before its references.
const HEADER: usize = size_of::<XattrHeader>();

/// No place in the shared table.
const NOWHERE: u32 = u32::MAX;

/// Everything about xattrs that placing and writing an inode needs.
#[derive(Debug)]
pub(super) struct Areas<'t> {
    sets: StoredSets<'t>,
    plans: Vec<Plan>,
    /// Place in the shared table of each shared pair, in units of four bytes.
    shared_at: Vec<u32>,
    /// The same for metacopy and redirect of inodes that share them, sorted by inode.
    external_at: [Vec<(InodeId, u32)>; 2],
    /// Two bits for each inode: whether it shares its metacopy, and its redirect.
    shares: Vec<u64>,
    pub(super) shared_table: Vec<u8>,
    /// What metacopy and redirect leave of a filter.
    external_masks: [u32; 2],
    /// What is added to a place to make a reference; known once the inodes are placed.
    pub(super) base: u32,
}

/// A set with its references and entries made, in the three stretches that metacopy and redirect
/// leave in the order of keys.
#[derive(Clone, Debug, Default)]
struct Plan {
    filter: u32,
    references: [Vec<u32>; 3],
    entries: [Vec<u8>; 3],
    reference_count: usize,
    entry_bytes: usize,
    /// Too many references for the short way.
    crowded: bool,
    /// A reader takes a regular file with these for a whiteout.
    marks_whiteout: bool,
}

/// The values of the xattrs that only external files have.
#[derive(Clone, Copy, Debug)]
pub(super) struct External<'t> {
    id: InodeId,
    digest: &'t [u8],
    pub(super) payload: &'t [u8],
}

impl<'t> External<'t> {
    pub(super) fn new(id: InodeId, inode: &Inode<'t, '_>) -> Self {
        let (digest, payload) = (inode.digest_bytes(), inode.payload());
        Self { id, digest: digest.unwrap_or_default(), payload: payload.unwrap_or_default() }
    }

    fn has(&self, which: Which) -> bool {
        which == Which::Metacopy || !self.payload.is_empty()
    }

    fn value_len(&self, which: Which) -> usize {
        match which {
            Which::Metacopy if self.digest.is_empty() => 0,
            Which::Metacopy => size_of::<Metacopy>() + self.digest.len(),
            Which::Redirect => 1 + self.payload.len(),
        }
    }

    /// Bytes of the entry, padding included.
    fn entry_len(&self, which: Which) -> usize {
        encode::entry_len(suffix(which).len(), self.value_len(which))
    }

    fn write_entry(&self, which: Which, out: &mut Vec<u8>) {
        let name = (INDEX_TRUSTED, suffix(which));
        match (which, encode::metacopy(self.digest)) {
            (Which::Metacopy, None) => encode::push_entry(out, name, &[]),
            (Which::Metacopy, Some(header)) => {
                encode::push_entry(out, name, &[header.as_bytes(), self.digest]);
            }
            (Which::Redirect, _) => encode::push_entry(out, name, &[b"/", self.payload]),
        }
    }

    fn pair(&self, which: Which) -> Pair<'static> {
        let value = match (which, encode::metacopy(self.digest)) {
            (Which::Metacopy, None) => Vec::new(),
            (Which::Metacopy, Some(header)) => [header.as_bytes(), self.digest].concat(),
            (Which::Redirect, _) => [b"/", self.payload].concat(),
        };
        Pair { key: key(which).into(), value: value.into() }
    }
}

fn key(which: Which) -> &'static [u8] {
    match which {
        Which::Metacopy => name::METACOPY,
        Which::Redirect => name::REDIRECT,
    }
}

/// The key without `trusted.`, as an entry holds it.
const fn suffix(which: Which) -> &'static [u8] {
    match which {
        Which::Metacopy => b"overlay.metacopy",
        Which::Redirect => b"overlay.redirect",
    }
}

impl<'t> Areas<'t> {
    /// Builds the shared table. `groups` are the external files that share a metacopy, and those
    /// that share a redirect, in the table's order.
    pub(super) fn new(
        mut sets: StoredSets<'t>,
        inodes: usize,
        groups: [Vec<Same>; 2],
        external: impl Fn(InodeId) -> External<'t>,
    ) -> Self {
        let pairs: SharedPairs<'t> = sets.share();
        let none = groups.iter().all(Vec::is_empty);
        let mut areas = Self {
            sets,
            plans: Vec::new(),
            shared_at: vec![NOWHERE; pairs.len()],
            external_at: [const { Vec::new() }; 2],
            shares: vec![0; if none { 0 } else { inodes / 32 + 1 }],
            shared_table: Vec::new(),
            external_masks: Which::ALL.map(|which| encode::filter_mask(key(which))),
            base: 0,
        };
        // Backwards: what sorts behind redirect, redirects, what lies between, metacopies, the rest.
        for now in (0..3).rev() {
            if let Some(which) = special_after(now) {
                areas.put_externals(which, &groups[slot(which)], &external);
            }
            for (number, pair) in pairs.iter().enumerate().rev() {
                if stretch(&pair.key) == now {
                    areas.shared_at[number] = areas.next_place();
                    areas.shared_table.extend_from_slice(&pair.entry());
                }
            }
        }
        areas.plans = areas.sets.sets.iter().map(|set| areas.plan(set)).collect();
        areas
    }

    fn put_externals(
        &mut self,
        which: Which,
        groups: &[Same],
        external: &impl Fn(InodeId) -> External<'t>,
    ) {
        for same in groups {
            let place = self.next_place();
            if let Some(&first) = same.first() {
                external(first).write_entry(which, &mut self.shared_table);
            }
            for &id in same {
                let (word, bit) = share_bit(id, which);
                if let Some(word) = self.shares.get_mut(word) {
                    *word |= 1 << bit;
                }
                self.external_at[slot(which)].push((id, place));
            }
        }
        self.external_at[slot(which)].sort_unstable();
    }

    /// Where the next entry of the shared table goes. The table's length is checked against 32 bits
    /// when the image is placed.
    fn next_place(&self) -> u32 {
        u32::try_from(self.shared_table.len() / 4).unwrap_or(NOWHERE)
    }

    /// Whether any inode has an ACL.
    pub(super) fn have_acl(&self) -> bool {
        let is_acl =
            |(pair, _): &(Pair<'_>, _)| [name::ACL_ACCESS, name::ACL_DEFAULT].contains(&&*pair.key);
        self.sets.sets.iter().any(|set| set.pairs.iter().any(is_acl))
    }

    pub(super) fn sets(&self) -> &StoredSets<'t> {
        &self.sets
    }

    /// Whether a reader takes a regular file with these xattrs for a whiteout.
    pub(super) fn turns_into_whiteout(&self, set: SetId) -> bool {
        self.plans.get(index(set)).is_some_and(|plan| plan.marks_whiteout)
    }

    fn plan(&self, set: &StoredSet<'_>) -> Plan {
        let mut plan = Plan { filter: u32::MAX, ..Plan::default() };
        for (pair, shared) in &set.pairs {
            let stretch = stretch(&pair.key);
            plan.filter &= encode::filter_mask(&pair.key);
            match shared.and_then(|number| self.shared_at.get(index(number))) {
                Some(&at) => plan.references[stretch].push(at),
                None => plan.entries[stretch].extend_from_slice(&pair.entry()),
            }
        }
        plan.reference_count = plan.references.iter().map(Vec::len).sum();
        plan.entry_bytes = plan.entries.iter().map(Vec::len).sum();
        plan.marks_whiteout =
            set.pairs.iter().any(|(pair, _)| *pair.key == *name::ESCAPED_WHITEOUT);
        plan.crowded = plan.reference_count > MAX_REFERENCES - 2;
        plan
    }

    #[inline]
    fn external_place(&self, external: &External<'_>, which: Which) -> Option<u32> {
        let (word, bit) = share_bit(external.id, which);
        if self.shares.get(word)? >> bit & 1 == 0 {
            return None;
        }
        let places = &self.external_at[slot(which)];
        let at = places.binary_search_by_key(&external.id, |&(id, _)| id).ok()?;
        places.get(at).map(|&(_, place)| place)
    }

    /// Bytes of the area of an inode.
    #[inline]
    pub(super) fn len(&self, set: SetId, external: Option<&External<'_>>) -> usize {
        let Some(plan) = self.plans.get(index(set)) else { return 0 };
        if plan.crowded {
            return self.crowded_len(set, external);
        }
        let mut len = 4 * plan.reference_count + plan.entry_bytes;
        if let Some(external) = external {
            for which in Which::ALL {
                if external.has(which) {
                    let shared = self.external_place(external, which).is_some();
                    len += if shared { 4 } else { external.entry_len(which) };
                }
            }
        }
        if len == 0 { 0 } else { HEADER + len }
    }

    /// Appends the area of an inode; [`Areas::base`] must be set.
    pub(super) fn write(&self, set: SetId, external: Option<&External<'_>>, out: &mut Vec<u8>) {
        let Some(plan) = self.plans.get(index(set)) else { return };
        if plan.crowded {
            out.extend_from_slice(&self.crowded_area(set, external));
            return;
        }
        let before = out.len();
        out.extend_from_slice(&[0; HEADER]);
        let mut filter = plan.filter;
        let mut count = plan.reference_count;
        for (stretch, references) in plan.references.iter().enumerate() {
            for &at in references {
                out.extend_from_slice(&(self.base + at).to_le_bytes());
            }
            if let (Some(external), Some(which)) = (external, special_after(stretch))
                && external.has(which)
            {
                filter &= self.external_masks[slot(which)];
                if let Some(at) = self.external_place(external, which) {
                    out.extend_from_slice(&(self.base + at).to_le_bytes());
                    count += 1;
                }
            }
        }
        for (stretch, entries) in plan.entries.iter().enumerate() {
            out.extend_from_slice(entries);
            if let (Some(external), Some(which)) = (external, special_after(stretch))
                && external.has(which)
                && self.external_place(external, which).is_none()
            {
                external.write_entry(which, out);
            }
        }
        if out.len() == before + HEADER {
            out.truncate(before);
            return;
        }
        if let Some(header) = out.get_mut(before..before + HEADER) {
            header.copy_from_slice(encode::header(filter, count).as_bytes());
        }
    }

    /// The length of [`Areas::crowded_area`].
    fn crowded_len(&self, set: SetId, external: Option<&External<'_>>) -> usize {
        let Some(stored) = self.sets.sets.get(index(set)) else { return 0 };
        let (mut references, mut entries) = (0usize, 0usize);
        let mut put = |is_shared: bool, entry_len: usize| {
            if is_shared && references < MAX_REFERENCES {
                references += 1;
            } else {
                entries += entry_len;
            }
        };
        let mut pairs = stored.pairs.iter().peekable();
        for now in 0..3 {
            while let Some((pair, shared)) = pairs.next_if(|(pair, _)| stretch(&pair.key) == now) {
                put(shared.is_some(), pair.entry_len());
            }
            if let (Some(external), Some(which)) = (external, special_after(now))
                && external.has(which)
            {
                put(self.external_place(external, which).is_some(), external.entry_len(which));
            }
        }
        HEADER + 4 * references + entries
    }

    /// The area in full generality: only the first references fit, the rest become entries.
    fn crowded_area(&self, set: SetId, external: Option<&External<'_>>) -> Vec<u8> {
        let Some(set) = self.sets.sets.get(index(set)) else { return Vec::new() };
        let (mut references, mut entries, mut filter) = (Vec::new(), Vec::new(), u32::MAX);
        let mut put = |pair: &Pair<'_>, place: Option<u32>| {
            filter &= encode::filter_mask(&pair.key);
            match place {
                Some(at) if references.len() < MAX_REFERENCES => references.push(self.base + at),
                _ => entries.extend_from_slice(&pair.entry()),
            }
        };
        let mut pairs = set.pairs.iter().peekable();
        for now in 0..3 {
            while let Some((pair, number)) = pairs.next_if(|(pair, _)| stretch(&pair.key) == now) {
                put(pair, number.and_then(|n| self.shared_at.get(index(n)).copied()));
            }
            if let (Some(external), Some(which)) = (external, special_after(now))
                && external.has(which)
            {
                put(&external.pair(which), self.external_place(external, which));
            }
        }
        let header = encode::header(filter, references.len());
        let references = references.iter().flat_map(|at| at.to_le_bytes());
        header.as_bytes().iter().copied().chain(references).chain(entries).collect()
    }

    pub(super) fn signature(&self, set: SetId, external: Option<&External<'_>>) -> Signature {
        let is_shared = |which| {
            external.is_some_and(|e| e.has(which) && self.external_place(e, which).is_some())
        };
        Signature { set, shared: [is_shared(Which::Metacopy), is_shared(Which::Redirect)] }
    }

    /// The order in which an inode's xattrs are stored: entries first, then references, as indices
    /// into its stored set.
    pub(super) fn stored_order(&self, signature: Signature) -> Vec<usize> {
        let Some(set) = self.sets.sets.get(index(signature.set)) else { return Vec::new() };
        let (mut entries, mut references, mut used) = (Vec::new(), Vec::new(), 0usize);
        let mut last = 0;
        for (i, (pair, shared)) in set.pairs.iter().enumerate() {
            let now = stretch(&pair.key);
            let passed = signature.shared.get(last..now).unwrap_or_default();
            used += passed.iter().filter(|&&shared| shared).count();
            last = now;
            if shared.is_some() && used < MAX_REFERENCES {
                references.push(i);
                used += 1;
            } else {
                entries.push(i);
            }
        }
        entries.extend(references);
        entries
    }
}

/// What the order of an inode's stored xattrs depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Signature {
    pub(super) set: SetId,
    /// Whether metacopy and redirect are references.
    shared: [bool; 2],
}

/// Word and bit of [`Areas::shares`].
#[inline]
fn share_bit(id: InodeId, which: Which) -> (usize, usize) {
    let bit = 2 * index(id.number()) + slot(which);
    (bit / 64, bit % 64)
}

const fn slot(which: Which) -> usize {
    match which {
        Which::Metacopy => 0,
        Which::Redirect => 1,
    }
}

/// Which of the three stretches a key falls in: before metacopy, before redirect, behind both.
fn stretch(key: &[u8]) -> usize {
    usize::from(key > name::METACOPY) + usize::from(key > name::REDIRECT)
}

/// What comes between a stretch and the next.
const fn special_after(stretch: usize) -> Option<Which> {
    match stretch {
        0 => Some(Which::Metacopy),
        1 => Some(Which::Redirect),
        _ => None,
    }
}

/// What the `xattr_icount` field says of an area of a length. `None` if the field cannot hold it.
pub(super) fn icount(len: usize) -> Option<u16> {
    match len.checked_sub(HEADER) {
        None => Some(0),
        Some(behind) => u16::try_from(behind / 4 + 1).ok(),
    }
}

/// The largest table that references, which count units of four bytes, can reach into.
pub(super) const MAX_TABLE: u64 = wide(index(u32::MAX)) - 4096;
