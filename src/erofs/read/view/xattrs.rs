//! The xattrs of one inode, as an overlay shows them, and what they say of its content.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::super::super::disk::{
    INDEX_TRUSTED, INDEX_USER, NameRule, XATTR_ALIGN, XattrEntry, prefix, split_name,
};
use super::super::super::error::{ImageError, ImageErrorKind, Structure};
use super::super::image::get;
use super::super::walk::{backing_path, digest};
use super::super::xattr::{Name, split_area};
use super::{Source, View, ViewError, ViewInode};
use crate::num::wide;
use crate::tree::FileType;
use crate::verity::Digest;

/// Where the content of a file stands that is not in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The path below a directory of objects, without a slash at its start. It may be any path.
    pub path: Vec<u8>,
    /// The digest that the content has.
    pub digest: Option<Digest>,
}

/// The xattrs of an overlay that an inode has: their names, and the starts of their values.
pub type Marks = BTreeMap<Vec<u8>, Vec<u8>>;

/// An xattr that was found: its name as it is stored, and where the value lies.
struct Found<'n> {
    name: Name<'n>,
    value_at: u64,
    value_len: usize,
}

/// Xattr areas that are longer are put on the heap.
const USUAL_AREA: usize = 256;
/// Name and sizes of the longest entry, without the value.
const LONGEST_NAME: usize = size_of::<XattrEntry>() + 255;

impl<S: Source> View<S> {
    /// Tells `each` the names of all xattrs that an overlay shows, as prefix and rest: all but those that
    /// belong to the overlay itself, and escaped ones as they were before.
    ///
    /// # Errors
    /// What of the image is corrupt, or the error of the source.
    pub fn xattr_names(
        &self,
        inode: &ViewInode,
        mut each: impl FnMut(&'static [u8], &[u8]),
    ) -> Result<(), ViewError<S::Error>> {
        self.each(inode, |found| {
            if let Some(Name { index, suffix }) = shown(found.name) {
                each(prefix(index).unwrap_or_default(), suffix);
            }
            ControlFlow::Continue(())
        })
    }

    /// The value of an xattr by the name that [`View::xattr_names`] tells.
    ///
    /// # Errors
    /// What of the image is corrupt, or the error of the source.
    pub fn xattr(
        &self,
        inode: &ViewInode,
        name: &[u8],
    ) -> Result<Option<Vec<u8>>, ViewError<S::Error>> {
        let (index, suffix) = split_name(name, NameRule::All);
        self.value(inode, |found| shown(found) == Some(Name { index, suffix }))
    }

    /// Where the content of a regular file stands; `None` if it is in the image.
    ///
    /// # Errors
    /// What of the image is corrupt, or the error of the source.
    pub fn external(&self, inode: &ViewInode) -> Result<Option<External>, ViewError<S::Error>> {
        if inode.file_type() != FileType::Regular || inode.area_len == 0 {
            return Ok(None);
        }
        let (mut redirect, mut metacopy) = (None, None);
        self.each(inode, |found| {
            let place = Some((found.value_at, found.value_len));
            match (found.name.index, found.name.suffix) {
                (INDEX_TRUSTED, b"overlay.redirect") => redirect = redirect.or(place),
                (INDEX_TRUSTED, b"overlay.metacopy") => metacopy = metacopy.or(place),
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        let Some(redirect) = redirect else { return Ok(None) };
        let redirect = self.bytes(redirect)?;
        let path = backing_path(&redirect)
            .map_err(|kind| ImageError::new(inode.area, Structure::XattrArea, kind))?;
        let Some(path) = path.map(<[u8]>::to_vec) else { return Ok(None) };
        let metacopy = metacopy.map(|place| self.bytes(place)).transpose()?;
        let digest = metacopy.as_deref().and_then(digest).and_then(Digest::from_bytes);
        Ok(Some(External { path, digest }))
    }

    /// The xattrs of an overlay as they are stored, `trusted.overlay.…` and `user.overlay.…`, with the
    /// start of each value: at most [`MARK`](Self::MARK) bytes, which is more than any mark of an
    /// overlay has.
    ///
    /// # Errors
    /// What of the image is corrupt, or the error of the source.
    pub fn overlay_marks(&self, inode: &ViewInode) -> Result<Marks, ViewError<S::Error>> {
        let mut places = Vec::new();
        self.each(inode, |Found { name, value_at, value_len }| {
            let is_kind = matches!(name.index, INDEX_TRUSTED | INDEX_USER);
            if is_kind && name.suffix.starts_with(b"overlay.") {
                let name = [prefix(name.index).unwrap_or_default(), name.suffix].concat();
                places.push((name, (*value_at, *value_len.min(&Self::MARK))));
            }
            ControlFlow::Continue(())
        })?;
        let marks = places.into_iter().map(|(name, place)| Ok((name, self.bytes(place)?)));
        marks.collect()
    }

    /// The most bytes of a value that [`View::overlay_marks`] gives.
    pub const MARK: usize = 80;

    /// The value of the first xattr whose stored name is wanted.
    fn value(
        &self,
        inode: &ViewInode,
        wanted: impl Fn(Name<'_>) -> bool,
    ) -> Result<Option<Vec<u8>>, ViewError<S::Error>> {
        let mut place = None;
        self.each(inode, |found| {
            if !wanted(found.name) {
                return ControlFlow::Continue(());
            }
            place = Some((found.value_at, found.value_len));
            ControlFlow::Break(())
        })?;
        place.map(|place| self.bytes(place)).transpose()
    }

    /// The bytes of a value.
    fn bytes(&self, (at, len): (u64, usize)) -> Result<Vec<u8>, ViewError<S::Error>> {
        let outside = || ImageError::new(at, Structure::Xattr, ImageErrorKind::XattrOverrun);
        let mut value = vec![0; len];
        self.read_exactly(at, &mut value, outside)?;
        Ok(value)
    }

    /// Goes through all xattrs: those of the inode itself, then those it refers to.
    fn each(
        &self,
        inode: &ViewInode,
        mut take: impl FnMut(&Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), ViewError<S::Error>> {
        if inode.area_len == 0 {
            return Ok(());
        }
        let error = |kind| ImageError::new(inode.area, Structure::XattrArea, kind);
        let (mut short, mut long) = ([0; USUAL_AREA], Vec::new());
        let area = match short.get_mut(..inode.area_len) {
            Some(area) => area,
            None => {
                long.resize(inode.area_len, 0);
                long.as_mut_slice()
            }
        };
        self.read_exactly(inode.area, area, || error(ImageErrorKind::Outside))?;
        let area = &*area;
        let (references, mut entries) =
            split_area(area).ok_or_else(|| error(ImageErrorKind::XattrOverrun))?;
        while !entries.is_empty() {
            let behind = wide(area.len().saturating_sub(entries.len()));
            let at = inode.area.saturating_add(behind);
            let (found, len) = entry(entries, at, ImageErrorKind::XattrOverrun)?;
            if take(&found).is_break() {
                return Ok(());
            }
            entries = entries.get(len..).ok_or_else(|| error(ImageErrorKind::XattrOverrun))?;
        }
        for reference in references {
            let missing = ImageErrorKind::NoXattr(reference.get());
            let behind = u64::from(reference.get()).saturating_mul(wide(XATTR_ALIGN));
            let at = self.shared_xattrs.saturating_add(behind);
            let mut room = [0; LONGEST_NAME];
            let start = self.read_some(at, &mut room)?;
            if take(&entry(start, at, missing)?.0).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The entry that some bytes start with, and its length with the padding. The value need not be among
/// the bytes.
fn entry(
    bytes: &[u8],
    at: u64,
    too_short: ImageErrorKind,
) -> Result<(Found<'_>, usize), ImageError> {
    let error = |kind| ImageError::new(at, Structure::Xattr, kind);
    let header: &XattrEntry = get(bytes, 0).ok_or_else(|| error(too_short))?;
    let name_end = size_of::<XattrEntry>().saturating_add(usize::from(header.name_len));
    let suffix = bytes.get(size_of::<XattrEntry>()..name_end).ok_or_else(|| error(too_short))?;
    if prefix(header.name_index).is_none() {
        return Err(error(ImageErrorKind::PrefixIndex(header.name_index)));
    }
    let value_len = usize::from(header.value_size.get());
    let found = Found {
        name: Name::new(header.name_index, suffix),
        value_at: at.saturating_add(wide(name_end)),
        value_len,
    };
    let len = name_end.saturating_add(value_len);
    Ok((found, len.checked_next_multiple_of(XATTR_ALIGN).unwrap_or(len)))
}

/// The name under which an overlay shows an xattr, if it does.
fn shown(name: Name<'_>) -> Option<Name<'_>> {
    match name.suffix.strip_prefix(b"overlay.") {
        Some(rest) if name.index == INDEX_TRUSTED => {
            // `trusted.overlay.overlay.x` was `trusted.overlay.x`.
            rest.starts_with(b"overlay.").then_some(Name { suffix: rest, ..name })
        }
        _ => Some(name),
    }
}
