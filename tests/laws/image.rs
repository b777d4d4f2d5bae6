//! Laws about images.

use std::convert::Infallible;
use std::num::NonZero;

use cfs::canon::canonicalise;
use cfs::dump;
use cfs::erofs::{self, Layout, Version, WriteErrorKind, info, layout};
use cfs::threads::{self, Threads};
use cfs::tree::{NodeId, Tree};
use cfs::verity::{self, Algorithm};

use super::tree::{Pairs, assert_same, canonical, makes_a_device, rebuilt};

/// References that an image can hold for an inode. An xattr that only an image has, such as the mark
/// of a whiteout, uses up one of them and so may change the order of the others.
const FEW_XATTRS: usize = 120;

/// The image of a tree that one can hold.
#[track_caller]
pub fn write(tree: &Tree<'_>, version: Version) -> Vec<u8> {
    match layout(tree, version) {
        Ok(layout) => layout.to_vec(),
        Err(error) => panic!("{error}\n{}", dump::print(tree).escape_ascii()),
    }
}

/// The tree that reading an image of a tree gives: its canonical form, and in version 1 each
/// directory in which the name of a whiteout carries it has two marks.
fn read_back(tree: &Tree<'_>, version: Version) -> Tree<'static> {
    let marks = |node: NodeId, own: Pairs| if is_marked(tree, node) { marked(own) } else { own };
    let mut back = match version {
        Version::V1 => rebuilt(tree, marks),
        _ => rebuilt(tree, |_, own| own),
    };
    canonicalise(&mut back);
    back
}

fn is_marked(tree: &Tree<'_>, node: NodeId) -> bool {
    tree.children(node).any(|child| tree.facts(child).is_whiteout() && !tree.is_link(child))
}

fn marked(mut xattrs: Pairs) -> Pairs {
    for key in [&b"trusted.overlay.opaque"[..], b"user.overlay.opaque"] {
        xattrs.retain(|pair| pair.0 != key);
        xattrs.push((key.to_vec(), b"x".to_vec()));
    }
    xattrs
}

/// From tree to image to tree only that is lost which no image holds; and what was read gives the
/// same image again. That is so for the tree in any form, and to the last order of xattrs for its
/// canonical form.
pub fn image_keeps_all_it_can_hold(tree: &Tree<'_>) {
    let canonical = canonical(tree);
    for version in Version::ALL {
        let image = write(&canonical, version);
        let read = erofs::read(&image).unwrap_or_else(|error| panic!("{error}"));
        let expected = read_back(&canonical, version);
        assert_same(&read, &expected);
        let mut again = read.clone();
        assert!(canonicalise(&mut again).is_empty(), "a tree that was read is canonical");
        assert_same(&again, &read);
        assert!(write(&read, version) == image, "{}", dump::print(tree).escape_ascii());
        assert_eq!(info(&image).map(|info| info.composefs_version), Ok(version.number()));
        if tree != &canonical && !tree.nodes().any(|node| makes_a_device(tree, node)) {
            any_form_is_kept(tree, version);
        }
    }
}

/// What reading the image of a tree gives that is not in canonical form.
fn any_form_is_kept(tree: &Tree<'_>, version: Version) {
    let image = write(tree, version);
    let mut read = erofs::read(&image).unwrap_or_else(|error| panic!("{error}"));
    if tree.nodes().any(|node| tree.facts(node).xattrs().len() > FEW_XATTRS) {
        canonicalise(&mut read);
    }
    assert_same(&read, &read_back(tree, version));
}

/// Any bytes give a tree or an error with a place in the image. A tree has no more names and inodes
/// than the bytes can hold, and keeps all laws: it can be written in each version and reads back as
/// it was, in canonical form.
///
/// An image of version 2, which is not written, may hold regular files with an xattr that makes
/// devices of them in other versions. Only the canonical form of these can be written.
pub fn image_accepts_or_points(bytes: &[u8]) {
    let tree = match erofs::read(bytes) {
        Ok(tree) => tree,
        Err(error) => {
            assert!(usize::try_from(error.offset()).is_ok_and(|at| at <= bytes.len()), "{error}");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let least_dirent = 12 + 1;
    assert!(tree.len() <= bytes.len() / least_dirent + 1, "{} names", tree.len());
    assert!(tree.inode_count() <= bytes.len() / 32, "{} inodes", tree.inode_count());
    let version_2 = info(bytes).is_ok_and(|info| info.composefs_version > 1);
    for version in Version::ALL {
        if let Err(error) = layout(&tree, version) {
            let reserved = error.kind() == WriteErrorKind::ReservedXattr;
            assert!(reserved && version_2, "{error}");
        }
    }
    super::tree_keeps_all_laws(&tree);
}

/// A stretch of the image that is written on its own is that stretch of the whole. Stretches so long
/// are taken from all over the image, one behind the other if there are not too many.
pub fn windows_are_pieces_of_the_whole(layout: &Layout<'_>, lengths: &[usize]) {
    const MANY: usize = 128;
    let whole = layout.to_vec();
    assert_eq!(u64::try_from(whole.len()), Ok(layout.len()));
    assert_eq!(whole.len() % 4096, 0);
    let (mut at, mut lengths) = (0, lengths.iter().cycle());
    while at < whole.len() {
        let len = lengths.next().copied().unwrap_or(4096).max(1);
        let mut window = vec![0xa5; len];
        layout.emit(u64::try_from(at).expect("fits"), &mut window);
        let (inside, behind) = window.split_at(len.min(whole.len() - at));
        assert!(inside == &whole[at..at + inside.len()], "{len} bytes at {at:#x}");
        assert!(behind.iter().all(|&byte| byte == 0), "what lies behind the image is zero");
        at += len.max(whole.len() / MANY);
    }
}

/// Any number of threads writes what one writes, and the digest is that of the bytes.
pub fn threads_write_what_one_thread_writes(layout: &Layout<'_>) {
    let whole = layout.to_vec();
    for algorithm in [None, Some(Algorithm::Sha256), Some(Algorithm::Sha512)] {
        for count in 1..=4 {
            let threads = Threads::new(NonZero::new(count).expect("not 0"));
            let mut image = Vec::new();
            let written = threads::write_image(layout, threads, algorithm, |bytes| {
                image.extend_from_slice(bytes);
                Ok::<(), Infallible>(())
            });
            assert!(image == whole, "{count} threads");
            let digest = algorithm.map(|algorithm| verity::digest(algorithm, &whole));
            assert_eq!(written, Ok(digest), "{count} threads");
        }
    }
}

/// A digest does not depend on the pieces in which the bytes come.
pub fn digests_are_those_of_the_bytes(bytes: &[u8], cuts: &[usize]) {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let mut hasher = verity::Hasher::new(algorithm);
        let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
        while !rest.is_empty() {
            let len = cuts.next().copied().unwrap_or(4096).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(len);
            hasher.update(piece);
            rest = behind;
        }
        assert_eq!(hasher.finish(), verity::digest(algorithm, bytes));
    }
}
