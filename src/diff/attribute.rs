//! What can differ between two entries.

/// A fact of an entry that can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// The type of file.
    Type,
    /// What is in a regular file.
    Content,
    /// Where a symlink leads.
    Target,
    /// The number of a device.
    Device,
    /// SIZE of a regular file.
    Size,
    /// The twelve permission bits.
    Mode,
    /// User and group.
    Owner,
    /// Extended attributes.
    Xattr,
    /// Which names share an inode.
    HardLink,
    /// Time of the last modification.
    Mtime,
    /// The digest, where the content is the same.
    Digest,
    /// The path of the backing file, where the content is the same.
    Payload,
    /// Whether a content stands in the tree itself, where it is the same.
    Storage,
    /// Link count.
    Nlink,
    /// SIZE of a directory.
    DirectorySize,
    /// The order of xattrs.
    XattrOrder,
}

use Attribute as A;

impl Attribute {
    /// All attributes, in the order in which they are told.
    pub const ALL: [Self; 16] = [
        A::Type,
        A::Content,
        A::Target,
        A::Device,
        A::Size,
        A::Mode,
        A::Owner,
        A::Xattr,
        A::HardLink,
        A::Mtime,
        A::Digest,
        A::Payload,
        A::Storage,
        A::Nlink,
        A::DirectorySize,
        A::XattrOrder,
    ];

    /// The name, such as `mtime`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            A::Type => "type",
            A::Content => "content",
            A::Target => "target",
            A::Device => "device",
            A::Size => "size",
            A::Mode => "mode",
            A::Owner => "owner",
            A::Xattr => "xattr",
            A::HardLink => "hardlink",
            A::Mtime => "mtime",
            A::Digest => "digest",
            A::Payload => "payload",
            A::Storage => "storage",
            A::Nlink => "nlink",
            A::DirectorySize => "dirsize",
            A::XattrOrder => "xattr-order",
        }
    }

    /// The attribute with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.name() == name)
    }

    const fn bit(self) -> u16 {
        // One bit for each place in the declaration.
        match self {
            A::Type => 1,
            A::Content => 1 << 1,
            A::Target => 1 << 2,
            A::Device => 1 << 3,
            A::Size => 1 << 4,
            A::Mode => 1 << 5,
            A::Owner => 1 << 6,
            A::Xattr => 1 << 7,
            A::HardLink => 1 << 8,
            A::Mtime => 1 << 9,
            A::Digest => 1 << 10,
            A::Payload => 1 << 11,
            A::Storage => 1 << 12,
            A::Nlink => 1 << 13,
            A::DirectorySize => 1 << 14,
            A::XattrOrder => 1 << 15,
        }
    }
}

/// A set of attributes.
///
/// # Example
/// ```
/// use cfs::diff::{Attribute, Attributes};
/// let set: Attributes = [Attribute::Mode, Attribute::Mtime].into_iter().collect();
/// assert!(set.contains(Attribute::Mode));
/// assert_eq!(set.without(Attributes::NOISE).iter().count(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(u16);

impl Attributes {
    /// None.
    pub const NONE: Self = Self(0);
    /// All there are.
    pub const ALL: Self = Self(u16::MAX);
    /// What follows from other facts, or means nothing: link counts, SIZE of directories, the order
    /// of xattrs.
    pub const NOISE: Self = Self(A::Nlink.bit() | A::DirectorySize.bit() | A::XattrOrder.bit());
    /// What nothing that runs from a tree can tell: times, link counts, which names share an inode,
    /// and where a content is kept.
    pub const UNSEEN: Self = Self(
        Self::NOISE.0 | A::Mtime.bit() | A::HardLink.bit() | A::Payload.bit() | A::Storage.bit(),
    );

    /// Whether an attribute is in the set.
    #[must_use]
    pub const fn contains(self, attribute: Attribute) -> bool {
        self.0 & attribute.bit() != 0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in this set or in the other.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and in the other.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Adds an attribute if it differs.
    pub(crate) const fn note(&mut self, attribute: Attribute, differs: bool) {
        if differs {
            self.0 |= attribute.bit();
        }
    }

    /// The attributes in the set, in the order in which they are told.
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.into_iter().filter(move |&attribute| self.contains(attribute))
    }
}

impl From<Attribute> for Attributes {
    fn from(attribute: Attribute) -> Self {
        Self(attribute.bit())
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<T: IntoIterator<Item = Attribute>>(attributes: T) -> Self {
        let bits = attributes.into_iter().map(Attribute::bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Attributes};

    #[test]
    fn each_attribute_has_a_bit_and_a_name_of_its_own() {
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_name(attribute.name()), Some(attribute));
            let alone = Attributes::from(attribute);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [attribute]);
        }
        assert_eq!(Attribute::ALL.into_iter().collect::<Attributes>(), Attributes::ALL);
    }
}
