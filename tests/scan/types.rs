//! What is recorded of each type of file.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use cfs::live::ScanOptions;
use cfs::tree;
use cfs::verity::{Algorithm, digest};
use rustix::fs::{FileType, Mode, OFlags, makedev, mkdirat, openat};

use crate::{World, dump, inode, is_root, name, options, threads};

#[test]
fn files_have_their_facts() {
    let world = World::with(&[("small", "hello\n"), ("empty", "")]);
    let big = [7; 65];
    world.write("big", big);
    std::fs::set_permissions(world.path("small"), PermissionsExt::from_mode(0o4751)).unwrap();
    let tree = world.tree();
    let metadata = std::fs::metadata(world.path("small")).unwrap();
    let small = inode(&tree, b"/small");
    assert_eq!(small.mode().bits(), 0o104_751);
    assert_eq!((small.uid(), small.gid()), (metadata.uid(), metadata.gid()));
    assert_eq!(small.mtime().sec, metadata.mtime());
    assert_eq!(i64::from(small.mtime().nsec), metadata.mtime_nsec());
    assert_eq!((small.size(), small.nlink(), small.content()), (6, 1, Some(&b"hello\n"[..])));
    let empty = inode(&tree, b"/empty");
    assert_eq!((empty.size(), empty.content(), empty.payload()), (0, None, None));
    let big_digest = digest(Algorithm::Sha256, &big);
    let found = inode(&tree, b"/big");
    assert_eq!((found.size(), found.digest()), (65, Some(big_digest)));
    assert_eq!(found.payload(), Some(big_digest.object_path().as_bytes()));
    assert_eq!(found.content(), None);
}

#[test]
fn contents_of_every_size_have_their_digests() {
    let world = World::new();
    let sizes = [64, 65, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000, 4 << 20, (9 << 20) + 1];
    let content = |size: usize| (0..size).map(|i| (i * 7 % 251) as u8).collect::<Vec<u8>>();
    for size in sizes {
        world.write(&size.to_string(), content(size));
    }
    // So many that several batches of leaves are filled.
    for i in 0..600 {
        world.write(&format!("many/{i}"), content(100 + i * 10));
    }
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let tree = world.scan(&options(|it| (it.algorithm, it.inline_max) = (algorithm, 0))).tree;
        let check = |path: &str, size: usize| {
            let found = inode(&tree, path.as_bytes());
            assert_eq!(found.digest(), Some(digest(algorithm, &content(size))), "{path}");
            assert_eq!(found.size(), size as u64);
        };
        sizes.iter().for_each(|&size| check(&format!("/{size}"), size));
        (0..600).for_each(|i| check(&format!("/many/{i}"), 100 + i * 10));
    }
}

#[test]
fn a_sparse_file_is_its_zeros() {
    let world = World::new();
    let file = std::fs::File::create(world.path("sparse")).unwrap();
    file.set_len(1 << 20).unwrap();
    let found = world.tree();
    assert_eq!(
        inode(&found, b"/sparse").digest(),
        Some(digest(Algorithm::Sha256, &vec![0; 1 << 20]))
    );
}

#[test]
fn symlinks_fifos_and_sockets_are_recorded_and_not_followed() {
    let world = World::new();
    symlink("../elsewhere", world.path("link")).unwrap();
    symlink(world.root(), world.path("loop")).unwrap();
    symlink(name(&[0xff; 4095]), world.path("long")).unwrap();
    world.node("fifo", FileType::Fifo, 0).unwrap();
    let _listener = UnixListener::bind(world.path("socket")).unwrap();
    let tree = world.tree();
    let link = inode(&tree, b"/link");
    assert_eq!(link.mode().bits(), 0o120_777);
    assert_eq!((link.size(), link.payload()), (12, Some(&b"../elsewhere"[..])));
    assert_eq!(inode(&tree, b"/long").payload(), Some(&[0xff; 4095][..]));
    assert_eq!(inode(&tree, b"/loop").file_type(), tree::FileType::Symlink);
    assert_eq!(inode(&tree, b"/fifo").file_type(), tree::FileType::Fifo);
    assert_eq!(inode(&tree, b"/socket").file_type(), tree::FileType::Socket);
    assert_eq!(tree.len(), 6);
}

#[test]
fn a_whiteout_is_recorded_and_left_out_with_devices() {
    let world = World::with(&[("kept", "")]);
    // Anybody may make this one.
    if let Err(errno) = world.node("gone", FileType::CharacterDevice, 0) {
        crate::support::skipped(&format!("a whiteout cannot be made: {errno}"));
        return;
    }
    let tree = world.tree();
    assert!(tree.has_whiteouts() && inode(&tree, b"/gone").is_whiteout());
    assert_eq!(world.paths(&options(|it| it.skip_devices = true)), ["/kept"]);
}

#[test]
fn devices_have_their_numbers() {
    if !is_root("making devices") {
        return;
    }
    let world = World::new();
    if let Err(errno) = world.node("char", FileType::CharacterDevice, makedev(5, 1)) {
        crate::support::skipped(&format!("devices cannot be made: {errno}"));
        return;
    }
    world.node("block", FileType::BlockDevice, makedev(259, 300)).unwrap();
    world.node("fifo", FileType::Fifo, 0).unwrap();
    let tree = world.tree();
    assert_eq!(inode(&tree, b"/char").rdev(), 0x501);
    assert_eq!(inode(&tree, b"/block").rdev(), 0x0011_032c);
    assert_eq!(world.paths(&options(|it| it.skip_devices = true)), ["/fifo"]);
}

#[test]
fn directories_count_theirs() {
    let world = World::with(&[("a/b/file", "x"), ("a/c/file", "y")]);
    let tree = world.tree();
    let nlink = |path: &[u8]| inode(&tree, path).nlink();
    assert_eq!((nlink(b"/"), nlink(b"/a"), nlink(b"/a/b")), (3, 4, 2));
    assert!(dump(tree).contains("\n/a/b 43 40"));
}

#[test]
fn names_of_every_byte_are_kept() {
    let world = World::new();
    let mut expected = Vec::new();
    for byte in (1..=255).filter(|byte| *byte != b'/' && *byte != b'.') {
        std::fs::write(world.root().join(name(&[byte])), [byte]).unwrap();
        expected.push(vec![b'/', byte]);
    }
    let long = [0xfe; 255];
    std::fs::write(world.root().join(name(&long)), "").unwrap();
    expected.push([b"/", &long[..]].concat());
    expected.sort();
    let tree = world.tree();
    let found: Vec<_> = tree.nodes().skip(1).map(|node| tree.path(node)).collect();
    assert_eq!(found, expected);
}

#[test]
fn twenty_thousand_names_in_a_directory_are_all_there() {
    let world = World::new();
    for i in 0..20_000 {
        std::fs::write(world.path(&format!("{i}")), i.to_string()).unwrap();
    }
    let tree = world.tree();
    assert_eq!(tree.len(), 20_001);
    assert_eq!(inode(&tree, b"/19999").content(), Some(&b"19999"[..]));
}

#[test]
fn two_thousand_levels_are_scanned_with_few_open_files() {
    let world = World::new();
    let mut dir = std::fs::File::open(world.root()).unwrap();
    for _ in 0..2000 {
        // Two directories a level: one waits while the other one is looked into.
        for name in ["a", "z"] {
            mkdirat(&dir, name, Mode::RWXU).unwrap();
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        dir = openat(&dir, "a", flags, Mode::empty()).unwrap().into();
        rustix::fs::openat(&dir, "f", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
    }
    for count in [1, 3] {
        let found = cfs::live::scan(
            world.root(),
            &ScanOptions::default(),
            None,
            threads(count),
            &cfs::progress::Progress::default(),
        );
        assert_eq!(found.unwrap().tree.len(), 6001);
    }
}

#[test]
fn the_tree_does_not_depend_on_the_number_of_threads() {
    let world = World::new();
    for i in 0..700 {
        world.write(&format!("{}/{}/{i}", i % 7, i % 13), vec![i as u8; i * 31]);
    }
    world.write("large", vec![1; 9 << 20]);
    let of = |count| {
        let progress = cfs::progress::Progress::default();
        let options = options(|it| it.hard_links = cfs::live::HardLinks::Keep);
        dump(cfs::live::scan(world.root(), &options, None, threads(count), &progress).unwrap().tree)
    };
    std::fs::hard_link(world.path("large"), world.path("0/also")).unwrap();
    let one = of(1);
    for count in [2, 3, 8] {
        assert_eq!(of(count), one);
    }
}
