//! Without privileges: through the helper, and in a user namespace.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cfs::fuse::{Ended, FuseError, FuseErrorKind, ImageOptions, MountOptions};
use rustix::io::Errno;

use crate::look::{content, xattrs};
use crate::support::installed;
use crate::world::{Where, World, external, inside};

/// A world with a little of everything, whose files belong to whoever runs this.
fn world() -> World {
    let lines = "/dir 0 40755 1 0 0 0 0.0 - - - user.k=v trusted.k=v
/dir/file 2 100600 1 65534 0 0 0.0 - hi -
/foreign 2 100600 1 1 1 0 0.0 - hi -
";
    let world = World::with_dump(&format!(
        "{lines}{}{}",
        external("object", "ab/cd", &[5; 200_000]),
        external("wrong", "ab/ce", b"right")
    ));
    world.object("objects/ab/cd", &[5; 200_000]);
    world.object("objects/ab/ce", b"wrong");
    world
}

fn look_around(world: &World) {
    let mut shown = world.fuse();
    assert_eq!(content(&shown.path("object")), Ok(vec![5; 200_000]));
    assert_eq!(content(&shown.path("wrong")), Err(Errno::IO));
    let all = xattrs(&shown.path("dir")).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), [&b"user.k"[..]]);
    assert_eq!(fs::metadata(shown.path("dir")).unwrap().mode(), 0o40755);
    assert_eq!(content(&shown.path("foreign")), Err(Errno::ACCESS));
    let mounted = shown.mounted.take().unwrap();
    assert_eq!(mounted.unmounter().unmount().unwrap(), Ended::Whole);
    mounted.join().unwrap();
    assert!(!fs::read_to_string("/proc/self/mounts").unwrap().contains("fuse.composefs"));
}

#[test]
fn a_plain_user_mounts_through_the_helper() {
    if installed("fusermount3").is_none() || !inside(Where::PlainUser) {
        return;
    }
    assert_eq!(rustix::process::geteuid().as_raw(), 65534);
    let world = world();
    look_around(&world);
    let shown = world.fuse();
    assert_eq!(content(&shown.path("dir/file")), Ok(b"hi".to_vec()));
}

#[test]
fn the_root_of_a_user_namespace_mounts_by_itself() {
    if !inside(Where::UserNamespace) {
        return;
    }
    assert!(rustix::process::geteuid().is_root());
    let world = world();
    look_around(&world);
    let shown = world.fuse();
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(table.contains("fuse.composefs ro,nosuid,nodev"), "{table}");
    // Owners that the namespace does not know.
    assert_eq!(fs::metadata(shown.path("foreign")).unwrap().uid(), 65534);
}

#[test]
fn without_a_helper_a_plain_user_hears_of_it() {
    if !inside(Where::PlainUserWithoutHelper) {
        return;
    }
    let world = world();
    let error = refused(&world, &world.path("fuse"));
    assert!(matches!(error.kind(), FuseErrorKind::NoHelper { .. }), "{error}");
    assert!(error.to_string().contains("fusermount3"), "{error}");
}

#[test]
fn what_the_helper_says_is_passed_on() {
    if installed("fusermount3").is_none() || !inside(Where::PlainUser) {
        return;
    }
    let error = refused(&world(), Path::new("/usr"));
    assert!(matches!(error.kind(), FuseErrorKind::Helper(_)), "{error}");
    assert!(error.to_string().contains("user has no write access"), "{error}");
}

#[track_caller]
fn refused(world: &World, target: &Path) -> FuseError {
    let image = world.open(&ImageOptions::default()).unwrap();
    image.mount(target, &MountOptions::default()).unwrap_err()
}
