//! A look at all inodes of an image: at their marks, and at where they lie.

use std::collections::BTreeMap;

use super::marks::{self, Marks};
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
    let version = view.info().composefs_version;
    let mut look = Look { view, version, found: Vec::new(), wanted, path: Vec::new() };
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
    /// The `composefs_version`.
    version: u32,
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
        let mut waiting = vec![Waiting { above: 0, name: Vec::new(), inode: root }];
        while let Some(Waiting { above, name, inode }) = waiting.pop() {
            self.path.truncate(above);
            if !name.is_empty() {
                self.enter(&name);
            }
            self.note(&inode);
            let has_whiteouts = self.directory(&inode, &mut waiting)?;
            let kind =
                if self.path.is_empty() { marks::Kind::Root } else { marks::Kind::Directory };
            self.marks(&inode, kind, has_whiteouts)?;
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
                let kind = match inode.file_type() {
                    FileType::Regular if inode.is_chunked() && inode.size() > 0 => {
                        marks::Kind::External
                    }
                    FileType::Regular => marks::Kind::File,
                    _ => marks::Kind::Other,
                };
                // An overlay shows nothing of these, and reading takes them for nothing.
                if !self.view.is_hidden(&inode) {
                    has_whiteouts |= self.marks(&inode, kind, false)?;
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

    /// Looks at the marks of an inode, and tells whether it is marked as a whiteout.
    fn marks(
        &mut self,
        inode: &ViewInode,
        kind: marks::Kind,
        has_whiteouts: bool,
    ) -> Result<bool, Error> {
        let marks = Marks(self.view.overlay_marks(inode)?);
        let version = self.version;
        marks.check(kind, version, has_whiteouts, &mut |code, words| self.add(code, inode, words));
        Ok(version < 2 && marks.are_of_whiteout(kind))
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

    fn add(&mut self, code: Code, inode: &ViewInode, words: String) {
        let mut finding = Finding::new(code, self.path(), Field::Line, words);
        finding.place = place(inode, self.view.metadata_start());
        self.found.push(finding);
    }
}
