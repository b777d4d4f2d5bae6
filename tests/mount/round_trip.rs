//! A mounted tree is the tree of its image.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cfs::mount::MountPoint;
use rustix::fs::{
    CWD, FileType, Mode, Timespec, Timestamps, XattrFlags, lsetxattr, makedev, mknodat,
};

use crate::world::{World, as_root, stderr, stdout, ways};

/// Something of each kind.
fn fill(top: &Path) {
    let set = |name: &str, key: &str, value: &[u8]| {
        lsetxattr(top.join(name), key, value, XattrFlags::empty()).unwrap();
    };
    let node = |name: &str, kind, device| {
        mknodat(CWD, top.join(name), kind, Mode::from_raw_mode(0o640), device).unwrap();
    };
    for len in [0, 1, 64, 65, 4096, 70_001] {
        let bytes: Vec<u8> = (0..251).cycle().take(len).collect();
        fs::write(top.join(format!("file{len}")), bytes).unwrap();
    }
    node("char", FileType::CharacterDevice, makedev(0x123, 0x4_5678));
    node("block", FileType::BlockDevice, makedev(7, 300));
    node("fifo", FileType::Fifo, 0);
    node("socket", FileType::Socket, 0);
    symlink("file65", top.join("link")).unwrap();
    symlink("/nowhere\n/at all", top.join("dangling")).unwrap();
    set("file65", "user.name", b"v\0\xff");
    set("file65", "trusted.other", b"");
    // In the mount these must not be taken for marks of the overlay.
    set("file4096", "trusted.overlay.redirect", b"/x");
    set("file4096", "trusted.overlay.metacopy", b"");
    set("d", "trusted.overlay.opaque", b"y");
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    set("file64", "security.capability", capability);
    let acl = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\x01\0\0\0\x04\0\x04\0\xff\xff\xff\xff\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";
    set("file1", "system.posix_acl_access", acl);
    set("d", "system.posix_acl_default", acl);
    std::os::unix::fs::lchown(top.join("file1"), Some(70_000), Some(5)).unwrap();
    fs::set_permissions(top.join("file0"), fs::Permissions::from_mode(0o6711)).unwrap();
    fs::set_permissions(top.join("d"), fs::Permissions::from_mode(0o1777)).unwrap();
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"d/odd\xff \\ name");
    fs::write(top.join::<&std::ffi::OsStr>(odd), "odd").unwrap();
    fs::create_dir(top.join("d/many")).unwrap();
    for i in 0..700 {
        fs::write(top.join(format!("d/many/{i:0100}")), format!("{i}")).unwrap();
    }
    let time = Timespec { tv_sec: -1_000_000_000, tv_nsec: 123_456_789 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, top.join("file70001"), &times, rustix::fs::AtFlags::empty())
        .unwrap();
}

/// Scans a directory: its dump, and the digest of its image.
#[track_caller]
fn scanned(world: &World, dir: &str) -> (String, String) {
    let dump = world.cfs(&["dump", dir]);
    assert!(dump.status.success(), "{}", stderr(&dump));
    let digest = world.cfs(&["mkimage", "--print-digest-only", dir]);
    (stdout(&dump), stdout(&digest))
}

#[test]
fn a_mounted_tree_scanned_again_gives_the_same_tree_and_the_same_digest() {
    as_root(|world| {
        fill(&world.path("source"));
        world.image();
        let (dump, digest) = scanned(world, "source");
        assert!(dump.lines().count() > 700 && digest.len() == 65, "{digest}");
        for (_, kernel) in ways() {
            let mount = world.prepare("", &kernel).unwrap();
            mount.attach(&MountPoint::open(&world.path("mnt")).unwrap(), &kernel).unwrap();
            let (mounted, mounted_digest) = scanned(world, "mnt");
            for (mounted, line) in mounted.lines().zip(dump.lines()) {
                assert_eq!(mounted, line);
            }
            assert_eq!(mounted.lines().count(), dump.lines().count());
            assert_eq!(mounted_digest, digest);
            world.unmount("mnt");
        }
        let image = stdout(&world.cfs(&["verity", "digest", "--compact", "image.cfs"]));
        assert_eq!(image, digest);
    });
}

#[test]
fn whiteouts_and_links_are_the_known_differences() {
    as_root(|world| {
        let top = world.path("source");
        mknodat(CWD, top.join("white"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        fs::hard_link(top.join("big"), top.join("big again")).unwrap();
        world.image();
        for (_, kernel) in ways() {
            let mount = world.prepare("", &kernel).unwrap();
            let inside = |name: &str| crate::world::inside(&mount, name);
            // The tree has a whiteout, so the mount shows one, not what it would hide.
            let white = fs::symlink_metadata(inside("white")).unwrap();
            assert_eq!(std::os::unix::fs::MetadataExt::rdev(&white), 0);
            // Names of one file are files of their own, as the image has them.
            let link = fs::metadata(inside("big again")).unwrap();
            assert_eq!(std::os::unix::fs::MetadataExt::nlink(&link), 1);
            assert!(fs::read(inside("big again")).unwrap() == crate::world::big());
            // Nothing of the 256 entries that hide objects is seen.
            let names = crate::world::names_in(&inside(""));
            assert_eq!(names, ["big", "big again", "d", "small", "white"]);
        }
    });
}
