//! What a pattern leaves open of an entry.

use crate::dump::{Field, unescape};
use crate::tree::FileType;

/// Facts that are left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Open(u16);

impl Open {
    pub(super) const NONE: Self = Self(0);
    pub(super) const SIZE: Self = Self(1);
    /// Type, permissions, and whether it is a hard link.
    pub(super) const MODE: Self = Self(1 << 1);
    /// The permissions alone.
    pub(super) const PERMISSIONS: Self = Self(1 << 2);
    pub(super) const NLINK: Self = Self(1 << 3);
    pub(super) const UID: Self = Self(1 << 4);
    pub(super) const GID: Self = Self(1 << 5);
    pub(super) const RDEV: Self = Self(1 << 6);
    pub(super) const MTIME: Self = Self(1 << 7);
    pub(super) const PAYLOAD: Self = Self(1 << 8);
    pub(super) const CONTENT: Self = Self(1 << 9);
    pub(super) const DIGEST: Self = Self(1 << 10);

    /// What a `*` in a field leaves open.
    pub(super) const fn of_field(field: Field) -> Self {
        match field {
            Field::Size => Self::SIZE,
            Field::Mode => Self::MODE,
            Field::Nlink => Self::NLINK,
            Field::Uid => Self::UID,
            Field::Gid => Self::GID,
            Field::Rdev => Self::RDEV,
            Field::Mtime => Self::MTIME,
            Field::Payload => Self::PAYLOAD,
            Field::Content => Self::CONTENT,
            Field::Digest => Self::DIGEST,
            Field::Line | Field::Path | Field::Xattr => Self::NONE,
        }
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are open.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Which xattrs are left open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpenXattrs {
    /// Keys that are there, with any value.
    pub(super) values: Vec<Vec<u8>>,
    /// What the keys begin with of which any are there, or none.
    pub(super) prefixes: Vec<Vec<u8>>,
}

impl OpenXattrs {
    /// Whether any xattr with this key may be there, or none.
    pub(super) fn frees(&self, key: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }

    pub(super) fn has_any_value(&self, key: &[u8]) -> bool {
        self.values.iter().any(|open| open == key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.prefixes.is_empty()
    }
}

/// One of the fields behind DIGEST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `PREFIX*`: any xattrs whose keys begin so.
    Prefix(Vec<u8>),
    /// `KEY=*`: any value.
    AnyValue(Vec<u8>),
    /// `KEY=VALUE`.
    Pair(Vec<u8>, Vec<u8>),
    /// None of these.
    Other,
}

impl Token {
    pub(super) fn of(raw: &[u8]) -> Self {
        let text = |raw: &[u8]| unescape(raw).ok().map(std::borrow::Cow::into_owned);
        match memchr::memchr(b'=', raw).and_then(|at| raw.split_at_checked(at)) {
            None => {
                let prefix = raw.strip_suffix(b"*").and_then(text);
                prefix.map_or(Self::Other, Self::Prefix)
            }
            Some((key, b"=*")) => text(key).map_or(Self::Other, Self::AnyValue),
            Some((key, value)) => match (text(key), value.get(1..).and_then(text)) {
                (Some(key), Some(value)) => Self::Pair(key, value),
                _ => Self::Other,
            },
        }
    }
}

/// The digits of MODE that say the type, before the four of the permissions.
pub(super) const fn type_digits(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "10",
        FileType::CharDevice => "20",
        FileType::Directory => "40",
        FileType::BlockDevice => "60",
        FileType::Regular => "100",
        FileType::Symlink => "120",
        FileType::Socket => "140",
    }
}

/// Whether a MODE is the digits of a type and a `*`.
pub(super) fn leaves_permissions(mode: &[u8]) -> bool {
    let digits = mode.strip_suffix(b"*").and_then(|digits| str::from_utf8(digits).ok());
    matches!(digits, Some("10" | "20" | "40" | "60" | "100" | "120" | "140"))
}
