//! From a directory to an image and its objects, and back.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{copy_program, installed, say_skipped, skipped};
use crate::world::World;

/// The image of a directory, the objects it needs, and the image of the directory that is made of
/// them: the same bytes.
#[track_caller]
fn comes_back(world: &World, directory: &str) {
    world.cfs(&format!("mkimage -q --digest-store store {directory} before.cfs")).exits(0);
    world.cfs("store missing store before.cfs").exits(0);
    world.cfs("extract -q --basedir store before.cfs made").is_silent_success();
    world.cfs("mkimage -q made after.cfs").exits(0);
    assert!(world.read("before.cfs") == world.read("after.cfs"), "{directory}");
    world.cfs("store verify store --image before.cfs").exits(0);
}

/// A directory with something of each kind that its owner can make.
fn example(world: &World) {
    let at = |name: &str| world.path("given").join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    for (name, len) in
        [("empty", 0), ("small", 64), ("larger", 65), ("block", 4096), ("big", 3 << 20)]
    {
        let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
        fs::write(at(name), bytes).unwrap();
    }
    File::create(at("sparse")).unwrap().set_len(5 << 20).unwrap();
    symlink("../nowhere", at("a/link")).unwrap();
    symlink("x".repeat(3000), at("a/long")).unwrap();
    fs::write(at("a/b/odd \\\n\u{1}=name"), "x").unwrap();
    fs::set_permissions(at("big"), fs::Permissions::from_mode(0o4711)).unwrap();
    fs::set_permissions(at("a/b"), fs::Permissions::from_mode(0o1555)).unwrap();
    let old = SystemTime::UNIX_EPOCH - Duration::new(86_400, 5);
    File::open(at("a")).unwrap().set_modified(old).unwrap();
}

#[test]
fn every_kind_of_file_comes_back() {
    let world = World::new();
    example(&world);
    comes_back(&world, "given");
    fs::set_permissions(world.path("given/a/b"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(world.path("made/a/b"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the same as a plain user, whose every file is then recorded as that of root: before, as it is not
/// this user's; after, as no other user can have it.
#[track_caller]
fn comes_back_to_a_plain_user(world: &World, directory: &str) {
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { "setpriv --reuid=65534 --regid=65534 --clear-groups" } else { "" };
    if is_root {
        world.shell("chown -R 65534:65534 .").is_silent_success();
    }
    // The program itself may lie where a plain user cannot go.
    copy_program(crate::world::CFS.as_ref(), &world.path("cfs"));
    let ran = world.shell(&format!(
        "set -e; cfs='{user} ./cfs'; as='--owner=0 --group=0'
         as=\"$as $({user} find {directory} ! -readable -printf '--exclude=%P ' -prune)\"
         $cfs mkimage -q $as --digest-store store {directory} before.cfs
         $cfs extract -q --basedir store before.cfs made
         $cfs mkimage -q $as made after.cfs
         $cfs store verify -q store --image before.cfs
         cmp before.cfs after.cfs"
    ));
    assert_eq!((ran.0.status.code(), ran.err()), (Some(0), String::new()), "{}", ran.out());
}

#[test]
fn every_kind_of_file_comes_back_to_a_plain_user() {
    let world = World::new();
    example(&world);
    // Bits that lend a program its owner's rights are no plain user's to give.
    fs::set_permissions(world.path("given/big"), fs::Permissions::from_mode(0o711)).unwrap();
    comes_back_to_a_plain_user(&world, "given");
    for name in ["given/a/b", "made/a/b"] {
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Files whose names are every byte that a name can have.
fn every_byte(dir: &Path) {
    use std::os::unix::ffi::OsStrExt;
    fs::create_dir(dir).unwrap();
    for byte in (1..=255).filter(|byte| !b"./".contains(byte)) {
        fs::write(dir.join(std::ffi::OsStr::from_bytes(&[byte])), [byte]).unwrap();
    }
}

#[test]
fn what_only_root_can_make_comes_back_to_root() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can make devices and give files away");
    }
    if installed("setfattr").is_none() || installed("setfacl").is_none() {
        return;
    }
    let world = World::new();
    example(&world);
    let script = "cd given
        mknod null c 1 3; mknod disk b 8 300; mknod gone c 0 0; mkfifo fifo
        chown 1000:1001 big small; chown -h 7:8 a/link; chmod 4755 big; mkdir sticky; chmod 3777 sticky
        ln big linked; ln a/link a/same-link; ln fifo other-fifo
        setfattr -n user.k -v v a; setfattr -n trusted.t -v 0x0001ff larger
        setfattr -h -n trusted.l -v l a/link; setfattr -n trusted.overlay.opaque -v y a/b
        setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 block
        setfacl -m u:1000:rw,g:7:r larger; setfacl -d -m u:5:rwx a; setfacl -m m:r a
        for n in null fifo; do touch -h -d '1969-12-31 23:59:59.5 UTC' $n; done";
    world.shell(script).is_silent_success();
    every_byte(&world.path("given/names"));
    world.cfs("mkimage -q --hardlinks=keep --digest-store store given before.cfs").exits(0);
    world.cfs("extract -q --basedir store before.cfs made").is_silent_success();
    world.cfs("mkimage -q --hardlinks=keep made after.cfs").exits(0);
    assert!(world.read("before.cfs") == world.read("after.cfs"));
    // All of it was there to come back.
    let dump = world.cfs("dump -q after.cfs").out();
    for part in [
        "/gone 0 20",
        "/disk 0 60",
        "/null 0 20",
        "/fifo 0 10",
        " @10",
        " trusted.t=",
        "security.capability=",
        "system.posix_acl_access=",
        "system.posix_acl_default=",
        "trusted.overlay.opaque=y",
        " -1.500000000 ",
        " 1000 1001 ",
        "/names/\\xff",
    ] {
        assert!(dump.contains(part), "{part}");
    }
}

#[test]
fn twenty_thousand_names_and_two_thousand_levels_come_back() {
    let world = World::new();
    world.shell(
        "mkdir given; cd given; seq 20000 | xargs touch; i=0
         while [ $i -lt 2000 ]; do mkdir -m 755 l; cd -P l; i=$((i + 1)); done",
    );
    comes_back(&world, "given");
    comes_back_again(&world);
}

/// What comes back once comes back to a plain user too.
#[track_caller]
fn comes_back_again(world: &World) {
    world.shell("rm -rf made store *.cfs").is_silent_success();
    comes_back_to_a_plain_user(world, "given");
    // Deeper than the test could remove it.
    world.shell("rm -rf given made").is_silent_success();
}

#[test]
fn directories_of_this_machine_come_back() {
    let large = std::env::var_os("CFS_TEST_LARGE").is_some();
    if !large {
        say_skipped("/usr/lib may be large: set CFS_TEST_LARGE=1 to have it round trip too");
    }
    for directory in ["/etc", "/usr/share", "/usr/lib"].iter().take(if large { 3 } else { 2 }) {
        if !rustix::process::geteuid().is_root() {
            skipped(&format!("only root can read all of {directory}"));
            continue;
        }
        assert!(Path::new(directory).is_dir());
        comes_back(&World::new(), directory);
    }
}

#[test]
fn what_everybody_may_read_comes_back_to_a_plain_user() {
    comes_back_to_a_plain_user(&World::new(), "/usr/share");
}
