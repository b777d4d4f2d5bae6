//! Trees in a few lines.

use cfs::sketch::{Sketch, SketchErrorKind};
use cfs::tree::BuildError;

/// A sketch of each kind of entry, and its dump: composefs-dump(5) says what the fields mean, stat(2)
/// which numbers stand for the types.
#[test]
fn a_sketch_says_all_that_a_dump_does() {
    let digest = [0xab; 32];
    let tree = Sketch::new()
        .mode(0o700)
        .mtime(-1, 5)
        .char_device("/dev/big", 259, 300)
        .block_device("/dev/sda", 8, 0)
        .mode(0o660)
        .owner(0, 6)
        .whiteout("/etc/gone")
        .file("/etc/motd", b"hi\n")
        .xattr("user.b", "2")
        .xattr("user.a", [0])
        .dir("/etc")
        .mode(0o750)
        .external("/lib/so", 5_000_000_000, "ab/cd")
        .digest(digest)
        .link("/lib/so.1", "/lib/so")
        .fifo("/run/pipe")
        .socket("/run/socket")
        .symlink("/sbin", "bin")
        .build()
        .unwrap();
    let expected = format!(
        "\
/ 4096 40700 6 0 0 0 -1.5 - - -
/dev 57 40755 2 0 0 0 0.0 - - -
/dev/big 0 20600 1 0 0 1114924 0.0 - - -
/dev/sda 0 60660 1 0 6 2048 0.0 - - -
/etc 59 40750 2 0 0 0 0.0 - - -
/etc/gone 0 20000 1 0 0 0 0.0 - - -
/etc/motd 3 100644 1 0 0 0 0.0 - hi\\n - user.a=\\x00 user.b=2
/lib 57 40755 2 0 0 0 0.0 - - -
/lib/so 5000000000 100644 2 0 0 0 0.0 ab/cd - {digest}
/lib/so.1 5000000000 @100644 2 0 0 0 0.0 /lib/so - {digest}
/run 61 40755 2 0 0 0 0.0 - - -
/run/pipe 0 10644 1 0 0 0 0.0 - - -
/run/socket 0 140755 1 0 0 0 0.0 - - -
/sbin 3 120777 1 0 0 0 0.0 bin - -
",
        digest = "ab".repeat(32)
    );
    assert_eq!(tree.to_string(), expected);
}

#[track_caller]
fn refuses(sketch: Sketch, path: &str, kind: SketchErrorKind) {
    let error = sketch.build().unwrap_err();
    assert_eq!((error.path(), error.kind()), (path.as_bytes(), kind), "{error}");
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    let new = Sketch::new;
    refuses(new().dir("etc"), "etc", SketchErrorKind::Relative);
    refuses(new().file("/a", "").dir("/a"), "/a", SketchErrorKind::Twice);
    refuses(new().dir("/a").dir("/a"), "/a", SketchErrorKind::Twice);
    refuses(new().file("/a", "").file("/a/b", ""), "/a/b", SketchErrorKind::NotDirectory);
    refuses(new().link("/a", "/b"), "/a", SketchErrorKind::NoTarget);
    refuses(new().link("/a", "/b").link("/b", "/a"), "/a", SketchErrorKind::NoTarget);
    refuses(new().file("/b", "").link("/a", "/b").mode(0o600), "/a", SketchErrorKind::OfLink);
    refuses(new().file("/a", "").mode(0o100_644), "/a", SketchErrorKind::BadMode(0o100_644));
    refuses(new().char_device("/a", 4096, 0), "/a", SketchErrorKind::BadDevice(4096, 0));
    refuses(new().file("/a", "x").digest([0; 32]), "/a", SketchErrorKind::NotExternal);
    let linked = SketchErrorKind::Tree(BuildError::LinkToDirectory);
    refuses(new().dir("/d").link("/a", "/d"), "/a", linked);
    let long = SketchErrorKind::Tree(BuildError::BadDigest(3));
    refuses(new().external("/a", 1, "x").digest([0; 3]), "/a", long);
    // The first thing that is wrong is told.
    refuses(new().dir("x").mode(0o70000).dir("y"), "x", SketchErrorKind::Relative);
}
