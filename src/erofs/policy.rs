//! What differs between the layouts this crate writes, as values chosen once.

use crate::tree::Tree;

/// A layout of composefs images, the `composefs_version` of their header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// Version 0, the layout of images without whiteouts.
    V0,
    /// Version 1, which marks directories with whiteouts as opaque.
    V1,
}

impl Version {
    /// The versions there are, lowest first.
    pub const ALL: [Self; 2] = [Self::V0, Self::V1];

    /// The number in the composefs header.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
        }
    }

    /// The version with a number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == number)
    }

    /// The version of a tree between two bounds: the lower one, raised to V1 by a whiteout if the
    /// upper one allows it. An upper bound below the lower one is taken to be the lower one.
    ///
    /// `choose(tree, V0, V1)` is the reference's default.
    #[must_use]
    pub fn choose(tree: &Tree<'_>, min: Self, max: Self) -> Self {
        let raise = min == Self::V0 && max >= Self::V1;
        if raise && tree.has_whiteouts() { Self::V1 } else { min }
    }

    pub(crate) const fn policy(self) -> Policy {
        Policy { composefs_version: self.number(), marks_opaque: matches!(self, Self::V1) }
    }
}

/// The choices a [`Version`] stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// What the composefs header says.
    pub(crate) composefs_version: u32,
    /// Whether a directory with whiteouts gets the two `opaque` xattrs.
    pub(crate) marks_opaque: bool,
}
