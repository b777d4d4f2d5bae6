//! Every fact of every type.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::Command;

use cfs::live::{ExtractOptions, Lost, Only};
use cfs::tree::{FileType, NodeId, Tree};
use cfs::verity::{Algorithm, digest};

use crate::laws;
use crate::world::{World, is_root, names_in};

/// Compares what is on disk with the tree, entry by entry.
fn compare(tree: &Tree<'_>, top: &Path) {
    let mut walk = tree.walk();
    let mut firsts = std::collections::HashMap::new();
    while let Some(step) = walk.next() {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::OsStr::from_bytes(&walk.path()[1..]);
        let path = top.join(path);
        let (inode, found) = (tree.facts(step.node), fs::symlink_metadata(&path).unwrap());
        let shown = path.display();
        if inode.file_type() == FileType::Symlink {
            assert_eq!(
                fs::read_link(&path).unwrap().as_os_str().as_bytes(),
                inode.payload().unwrap()
            );
        } else {
            assert_eq!(found.mode() & 0o177_777, u32::from(inode.mode().bits()), "{shown}");
        }
        if inode.file_type() == FileType::Regular {
            assert_eq!(fs::read(&path).unwrap(), inode.content().unwrap_or_default(), "{shown}");
        }
        if inode.file_type().is_device() {
            let (dev, rdev) = (found.rdev(), inode.rdev());
            let numbers = (rustix::fs::major(dev), rustix::fs::minor(dev));
            assert_eq!(numbers, ((rdev >> 8) & 0xfff, (rdev & 0xff) | (rdev >> 12) & 0xfff00));
        }
        assert_eq!((found.uid(), found.gid()), (inode.uid(), inode.gid()), "{shown}");
        let mtime = (inode.mtime().sec, i64::from(inode.mtime().nsec));
        assert_eq!((found.mtime(), found.mtime_nsec()), mtime, "{shown}");
        let (first, names) = firsts.entry(tree.inode_of(step.node)).or_insert((found.ino(), 0));
        assert_eq!(*first, found.ino(), "{shown}");
        *names += 1;
        if let FileType::Regular = inode.file_type() {
            assert!(found.nlink() >= *names, "{shown}");
        }
    }
    assert_eq!(firsts.len(), tree.inode_count());
}

const ALL: &str = "\
/a 0 42775 1 7 8 0 -1.999999999 - - -
/a/cap 2 104755 1 0 0 0 1.1 - hi - security.capability=\\x01\\x00\\x00\\x02\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00 user.a=\\x00b
/a/char 0 20640 1 3 4 1283 2.0 - - -
/block 0 60600 1 0 0 268500992 3.0 - - -
/closed 0 40000 1 0 0 0 9.0 - - -
/closed/in 0 100000 1 1 1 0 10.0 - - -
/fifo 0 10622 1 5 6 0 4.5 - - -
/first 3 106711 2 9 9 0 -2000000000.7 - abc -
/link 7 120777 1 11 12 0 6.000000006 \\xff/where - -
/odd\\n\\x20\\xfe 0 100644 1 0 0 0 7.0 - - -
/second 3 @106711 2 9 9 0 0.0 /first - -
/socket 0 140755 1 0 0 0 8.0 - - -
/sticky 0 41777 1 0 0 0 11.0 - - -
/white 0 20000 1 0 0 0 12.0 - - -
";

#[test]
fn root_restores_every_type_with_all_its_facts() {
    if !is_root() {
        return;
    }
    let world = World::new();
    let text = format!("{}{ALL}", crate::world::ROOT);
    let tree = cfs::dump::parse(text.as_bytes(), &Default::default()).unwrap().tree;
    let made = world.tree(&tree, &ExtractOptions::default()).unwrap();
    assert_eq!(made.skipped, []);
    let made = world.path("made");
    compare(&tree, &made);
    assert!(fs::symlink_metadata(made.join("socket")).unwrap().file_type().is_socket());
    let mut value = [0; 32];
    let len = rustix::fs::getxattr(made.join("a/cap"), "security.capability", &mut value).unwrap();
    assert_eq!((len, value[0]), (20, 1));
    let len = rustix::fs::getxattr(made.join("a/cap"), "user.a", &mut value).unwrap();
    assert_eq!(&value[..len], b"\0b");
    world.holds(&["made", "objects"]);
}

#[test]
fn an_acl_comes_back_and_an_inherited_one_does_not() {
    let world = World::new();
    let acl = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\x01\0\0\0\x04\0\x04\0\xff\xff\xff\xff\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(world.path(""), "system.posix_acl_default", acl, flags).unwrap();
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let escaped: String = acl.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    world.makes(&format!(
        "/d 0 40755 1 {uid} {gid} 0 1.0 - - -\n/f 0 100640 1 {uid} {gid} 0 1.0 - - - system.posix_acl_access={escaped}\n"
    ));
    let mut value = [0; 64];
    let path = world.path("made/f");
    let len = rustix::fs::getxattr(&path, "system.posix_acl_access", &mut value).unwrap();
    assert_eq!(&value[..len], acl);
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o640);
    for name in ["made", "made/d"] {
        for key in ["system.posix_acl_default", "system.posix_acl_access"] {
            let found = rustix::fs::getxattr(world.path(name), key, &mut value);
            assert_eq!(found, Err(rustix::io::Errno::NODATA), "{name} {key}");
        }
    }
}

#[test]
fn objects_are_copied_and_verified() {
    let world = World::new();
    for (name, len) in [("ab/small", 70), ("ab/large", 5 << 20), ("ab/edge", 256 << 10)] {
        let bytes: Vec<u8> = (0..251).cycle().take(len).collect();
        world.object(name, &bytes);
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let digest = digest(algorithm, &bytes);
            world.makes(&format!("/f {len} 100644 1 0 0 0 1.0 /{name} - {digest}\n"));
            assert!(fs::read(world.path("made/f")).unwrap() == bytes);
            fs::remove_dir_all(world.path("made")).unwrap();
        }
        let made =
            world.dump(&format!("/f {len} 100644 1 0 0 0 1.0 {name} - -\n"), &Default::default());
        assert_eq!(made.unwrap().unverified, 1);
        fs::remove_dir_all(world.path("made")).unwrap();
    }
}

#[test]
fn two_thousand_levels_are_made_and_removed_again() {
    let mut lines = String::new();
    let mut path = String::new();
    for _ in 0..2100 {
        path.push_str("/d");
        lines.push_str(&format!("{path} 0 40700 1 0 0 0 3.0 - - -\n"));
    }
    let world = World::new();
    world.makes(&format!("{lines}{path}/f 2 100644 1 0 0 0 0.0 - hi -\n"));
    let mut dir = std::fs::File::open(world.path("made")).unwrap();
    for _ in 0..2100 {
        let flags = rustix::fs::OFlags::RDONLY;
        dir = rustix::fs::openat(&dir, "d", flags, rustix::fs::Mode::empty()).unwrap().into();
        assert_eq!(dir.metadata().unwrap().mtime(), 3);
    }
    let removed = Command::new("rm").arg("-rf").arg(world.path("made")).status().unwrap();
    assert!(removed.success());
    // The inline content is too short, and that is found behind all the directories.
    world.object("gone", b"other");
    let wrong = "0".repeat(64);
    world.refuses(&format!("{lines}{path}/f 5 100644 1 0 0 0 0.0 gone - {wrong}\n"));
}

#[test]
fn only_what_matches_is_extracted() {
    let world = World::new();
    let only = Only::new(["etc/*.conf", "/usr"]).unwrap();
    let options = ExtractOptions { only: Some(only), ..ExtractOptions::default() };
    let lines = "\
/etc 0 40755 1 0 0 0 1.0 - - -
/etc/a.conf 0 100644 1 0 0 0 1.0 - - -
/etc/d 0 40755 1 0 0 0 1.0 - - -
/etc/d/b.conf 0 100644 1 0 0 0 1.0 - - -
/etc/link 0 @100644 1 0 0 0 1.0 /opt/far - -
/opt 0 40755 1 0 0 0 1.0 - - -
/opt/far 9 100644 2 0 0 0 1.0 gone - -
/usr 0 40755 1 0 0 0 1.0 - - -
/usr/bin 0 40755 1 0 0 0 1.0 - - -
/usr/bin/sh 2 100755 1 0 0 0 1.0 - hi -
";
    world.dump(lines, &options).unwrap();
    assert_eq!(names_in(&world.path("made")), ["etc", "usr"]);
    assert_eq!(names_in(&world.path("made/etc")), ["a.conf"]);
    assert_eq!(fs::read(world.path("made/usr/bin/sh")).unwrap(), b"hi");
}

#[test]
fn what_the_system_does_not_take_is_told() {
    let world = World::new();
    let lines = "/f 0 100644 1 0 0 0 9223372036854775807.5 - - - nonsense=x\n/g 0 100644 1 0 0 0 1.1073741823 - - -\n";
    let skipped = world.dump(lines, &ExtractOptions::default()).unwrap().skipped;
    let lost: Vec<&Lost> = skipped.iter().map(|skipped| &skipped.lost).collect();
    assert_eq!(lost, [&Lost::Xattr(b"nonsense".to_vec()), &Lost::Mtime, &Lost::Mtime]);
    assert_ne!(skipped[0].node, NodeId::ROOT);
}

#[test]
fn an_acl_that_the_system_drops_is_told() {
    // Found by fuzzing: setting an empty ACL succeeds, and there is none.
    let world = World::new();
    let line = "/d 0 40755 2 0 0 0 0.0 - - - system.posix_acl_default=\n";
    let skipped = world.dump(line, &ExtractOptions::default()).unwrap().skipped;
    let lost: Vec<&Lost> = skipped.iter().map(|skipped| &skipped.lost).collect();
    assert_eq!(lost, [&Lost::Xattr(b"system.posix_acl_default".to_vec())]);
}

#[test]
fn an_empty_capability_is_told_instead_of_set() {
    // Found by fuzzing: it can be set, and then not be read.
    let world = World::new();
    let line = "/f 0 100644 1 0 0 0 0.0 - - - security.capability=\n";
    let skipped = world.dump(line, &ExtractOptions::default()).unwrap().skipped;
    let lost: Vec<&Lost> = skipped.iter().map(|skipped| &skipped.lost).collect();
    assert_eq!(lost, [&Lost::Xattr(b"security.capability".to_vec())]);
}

#[test]
fn generated_trees_come_back() {
    if is_root() {
        for seed in 1..=60 {
            laws::extracted_tree_is_on_disk(&laws::planned(seed).tree());
        }
    }
}
