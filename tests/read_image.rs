//! Images that are built here byte by byte: what the reader makes of them, and of each one damaged.

#[path = "read_image/damaged.rs"]
mod damaged;
#[path = "read_image/example.rs"]
mod example;

use cfs::erofs::{info, read};
use cfs::tree::{FileType, Inode, Tree};
use cfs::verity::{Algorithm, digest};
use example::{edited, example, example_with_whiteout, put, put_names};

#[track_caller]
fn facts<'t, 'a>(tree: &'t Tree<'a>, path: &str) -> Inode<'t, 'a> {
    tree.facts(tree.find(path.as_bytes()).expect("the tree has this path"))
}

fn xattrs(inode: &Inode<'_, '_>) -> Vec<String> {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    inode.xattrs().map(|xattr| format!("{}={}", text(xattr.key), text(xattr.value))).collect()
}

fn paths(tree: &Tree<'_>) -> Vec<String> {
    tree.nodes().map(|node| tree.path(node).escape_ascii().to_string()).collect()
}

#[test]
fn the_examples_here_are_those_of_the_specification() {
    let sha256 = |image: &[u8]| digest(Algorithm::Sha256, image).to_string();
    assert_eq!(
        sha256(&example()),
        "dc9feccc7d4121da72d43c23c923cded96d350f2a3eac7a2720778ba65cf456d"
    );
    assert_eq!(
        sha256(&example_with_whiteout()),
        "ed2273935023b42414887098617057e3c17b0025531090f8351750bc39863eb6"
    );
}

#[test]
fn the_headers_tell_version_acls_inodes_and_length() {
    let image = edited(&[(8, "01")]);
    let info = info(&image).unwrap();
    assert_eq!((info.composefs_version, info.has_acl), (0, true));
    assert_eq!((info.inode_count, info.len), (261, 16384));
}

#[test]
fn generated_names_are_left_out() {
    let image = example();
    let tree = read(&image).unwrap();
    assert_eq!(paths(&tree), ["/", "/t", "/t/ext", "/t/in", "/t/ln", "/u"]);
    assert_eq!(tree.inode_count(), 5);
}

#[test]
fn numbers_are_kept_as_they_are_stored() {
    let image = example();
    let tree = read(&image).unwrap();
    let root = facts(&tree, "/");
    assert_eq!((root.mode().bits(), root.size(), root.nlink()), (0o40755, 4096, 3));
    let directory = facts(&tree, "/t");
    assert_eq!((directory.mode().bits(), directory.size(), directory.nlink()), (0o40700, 70, 2));
    assert_eq!((directory.mtime().sec, directory.mtime().nsec), (1, 0));
    let file = facts(&tree, "/t/ext");
    assert_eq!((file.mode().bits(), file.size(), file.nlink()), (0o100644, 5000, 1));
    assert_eq!((file.uid(), file.gid(), file.rdev()), (1000, 1000, 0));
    assert_eq!((file.mtime().sec, file.mtime().nsec), (2, 5));
}

#[test]
fn an_external_file_has_its_path_and_digest_back() {
    let image = example();
    let tree = read(&image).unwrap();
    let file = facts(&tree, "/t/ext");
    let bytes: Vec<u8> = (0..32).collect();
    assert_eq!(file.payload(), Some(&b"ab/cd"[..]));
    assert_eq!(file.digest_bytes(), Some(&bytes[..]));
    assert_eq!(file.content(), None);
    assert_eq!(xattrs(&file), ["user.k=v"]);
}

#[test]
fn contents_and_targets_are_read() {
    let image = example();
    let tree = read(&image).unwrap();
    assert_eq!(facts(&tree, "/t/in").content(), Some(&b"hello"[..]));
    assert_eq!(facts(&tree, "/u").payload(), Some(&b"t"[..]));
    assert_eq!(facts(&tree, "/u").size(), 1);
}

#[test]
fn a_content_may_lie_in_a_block_and_behind_the_inode() {
    // The block is the one of the root's names; the rest are 4 bytes.
    let image = edited(&[(0x2648, "0410"), (0x2650, "03")]);
    let tree = read(&image).unwrap();
    let content = facts(&tree, "/t/in").content().unwrap();
    assert_eq!(content, [&image[0x3000..0x4000], b"hell"].concat());
}

#[test]
fn the_first_name_of_an_inode_carries_it() {
    let image = example();
    let tree = read(&image).unwrap();
    let (first, second) = (tree.find(b"/t/in").unwrap(), tree.find(b"/t/ln").unwrap());
    assert!(tree.is_link(second) && !tree.is_link(first));
    assert_eq!(tree.inode_of(first), tree.inode_of(second));
    assert_eq!(tree.facts(second).nlink(), 2);
}

#[test]
fn equal_sets_of_shared_xattrs_are_one() {
    let image = example();
    let tree = read(&image).unwrap();
    assert_eq!(facts(&tree, "/t").xattr_set(), facts(&tree, "/t/ext").xattr_set());
    assert_eq!(tree.xattr_set_count(), 2, "the empty set and one more");
    assert_eq!(xattrs(&facts(&tree, "/")), [""; 0], "the root's opaque is the writer's own");
}

#[test]
fn a_marked_file_is_a_whiteout_again() {
    let image = example_with_whiteout();
    let tree = read(&image).unwrap();
    let whiteout = facts(&tree, "/d/gone");
    assert!(whiteout.is_whiteout());
    assert_eq!((whiteout.mode().bits(), whiteout.size()), (0o020_000, 0));
    assert_eq!(xattrs(&whiteout), [""; 0]);
    let opaque = ["trusted.overlay.opaque=x", "user.overlay.opaque=x"];
    assert_eq!(xattrs(&facts(&tree, "/d")), opaque);
}

#[test]
fn version_2_has_whiteouts_as_they_are() {
    let mut image = example_with_whiteout();
    put(&mut image, 0xc, "02");
    let tree = read(&image).unwrap();
    assert_eq!(tree.len(), 259);
    assert!(facts(&tree, "/00").is_whiteout());
    assert_eq!(facts(&tree, "/d/gone").file_type(), FileType::Regular);
    let marks = ["trusted.overlay.whiteout=", "user.overlay.whiteout="];
    assert_eq!(xattrs(&facts(&tree, "/d/gone")), marks);
}

#[test]
fn a_sha512_digest_is_kept_whole() {
    // The file is moved into the gap behind the shared xattr.
    let mut image = edited(&[(0x2508, "38010000"), (0x2700, "09001700 a4810000 88130000")]);
    put(&mut image, 0x2728, "00000000 01000000");
    put(&mut image, 0x2740, "ffffffff 00 00000000000000 10044400");
    image[0x2750..0x2760].copy_from_slice(b"overlay.metacopy");
    put(&mut image, 0x2760, "00440002");
    image[0x2764..0x27a4].fill(7);
    let tree = read(&image).unwrap();
    assert_eq!(facts(&tree, "/t/ext").digest_bytes(), Some(&[7; 64][..]));
    image[0x2763] = 1;
    assert_eq!(facts(&read(&image).unwrap(), "/t/ext").digest_bytes(), None);
}

#[test]
fn an_empty_xattr_with_an_empty_suffix_is_not_lost_at_the_end() {
    // `user.=` in four bytes behind the reference of /t, its names moved on by as much.
    let mut image = edited(&[(0x24c2, "03"), (0x24f0, "00010000")]);
    let names = [(294, 2, "."), (36, 2, ".."), (300, 1, "ext"), (306, 1, "in"), (306, 1, "ln")];
    put_names(&mut image, 0x24f4, &names);
    let tree = read(&image).unwrap();
    assert_eq!(xattrs(&facts(&tree, "/t")), ["user.=", "user.k=v"]);
}

#[test]
fn a_redirect_ends_where_its_value_does() {
    // A path of three bytes leaves no padding before what follows.
    let image = edited(&[(0x2582, "16"), (0x260a, "04"), (0x2620, "ffffffff")]);
    assert_eq!(facts(&read(&image).unwrap(), "/t/ext").payload(), Some(&b"ab/"[..]));
}

#[test]
fn names_may_be_stored_unsorted_but_not_twice() {
    let mut image = example();
    let names = [(306, 1, "ln"), (306, 1, "in"), (294, 2, "."), (300, 1, "ext"), (36, 2, "..")];
    put_names(&mut image, 0x24f0, &names);
    let tree = read(&image).unwrap();
    assert_eq!(paths(&tree), ["/", "/t", "/t/ext", "/t/in", "/t/ln", "/u"]);
    assert!(tree.is_link(tree.find(b"/t/in").unwrap()), "`ln` comes first on disk");
}

#[test]
fn a_path_may_be_ten_thousand_names_deep() {
    let levels = 10_000u64;
    let mut image = edited(&[(0x488, "2800"), (0x490, "04")]);
    image.resize(1 << 20, 0);
    put_names(&mut image, 0x4000, &[(36, 2, "."), (36, 2, ".."), (1024, 2, "d")]);
    for level in 0..levels {
        let (nid, at) = (1024 + 3 * level, usize::try_from((1024 + 3 * level) * 32).unwrap());
        let next = if level + 1 < levels { nid + 3 } else { 306 };
        put(&mut image, at, "04000000 ed410200 28000000");
        put_names(&mut image, at + 32, &[(nid, 2, "."), (nid, 2, ".."), (next, 2, "d")]);
    }
    let tree = read(&image).unwrap();
    assert_eq!(tree.len(), 10_002);
}
