//! From a directory to an image and its objects, and back.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::skipped;
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

#[test]
fn many_names_and_many_levels_come_back() {
    let world = World::new();
    // None of this needs an object, so the store stays empty.
    let mut deep = world.path("given");
    fs::create_dir(&deep).unwrap();
    for number in 0..5000 {
        File::create(deep.join(number.to_string())).unwrap();
    }
    for _ in 0..300 {
        deep.push("level");
        fs::create_dir(&deep).unwrap();
    }
    comes_back(&world, "given");
}

#[test]
fn the_settings_of_this_machine_come_back() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return skipped("only root can read all of /etc");
    }
    assert!(Path::new("/etc").is_dir());
    comes_back(&World::new(), "/etc");
}
