//! The names of a directory, as many as the kernel has room for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use fuser::{Errno, Generation, INodeNo, ReplyDirectory, ReplyDirectoryPlus};

use super::attr::{FOREVER, attr, kind, nothing};
use super::server::{Server, errno, view_errno};
use crate::erofs::{BlockBuffer, ViewInode, ViewName};
use crate::num::{clamp_index, wide};
use crate::tree::FileType;

/// Stands for an inode that cannot be read. Its name is shown, and whoever asks for more hears why.
const BROKEN: INodeNo = INodeNo(2);
/// Names in a row that may be hidden. An image has 256 of them, a hostile one any number.
const MAX_HIDDEN: usize = 10_000;
/// Bits of an offset that count names in a block.
const INDEX_BITS: u32 = 16;

/// A directory that is listed.
pub(super) struct Listing<'s> {
    server: &'s Server,
    dir: ViewInode,
    ino: INodeNo,
}

/// Something that names are added to.
pub(super) trait Sink {
    /// Adds a name, and says whether there was no room for it. `next` is the offset of the next name.
    ///
    /// # Errors
    /// Those of the view.
    fn add(
        &mut self,
        listing: &Listing<'_>,
        next: u64,
        name: &ViewName<'_>,
    ) -> Result<Added, Errno>;
}

/// What became of a name.
pub(super) enum Added {
    Yes,
    Hidden,
    NoRoom,
}

impl<'s> Listing<'s> {
    pub(super) fn of(server: &'s Server, ino: INodeNo) -> Result<Self, Errno> {
        let dir = server.inode(ino)?;
        match dir.file_type() {
            FileType::Directory => Ok(Self { server, dir, ino }),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Adds the names from an offset on until there is no more room.
    pub(super) fn fill(&self, offset: u64, sink: &mut impl Sink) -> Result<(), Errno> {
        let mut added = 0;
        match self.try_fill(offset, sink, &mut added) {
            // What was added is told first. The error comes again when the rest is asked for.
            Err(_) if added > 0 => Ok(()),
            filled => filled,
        }
    }

    fn try_fill(&self, offset: u64, sink: &mut impl Sink, added: &mut usize) -> Result<(), Errno> {
        let mut buffer: BlockBuffer = [0; 4096];
        let mut block = offset >> INDEX_BITS;
        let mut index = clamp_index(offset & ((1 << INDEX_BITS) - 1));
        let mut hidden = 0;
        loop {
            let names = self.server.view.names(&self.dir, block, &mut buffer);
            let Some(names) = names.map_err(view_errno)? else { return Ok(()) };
            while let Some(name) = names.get(index).map_err(|error| view_errno(error.into()))? {
                index += 1;
                let is_last = index == names.len();
                let next =
                    if is_last { (block + 1) << INDEX_BITS } else { offset_of(block, index) };
                match sink.add(self, next, &name)? {
                    Added::Yes => *added += 1,
                    Added::NoRoom => return Ok(()),
                    Added::Hidden if hidden < MAX_HIDDEN => hidden += 1,
                    Added::Hidden => return Err(errno(rustix::io::Errno::UCLEAN)),
                }
            }
            (block, index) = (block + 1, 0);
        }
    }

    /// The inode of a name, if it can be read.
    fn inode(&self, name: &ViewName<'_>) -> Option<ViewInode> {
        name.slot.and_then(|slot| self.server.view.inode(slot).ok())
    }

    fn is_hidden(&self, inode: Option<&ViewInode>) -> bool {
        inode.is_some_and(|inode| self.server.view.is_hidden(inode))
    }
}

fn offset_of(block: u64, index: usize) -> u64 {
    block << INDEX_BITS | wide(index)
}

impl Sink for ReplyDirectory {
    fn add(
        &mut self,
        listing: &Listing<'_>,
        next: u64,
        name: &ViewName<'_>,
    ) -> Result<Added, Errno> {
        let may_be_hidden = matches!(name.file_type, Some(FileType::CharDevice) | None);
        let mut file_type = name.file_type;
        if may_be_hidden {
            let inode = listing.inode(name);
            if listing.is_hidden(inode.as_ref()) {
                return Ok(Added::Hidden);
            }
            file_type = inode.map(|inode| inode.file_type());
        }
        let ino = name.slot.map_or(BROKEN, |slot| listing.server.ino(slot));
        let kind = kind(file_type.unwrap_or(FileType::Regular));
        Ok(room(Self::add(self, ino, next, kind, OsStr::from_bytes(name.name))))
    }
}

impl Sink for ReplyDirectoryPlus {
    fn add(
        &mut self,
        listing: &Listing<'_>,
        next: u64,
        name: &ViewName<'_>,
    ) -> Result<Added, Errno> {
        let mut ttl = FOREVER;
        let attr = if matches!(name.name, b"." | b"..") {
            // The kernel takes the number and the type of these, and nothing else.
            let ino = name.slot.map_or(listing.ino, |slot| listing.server.ino(slot));
            attr(&listing.dir, ino)
        } else {
            match listing.inode(name) {
                Some(inode) if listing.server.view.is_hidden(&inode) => return Ok(Added::Hidden),
                Some(inode) => attr(&inode, listing.server.ino(inode.slot())),
                None => {
                    ttl = Duration::ZERO;
                    fuser::FileAttr { ino: BROKEN, nlink: 1, ..nothing() }
                }
            }
        };
        let name = OsStr::from_bytes(name.name);
        Ok(room(Self::add(self, attr.ino, next, name, &ttl, &attr, Generation(0))))
    }
}

/// What a reply says of its room.
fn room(is_full: bool) -> Added {
    if is_full { Added::NoRoom } else { Added::Yes }
}
