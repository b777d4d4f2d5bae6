//! What FUSE shows is what the kernel's own mount shows.

use std::path::Path;
use std::process::Command;

use cfs::dump::{self, Options};
use cfs::erofs::Version;
use cfs::fuse::ImageOptions;

use crate::laws;
use crate::look::{assert_same, xattrs};
use crate::world::{Where, World, external, inside};

/// A tree with all that an image can hold.
const EVERYTHING: &str = "\
/b 0 60644 1 0 0 259 1.999999999 - - - security.selinux=f\\x00
/big 70000 100644 1 7 8 0 -3.25 missing/object - -
/c 0 20644 1 0 65536 1281 -1.999999999 - - - trusted.k=v
/d 0 41777 1 70000 5 0 0.0 - - - user.k=v trusted.overlay.opaque=y trusted.overlay.x=z
/d/l 5 @100644 1 0 0 0 0.0 /inline - -
/d/w 0 20600 1 3 0 0 9.0 - - - user.on=whiteout
/empty 0 104755 1 0 0 0 4294967297.1 - - -
/inline 5 100640 3 0 0 0 0.0 - a\\x20b\\n- -
/l 5 @100644 3 0 0 0 0.0 /inline - -
/long 4900 100644 1 0 0 0 0.0 - LONG -
/p 0 10644 1 0 0 0 0.0 - - -
/s 0 140755 1 0 0 0 0.0 - - -
/y 3 120777 1 1 2 0 0.0 a/b - - user.k=
/z\\xff\\n 0 100000 1 0 0 0 0.0 - - - user.overlay.x=1
";

#[test]
fn everything_is_as_in_a_kernel_mount() {
    if !inside(Where::Root) {
        return;
    }
    for version in [Version::V0, Version::V1] {
        let world = World::new();
        let lines = EVERYTHING.replace("LONG", &"0123456789".repeat(490));
        let lines = lines + &external("ok", "ab/cd", b"content") + &many_names();
        world.object("objects/ab/cd", b"content");
        let text = format!("/ 4096 41755 2 1 2 0 5.25 - - - user.root=yes\n{lines}");
        let tree = dump::parse(text.as_bytes(), &Options::default()).unwrap().tree;
        std::fs::write(world.path("image"), laws::write(&tree, version)).unwrap();
        let shown = world.fuse();
        if !world.kernel() {
            return;
        }
        assert!(assert_same(&shown.at, &world.path("kernel")) > 1000);
        let marks = xattrs(&shown.path("d/w")).unwrap();
        assert!(marks.contains_key(&b"trusted.overlay.whiteout"[..]), "{marks:?}");
    }
}

/// Names enough for several blocks and several answers.
fn many_names() -> String {
    let name = |n: usize| format!("/many/{}{n} 0 100644 1 0 0 0 0.0 - - -\n", "-.".repeat(n % 40));
    let names: String = (0..1200).map(name).collect();
    format!("/many 0 40755 1 0 0 0 0.0 - - -\n{names}")
}

#[test]
fn acls_are_as_in_a_kernel_mount() {
    if !inside(Where::Root) {
        return;
    }
    // The owner and user 5 may read, others not: version 2, then tag, bits and id of each entry.
    let entry = |tag: u16, bits: u16, id: u32| {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend(bits.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes
    };
    let none = u32::MAX;
    let mut acl = vec![2, 0, 0, 0];
    for (tag, bits, id) in [(1, 6, none), (2, 4, 5), (4, 0, none), (16, 4, none), (32, 0, none)] {
        acl.extend(entry(tag, bits, id));
    }
    let acl: String = acl.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let world = World::with_dump(&format!(
        "/a 2 100640 1 0 0 0 0.0 - hi - system.posix_acl_access={acl}\n/b 2 100600 1 0 0 0 0.0 - hi -\n"
    ));
    open_to_all(world.path(""));
    let shown = world.fuse();
    if !world.kernel() {
        return;
    }
    assert_same(&shown.at, &world.path("kernel"));
    for mount in [&shown.at, &world.path("kernel")] {
        let reads = |user: &str, name: &str| {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", "65534", "--clear-groups", "cat"]);
            command.arg(mount.join(name)).output().unwrap().status.success()
        };
        assert!(reads("5", "a"), "{}", mount.display());
        assert!(!reads("6", "a"), "{}", mount.display());
        assert!(!reads("5", "b"), "{}", mount.display());
    }
}

fn open_to_all(dir: impl AsRef<Path>) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn generated_trees_are_as_in_a_kernel_mount() {
    if !inside(Where::Root) {
        return;
    }
    let mut compared = 0;
    for seed in 0..40 {
        let tree = laws::planned(seed).tree();
        for version in [Version::V0, Version::V1] {
            let world = World::new();
            std::fs::write(world.path("image"), laws::write(&tree, version)).unwrap();
            let shown = world.fuse();
            if !world.kernel() {
                return;
            }
            compared += assert_same(&shown.at, &world.path("kernel"));
            drop(shown);
            for name in ["kernel", "erofs"] {
                rustix_unmount(&world.path(name));
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

fn rustix_unmount(path: &Path) {
    assert!(Command::new("umount").arg(path).status().unwrap().success());
}

#[test]
fn all_of_usr_share_is_as_in_a_kernel_mount() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::new();
    let made = Command::new(env!("CARGO_BIN_EXE_cfs"))
        .args(["mkimage", "-q", "--digest-store"])
        .args([world.path("objects").as_path(), Path::new("/usr/share")])
        .arg(world.path("image"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shown = world.show(world.open(&ImageOptions::default()).unwrap());
    if !world.kernel() {
        return;
    }
    assert!(assert_same(&shown.at, &world.path("kernel")) > 10);
}
