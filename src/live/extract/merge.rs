//! Moving what was made into a directory that exists.

use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{Mode, RenameFlags, fchmod, fstat, renameat, renameat_with};
use rustix::io::Errno;

use super::Existing;
use super::descent::{Descent, open_directory};
use super::destination::Destination;
use super::error::{ExtractError, ExtractErrorKind, failed};
use super::make::{Done, Maker};
use super::metadata::{Made, strip_acls};
use super::select::Wanted;
use crate::tree::{FileType, NodeId};

/// What became of a name.
#[derive(PartialEq, Eq)]
enum Placed {
    /// It is where it should be, with all that is below it.
    Whole,
    /// There is such a directory already, which is now entered.
    Entered,
}

/// Moves names one by one.
pub(super) struct Merger<'m> {
    pub(super) maker: &'m Maker<'m>,
    pub(super) wanted: &'m Wanted,
    pub(super) existing: Existing,
    from: Descent,
    to: Descent,
}

impl<'m> Merger<'m> {
    pub(super) fn new(
        maker: &'m Maker<'m>,
        wanted: &'m Wanted,
        destination: &Destination,
    ) -> Result<Self, ExtractErrorKind> {
        let open = |dir| Descent::new(Arc::clone(dir)).map_err(failed("read"));
        let existing = maker.options.existing;
        let (from, to) = (open(&destination.staging)?, open(&destination.home)?);
        Ok(Self { maker, wanted, existing, from, to })
    }

    /// Moves all names, and gives directories that were there their facts, the first one apart.
    pub(super) fn run(&mut self, done: &mut Done) -> Result<(), ExtractError> {
        let tree = self.maker.tree;
        let mut open = vec![(NodeId::ROOT, tree.children(NodeId::ROOT))];
        while let Some((node, children)) = open.last_mut() {
            let node = *node;
            match children.find(|&child| self.wanted.has(child)) {
                Some(child) => {
                    let placed = self.place(child).map_err(|kind| ExtractError::new(child, kind));
                    if placed? == Placed::Entered {
                        open.push((child, tree.children(child)));
                    }
                }
                None => {
                    open.pop();
                    self.leave(node, done).map_err(|kind| ExtractError::new(node, kind))?;
                }
            }
        }
        Ok(())
    }

    /// Moves what was moved into an empty directory back, so that it is removed with the rest.
    pub(super) fn undo(destination: &Destination, maker: &Maker<'_>) {
        for child in maker.tree.children(NodeId::ROOT) {
            let name = maker.tree.name(child);
            let flags = RenameFlags::NOREPLACE;
            // What was not moved is where it should be.
            let _ = renameat_with(&*destination.home, name, &*destination.staging, name, flags);
        }
    }

    fn leave(&mut self, node: NodeId, done: &mut Done) -> Result<(), ExtractErrorKind> {
        if node == NodeId::ROOT {
            return Ok(());
        }
        self.from.leave()?;
        let dir = self.to.leave()?.ok_or(ExtractErrorKind::Swapped)?;
        strip_acls(dir.as_fd());
        let (user, inode) = (self.maker.user, self.maker.tree.facts(node));
        let (file, skipped) = (dir.as_fd(), &mut done.skipped);
        Made { user, node, inode, file, skipped }.finish()
    }

    fn place(&mut self, node: NodeId) -> Result<Placed, ExtractErrorKind> {
        let tree = self.maker.tree;
        let name = tree.name(node);
        let is_directory = tree.facts(node).file_type() == FileType::Directory;
        match self.rename(name, RenameFlags::NOREPLACE) {
            // What was skipped is not there.
            Ok(()) | Err(Errno::NOENT) => return Ok(Placed::Whole),
            Err(Errno::ACCESS) if is_directory => {
                return self.rename_closed(name).map(|()| Placed::Whole);
            }
            Err(Errno::EXIST) if self.existing == Existing::Merge => {}
            Err(Errno::EXIST) => return Err(ExtractErrorKind::NotEmpty),
            Err(errno) => return Err(ExtractErrorKind::System("rename", errno)),
        }
        if is_directory {
            match self.to.enter(name) {
                Ok(_) => {
                    let made = self.from.enter(name).map_err(failed("open"))?;
                    fchmod(&*made, Mode::from_raw_mode(0o700)).map_err(failed("open"))?;
                    return Ok(Placed::Entered);
                }
                Err(Errno::NOTDIR | Errno::LOOP) => {}
                Err(errno) => return Err(ExtractErrorKind::System("open", errno)),
            }
        } else {
            let (from, to) = (self.from.current()?, self.to.current()?);
            match renameat(&**from, name, &**to, name) {
                Err(Errno::ISDIR) => {}
                renamed => return renamed.map(|()| Placed::Whole).map_err(failed("rename")),
            }
        }
        // What was there is removed with the private directory.
        self.rename(name, RenameFlags::EXCHANGE).map_err(failed("replace"))?;
        Ok(Placed::Whole)
    }

    fn rename(&self, name: &[u8], flags: RenameFlags) -> Result<(), Errno> {
        let (Ok(from), Ok(to)) = (self.from.current(), self.to.current()) else {
            return Err(Errno::BADF);
        };
        renameat_with(&**from, name, &**to, name, flags)
    }

    /// Moves a directory that its owner may not write to, for which the system wants that.
    fn rename_closed(&self, name: &[u8]) -> Result<(), ExtractErrorKind> {
        let dir = open_directory(&**self.from.current()?, name).map_err(failed("open"))?;
        let mode = Mode::from_raw_mode(fstat(&dir).map_err(failed("read"))?.st_mode);
        fchmod(&dir, mode | Mode::RWXU).map_err(failed("rename"))?;
        self.rename(name, RenameFlags::NOREPLACE).map_err(failed("rename"))?;
        fchmod(&dir, mode).map_err(failed("set its mode"))
    }
}
