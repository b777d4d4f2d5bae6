//! What a tree cannot hold, and what an image cannot hold of a tree.

use cfs::erofs::{self, ImageErrorKind, Version, WriteErrorKind, layout};
use cfs::tree::{BuildError, Builder, Facts, Mode, NodeId, Tree, Xattr};

fn facts(mode: u16) -> Facts<'static> {
    Facts::new(Mode::new(mode).unwrap())
}

const DIRECTORY: u16 = 0o040_755;
const FILE: u16 = 0o100_644;
const SYMLINK: u16 = 0o120_777;

fn builder() -> Builder<'static> {
    Builder::new(b"", facts(DIRECTORY)).unwrap()
}

/// The root refuses a file of this name.
#[track_caller]
fn refuses_name(name: &[u8], why: BuildError) {
    let mut builder = builder();
    assert_eq!(builder.add(NodeId::ROOT, name, &facts(FILE)).unwrap_err(), why);
    assert_eq!(builder.link(NodeId::ROOT, name).unwrap_err(), why);
    assert_eq!(builder.len(), 1);
}

#[test]
fn a_name_is_1_to_255_bytes_and_a_name() {
    refuses_name(b"", BuildError::EmptyName);
    refuses_name(&[b'n'; 256], BuildError::NameTooLong(256));
    refuses_name(b".", BuildError::DotName);
    refuses_name(b"..", BuildError::DotName);
    refuses_name(b"a/b", BuildError::BadNameByte);
    refuses_name(b"a\0b", BuildError::BadNameByte);
    let mut builder = builder();
    for name in [&[b'n'; 255][..], b"...", b"\xff\n"] {
        builder.add(NodeId::ROOT, name, &facts(FILE)).unwrap();
    }
    assert_eq!(builder.finish().unwrap().len(), 4);
}

#[test]
fn a_name_goes_once_into_a_directory() {
    let root = Builder::new(b"", facts(FILE)).unwrap_err();
    assert_eq!(root, BuildError::RootNotDirectory);
    let mut builder = builder();
    let file = builder.add(NodeId::ROOT, b"b", &facts(FILE)).unwrap();
    let below = builder.add(file, b"a", &facts(FILE)).unwrap_err();
    assert_eq!(below, BuildError::ParentNotDirectory);
    let twice = builder.add(NodeId::ROOT, b"b", &facts(DIRECTORY)).unwrap_err();
    assert_eq!(twice, BuildError::Duplicate);
    builder.add(NodeId::ROOT, b"a", &facts(FILE)).unwrap();
    assert_eq!(builder.link(NodeId::ROOT, b"b").unwrap_err(), BuildError::Duplicate);
    assert_eq!(builder.finish().unwrap().len(), 3);
}

#[test]
fn a_hard_link_leads_to_what_carries_its_inode_and_is_no_directory() {
    let mut builder = builder();
    let directory = builder.add(NodeId::ROOT, b"d", &facts(DIRECTORY)).unwrap();
    let one = builder.link(NodeId::ROOT, b"e").unwrap();
    let other = builder.link(NodeId::ROOT, b"f").unwrap();
    assert_eq!(builder.resolve(one, directory).unwrap_err(), BuildError::LinkToDirectory);
    assert_eq!(builder.resolve(one, other).unwrap_err(), BuildError::UnresolvedLink);
    assert_eq!(builder.finish().unwrap_err(), BuildError::UnresolvedLink);
}

#[test]
fn a_builder_refuses_what_another_one_gave() {
    let mut rich = builder();
    let xattrs = rich.xattrs(&[Xattr { key: b"user.k", value: b"v" }]).unwrap();
    let node = rich.add(NodeId::ROOT, b"d", &facts(DIRECTORY)).unwrap();
    let mut poor = builder();
    let foreign = Facts { xattrs, ..facts(FILE) };
    let refused = poor.add(NodeId::ROOT, b"a", &foreign).unwrap_err();
    assert_eq!(refused, BuildError::UnknownXattrs);
    let below = poor.add(node, b"a", &facts(FILE)).unwrap_err();
    assert_eq!(below, BuildError::ParentNotDirectory);
    let link = poor.link(NodeId::ROOT, b"b").unwrap();
    rich.add(NodeId::ROOT, b"e", &facts(FILE)).unwrap();
    let unknown = rich.add(NodeId::ROOT, b"f", &facts(FILE)).unwrap();
    assert_eq!(poor.resolve(link, unknown).unwrap_err(), BuildError::UnresolvedLink);
}

#[test]
fn a_builder_without_a_root_takes_no_name_and_one_with_a_root_no_other() {
    let mut builder = Builder::rootless(b"");
    let early = builder.add(NodeId::ROOT, b"a", &facts(FILE)).unwrap_err();
    assert_eq!(early, BuildError::ParentNotDirectory);
    builder.set_root(&facts(DIRECTORY)).unwrap();
    assert_eq!(builder.set_root(&facts(DIRECTORY)).unwrap_err(), BuildError::Duplicate);
    assert_eq!(builder.finish().unwrap().len(), 1);
}

#[test]
fn a_refused_set_of_xattrs_leaves_nothing_behind() {
    let mut builder = builder();
    let long = vec![b'v'; 65536];
    let good = Xattr { key: b"user.a", value: b"1" };
    let refused = builder.xattrs(&[good, Xattr { key: b"user.b", value: &long }]).unwrap_err();
    assert_eq!(refused, BuildError::TooLong(65536));
    let set = builder.xattrs(&[Xattr { key: b"user.c", value: b"2" }]).unwrap();
    builder.add(NodeId::ROOT, b"f", &Facts { xattrs: set, ..facts(FILE) }).unwrap();
    let tree = builder.finish().unwrap();
    let keys: Vec<_> = tree.xattrs(set).map(|xattr| xattr.key.to_vec()).collect();
    assert_eq!(keys, [b"user.c"]);
}

#[test]
fn an_empty_payload_or_content_is_none() {
    let mut builder = builder();
    let empty = Facts { payload: Some(b""), content: Some(b""), ..facts(FILE) };
    let node = builder.add(NodeId::ROOT, b"f", &empty).unwrap();
    let tree = builder.finish().unwrap();
    assert_eq!((tree.facts(node).payload(), tree.facts(node).content()), (None, None));
    let text = cfs::dump::print(&tree);
    let again = cfs::dump::parse(&text, &cfs::dump::Options::default()).unwrap();
    assert_eq!(again.tree, tree);
}

#[test]
fn values_have_the_lengths_that_they_can_have() {
    let mut builder = builder();
    let long = vec![b'v'; 65536];
    let payload = Facts { payload: Some(&long), ..facts(FILE) };
    let refused = builder.add(NodeId::ROOT, b"a", &payload).unwrap_err();
    assert_eq!(refused, BuildError::TooLong(65536));
    for len in [0, 31, 33, 63, 65] {
        let digest = Facts { digest: Some(&long[..len]), ..facts(FILE) };
        let refused = builder.add(NodeId::ROOT, b"a", &digest).unwrap_err();
        assert_eq!(refused, BuildError::BadDigest(len));
    }
    assert_eq!(builder.len(), 1);
}

#[test]
fn a_set_of_xattrs_has_each_key_once() {
    let long = vec![b'k'; 65536];
    let refused = |pairs: &[(&[u8], &[u8])]| {
        let pairs: Vec<Xattr<'_>> = pairs.iter().map(|(key, value)| Xattr { key, value }).collect();
        builder().xattrs(&pairs).unwrap_err()
    };
    assert_eq!(refused(&[(b"", b"v")]), BuildError::BadXattrKey);
    assert_eq!(refused(&[(b"user.\0", b"v")]), BuildError::BadXattrKey);
    assert_eq!(refused(&[(b"user.k", b"v"), (b"user.k", b"w")]), BuildError::BadXattrKey);
    assert_eq!(refused(&[(&long[..256], b"v")]), BuildError::TooLong(256));
    assert_eq!(refused(&[(b"user.k", &long)]), BuildError::TooLong(65536));
}

/// A tree of the root and one more node.
fn tree_of(file: &Facts<'_>) -> Tree<'static> {
    let mut builder = builder();
    builder.add(NodeId::ROOT, b"a", file).unwrap();
    builder.finish().unwrap()
}

/// No version holds a tree with this file, and the file is what is at fault.
#[track_caller]
fn refuses_file(file: &Facts<'_>, why: WriteErrorKind) {
    refuses_tree(&tree_of(file), why);
}

#[track_caller]
fn refuses_tree(tree: &Tree<'_>, why: WriteErrorKind) {
    for version in Version::ALL {
        let refused = layout(tree, version).unwrap_err();
        assert_eq!((refused.kind(), tree.path(refused.node())), (why, b"/a".to_vec()));
    }
}

/// Both versions hold a tree with this file.
#[track_caller]
fn holds_file(file: &Facts<'_>) {
    let tree = tree_of(file);
    for version in Version::ALL {
        layout(&tree, version).unwrap();
    }
}

#[test]
fn a_symlink_has_a_target_of_1_to_4095_bytes() {
    let long = [b't'; 4096];
    let to = |target| Facts { payload: target, ..facts(SYMLINK) };
    refuses_file(&to(None), WriteErrorKind::BadSymlink(0));
    refuses_file(&to(Some(b"")), WriteErrorKind::BadSymlink(0));
    refuses_file(&to(Some(&long)), WriteErrorKind::BadSymlink(4096));
    holds_file(&to(Some(&long[1..])));
}

#[test]
fn a_file_holds_5000_bytes_and_an_external_one_2_to_the_53() {
    let content = |content| Facts { content: Some(content), size: 5000, ..facts(FILE) };
    refuses_file(&content(&[b'c'; 5001]), WriteErrorKind::ContentTooLong(5001));
    holds_file(&content(&[b'c'; 5000]));
    let external = |size| Facts { size, ..facts(FILE) };
    for size in [(1 << 53) + 1, u64::MAX] {
        refuses_file(&external(size), WriteErrorKind::SizeTooBig(size));
    }
    holds_file(&external(1 << 53));
}

#[test]
fn a_payload_is_at_most_4095_bytes() {
    let long = [b'p'; 4096];
    let at = |payload| Facts { payload: Some(payload), size: 1, ..facts(FILE) };
    refuses_file(&at(&long), WriteErrorKind::PayloadTooLong(4096));
    holds_file(&at(&long[1..]));
}

/// A builder and the facts of a file with xattrs.
fn with_xattrs(pairs: &[(String, usize)]) -> (Builder<'static>, Facts<'static>) {
    let long = vec![b'v'; 65535];
    let mut builder = builder();
    let pairs: Vec<Xattr<'_>> = pairs
        .iter()
        .map(|(key, len)| Xattr { key: key.as_bytes(), value: &long[..*len] })
        .collect();
    let xattrs = builder.xattrs(&pairs).unwrap();
    (builder, Facts { xattrs, ..facts(FILE) })
}

#[test]
fn the_xattrs_of_an_inode_take_at_most_262148_bytes() {
    // 12 bytes before them; for each, 4 bytes, the key without its prefix, and the value, in steps
    // of 4.
    let keys = |last: usize| {
        let key = |n: usize| (format!("user.{n:03}"), 65529);
        let mut keys: Vec<_> = (0..4).map(key).collect();
        keys[3].1 = last;
        keys
    };
    let written = |last| {
        let (mut builder, facts) = with_xattrs(&keys(last));
        builder.add(NodeId::ROOT, b"a", &facts).unwrap();
        builder.finish().unwrap()
    };
    let full = 262_148 - 12 - 3 * 65536 - 7;
    for version in Version::ALL {
        layout(&written(full), version).unwrap();
    }
    refuses_tree(&written(full + 1), WriteErrorKind::XattrsTooLarge(262_152));
}

#[test]
fn a_regular_file_cannot_be_marked_as_a_whiteout() {
    let (mut builder, facts) = with_xattrs(&[("trusted.overlay.whiteout".into(), 0)]);
    builder.add(NodeId::ROOT, b"a", &facts).unwrap();
    refuses_tree(&builder.finish().unwrap(), WriteErrorKind::ReservedXattr);
}

/// An image can hold more of them than a reader of the reference takes.
#[test]
fn an_inode_with_more_than_65535_bytes_of_xattrs_is_not_read() {
    let read = |last| {
        let (mut builder, facts) =
            with_xattrs(&[("user.j".into(), 40000), ("user.k".into(), last)]);
        builder.add(NodeId::ROOT, b"a", &facts).unwrap();
        let image = layout(&builder.finish().unwrap(), Version::V0).unwrap().to_vec();
        erofs::read(&image).map(|tree| tree.len()).map_err(|error| error.kind())
    };
    // 12 bytes at first, and for each xattr 7, the key and the value.
    let full = 65535 - 12 - 2 * (7 + 6) - 40000;
    assert_eq!(read(full), Ok(2));
    assert_eq!(read(full + 1), Err(ImageErrorKind::XattrsTooLarge(65536)));
}

#[test]
fn an_external_file_of_more_than_2_to_the_53_bytes_is_not_read() {
    let size = (1u64 << 53) - 1;
    let tree = tree_of(&Facts { size, ..facts(FILE) });
    let mut image = layout(&tree, Version::V0).unwrap().to_vec();
    let at = image.windows(8).position(|bytes| bytes == size.to_le_bytes()).unwrap();
    let mut read = |size: u64| {
        image[at..at + 8].copy_from_slice(&size.to_le_bytes());
        erofs::read(&image).map(|tree| tree.len()).map_err(|error| error.kind())
    };
    assert_eq!(read(1 << 53), Ok(2));
    let size = (1 << 53) + 1;
    assert_eq!(read(size), Err(ImageErrorKind::SizeTooBig(size)));
}

/// Inodes are numbered by their place in steps of 32 bytes, in 32 bits: 128 GiB. An inode refers to
/// no more than 128 shared xattrs, and so stores the others itself, here 256 KiB.
#[test]
fn an_image_has_at_most_128_gib_of_inodes() {
    let small = (0..128).map(|n| (format!("user.{n:03}"), 0));
    let large = (128..132).map(|n| (format!("user.{n:03}"), 65273));
    let (mut builder, facts) = with_xattrs(&small.chain(large).collect::<Vec<_>>());
    for n in 0..540_000 {
        builder.add(NodeId::ROOT, format!("{n:06}").as_bytes(), &facts).unwrap();
    }
    let tree = builder.finish().unwrap();
    let refused = layout(&tree, Version::V0).unwrap_err();
    assert_eq!(refused.kind(), WriteErrorKind::ImageTooLarge);
}
