//! Xattrs of an inode: those that are its own, those it refers to, and what they mean.

use std::collections::BTreeMap;
use std::mem::replace;

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::super::disk::{self, INDEX_TRUSTED, INDEX_USER, NameRule, XattrEntry, XattrHeader};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::image::{Image, Whiteouts, get};
use super::inode::Inode;
use super::sets::{List, RefSets};
use crate::tree::{Builder, FileType, Key, XattrSet};

/// What the xattrs of an inode say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// Those that are the inode's own and no part of the image's format.
    pub(super) set: XattrSet,
    /// Value of `trusted.overlay.redirect`.
    pub(super) redirect: Option<&'a [u8]>,
    /// Value of `trusted.overlay.metacopy`.
    pub(super) metacopy: Option<&'a [u8]>,
    /// The regular file stands for a whiteout.
    pub(super) whiteout: bool,
    /// One of these three came twice.
    twice: bool,
}

impl Found<'_> {
    const NOTHING: Self = Self {
        set: XattrSet::EMPTY,
        redirect: None,
        metacopy: None,
        whiteout: false,
        twice: false,
    };
}

/// The name of an xattr: index of its prefix, and the rest. Equal names are equal here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name<'a> {
    pub(super) index: u8,
    pub(super) suffix: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    name: Name<'a>,
    value: &'a [u8],
}

/// What the xattrs of an inode may cost, by the reference's way of counting. Without a limit, an inode
/// of a few bytes could refer to megabytes, which could not be written again.
const MAX_COST: usize = 65_535;
/// What an inode's first xattr costs beside itself.
const FIRST_COST: usize = 12;
/// What an xattr costs beside the bytes of key and value.
const PAIR_COST: usize = 7;

impl Pair<'_> {
    fn cost(&self) -> usize {
        let prefix = disk::prefix(self.name.index).unwrap_or_default();
        let key = prefix.len().saturating_add(self.name.suffix.len());
        key.saturating_add(self.value.len()).saturating_add(PAIR_COST)
    }
}

/// What a name means in an image.
enum Meaning<'a> {
    Redirect,
    Metacopy,
    Whiteout,
    /// Only the image needs it.
    Dropped,
    /// The inode has it, under this name.
    Kept(Name<'a>),
}

/// Reads the xattrs of all inodes, and keeps each set that is shared once.
#[derive(Debug)]
pub(super) struct Xattrs<'a> {
    image: Image<'a>,
    keys: Keys<'a>,
    sets: RefSets<'a>,
    /// Of the inode at hand: what is kept, the references to it, and the names that are dropped.
    kept: Vec<Pair<'a>>,
    references: Vec<u32>,
    dropped: Vec<Name<'a>>,
}

impl<'a> Xattrs<'a> {
    pub(super) fn new(image: Image<'a>) -> Self {
        Self {
            image,
            keys: Keys { by_name: BTreeMap::new(), room: image.bytes.len() },
            sets: RefSets::new(),
            kept: Vec::new(),
            references: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Reads the xattrs of an inode.
    #[inline]
    pub(super) fn read(
        &mut self,
        inode: &Inode<'a>,
        builder: &mut Builder<'a>,
    ) -> Result<Found<'a>, ImageError> {
        if inode.xattrs.is_empty() {
            return Ok(Found::NOTHING);
        }
        self.read_area(inode, builder)
    }

    fn read_area(
        &mut self,
        inode: &Inode<'a>,
        builder: &mut Builder<'a>,
    ) -> Result<Found<'a>, ImageError> {
        self.kept.clear();
        self.references.clear();
        self.dropped.clear();
        let mut found = Found::NOTHING;
        let overrun =
            || self.image.error(inode.xattrs, Structure::XattrArea, ImageErrorKind::XattrOverrun);
        let (references, entries) = split_area(inode.xattrs).ok_or_else(overrun)?;
        self.read_own(inode, entries, &mut found)?;
        let list = List { regular: inode.file_type == FileType::Regular, references };
        let known = self.sets.find_whole(list).filter(|_| self.kept.is_empty());
        found.set = match known {
            Some(set) => set,
            None => {
                self.read_shared(inode, references, &mut found)?;
                self.set(inode, list, builder)?
            }
        };
        if found.twice || is_twice(&mut self.dropped) {
            return Err(self.twice(inode));
        }
        Ok(found)
    }

    /// Reads the entries in the inode, which end where the area does.
    fn read_own(
        &mut self,
        inode: &Inode<'a>,
        mut entries: &'a [u8],
        found: &mut Found<'a>,
    ) -> Result<(), ImageError> {
        while !entries.is_empty() {
            let error = |kind| self.image.error(entries, Structure::Xattr, kind);
            let (pair, len) = read_entry(entries, error, ImageErrorKind::XattrOverrun)?;
            entries = entries.get(len..).ok_or_else(|| error(ImageErrorKind::XattrOverrun))?;
            self.take(inode, pair, None, found);
        }
        Ok(())
    }

    /// Reads the entries in the shared table that the inode refers to.
    fn read_shared(
        &mut self,
        inode: &Inode<'a>,
        references: &'a [U32],
        found: &mut Found<'a>,
    ) -> Result<(), ImageError> {
        for place in references {
            let reference = place.get();
            let missing = ImageErrorKind::NoXattr(reference);
            let error = |kind| self.image.error(place, Structure::XattrArea, kind);
            let entry = self.image.shared_xattr(reference).ok_or_else(|| error(missing))?;
            let (pair, _) = read_entry(entry, error, missing)?;
            self.take(inode, pair, Some(reference), found);
        }
        Ok(())
    }

    /// Notes an xattr of the inode.
    #[inline]
    fn take(
        &mut self,
        inode: &Inode<'a>,
        pair: Pair<'a>,
        reference: Option<u32>,
        found: &mut Found<'a>,
    ) {
        match meaning(pair.name, inode.file_type, self.image.whiteouts()) {
            Meaning::Kept(name) => {
                self.kept.push(Pair { name, ..pair });
                self.references.extend(reference);
            }
            Meaning::Redirect => found.twice |= found.redirect.replace(pair.value).is_some(),
            Meaning::Metacopy => found.twice |= found.metacopy.replace(pair.value).is_some(),
            Meaning::Whiteout => found.twice |= replace(&mut found.whiteout, true),
            Meaning::Dropped => self.dropped.push(pair.name),
        }
    }

    /// The set of what is kept. If all of it is shared, there may be one already.
    fn set(
        &mut self,
        inode: &Inode<'a>,
        list: List<'a>,
        builder: &mut Builder<'a>,
    ) -> Result<XattrSet, ImageError> {
        if self.kept.is_empty() {
            return Ok(XattrSet::EMPTY);
        }
        if self.references.len() != self.kept.len() {
            return self.new_set(inode, builder);
        }
        let set = match self.sets.find(&self.references) {
            Some(set) => set,
            None => {
                let set = self.new_set(inode, builder)?;
                self.sets.put(&self.references, set);
                set
            }
        };
        self.sets.remember(list, &self.references, set);
        Ok(set)
    }

    fn new_set(
        &mut self,
        inode: &Inode<'a>,
        builder: &mut Builder<'a>,
    ) -> Result<XattrSet, ImageError> {
        let area = inode.xattrs;
        let mut names: Vec<_> = self.kept.iter().map(|pair| pair.name).collect();
        if is_twice(&mut names) {
            return Err(self.twice(inode));
        }
        let error = |kind: ImageErrorKind| self.image.error(area, Structure::XattrArea, kind);
        let cost = self.kept.iter().fold(FIRST_COST, |cost, pair| cost.saturating_add(pair.cost()));
        if cost > MAX_COST {
            return Err(error(ImageErrorKind::XattrsTooLarge(cost)));
        }
        let mut pairs = Vec::with_capacity(self.kept.len());
        for pair in &self.kept {
            pairs.push((self.keys.key(pair.name, builder).map_err(error)?, pair.value));
        }
        builder.set_of_keys(pairs).map_err(|kind| error(kind.into()))
    }

    #[cold]
    fn twice(&self, inode: &Inode<'a>) -> ImageError {
        self.image.error(inode.xattrs, Structure::XattrArea, ImageErrorKind::XattrTwice)
    }
}

/// The keys of all sets.
#[derive(Debug)]
struct Keys<'a> {
    by_name: BTreeMap<Name<'a>, Key>,
    /// Bytes of the image that hold no entry of a name met so far, if no entries overlap.
    room: usize,
}

impl<'a> Keys<'a> {
    fn key(&mut self, name: Name<'a>, builder: &mut Builder<'a>) -> Result<Key, ImageErrorKind> {
        if let Some(&key) = self.by_name.get(&name) {
            return Ok(key);
        }
        let entry = name.suffix.len().saturating_add(size_of::<XattrEntry>());
        self.room = self.room.checked_sub(entry).ok_or(ImageErrorKind::Overlap)?;
        let prefix = disk::prefix(name.index).unwrap_or_default();
        let key = builder.key(prefix, name.suffix)?;
        self.by_name.insert(name, key);
        Ok(key)
    }
}

/// The references and the entries of an area.
#[inline]
pub(super) fn split_area(area: &[u8]) -> Option<(&[U32], &[u8])> {
    let (header, rest) = XattrHeader::ref_from_prefix(area).ok()?;
    <[U32]>::ref_from_prefix_with_elems(rest, usize::from(header.shared_count)).ok()
}

/// The entry that some bytes start with, and its length with the padding.
#[inline]
fn read_entry<'a>(
    bytes: &'a [u8],
    error: impl Fn(ImageErrorKind) -> ImageError,
    too_short: ImageErrorKind,
) -> Result<(Pair<'a>, usize), ImageError> {
    let split = || {
        let entry: &XattrEntry = get(bytes, 0)?;
        let rest = bytes.get(size_of::<XattrEntry>()..)?;
        let (suffix, rest) = rest.split_at_checked(usize::from(entry.name_len))?;
        Some((entry, suffix, rest.get(..usize::from(entry.value_size.get()))?))
    };
    let (entry, suffix, value) = split().ok_or_else(|| error(too_short))?;
    if disk::prefix(entry.name_index).is_none() {
        return Err(error(ImageErrorKind::PrefixIndex(entry.name_index)));
    }
    let len = size_of::<XattrEntry>().saturating_add(suffix.len()).saturating_add(value.len());
    let pair = Pair { name: Name::new(entry.name_index, suffix), value };
    Ok((pair, len.checked_next_multiple_of(disk::XATTR_ALIGN).unwrap_or(len)))
}

impl<'a> Name<'a> {
    #[inline]
    pub(super) fn new(index: u8, suffix: &'a [u8]) -> Self {
        // A full name may hold a prefix that has an index.
        let (index, suffix) =
            if index == 0 { disk::split_name(suffix, NameRule::All) } else { (index, suffix) };
        Self { index, suffix }
    }
}

/// What a name means for an inode of a type.
#[inline]
fn meaning(name: Name<'_>, file_type: FileType, whiteouts: Whiteouts) -> Meaning<'_> {
    let marked = whiteouts == Whiteouts::Marked;
    let regular = file_type == FileType::Regular;
    match name.index {
        INDEX_USER if marked => match name.suffix {
            b"overlay.whiteout" | b"overlay.whiteouts" => Meaning::Dropped,
            _ => Meaning::Kept(name),
        },
        INDEX_TRUSTED => match name.suffix.strip_prefix(b"overlay.") {
            None => Meaning::Kept(name),
            Some(b"redirect") if regular => Meaning::Redirect,
            Some(b"metacopy") if regular => Meaning::Metacopy,
            Some(b"overlay.whiteout") if marked && regular => Meaning::Whiteout,
            Some(b"overlay.whiteouts") if marked => Meaning::Dropped,
            // `trusted.overlay.overlay.x` is `trusted.overlay.x` in the tree.
            Some(suffix) if suffix.starts_with(b"overlay.") => {
                Meaning::Kept(Name { suffix, ..name })
            }
            Some(_) => Meaning::Dropped,
        },
        _ => Meaning::Kept(name),
    }
}

/// Whether a name comes twice. The order of the names is lost.
#[inline]
fn is_twice(names: &mut [Name<'_>]) -> bool {
    match names {
        [] | [_] => false,
        [a, b] => a == b,
        _ => {
            names.sort_unstable();
            names.windows(2).any(|two| two.first() == two.get(1))
        }
    }
}
