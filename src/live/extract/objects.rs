//! Whether all objects are there, before anything is written.

use std::fs::File;

use rustix::fs::fstat;

use super::error::{ExtractError, ExtractErrorKind};
use super::select::Wanted;
use crate::num::index;
use crate::progress::Progress;
use crate::store::Basedirs;
use crate::tree::{FileType, Inode, NodeId, Tree};

/// Opens the object of an external file, if it is as large as it should be.
pub(super) fn open(basedirs: &Basedirs, inode: &Inode<'_, '_>) -> Result<File, ExtractErrorKind> {
    let payload = inode.payload().unwrap_or_default();
    let file = basedirs.object(payload).map_err(ExtractErrorKind::Refused)?;
    let file = file.ok_or(ExtractErrorKind::NoObject)?;
    let size = fstat(&file).map_err(ExtractErrorKind::Refused)?.st_size;
    let (expected, found) = (inode.size(), u64::try_from(size).unwrap_or(0));
    if found == expected { Ok(file) } else { Err(ExtractErrorKind::WrongSize { expected, found }) }
}

/// Looks for the objects of all files that are wanted, and counts what is to come.
pub(super) fn check(
    tree: &Tree<'_>,
    wanted: &Wanted,
    basedirs: &Basedirs,
    progress: &Progress,
) -> Result<(), ExtractError> {
    let mut seen = vec![false; tree.inode_count()];
    let mut bad = Vec::new();
    let is_wanted = |node: &NodeId| wanted.has(*node);
    for node in tree.nodes().filter(is_wanted) {
        let inode = tree.facts(node);
        let seen = &mut seen[index(tree.inode_of(node).number())];
        if std::mem::replace(seen, true) {
            continue;
        }
        let is_file = inode.file_type() == FileType::Regular;
        progress.expect(1, if is_file { inode.size() } else { 0 });
        if progress.is_stopped() {
            return Err(ExtractError::new(node, ExtractErrorKind::Stopped));
        }
        if inode.is_external() {
            let error = open(basedirs, &inode).err();
            bad.extend(error.map(|kind| ExtractError::new(node, kind)));
        }
    }
    match bad.first() {
        None => Ok(()),
        Some(first) => Err(ExtractError::new(first.node(), ExtractErrorKind::Objects(bad))),
    }
}
