//! Laws about trees that are made real.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use cfs::live::{ExtractOptions, Lost, extract};
use cfs::progress::Progress;
use cfs::store::Basedirs;
use cfs::threads::Threads;
use cfs::tree::{FileType, NodeId, Tree};

/// A tree without files whose content stands elsewhere is on disk with all its facts, those apart that
/// are told as lost.
pub fn extracted_tree_is_on_disk(tree: &Tree<'_>) {
    let mut files = tree.inodes();
    let is_wrong = files.any(|inode| {
        let len = inode.content().map_or(0, <[u8]>::len);
        inode.is_external()
            || inode.file_type() == FileType::Regular && u64::try_from(len) != Ok(inode.size())
    });
    if is_wrong {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let made = dir.path().join("made");
    let (options, progress) = (ExtractOptions::default(), Progress::default());
    let extracted = extract(tree, &made, &options, &Basedirs::default(), Threads::ONE, &progress)
        .unwrap_or_else(|error| panic!("{error}"));
    let lost = |node: NodeId, lost: &Lost| {
        let inode = tree.inode_of(node);
        extracted.skipped.iter().any(|it| tree.inode_of(it.node) == inode && it.lost == *lost)
    };
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let (node, inode) = (step.node, tree.facts(step.node));
        if lost(node, &Lost::Node) || walk.path().len() > 3000 {
            continue;
        }
        let path = made.join(OsStr::from_bytes(&walk.path()[1..]));
        let found = std::fs::symlink_metadata(&path).expect("it is there");
        let owner = (found.uid(), found.gid()) == (inode.uid(), inode.gid());
        assert!(owner || lost(node, &Lost::Owner), "{path:?}");
        let mtime = (found.mtime(), found.mtime_nsec());
        let same = mtime == (inode.mtime().sec, i64::from(inode.mtime().nsec));
        assert!(same || lost(node, &Lost::Mtime), "{path:?}");
        if inode.file_type() != FileType::Symlink {
            assert_eq!(found.mode() & 0o177_777, u32::from(inode.mode().bits()), "{path:?}");
        }
        if inode.file_type() == FileType::Regular {
            let content = std::fs::read(&path).expect("a file");
            assert_eq!(content, inode.content().unwrap_or_default(), "{path:?}");
        }
    }
}
