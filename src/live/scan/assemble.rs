//! What was found as a tree, in walk order.

use std::vec::IntoIter;

use std::collections::HashMap;

use super::dirs::Dir;
use super::entry::{Batch, Entry, Strings, What};
use super::options::{HardLinks, Rules};
use super::queue::{Found, Linked};
use super::xattrs::unpack;
use super::{Scan, ScanError};
use crate::num::index;
use crate::tree::{BuildError, Builder, Facts, Mode, NodeId, XattrSet};
use crate::verity::Digest;

/// Sets of xattrs that are remembered, at most.
const SETS: usize = 4096;

/// Makes the tree. What was found is dropped as the tree grows.
pub(super) fn assemble(found: Found, rules: &Rules) -> Result<Scan, ScanError> {
    let Found { dirs, linked, changed } = found;
    let several = linked.iter().filter(|linked| linked.names > 1).count();
    let count =
        dirs.iter().map(|dir| 1 + dir.batches.iter().map(|it| it.entries.len()).sum::<usize>());
    let mut builder = Builder::rootless(b"");
    builder.reserve(count.sum());
    let keep_links = rules.options.hard_links == HardLinks::Keep;
    let carriers = linked.iter().map(|_| None).collect();
    let mut assembly =
        Assembly { builder, dirs, linked, carriers, keep_links, sets: HashMap::default() };
    assembly.walk().map_err(ScanError::Tree)?;
    let tree = assembly.builder.finish().map_err(ScanError::Tree)?;
    Ok(Scan { tree, linked: crate::num::wide(several), changed })
}

struct Assembly {
    builder: Builder<'static>,
    dirs: Vec<Dir>,
    linked: Vec<Linked>,
    /// The first name of each inode that has several.
    carriers: Vec<Option<NodeId>>,
    keep_links: bool,
    /// Sets of xattrs by their packed bytes.
    sets: HashMap<Box<[u8]>, XattrSet>,
}

/// A directory whose names are being added.
struct Open {
    node: NodeId,
    batches: IntoIter<Batch>,
    batch: Batch,
    next: usize,
}

impl Assembly {
    fn walk(&mut self) -> Result<(), BuildError> {
        let Some(root) = self.open(0, None)? else { return Ok(()) };
        let mut open = vec![root];
        while let Some(last) = open.last_mut() {
            let Some(entry) = last.batch.entries.get(last.next).copied() else {
                match last.batches.next() {
                    Some(batch) => (last.batch, last.next) = (batch, 0),
                    None => drop(open.pop()),
                }
                continue;
            };
            last.next += 1;
            let strings = last.batch.strings(&entry);
            match entry.what {
                What::Nothing => {}
                What::Own => {
                    self.add(last.node, &entry, strings, 1)?;
                }
                What::Linked(number) => self.add_linked(last.node, strings.name, number)?,
                What::Directory(number) => {
                    let below = self.open(number, Some(last.node))?;
                    open.extend(below);
                }
            }
        }
        Ok(())
    }

    /// Adds a directory, and takes what is in it.
    fn open(&mut self, number: u32, parent: Option<NodeId>) -> Result<Option<Open>, BuildError> {
        let Some(dir) = self.dirs.get_mut(index(number)) else { return Ok(None) };
        let (own, batches) = (std::mem::take(&mut dir.own), std::mem::take(&mut dir.batches));
        let Some(entry) = own.entries.first() else { return Ok(None) };
        let below = batches.iter().flat_map(|batch| &batch.entries);
        let below = below.filter(|entry| matches!(entry.what, What::Directory(_))).count();
        let nlink = u32::try_from(below).unwrap_or(u32::MAX - 2).saturating_add(2);
        let strings = own.strings(entry);
        let node = match parent {
            Some(parent) => self.add(parent, entry, strings, nlink)?,
            None => {
                let xattrs = self.xattrs(strings.xattrs)?;
                let Some(mode) = Mode::new(entry.mode) else { return Ok(None) };
                self.builder.set_root(&Facts { nlink, xattrs, ..facts(entry, mode) })?;
                NodeId::ROOT
            }
        };
        Ok(Some(Open { node, batches: batches.into_iter(), batch: Batch::default(), next: 0 }))
    }

    fn add_linked(&mut self, parent: NodeId, name: &[u8], number: u32) -> Result<(), BuildError> {
        let carrier = self.carriers.get(index(number)).copied().flatten();
        if let Some(carrier) = carrier.filter(|_| self.keep_links) {
            let link = self.builder.link(parent, name)?;
            return self.builder.resolve(link, carrier);
        }
        let Some(linked) = self.linked.get_mut(index(number)) else { return Ok(()) };
        let nlink = if self.keep_links { linked.names } else { 1 };
        let batch = std::mem::take(&mut linked.batch);
        if let Some(entry) = batch.entries.first() {
            let strings = Strings { name, ..batch.strings(entry) };
            let node = self.add(parent, entry, strings, nlink)?;
            if let Some(carrier) = self.carriers.get_mut(index(number)) {
                *carrier = Some(node);
            }
        }
        if let Some(linked) = self.linked.get_mut(index(number)) {
            linked.batch = batch;
        }
        Ok(())
    }

    fn add(
        &mut self,
        parent: NodeId,
        entry: &Entry,
        strings: Strings<'_>,
        nlink: u32,
    ) -> Result<NodeId, BuildError> {
        let xattrs = self.xattrs(strings.xattrs)?;
        let object = Digest::from_bytes(strings.digest).map(|digest| digest.object_path());
        let payload = object.as_ref().map_or(strings.payload, |path| path.as_bytes());
        // The system knows no other types than the seven, all of which the builder takes.
        let mode = Mode::new(entry.mode).ok_or(BuildError::ParentNotDirectory)?;
        let facts = Facts {
            nlink,
            xattrs,
            payload: Some(payload),
            content: Some(strings.content),
            digest: Some(strings.digest).filter(|digest| !digest.is_empty()),
            ..facts(entry, mode)
        };
        self.builder.add(parent, strings.name, &facts)
    }

    /// The set of packed xattrs.
    fn xattrs(&mut self, packed: &[u8]) -> Result<XattrSet, BuildError> {
        if packed.is_empty() {
            return Ok(XattrSet::EMPTY);
        }
        if let Some(&set) = self.sets.get(packed) {
            return Ok(set);
        }
        let set = self.builder.xattrs(&unpack(packed))?;
        if self.sets.len() >= SETS {
            self.sets.clear();
        }
        self.sets.insert(packed.into(), set);
        Ok(set)
    }
}

/// The facts of an entry that stand in it.
fn facts(entry: &Entry, mode: Mode) -> Facts<'static> {
    Facts {
        size: entry.size,
        uid: entry.uid,
        gid: entry.gid,
        rdev: if mode.file_type().is_device() { entry.rdev } else { 0 },
        mtime: entry.mtime,
        ..Facts::new(mode)
    }
}
