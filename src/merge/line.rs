//! The lines of a dump, each found by its path.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::dump::{Body, Fields, Outcome, Profile, path_of, read_line, unescape, xattrs_of};
use crate::tree::FileType;

/// A line, and what it says.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Unescaped, with single slashes.
    pub(super) path: Cow<'a, [u8]>,
    /// As it stands in the text, without the line feed.
    pub(super) raw: &'a [u8],
    pub(super) says: Says<'a>,
}

/// What a line says of its path.
#[derive(Debug)]
pub(super) enum Says<'a> {
    /// It is a hard link of the inode at this path.
    Link(Cow<'a, [u8]>),
    /// It carries an inode.
    Inode(Fields<'a>),
}

/// The lines of a text that holds no error.
#[derive(Debug, Default)]
pub(super) struct Lines<'a> {
    /// In the order of the text.
    pub(super) all: Vec<Line<'a>>,
    places: BTreeMap<Cow<'a, [u8]>, usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let mut lines = Self::default();
        let mut issues = Vec::new();
        for raw in text.split(|&byte| byte == b'\n').filter(|raw| !raw.is_empty()) {
            issues.clear();
            // The text is known to hold no error.
            let Outcome::Entry(entry) = read_line(raw, true, Profile::Lenient, &mut issues) else {
                continue;
            };
            let says = match entry.body {
                Body::Link { target } => Says::Link(path_of(target)),
                Body::Inode(fields) => Says::Inode(fields),
            };
            let path = path_of(entry.path);
            lines.places.insert(path.clone(), lines.all.len());
            lines.all.push(Line { path, raw, says });
        }
        lines
    }

    /// Where the line of a path stands among all.
    pub(super) fn place(&self, path: &[u8]) -> Option<usize> {
        self.places.get(path).copied()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&Line<'a>> {
        self.all.get(self.place(path)?)
    }
}

/// The path of the directory that a path is in; nothing for the root.
pub(super) fn parent_of(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    match path.get(..slash) {
        _ if path.len() == 1 => None,
        Some([]) => path.get(..1),
        parent => parent,
    }
}

impl<'a> Line<'a> {
    /// Whether it says the same as another, however both are spelled.
    pub(super) fn says_as(&self, other: &Line<'_>) -> bool {
        match (&self.says, &other.says) {
            _ if self.raw == other.raw => true,
            (Says::Link(target), Says::Link(other)) => target == other,
            (Says::Inode(fields), Says::Inode(other)) => {
                held(fields) == held(other)
                    && numbers(fields) == numbers(other)
                    && xattrs(fields) == xattrs(other)
            }
            _ => false,
        }
    }

    pub(super) fn fields(&self) -> Option<&Fields<'a>> {
        match &self.says {
            Says::Inode(fields) => Some(fields),
            Says::Link(_) => None,
        }
    }

    pub(super) fn is_directory(&self) -> bool {
        self.fields().is_some_and(|fields| fields.mode.file_type() == FileType::Directory)
    }

    /// The path of the inode that it is a hard link of.
    pub(super) fn target(&self) -> Option<&[u8]> {
        match &self.says {
            Says::Link(target) => Some(target),
            Says::Inode(_) => None,
        }
    }
}

fn numbers(fields: &Fields<'_>) -> impl Eq + use<> {
    (fields.mode, fields.nlink, fields.uid, fields.gid, fields.rdev, fields.mtime)
}

/// What an inode holds. SIZE belongs to it, as a digest does: they speak of one content.
pub(super) fn held<'f>(fields: &Fields<'f>) -> (u64, [Cow<'f, [u8]>; 3]) {
    let value = |raw: Option<&'f [u8]>| unescape(raw.unwrap_or_default()).unwrap_or_default();
    let digest = value(fields.digest).to_ascii_lowercase();
    (fields.size, [value(fields.payload), value(fields.content), Cow::Owned(digest)])
}

/// An xattr of a line.
#[derive(Clone, Debug)]
pub(super) struct Given<'f> {
    pub(super) key: Cow<'f, [u8]>,
    pub(super) value: Cow<'f, [u8]>,
    /// `KEY=VALUE` as it stands in the line.
    pub(super) raw: &'f [u8],
}

impl PartialEq for Given<'_> {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.value) == (&other.key, &other.value)
    }
}

/// The xattrs, without escapes. Of a key that comes twice the last value counts, where it came first.
pub(super) fn xattrs<'f>(fields: &Fields<'f>) -> Vec<Given<'f>> {
    let plain = |raw: &'f [u8]| unescape(raw).unwrap_or_default();
    let raw = fields.xattrs.split(|&byte| byte == b' ').filter(|field| field.contains(&b'='));
    let mut all: Vec<Given<'f>> = Vec::new();
    let mut places = BTreeMap::new();
    for ((key, value), raw) in xattrs_of(fields.xattrs).zip(raw) {
        let given = Given { key: plain(key), value: plain(value), raw };
        let place = *places.entry(given.key.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some(earlier) => *earlier = given,
            None => all.push(given),
        }
    }
    all
}
