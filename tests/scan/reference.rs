//! The same image as the reference.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use cfs::live::{Mtimes, ScanOptions, Xattrs};
use cfs::tree::Mtime;
use cfs::verity::{Algorithm, digest};
use rustix::fs::{FileType, makedev};

use crate::support::{fixture, reference, say_skipped, table};
use crate::{World, is_root, name, options, try_scan};

/// The fs-verity digest of the default image of a directory.
fn ours(root: &Path, options: &ScanOptions) -> String {
    use cfs::erofs::{Version, layout};
    let tree = try_scan(root, options).unwrap().tree;
    let version = Version::choose(&tree, Version::V0, Version::V1);
    let image = layout(&tree, version).unwrap().to_vec();
    digest(Algorithm::Sha256, &image).to_string()
}

fn theirs(mkcomposefs: &Path, root: &Path, args: &[&str]) -> String {
    let mut command = Command::new(mkcomposefs);
    let ran = command.args(args).arg("--print-digest-only").arg(root).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A tree with something of each kind that anybody may make, whose modes do not depend on the umask.
fn example(whiteout: bool) -> World {
    let world = World::new();
    for (at, size) in [0, 1, 63, 64, 65, 4096, 4097, 70_000, 5 << 20].into_iter().enumerate() {
        let content: Vec<u8> = (0..size).map(|i| (i * 31 % 253) as u8).collect();
        world.write(&format!("files/{at}"), content);
    }
    for i in 0..300 {
        world.write(&format!("many/{:02x}/{i}", i % 17), format!("{i}").repeat(i));
    }
    world.write(
        "link/one",
        "two names, and both of them long enough to be no inline content at all",
    );
    std::fs::hard_link(world.path("link/one"), world.path("link/two")).unwrap();
    symlink("../files/3", world.path("link/symbolic")).unwrap();
    std::fs::write(world.root().join(name(b"a \n\\=\xff")), "odd").unwrap();
    world.node("fifo", FileType::Fifo, 0).unwrap();
    if whiteout {
        world.node("many/gone", FileType::CharacterDevice, 0).unwrap();
    }
    fix_modes(world.root());
    world
}

fn fix_modes(path: &Path) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let mode = if metadata.is_dir() { 0o755 } else { 0o644 };
    if !metadata.is_symlink() {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    if metadata.is_dir() {
        std::fs::read_dir(path).unwrap().for_each(|entry| fix_modes(&entry.unwrap().path()));
    }
}

/// The options of a row of `fixtures/scan/digests.tsv`, as the reference takes them, for ourselves. Who
/// made the files does not matter.
fn as_ours(args: &[&str]) -> ScanOptions {
    options(|it| {
        it.owners.rest(0);
        it.groups.rest(0);
        for arg in args {
            match *arg {
                "--use-epoch" => it.mtimes = Mtimes::Set(Mtime::default()),
                "--skip-xattrs" => it.xattrs = Xattrs::None,
                "--skip-devices" => it.skip_devices = true,
                other => panic!("{other}"),
            }
        }
    })
}

#[test]
fn the_images_of_known_trees_are_those_of_the_reference() {
    let rows = table(&fixture("scan/digests.tsv"));
    assert_eq!(rows.len(), 4);
    for row in rows {
        let world = example(row["whiteout"] == "yes");
        let args: Vec<&str> = row["options"].split(' ').collect();
        assert_eq!(ours(world.root(), &as_ours(&args)), row["digest"], "{row:?}");
    }
}

/// The table itself, made anew.
#[test]
fn the_digests_of_known_trees_are_still_those_of_the_reference() {
    let Some(mkcomposefs) = reference("mkcomposefs") else { return };
    if !is_root("a tree that the reference records as that of root") {
        return;
    }
    for row in table(&fixture("scan/digests.tsv")) {
        let world = example(row["whiteout"] == "yes");
        let args: Vec<&str> = row["options"].split(' ').collect();
        assert_eq!(theirs(&mkcomposefs, world.root(), &args), row["digest"], "{row:?}");
    }
}

#[test]
fn images_of_directories_are_those_of_the_reference() {
    let Some(mkcomposefs) = reference("mkcomposefs") else { return };
    for whiteout in [false, true] {
        let world = example(whiteout);
        let _ = world.xattr("files/3", "user.three", b"3");
        let _ = world.xattr("many", "user.overlay.opaque", b"y");
        let _ = world.xattr("files/3", "trusted.overlay.metacopy", b"");
        let _ = world.xattr("link/symbolic", "trusted.link", b"t");
        let _ = world.node("device", FileType::BlockDevice, makedev(8, 300));
        let epoch = Mtimes::Set(Mtime::default());
        let cases: [(&[&str], ScanOptions); 6] = [
            (&[], ScanOptions::default()),
            (&["--threads=1"], ScanOptions::default()),
            (&["--use-epoch"], options(|it| it.mtimes = epoch)),
            (&["--skip-devices"], options(|it| it.skip_devices = true)),
            (&["--skip-xattrs"], options(|it| it.xattrs = Xattrs::None)),
            (&["--user-xattrs"], options(|it| it.xattrs = Xattrs::User)),
        ];
        for (args, options) in cases {
            let theirs = theirs(&mkcomposefs, world.root(), args);
            assert_eq!(ours(world.root(), &options), theirs, "{args:?}");
        }
    }
}

#[test]
fn images_of_this_machine_are_those_of_the_reference() {
    let Some(mkcomposefs) = reference("mkcomposefs") else { return };
    for root in ["/usr/share", "/etc", "/usr/lib"].map(Path::new) {
        if !root.is_dir() || !rustix::process::geteuid().is_root() {
            say_skipped(&format!("{} is not there, or not all of it may be read", root.display()));
            continue;
        }
        let theirs = theirs(&mkcomposefs, root, &[]);
        assert_eq!(ours(root, &ScanOptions::default()), theirs, "{}", root.display());
    }
}
