//! `cfs check --fix`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use cfs::verity::{Algorithm, digest};

use crate::check::{document, found};
use crate::world::{ROOT, World};

/// Not canonical: the order of lines, an escape, the size of the root; and a file that no form mends.
const UNTIDY: &str = "\
/ 0 40755 2 0 0 0 0.0 - - -
/b 0 100666 1 0 0 0 0.0 - - -
/\\x61 0 100644 1 0 0 0 0.0 - - -
";

#[test]
fn a_text_is_written_in_its_canonical_form_and_what_is_left_is_found() {
    let world = World::with(&[("t", UNTIDY)]);
    let wanted = world.cfs("dump -q t").out();
    let fixed = document(&world, "--fix t", 1);
    assert_eq!(String::from_utf8(world.read("t")).unwrap(), wanted);
    assert_eq!(found(&fixed), ["world-writable 3:6 /b"]);
    let gone = fixed["sources"][0]["fixed"]["findings"].as_array().unwrap();
    let codes: Vec<&str> = gone.iter().map(|found| found["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["line-order", "not-canonical"]);
    // The second time there is nothing to fix.
    let again = document(&world, "--fix t", 1);
    assert!(again["sources"][0]["fixed"].is_null());
    assert_eq!(found(&again), found(&fixed));
    assert_eq!(String::from_utf8(world.read("t")).unwrap(), wanted);
    assert_eq!(world.names(), ["t"]);
    world.write("t", UNTIDY.replace("666", "644"));
    world.cfs("check --fix t").exits(0);
    world.cfs("check t").prints("");
}

#[test]
fn what_becomes_of_the_images_is_said() {
    let world = World::new();
    let image = |text: &str, version: u32| {
        world.write("image.source", text);
        let args = format!("--from-dump image.source --format v{version} -q -");
        let ran = world.cfs(&format!("mkimage {args}"));
        digest(Algorithm::Sha256, &ran.0.stdout).to_string()
    };
    let same = "/ 0 40755 2 0 0 0 0.0 - - -\n/b 0 100644 1 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n";
    world.write("t", same);
    let ran = world.cfs("check --fix t");
    for version in [0, 1] {
        let words = format!("t: its image as V{version} stays {}\n", image(same, version));
        assert!(ran.out().contains(&words), "{words} is not in\n{}", ran.out());
    }
    // Another name carries the inode, which moves behind others.
    let moved = format!(
        "{ROOT}/a 0 @100644 2 0 0 0 0.0 /z - -\n/m 0 100644 1 0 0 0 0.0 - - -\n/z 0 100644 2 0 0 0 0.0 - - -\n"
    );
    world.write("t", &moved);
    let ran = world.cfs("check --fix t");
    let now = String::from_utf8(world.read("t")).unwrap();
    for version in [0, 1] {
        let (old, new) = (image(&moved, version), image(&now, version));
        assert_ne!(old, new);
        let words = format!("t: its image as V{version} changes: {old} → {new}\n");
        assert!(ran.out().contains(&words), "{words} is not in\n{}", ran.out());
    }
    assert!(ran.out().starts_with("t:2:1: fixed: warning[carrier-moved]: "), "{}", ran.out());
}

#[test]
fn a_file_is_replaced_whole_with_its_mode_and_through_symlinks() {
    let world = World::with(&[("t", UNTIDY)]);
    world.shell("chmod 640 t && ln -s t link && cp t kept && ln kept other").exits(0);
    let before = std::fs::metadata(world.path("t")).unwrap();
    world.cfs("check --fix link").exits(1);
    let after = std::fs::metadata(world.path("t")).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_ne!(before.ino(), after.ino(), "written in place, where a reader may see half of it");
    assert!(std::fs::symlink_metadata(world.path("link")).unwrap().is_symlink());
    assert_ne!(world.read("t"), UNTIDY.as_bytes());
    world.cfs("check --fix kept").exits(1);
    assert_eq!(world.read("other"), UNTIDY.as_bytes());
}

#[test]
fn what_cannot_be_fixed_is_refused_before_anything_is_written() {
    let world = World::with(&[("t", UNTIDY)]);
    world.image("i", ROOT);
    world.shell("gzip -k t && mkdir d").exits(0);
    let before = (world.read("i"), world.read("t.gz"));
    let refused = [
        ("i", "--fix: i: an image is not written anew"),
        ("d", "--fix: d: a directory has no canonical form"),
        ("t.gz", "--fix: t.gz: it is compressed; write it with `cfs dump`"),
    ];
    for (name, words) in refused {
        world.cfs(&format!("check --fix t {name}")).mentions(2, words);
        assert_eq!(world.read("t"), UNTIDY.as_bytes());
    }
    assert_eq!((world.read("i"), world.read("t.gz")), before);
    let words = "--fix: <stdin>: standard input has no place to be written to; `cfs dump -` prints";
    world.shell("$cfs check --fix - < t").mentions(2, words);
    // A text with an error is not touched.
    world.write("bad", "/ x 40755 2 0 0 0 0.0 - - -\n");
    world.cfs("check --fix bad").mentions(1, "bad: not written, as it has errors");
    assert_eq!(world.read("bad"), b"/ x 40755 2 0 0 0 0.0 - - -\n");
    // Nor is one that is canonical.
    world.write("good", ROOT);
    let before = std::fs::metadata(world.path("good")).unwrap().ino();
    world.cfs("check --fix good").prints("");
    assert_eq!(std::fs::metadata(world.path("good")).unwrap().ino(), before);
}
