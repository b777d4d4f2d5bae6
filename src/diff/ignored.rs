//! What differs and was ignored, counted.

use std::collections::BTreeMap;

use super::attribute::{Attribute, Attributes};

/// What differs and was ignored, with the number of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    attributes: BTreeMap<Attribute, u64>,
    xattrs: u64,
    names: u64,
    elsewhere: u64,
}

impl Ignored {
    /// Whether nothing that differs was ignored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Counts an entry that differs in these attributes.
    pub(crate) fn attributes(&mut self, attributes: Attributes) {
        for attribute in attributes.iter() {
            *self.attributes.entry(attribute).or_default() += 1;
        }
    }

    /// Counts an entry if it differs in xattrs that are ignored.
    pub(crate) fn xattrs(&mut self, differ: bool) {
        self.xattrs += u64::from(differ);
    }

    pub(super) fn names(&mut self, entries: u64) {
        self.names += entries;
    }

    /// Says that so many changes lie outside the part of the trees that was compared.
    pub fn elsewhere(&mut self, changes: u64) {
        self.elsewhere = changes;
    }

    /// Each thing that was ignored, and on how many entries it differs; `names` are entries that
    /// only one tree has, `elsewhere` are changes outside the part that was compared.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let attributes =
            self.attributes.iter().map(|(attribute, &count)| (attribute.name(), count));
        let others =
            [("some xattrs", self.xattrs), ("names", self.names), ("elsewhere", self.elsewhere)];
        attributes.chain(others.into_iter().filter(|(_, count)| *count > 0))
    }
}
