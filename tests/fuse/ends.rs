//! How mounts fail to begin, and how they end.

use std::fs;
use std::path::Path;
use std::process::Command;

use cfs::fuse::{Ended, FuseErrorKind, ImageOptions, MountOptions};

use crate::look::content;
use crate::world::{Where, World, inside};

const FILE: &str = "/file 2 100644 1 0 0 0 0.0 - hi -\n";

/// The mounts that there are, as the kernel tells.
fn mounts() -> String {
    fs::read_to_string("/proc/self/mounts").unwrap()
}

#[test]
fn a_mount_is_in_the_table_and_ends_whole() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump(FILE);
    let mut shown = world.fuse();
    let table = mounts();
    let line = table.lines().find(|line| line.contains("fuse.composefs")).unwrap();
    for part in
        ["name,\\040of\\040\\134\\040it ", "ro,nosuid", "default_permissions", "allow_other"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    let refused = fs::write(shown.path("new"), "").unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    let mounted = shown.mounted.take().unwrap();
    let unmounter = mounted.unmounter();
    assert_eq!(unmounter.unmount().unwrap(), Ended::Whole);
    mounted.join().unwrap();
    assert!(!mounts().contains("fuse.composefs"));
    // Nothing happens to what is mounted there later.
    let again = world.fuse();
    assert_eq!(unmounter.unmount().unwrap(), Ended::Whole);
    assert_eq!(content(&again.path("file")), Ok(b"hi".to_vec()));
}

#[test]
fn a_mount_in_use_is_detached() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump(FILE);
    let mut shown = world.fuse();
    let file = fs::File::open(shown.path("file")).unwrap();
    let mounted = shown.mounted.take().unwrap();
    assert_eq!(mounted.unmounter().unmount().unwrap(), Ended::Detached);
    assert!(!mounts().contains("fuse.composefs"));
    assert_eq!(std::io::read_to_string(&file).unwrap(), "hi");
    drop(file);
    mounted.join().unwrap();
}

#[test]
fn what_cannot_be_mounted_says_why() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump(FILE);
    let image = || world.open(&ImageOptions::default());
    let refused = |target: &Path| {
        let error = image().unwrap().mount(target, &MountOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with(target.to_str().unwrap()), "{error}");
        error
    };
    let error = refused(&world.path("nothing"));
    assert!(matches!(error.kind(), FuseErrorKind::Target(_)), "{error}");
    let error = refused(&world.path("image"));
    assert!(matches!(error.kind(), FuseErrorKind::Target(_)), "{error}");
    assert!(!mounts().contains("fuse.composefs"), "nothing is left of a mount that failed");

    fs::write(world.path("image"), vec![0; 5000]).unwrap();
    let error = image().unwrap_err();
    assert!(matches!(error.kind(), FuseErrorKind::Header(_)), "{error}");
    fs::remove_file(world.path("image")).unwrap();
    let error = image().unwrap_err();
    assert!(matches!(error.kind(), FuseErrorKind::Image(_)), "{error}");
    fs::create_dir(world.path("image")).unwrap();
    let error = image().unwrap_err();
    assert!(matches!(error.kind(), FuseErrorKind::NotAFile), "{error}");
}

#[test]
fn a_device_that_is_missing_or_another_one_is_told() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump(FILE);
    let mount = || {
        let image = world.open(&ImageOptions::default()).unwrap();
        image.mount(&world.path("fuse"), &MountOptions::default()).unwrap_err()
    };
    let run = |args: &[&str]| assert!(Command::new("mount").args(args).status().unwrap().success());
    run(&["--bind", "/dev/null", "/dev/fuse"]);
    let error = mount();
    assert!(matches!(error.kind(), FuseErrorKind::Refused(..)), "{error}");
    run(&["-t", "tmpfs", "none", "/dev"]);
    let error = mount();
    assert!(matches!(error.kind(), FuseErrorKind::Device(_)), "{error}");
}

#[test]
fn an_unmount_that_fails_is_told() {
    if !inside(Where::Root) {
        return;
    }
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let world = World::with_dump(FILE);
    let mut shown = world.fuse();
    let all = capabilities(None).unwrap();
    let mut few = all;
    few.effective -= CapabilitySet::SYS_ADMIN;
    set_capabilities(None, few).unwrap();
    let mounted = shown.mounted.take().unwrap();
    let error = mounted.unmounter().unmount().unwrap_err();
    assert!(matches!(error.kind(), FuseErrorKind::Unmount(_)), "{error}");
    set_capabilities(None, all).unwrap();
    assert_eq!(mounted.unmounter().unmount().unwrap(), Ended::Whole);
    mounted.join().unwrap();
}

#[test]
fn a_mount_whose_server_is_gone_is_told_and_can_be_ended() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump(FILE);
    let mut shown = world.fuse();
    let device = rustix::fs::stat(&shown.at).unwrap().st_dev;
    let run = |program: &str, args: &[&str]| {
        assert!(Command::new(program).args(args).status().unwrap().success(), "{program}");
    };
    // The kernel lets the connection break, as it does when the server is killed.
    let control = world.path("kernel");
    run("mount", &["-t", "fusectl", "none", control.to_str().unwrap()]);
    fs::write(control.join(rustix::fs::minor(device).to_string()).join("abort"), "1").unwrap();
    shown.mounted.take().unwrap().join().unwrap();
    assert_eq!(content(&shown.path("file")), Err(rustix::io::Errno::NOTCONN));
    let mount = || {
        let image = world.open(&ImageOptions::default()).unwrap();
        image.mount(&shown.at, &MountOptions::default())
    };
    let error = mount().unwrap_err();
    assert!(matches!(error.kind(), FuseErrorKind::Orphaned), "{error}");
    run("umount", &[shown.at.to_str().unwrap()]);
    mount().unwrap().unmounter().unmount().unwrap();
}
