//! Which set of the tree a list of references to shared xattrs stands for.

use std::collections::BTreeMap;

use crate::num::index;
use crate::tree::XattrSet;

/// Lists of references, each with its set.
///
/// The lists form a tree of their own, in which a list lies below the list without its last
/// reference. So a list that was met costs nothing again, a new one costs its length at most, and
/// nothing depends on a hash that an image could attack.
#[derive(Debug)]
pub(super) struct RefSets {
    /// Place of a list, by the place of the list without its last reference, and that reference.
    longer: BTreeMap<(u32, u32), u32>,
    /// The set of each place; the empty list has place 0.
    sets: Vec<Option<XattrSet>>,
    /// The list that was looked up last, and its place unless places have run out.
    last: Vec<u32>,
    place: Option<u32>,
}

impl RefSets {
    pub(super) fn new() -> Self {
        Self { longer: BTreeMap::new(), sets: vec![None], last: Vec::new(), place: Some(0) }
    }

    /// The set of a list, if it was met.
    #[inline]
    pub(super) fn find(&mut self, references: &[u32]) -> Option<XattrSet> {
        if self.last != references {
            self.place = references.iter().try_fold(0, |place, &next| self.below(place, next));
            self.last.clear();
            self.last.extend_from_slice(references);
        }
        self.sets.get(index(self.place?)).copied().flatten()
    }

    /// Notes the set of the list that was looked up last.
    pub(super) fn put(&mut self, set: XattrSet) {
        if let Some(place) = self.place
            && let Some(slot) = self.sets.get_mut(index(place))
        {
            *slot = Some(set);
        }
    }

    fn below(&mut self, place: u32, next: u32) -> Option<u32> {
        let new = u32::try_from(self.sets.len()).ok()?;
        let below = *self.longer.entry((place, next)).or_insert(new);
        if below == new {
            self.sets.push(None);
        }
        Some(below)
    }
}
