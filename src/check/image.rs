//! What only an image can have wrong: the marks by which an overlay finds contents and whiteouts.

use std::collections::BTreeMap;

use super::{Code, Finding, Place};
use crate::dump::Field;
use crate::erofs::{BlockBuffer, ImageError, Slot, View, ViewError, ViewInode, disk};
use crate::num::wide;
use crate::tree::FileType;

/// What a look at an image gives.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// What was found, each with its place.
    pub findings: Vec<Finding>,
    /// Where the inodes of the paths lie that were asked for.
    places: BTreeMap<Vec<u8>, Place>,
}

impl Image {
    /// Gives findings about paths their places in the image. Those that have a place keep it.
    pub fn place(&self, found: &mut [Finding]) {
        for finding in found.iter_mut().filter(|finding| finding.place == Place::Whole) {
            let place = finding.path.as_ref().and_then(|path| self.places.get(path));
            finding.place = place.copied().unwrap_or(Place::Whole);
        }
    }
}

/// Where an inode lies.
fn place(inode: &ViewInode, metadata: u64) -> Place {
    let offset = inode.slot().number().saturating_mul(wide(disk::SLOT_SIZE));
    let nid = offset.saturating_sub(metadata).checked_div(wide(disk::SLOT_SIZE)).unwrap_or(0);
    Place::Inode { nid, offset }
}

/// Looks at the marks of all inodes of an image that [`erofs::read`](crate::erofs::read) has read, so
/// that its directories are no circle, and at where those inodes lie that `findings` are about.
///
/// # Errors
/// What is wrong with the image.
pub fn image(bytes: &[u8], findings: &[Finding]) -> Result<Image, ImageError> {
    let view = View::open(bytes).map_err(image_error)?;
    let paths = findings.iter().filter_map(|finding| finding.path.clone());
    let wanted = paths.map(|path| (path, Place::Whole)).collect();
    let marked = view.info().composefs_version < 2;
    let mut look = Look { view, marked, found: Vec::new(), wanted, path: Vec::new() };
    look.all().map_err(image_error)?;
    let places = look.wanted.into_iter().filter(|(_, place)| *place != Place::Whole).collect();
    Ok(Image { findings: look.found, places })
}

type Error = ViewError<std::convert::Infallible>;

fn image_error(error: Error) -> ImageError {
    match error {
        ViewError::Image(error) => error,
        ViewError::Source(never) => match never {},
    }
}

struct Look<'b> {
    view: View<&'b [u8]>,
    /// Whether whiteouts are marked files: in versions 0 and 1.
    marked: bool,
    found: Vec<Finding>,
    wanted: BTreeMap<Vec<u8>, Place>,
    /// The path at hand; empty for the root.
    path: Vec<u8>,
}

/// A directory that is looked at later.
struct Waiting {
    /// Length of the path of the directory it is in.
    above: usize,
    name: Vec<u8>,
    inode: ViewInode,
}

impl Look<'_> {
    /// Looks at all directories, without recursion.
    fn all(&mut self) -> Result<(), Error> {
        let root = self.view.inode(self.view.root())?;
        if self.overlay(&root, b"overlay.opaque")?.as_deref() != Some(b"y") {
            self.add(Code::RootNotOpaque, &root, "no trusted.overlay.opaque of \"y\"");
        }
        let mut waiting = vec![Waiting { above: 0, name: Vec::new(), inode: root }];
        while let Some(Waiting { above, name, inode }) = waiting.pop() {
            self.path.truncate(above);
            if !name.is_empty() {
                self.enter(&name);
            }
            self.note(&inode);
            let has_whiteouts = self.directory(&inode, &mut waiting)?;
            self.marks(&inode, has_whiteouts)?;
        }
        Ok(())
    }

    /// Looks at what is in the directory at hand, and tells whether there are whiteouts.
    fn directory(
        &mut self,
        directory: &ViewInode,
        waiting: &mut Vec<Waiting>,
    ) -> Result<bool, Error> {
        let above = self.path.len();
        let mut has_whiteouts = false;
        for block in 0..self.view.block_count(directory) {
            for (name, slot) in self.names(directory, block)? {
                let inode = self.view.inode(slot)?;
                if inode.file_type() == FileType::Directory {
                    waiting.push(Waiting { above, name, inode });
                    continue;
                }
                self.enter(&name);
                self.note(&inode);
                if inode.file_type() == FileType::Regular {
                    has_whiteouts |= self.file(&inode)?;
                }
                self.path.truncate(above);
            }
        }
        Ok(has_whiteouts)
    }

    /// Adds a name to the path at hand.
    fn enter(&mut self, name: &[u8]) {
        self.path.push(b'/');
        self.path.extend_from_slice(name);
    }

    /// The names of a block, and what they stand for.
    fn names(&self, directory: &ViewInode, block: u64) -> Result<Vec<(Vec<u8>, Slot)>, Error> {
        let mut buffer: BlockBuffer = [0; disk::BLOCK_SIZE];
        let mut all = Vec::new();
        let Some(names) = self.view.names(directory, block, &mut buffer)? else { return Ok(all) };
        let mut at = 0;
        while let Some(name) = names.get(at)? {
            at = at.saturating_add(1);
            if let Some(slot) = name.slot.filter(|_| name.name != b"." && name.name != b"..") {
                all.push((name.name.to_vec(), slot));
            }
        }
        Ok(all)
    }

    /// Looks at a regular file, and tells whether it is marked as a whiteout.
    fn file(&mut self, inode: &ViewInode) -> Result<bool, Error> {
        if self.marked && self.overlay(inode, b"overlay.overlay.whiteout")?.is_some() {
            return Ok(true);
        }
        let redirect = self.overlay(inode, b"overlay.redirect")?;
        let metacopy = self.overlay(inode, b"overlay.metacopy")?;
        match (&redirect, &metacopy) {
            (Some(_), None) => {
                self.add(Code::MetacopyMissing, inode, "a redirect without a metacopy");
            }
            (None, Some(_)) => {
                self.add(Code::RedirectMissing, inode, "a metacopy without a redirect");
            }
            _ => {}
        }
        if redirect.is_some_and(|value| !value.starts_with(b"/")) {
            self.add(Code::BadRedirect, inode, "a redirect that begins with no slash");
        }
        if metacopy.is_some_and(|value| !is_metacopy(&value)) {
            self.add(Code::BadMetacopy, inode, "a metacopy that the kernel does not take");
        }
        Ok(false)
    }

    /// Compares the marks of a directory with what is in it.
    fn marks(&mut self, inode: &ViewInode, has_whiteouts: bool) -> Result<(), Error> {
        if !self.marked {
            return Ok(());
        }
        let says = self.overlay(inode, b"overlay.overlay.whiteouts")?.is_some();
        let opaque = self.overlay(inode, b"overlay.overlay.opaque")?;
        let is_opaque = opaque.as_deref() == Some(b"x");
        let needs_opaque = self.view.info().composefs_version == 1;
        if has_whiteouts && !says {
            self.add(Code::WhiteoutsUnmarked, inode, "whiteouts without their mark");
        } else if has_whiteouts && needs_opaque && !is_opaque {
            let words = "whiteouts without trusted.overlay.overlay.opaque of \"x\"";
            self.add(Code::WhiteoutsUnmarked, inode, words);
        } else if says && !has_whiteouts {
            self.add(Code::WhiteoutsAbsent, inode, "a mark for whiteouts, and none there");
        }
        Ok(())
    }

    fn overlay(&self, inode: &ViewInode, suffix: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.view.trusted_xattr(inode, suffix)
    }

    /// The path at hand.
    fn path(&self) -> &[u8] {
        if self.path.is_empty() { b"/" } else { &self.path }
    }

    /// Notes where an inode lies, if that was asked for.
    fn note(&mut self, inode: &ViewInode) {
        let metadata = self.view.metadata_start();
        let path: &[u8] = if self.path.is_empty() { b"/" } else { &self.path };
        if let Some(wanted) = self.wanted.get_mut(path) {
            *wanted = place(inode, metadata);
        }
    }

    fn add(&mut self, code: Code, inode: &ViewInode, words: &str) {
        let mut finding = Finding::new(code, self.path(), Field::Line, words);
        finding.place = place(inode, self.view.metadata_start());
        self.found.push(finding);
    }
}

/// Whether the kernel takes a value of metacopy.
fn is_metacopy(value: &[u8]) -> bool {
    match value {
        [] => true,
        [0, len, 0, algorithm, digest @ ..] => {
            let wanted = match algorithm {
                1 => 32,
                2 => 64,
                _ => return false,
            };
            digest.len() == wanted && usize::from(*len) == value.len()
        }
        _ => false,
    }
}
