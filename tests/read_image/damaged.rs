//! What is refused, and in which words; and that nothing else happens, whatever the bytes.

use cfs::erofs::{ImageErrorKind as Kind, Structure, read};
use cfs::tree::BuildError;

use crate::example::{edited, example, example_with_whiteout, put, put_names};

/// The example with some bytes replaced is refused, and nobody should accept it.
#[track_caller]
fn corrupt(edits: &[(usize, &str)], offset: u64, structure: Structure, kind: Kind) {
    assert!(!refused(edits, offset, structure, kind), "{kind}");
}

/// The example with some bytes replaced is refused, but another reader may know better.
#[track_caller]
fn unsupported(edits: &[(usize, &str)], offset: u64, structure: Structure, kind: Kind) {
    assert!(refused(edits, offset, structure, kind), "{kind}");
}

#[track_caller]
fn refused(edits: &[(usize, &str)], offset: u64, structure: Structure, kind: Kind) -> bool {
    let err = read(&edited(edits)).unwrap_err();
    assert_eq!((err.offset(), err.structure(), err.kind()), (offset, structure, kind), "{err}");
    err.is_unsupported()
}

/// Anything may be refused, with an offset inside; a tree is one that can be walked.
fn reads_or_points(image: &[u8]) {
    match read(image) {
        Err(err) => assert!(err.offset() <= image.len() as u64, "{err}"),
        Ok(tree) => {
            let bytes = tree.nodes().map(|node| {
                let inode = tree.facts(node);
                let strings = [inode.payload(), inode.content(), inode.digest_bytes()];
                let xattrs: usize = inode.xattrs().map(|x| x.key.len() + x.value.len()).sum();
                tree.name(node).len()
                    + strings.iter().flatten().map(|s| s.len()).sum::<usize>()
                    + xattrs
            });
            assert!(bytes.sum::<usize>() < 100 * image.len());
        }
    }
}

#[test]
fn errors_say_where_and_what() {
    let told = |edits: &[_]| read(&edited(edits)).unwrap_err().to_string();
    assert_eq!(told(&[(0x2528, "46")]), "offset 0x2520: dirent: name starts past its block");
    assert_eq!(
        told(&[(0, "00")]),
        "offset 0x0: composefs header: expected the magic 0xd078629a, found 0xd0786200"
    );
    assert_eq!(told(&[(0x485, "01")]), "offset 0x480: inode: mode 755 has an unknown file type");
    assert_eq!(told(&[(0x2681, "80")]), "offset 0x24ec: xattr area: unknown name prefix 128");
}

#[test]
fn headers_are_checked() {
    let short = read(&example()[..4095]).unwrap_err();
    assert_eq!(short.kind(), Kind::TooShort(4095));
    let (header, superblock) = (Structure::ComposefsHeader, Structure::SuperBlock);
    let magic = Kind::Magic { expected: 0xe0f5_e1e2, found: 0xe0f5_e100 };
    unsupported(&[(4, "02")], 0, header, Kind::HeaderVersion(2));
    unsupported(&[(12, "03")], 0, header, Kind::ComposefsVersion(3));
    corrupt(&[(0x400, "00")], 0x400, superblock, magic);
    unsupported(&[(0x40c, "0d")], 0x400, superblock, Kind::BlockSize(13));
    unsupported(&[(0x450, "0c")], 0x400, superblock, Kind::Features(8));
    unsupported(&[(0x40d, "01")], 0x400, superblock, Kind::Extension);
    unsupported(&[(0x47f, "01")], 0x400, superblock, Kind::Extension);
    corrupt(&[(0x424, "05")], 0x400, superblock, Kind::Truncated(5));
    corrupt(&[(0x428, "04")], 0x400, superblock, Kind::AddressOutside);
    corrupt(&[(0x42c, "04")], 0x400, superblock, Kind::AddressOutside);
}

#[test]
fn an_inode_lies_between_the_superblock_and_the_end() {
    let (superblock, inode) = (Structure::SuperBlock, Structure::Inode);
    corrupt(&[(0x40e, "23")], 0x400, superblock, Kind::NoInode(35));
    corrupt(&[(0x40e, "0002")], 0x400, superblock, Kind::NoInode(512));
    let far = [(0x2508, "ffffffffffffffff")];
    corrupt(&far, 0x2508, Structure::Dirent, Kind::NoInode(u64::MAX));
    let last = (0x2508, "ff01");
    corrupt(&[last, (0x3fe0, "01")], 0x3fe0, inode, Kind::Outside);
    let area = Structure::XattrArea;
    corrupt(&[last, (0x3fe0, "00000100 a4810000")], 0x4000, area, Kind::Outside);
}

#[test]
fn an_inode_has_a_type_and_a_layout_that_go_together() {
    let inode = Structure::Inode;
    corrupt(&[(0x485, "01")], 0x480, inode, Kind::FileType(0o755));
    corrupt(&[(0x485, "81")], 0x480, inode, Kind::Tree(BuildError::RootNotDirectory));
    for layout in [1, 3, 5, 6, 7, 8] {
        let format = layout << 1;
        let edit = [(0x2540, &*format!("{format:02x}"))];
        unsupported(&edit, 0x2540, inode, Kind::Layout(format));
    }
    corrupt(&[(0x2540, "08")], 0x2540, inode, Kind::Chunked);
    corrupt(&[(0x24c0, "08")], 0x24c0, inode, Kind::Chunked);
    corrupt(&[(0x4c6, "02")], 0x4c0, inode, Kind::LinkedWhiteout(2));
}

#[test]
fn data_lies_inside_the_image_and_is_not_too_long() {
    let inode = Structure::Inode;
    corrupt(&[(0x2540, "00"), (0x2550, "04")], 0x2540, inode, Kind::DataOutside);
    corrupt(&[(0x48b, "ff")], 0x480, inode, Kind::DataOutside);
    unsupported(&[(0x2648, "8913")], 0x2640, inode, Kind::ContentTooLong(5001));
    corrupt(&[(0x2548, "0010")], 0x2540, inode, Kind::TargetLength(4096));
    corrupt(&[(0x2548, "00")], 0x2540, inode, Kind::TargetLength(0));
    corrupt(&[(0x2560, "00")], 0x2540, inode, Kind::TargetLength(0));
}

#[test]
fn structures_that_share_bytes_are_refused_before_they_take_memory() {
    // Both files and the symlink in block 1: with the root's names more than there is.
    let ext = [(0x2580, "01"), (0x2590, "01")];
    let inline = [(0x2640, "00"), (0x2648, "8813"), (0x2650, "01")];
    let target = [(0x2540, "00"), (0x2548, "ff0f"), (0x2550, "01")];
    let edits = [&ext[..], &inline, &target].concat();
    corrupt(&edits, 0x2540, Structure::Inode, Kind::Overlap);
}

#[test]
fn a_path_longer_than_4095_bytes_is_refused() {
    let mut image = edited(&[(0x2508, "0002")]);
    image.resize(0x6000, 0);
    put(&mut image, 0x4000, "08000a04 a4810100 01000000");
    put(&mut image, 0x4020, "ffffffff 00 00000000000000 10041010");
    image[0x4030..0x4040].copy_from_slice(b"overlay.redirect");
    image[0x4040..0x5050].fill(b'x');
    assert_eq!(read(&image).unwrap_err().kind(), Kind::PathTooLong(4112));
}

#[test]
fn a_directory_is_met_once() {
    let dirent = Structure::Dirent;
    corrupt(&[(0x3c24, "2601")], 0x3c24, dirent, Kind::DirectoryTwice);
    corrupt(&[(0x2514, "2400")], 0x2514, dirent, Kind::DirectoryTwice);
    corrupt(&[(0x2514, "2601")], 0x2514, dirent, Kind::DirectoryTwice);
}

#[test]
fn names_follow_their_records_in_order() {
    let (block, dirent) = (Structure::DirectoryBlock, Structure::Dirent);
    corrupt(&[(0x24f8, "3d")], 0x24f0, block, Kind::RecordCount(0x3d));
    corrupt(&[(0x24f8, "00")], 0x24f0, block, Kind::RecordCount(0));
    corrupt(&[(0x24f8, "4800")], 0x24f0, block, Kind::RecordCount(0x48));
    corrupt(&[(0x24c8, "0b")], 0x24f0, block, Kind::RecordCount(0));
    corrupt(&[(0x2528, "46")], 0x2520, dirent, Kind::NameOutside);
    corrupt(&[(0x2528, "ffff")], 0x2520, dirent, Kind::NameOutside);
    corrupt(&[(0x251c, "3f")], 0x2514, dirent, Kind::NameOrder);
    corrupt(&[(0x251c, "3e")], 0x2514, dirent, Kind::NameOrder);
}

#[test]
fn names_are_names() {
    let refused = |at, hex, offset, why| {
        corrupt(&[(at, hex)], offset, Structure::Dirent, Kind::Tree(why));
    };
    refused(0x2534, "00", 0x2520, BuildError::EmptyName);
    refused(0x2532, "2f", 0x2514, BuildError::BadNameByte);
    refused(0x2532, "00", 0x2514, BuildError::BadNameByte);
    refused(0x2534, "696e", 0x2520, BuildError::Duplicate);
    let mut image = edited(&[(0x24c8, "2701")]);
    let long = "x".repeat(256);
    put_names(&mut image, 0x24f0, &[(294, 2, "."), (36, 2, ".."), (306, 1, &long)]);
    let err = read(&image).unwrap_err();
    assert_eq!(err.kind(), Kind::Tree(BuildError::NameTooLong(256)), "{err}");
}

#[test]
fn xattrs_fill_their_area() {
    let (area, xattr) = (Structure::XattrArea, Structure::Xattr);
    corrupt(&[(0x24c2, "01"), (0x24e4, "01")], 0x24e0, area, Kind::XattrOverrun);
    corrupt(&[(0x24e4, "02")], 0x24e0, area, Kind::XattrOverrun);
    corrupt(&[(0x4ae, "03")], 0x4ac, xattr, Kind::XattrOverrun);
    corrupt(&[(0x4ac, "0d"), (0x4ae, "00"), (0x482, "05")], 0x4ac, xattr, Kind::XattrOverrun);
    unsupported(&[(0x4ad, "07")], 0x4ac, xattr, Kind::PrefixIndex(7));
    unsupported(&[(0x2681, "80")], 0x24ec, area, Kind::PrefixIndex(128));
    corrupt(&[(0x24ec, "ffffffff")], 0x24ec, area, Kind::NoXattr(u32::MAX));
    corrupt(&[(0x24ec, "0008")], 0x24ec, area, Kind::NoXattr(0x800));
}

#[test]
fn an_inode_has_a_name_once() {
    let area = Structure::XattrArea;
    // `metacopy` for `redirect`, then both with the prefix `user.`, then both meaningless.
    let same = (0x2614, "6d657461636f7079");
    corrupt(&[same], 0x25c0, area, Kind::XattrTwice);
    corrupt(&[same, (0x25d1, "01"), (0x2609, "01")], 0x25c0, area, Kind::XattrTwice);
    let other = [(0x25dc, "6d"), (0x25dd, "6d"), (0x2614, "6d6d7461636f7079")];
    corrupt(&other, 0x25c0, area, Kind::XattrTwice);
    corrupt(&[(0x2684, "00")], 0x24e0, area, Kind::Tree(BuildError::BadXattrKey));
}

#[test]
fn every_flipped_bit_gives_a_tree_or_an_error() {
    for original in [example(), example_with_whiteout()] {
        let mut image = original.clone();
        for at in 0..image.len() {
            for mask in (0..8).map(|bit| 1 << bit).chain([!original[at]]) {
                image[at] ^= mask;
                reads_or_points(&image);
                image[at] = original[at];
            }
        }
    }
}

#[test]
fn every_truncated_image_is_refused() {
    let image = example();
    for len in 0..image.len() {
        assert!(read(&image[..len]).is_err());
    }
    let shorter = edited(&[(0x424, "00")]);
    for len in 0..shorter.len() {
        reads_or_points(&shorter[..len]);
    }
}
