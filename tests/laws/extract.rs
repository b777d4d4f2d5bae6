//! Laws about trees that are made real.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use std::path::Path;

use cfs::canon::canonicalise;
use cfs::live::{ExtractOptions, Extracted, HardLinks, Lost, ScanOptions, extract, scan};
use cfs::progress::Progress;
use cfs::store::Basedirs;
use cfs::threads::Threads;
use cfs::tree::{FileType, NodeId, Tree, Xattr};

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
    scan_gives_it_again(tree, &made, &extracted);
}

/// Scanning what was made of a tree of which nothing was lost gives the tree again: its names, its
/// hard links, and the facts that a directory can hold.
fn scan_gives_it_again(tree: &Tree<'_>, made: &Path, extracted: &Extracted) {
    if !extracted.skipped.is_empty() || extracted.owners_ignored {
        return;
    }
    let mut options = ScanOptions::default();
    (options.hard_links, options.inline_max) = (HardLinks::Keep, 5000);
    let scanned = scan(made, &options, None, Threads::ONE, &Progress::default());
    let mut scanned = scanned.unwrap_or_else(|error| panic!("{error:?}")).tree;
    let mut given = tree.clone();
    canonicalise(&mut given);
    canonicalise(&mut scanned);
    assert_eq!(given.len(), scanned.len());
    for node in given.nodes() {
        let path = given.path(node);
        let path = path.escape_ascii();
        assert_eq!(given.name(node), scanned.name(node), "{path}");
        assert_eq!(given.is_link(node), scanned.is_link(node), "{path}");
        let (a, b) = (given.facts(node), scanned.facts(node));
        assert_eq!(a.file_type(), b.file_type(), "{path}");
        assert_eq!((a.uid(), a.gid(), a.rdev()), (b.uid(), b.gid(), b.rdev()), "{path}");
        assert_eq!((a.mtime(), a.size()), (b.mtime(), b.size()), "{path}");
        assert_eq!(pairs(a.xattrs()), pairs(b.xattrs()), "{path}");
        if a.file_type() == FileType::Symlink {
            assert_eq!(a.payload(), b.payload(), "{path}");
        } else {
            assert_eq!((a.mode(), a.content()), (b.mode(), b.content()), "{path}");
        }
    }
}

/// Xattrs in words.
fn pairs<'t>(xattrs: impl Iterator<Item = Xattr<'t>>) -> Vec<String> {
    xattrs.map(|it| format!("{}={}", it.key.escape_ascii(), it.value.escape_ascii())).collect()
}
