//! The way through an image: depth first, names in the order in which they are stored.
//!
//! Every writer stores them sorted, the order in which building a tree is cheapest. The builder sorts
//! them if they are not, and refuses a name that comes twice.

use zerocopy::IntoBytes;

use super::super::disk::{
    FIRST_INODE_OFFSET, InodeCompact, MAX_CONTENT, MAX_EXTERNAL, MAX_PATH, Metacopy,
};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::dir::{Record, Records, up_to_nul};
use super::image::{Image, Whiteouts};
use super::inode::{Data, Inode};
use super::links::{Links, Meeting};
use super::xattr::{Found, Xattrs};
use crate::num::{clamp_index, wide};
use crate::tree::{BuildError, Builder, Facts, FileType, Mode, NodeId, Tree};
use crate::verity::Algorithm;

/// Reads the tree of an image.
pub(super) fn walk(image: Image<'_>) -> Result<Tree<'_>, ImageError> {
    let mut walker = Walker::new(image);
    walker.root()?;
    while let Some(directory) = walker.open.last_mut() {
        let parent = directory.node;
        match directory.records.next() {
            Some(record) => walker.name(parent, record?)?,
            None => _ = walker.open.pop(),
        }
    }
    walker.finish()
}

/// A directory on the way down, with the names still to come.
struct Open<'a> {
    node: NodeId,
    records: Records<'a>,
}

struct Walker<'a> {
    image: Image<'a>,
    builder: Builder<'a>,
    xattrs: Xattrs<'a>,
    links: Links,
    open: Vec<Open<'a>>,
    /// Bytes of the image that belong to no structure met so far, if none of them overlap.
    unclaimed: usize,
    /// For a content that lies in two pieces.
    scratch: Vec<u8>,
}

impl<'a> Walker<'a> {
    fn new(image: Image<'a>) -> Self {
        let len = image.bytes.len();
        // The superblock may say anything, but no inode is shorter than this.
        let most = len.div_euclid(size_of::<InodeCompact>());
        let inodes = clamp_index(image.info().inode_count).min(most);
        let mut builder = Builder::rootless(image.bytes);
        builder.reserve(inodes);
        Self {
            image,
            builder,
            xattrs: Xattrs::new(image),
            links: Links::new(len, inodes),
            open: Vec::new(),
            unclaimed: len.saturating_sub(FIRST_INODE_OFFSET),
            scratch: Vec::new(),
        }
    }

    fn finish(mut self) -> Result<Tree<'a>, ImageError> {
        let error = |kind: BuildError| self.image.error(self.image.bytes, Structure::Image, kind);
        self.links.resolve(&mut self.builder).map_err(error)?;
        self.builder.finish().map_err(error)
    }

    fn root(&mut self) -> Result<(), ImageError> {
        let at = self.image.root_offset()?;
        let inode = Inode::read(&self.image, at)?;
        self.links.meet(at).map_err(|kind| inode.error(kind))?;
        let data = self.data(&inode)?;
        let found = self.xattrs.read(&inode, &mut self.builder)?;
        let facts = facts(&inode, &found, data, &mut self.scratch)?;
        self.builder.set_root(&facts).map_err(|kind| inode.error(kind))?;
        self.enter(NodeId::ROOT, data);
        Ok(())
    }

    /// Adds a name, unless the writer made it up.
    fn name(&mut self, parent: NodeId, record: Record<'a>) -> Result<(), ImageError> {
        let at = self.image.inode_offset(record.dirent)?;
        let inode = Inode::read(&self.image, at)?;
        if self.is_generated(&inode)? {
            return Ok(());
        }
        match self.links.meet(at).map_err(|kind| record.error(&self.image, kind))? {
            Meeting::First => self.first_name(parent, record, &inode),
            Meeting::Again => self.further_name(parent, record, &inode),
        }
    }

    /// Adds a name that carries its inode, and opens the directory if it is one.
    #[inline]
    fn first_name(
        &mut self,
        parent: NodeId,
        record: Record<'a>,
        inode: &Inode<'a>,
    ) -> Result<(), ImageError> {
        let data = self.data(inode)?;
        let found = self.xattrs.read(inode, &mut self.builder)?;
        let facts = facts(inode, &found, data, &mut self.scratch)?;
        let node = self.builder.add(parent, record.name, &facts);
        let node = node.map_err(|kind| record.error(&self.image, kind))?;
        if inode.file_type == FileType::Directory {
            self.enter(node, data);
        }
        Ok(())
    }

    /// Adds a hard link.
    fn further_name(
        &mut self,
        parent: NodeId,
        record: Record<'a>,
        inode: &Inode<'a>,
    ) -> Result<(), ImageError> {
        if inode.file_type == FileType::Directory {
            return Err(record.error(&self.image, ImageErrorKind::DirectoryTwice));
        }
        let node = self.builder.link(parent, record.name);
        self.links.add(node.map_err(|kind| record.error(&self.image, kind))?);
        Ok(())
    }

    fn enter(&mut self, node: NodeId, data: Data<'a>) {
        self.open.push(Open { node, records: Records::new(self.image, data) });
    }

    /// Whether an inode is one of the whiteouts that the writer put into the root.
    #[inline]
    fn is_generated(&self, inode: &Inode<'a>) -> Result<bool, ImageError> {
        let whiteout = inode.file_type == FileType::CharDevice && inode.rdev() == 0;
        if !whiteout || self.image.whiteouts() == Whiteouts::Plain {
            return Ok(false);
        }
        if inode.nlink > 1 {
            return Err(inode.error(ImageErrorKind::LinkedWhiteout(inode.nlink)));
        }
        Ok(true)
    }

    /// The data of an inode whose type has any, once all its bytes are known to be its own.
    #[inline]
    fn data(&mut self, inode: &Inode<'a>) -> Result<Data<'a>, ImageError> {
        let data = data(&self.image, inode)?;
        let bytes = inode.len().saturating_add(data.len());
        let left = self.unclaimed.checked_sub(bytes);
        self.unclaimed = left.ok_or_else(|| inode.error(ImageErrorKind::Overlap))?;
        Ok(data)
    }
}

#[inline]
fn data<'a>(image: &Image<'a>, inode: &Inode<'a>) -> Result<Data<'a>, ImageError> {
    let limit = match inode.file_type {
        FileType::Directory => u64::MAX,
        FileType::Symlink => wide(MAX_PATH),
        FileType::Regular if inode.is_chunked() => MAX_EXTERNAL,
        FileType::Regular => MAX_CONTENT,
        _ => return Ok(Data::EMPTY),
    };
    if inode.size > limit {
        return Err(inode.error(match inode.file_type {
            FileType::Symlink => ImageErrorKind::TargetLength(inode.size),
            _ if inode.is_chunked() => ImageErrorKind::SizeTooBig(inode.size),
            _ => ImageErrorKind::ContentTooLong(inode.size),
        }));
    }
    if inode.file_type == FileType::Regular && inode.is_chunked() {
        return Ok(Data::EMPTY);
    }
    inode.data(image)
}

/// The facts of an inode, with the rewriting undone.
#[inline]
fn facts<'s>(
    inode: &Inode<'_>,
    found: &Found<'s>,
    data: Data<'s>,
    scratch: &'s mut Vec<u8>,
) -> Result<Facts<'s>, ImageError> {
    let mut facts = inode.facts(found.set);
    match inode.file_type {
        FileType::Regular if found.whiteout => {
            // The bits of a type that there is, so there is such a mode.
            facts.mode = Mode::new(0o020_000 | inode.mode.permissions()).unwrap_or(inode.mode);
            facts.size = 0;
        }
        FileType::Regular => {
            facts.payload =
                found.redirect.map_or(Ok(None), backing_path).map_err(|kind| inode.error(kind))?;
            facts.digest = found.metacopy.and_then(digest);
            facts.content = Some(data.join(scratch)).filter(|content| !content.is_empty());
        }
        FileType::Symlink => {
            let target = up_to_nul(data.join(scratch));
            if target.is_empty() {
                return Err(inode.error(ImageErrorKind::TargetLength(0)));
            }
            facts.payload = Some(target);
            facts.size = wide(target.len());
        }
        _ => {}
    }
    Ok(facts)
}

/// The path of the backing file that a redirect leads to, if it leads anywhere.
#[inline]
pub(super) fn backing_path(redirect: &[u8]) -> Result<Option<&[u8]>, ImageErrorKind> {
    let path = match redirect {
        [b'/', path @ ..] if !path.is_empty() => path,
        path => path,
    };
    let path = up_to_nul(path);
    if path.len() > MAX_PATH {
        return Err(ImageErrorKind::PathTooLong(path.len()));
    }
    Ok(Some(path).filter(|path| !path.is_empty()))
}

/// The digest in a metacopy value: SHA-256 by its length alone, as in the C reader, or SHA-512.
#[inline]
pub(super) fn digest(metacopy: &[u8]) -> Option<&[u8]> {
    const SHA512: Metacopy =
        Metacopy { version: 0, len: 68, flags: 0, algorithm: Algorithm::Sha512.id() };
    let (header, digest) = metacopy.split_at_checked(size_of::<Metacopy>())?;
    let known = match digest.len() {
        32 => true,
        64 => header == SHA512.as_bytes(),
        _ => false,
    };
    known.then_some(digest)
}
