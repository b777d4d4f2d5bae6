//! What `cfs check` finds in images.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::{D, D_PATH, document};
use crate::world::{ROOT, SMALL, World};

/// Bytes of an image, with one piece put in the place of another of the same length.
fn replaced(image: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> = (0..image.len()).filter(|&at| image[at..].starts_with(old)).collect();
    let mut image = image.to_vec();
    assert!(!places.is_empty(), "{:?} is not in the image", old.escape_ascii().to_string());
    places.iter().for_each(|&at| image[at..at + old.len()].copy_from_slice(new));
    image
}

/// The codes that are found in the image of a dump, once some of its bytes are others.
fn codes_of_changed(lines: &str, old: &[u8], new: &[u8]) -> BTreeSet<String> {
    let world = World::new();
    world.image("i", &format!("{ROOT}{lines}"));
    world.write("i", replaced(&world.read("i"), old, new));
    let document = document(&world, "i", 1);
    let findings = document["sources"][0]["findings"].as_array().unwrap();
    let code = |finding: &Value| {
        assert!(finding["offset"].is_u64(), "{finding}");
        finding["code"].as_str().unwrap().to_owned()
    };
    findings.iter().map(code).collect()
}

#[test]
fn sound_images_are_rebuilt_to_the_same_bytes() {
    let world = World::new();
    world.image("i", SMALL);
    let ran = world.cfs("check i");
    assert!(
        ran.out().contains("i: rebuilding it gives the same bytes: yes, as V0\n"),
        "{}",
        ran.out()
    );
    let whiteout = "/w 0 20644 1 0 0 0 0.0 - - -\n";
    world.image("i", &format!("{ROOT}{whiteout}"));
    world.cfs("check i").prints("i: rebuilding it gives the same bytes: yes, as V1\n");
    world.image("i", &format!("{ROOT}/su 0 104755 1 0 0 0 0.0 - - -\n"));
    let document = document(&world, "i", 0);
    let finding = &document["sources"][0]["findings"][0];
    let (nid, offset) = (finding["nid"].as_u64().unwrap(), finding["offset"].as_u64().unwrap());
    // The mode of an inode, compact or extended, lies behind its format and its xattr count.
    let at = usize::try_from(offset).unwrap() + 4;
    assert_eq!(world.read("i")[at..at + 2], 0o104_755_u16.to_le_bytes());
    // Inodes count from the block that the superblock names.
    let image = world.read("i");
    let block = u32::from_le_bytes(image[1024 + 40..1024 + 44].try_into().unwrap());
    assert_eq!(offset, nid * 32 + u64::from(block) * 4096);
}

#[test]
fn images_whose_marks_do_not_agree_are_found() {
    let file = format!("/f 5 100644 1 0 0 0 0.0 ab/cdef - {D}\n");
    let has = |found: BTreeSet<String>, code: &str| {
        assert!(found.contains(code), "{code} is not in {found:?}");
        assert!(found.contains("rebuild-differs"), "{found:?}");
    };
    let changed = |old: &str, new: &str| codes_of_changed(&file, old.as_bytes(), new.as_bytes());
    has(changed("overlay.metacopy", "overlay.metacopX"), "metacopy-missing");
    has(changed("overlay.redirect", "overlay.redirecX"), "redirect-missing");
    has(changed("/ab/cdef", "xab/cdef"), "bad-redirect");
    has(codes_of_changed(&file, &[0, 36, 0, 1], &[0, 36, 0, 7]), "bad-metacopy");
    has(changed("overlay.opaquey", "overlay.opaquen"), "root-not-opaque");
    let whiteout = "/w 0 20644 1 0 0 0 0.0 - - -\n";
    let marks = |old: &str, new: &str| codes_of_changed(whiteout, old.as_bytes(), new.as_bytes());
    has(marks("overlay.opaquex", "overlay.opaquez"), "whiteouts-unmarked");
    has(marks("overlay.opaquex", "overlay.opaquez"), "user-marks");
    has(marks("overlay.overlay.whiteouts", "overlay.overlay.whiteoutX"), "whiteouts-unmarked");
    // A file is no whiteout any more, but its directory still says so. The name ends in the file where
    // it goes on with "s" in the directory.
    let world = World::new();
    world.image("i", &format!("{ROOT}{whiteout}"));
    let mut image = world.read("i");
    let name = b"overlay.overlay.whiteout";
    let places: Vec<usize> = (0..image.len())
        .filter(|&at| image[at..].starts_with(name) && image[at + name.len()] != b's')
        .collect();
    assert!(!places.is_empty());
    places.iter().for_each(|&at| image[at + name.len() - 1] = b'X');
    world.write("i", image);
    let found = document(&world, "i", 1).to_string();
    assert!(found.contains("whiteouts-absent"), "{found}");
}

#[test]
fn images_that_cannot_be_read_are_found_with_the_offset() {
    let world = World::new();
    world.image("i", ROOT);
    let image = world.read("i");
    world.write("cut", &image[..image.len() - 1]);
    let cut = document(&world, "--allow all cut", 1);
    assert_eq!(cut["sources"][0]["findings"][0]["code"], "damaged-image");
    assert_eq!(cut["sources"][0]["findings"][0]["offset"], 1024);
    assert!(cut["sources"][0]["rebuilt"].is_null());
    // Its version: the fourth number of the header.
    let mut other = image.clone();
    other[12] = 9;
    world.write("other", other);
    let other = document(&world, "other", 1);
    assert_eq!(other["sources"][0]["findings"][0]["code"], "unsupported-image");
    // Padding that is not zero changes nothing but the bytes.
    let mut padded = image.clone();
    padded[100] = 1;
    world.write("padded", padded);
    let ran = world.cfs("check padded");
    ran.exits(1);
    assert!(
        ran.out().starts_with("padded: offset 0x64: warning[rebuild-differs]: "),
        "{}",
        ran.out()
    );
    assert!(
        ran.out().ends_with("same bytes: no, not as V0 from byte 100 on, in the padding\n"),
        "{}",
        ran.out()
    );
}

/// The codes that are found in an image, with the paths they are about.
fn codes(world: &World, name: &str, status: i32) -> Vec<String> {
    let document = document(world, name, status);
    let findings = document["sources"][0]["findings"].as_array().unwrap();
    let told = |finding: &Value| {
        assert!(finding["offset"].is_u64() && finding["line"].is_null(), "{finding}");
        let path = finding["path"].as_str().unwrap_or("-");
        format!("{} {path}", finding["code"].as_str().unwrap())
    };
    findings.iter().map(told).collect()
}

/// What is found in the image of a dump with these lines.
#[track_caller]
fn assert_in_image(lines: &str, status: i32, expected: &[&str]) {
    let world = World::new();
    world.image("i", &format!("{ROOT}{lines}"));
    assert_eq!(codes(&world, "i", status), expected, "{lines}");
}

#[test]
fn what_is_found_in_the_tree_of_a_text_is_found_in_an_image() {
    let a = format!("/a 5 100644 1 0 0 0 0.0 {D_PATH} - {D}\n");
    assert_in_image(&a, 0, &[]);
    assert_in_image(&format!("{a}/b 5 100644 1 0 0 0 0.0 x - -\n"), 1, &["digest-missing /b"]);
    assert_in_image("/a 5 100644 1 0 0 0 0.0 x - -\n", 0, &["no-digest /a"]);
    // What a text says of the payload, an image says of the redirect, and once.
    assert_in_image(&format!("/a 5 100644 1 0 0 0 0.0 - - {D}\n"), 1, &["redirect-missing /a"]);
    let odd = format!("{a}/b 5 100644 1 0 0 0 0.0 free/form - {D}\n");
    assert_in_image(&odd, 1, &["payload-path /b"]);
    assert_in_image("/su 0 104755 1 0 0 0 0.0 - - -\n", 0, &["setuid /su"]);
    assert_in_image("/wall 0 102755 1 0 5 0 0.0 - - -\n", 0, &["setgid /wall"]);
    assert_in_image("/sda 0 60660 1 0 6 2048 0.0 - - -\n", 0, &["device /sda"]);
    assert_in_image("/f 0 100666 1 0 0 0 0.0 - - -\n", 1, &["world-writable /f"]);
    assert_in_image("/f 0 100644 3 0 0 0 0.0 - - -\n", 0, &["link-count /f"]);
    let content = "x".repeat(65);
    let inline = format!("/f 65 100644 1 0 0 0 0.0 - {content} -\n");
    assert_in_image(&inline, 0, &["inline-limit /f"]);
    let names = "/A 0 100644 1 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n";
    assert_in_image(names, 1, &["case-collision /a"]);
    let forms = "/A\\xcc\\x88 0 100644 1 0 0 0 0.0 - - -\n/\\xc3\\x84 0 100644 1 0 0 0 0.0 - - -\n";
    assert_in_image(forms, 1, &["unicode-collision /\\xc3\\x84"]);
}

#[test]
fn a_redirect_to_another_object_than_the_digest_says_is_found() {
    let other = D_PATH.replace("abcdef", "abcdee");
    let world = World::new();
    let b = D.replace("0123", "4567");
    let b_path = format!("{}/{}", &b[..2], &b[2..]);
    let lines =
        format!("/a 5 100644 1 0 0 0 0.0 {D_PATH} - {D}\n/b 5 100644 1 0 0 0 0.0 {b_path} - {b}\n");
    world.image("i", &format!("{ROOT}{lines}"));
    assert_eq!(codes(&world, "i", 0), Vec::<String>::new());
    let image = replaced(&world.read("i"), D_PATH.as_bytes(), other.as_bytes());
    world.write("i", image);
    // The same tree has the same image: only the tree tells.
    assert_eq!(codes(&world, "i", 1), ["payload-path /a"]);
}

#[test]
fn marks_for_overlays_of_users_are_compared_too() {
    let whiteout = "/d 27 40755 2 0 0 0 0.0 - - -\n/d/w 0 20644 1 0 0 0 0.0 - - -\n";
    let damaged = |old: &[u8], new: &[u8]| {
        let world = World::new();
        world.image("i", &format!("{ROOT}{whiteout}"));
        assert_eq!(codes(&world, "i", 0), Vec::<String>::new());
        world.write("i", replaced(&world.read("i"), old, new));
        let found = codes(&world, "i", 1);
        found.into_iter().filter(|code| code.starts_with("user-marks")).collect::<Vec<_>>()
    };
    // An entry: length of the name, its prefix `user.`, no value.
    assert_eq!(
        damaged(b"\x10\x01\0\0overlay.whiteout", b"\x10\x01\0\0overlay.whiteouX"),
        ["user-marks /d/w"]
    );
    assert_eq!(
        damaged(b"\x11\x01\0\0overlay.whiteouts", b"\x11\x01\0\0overlay.whiteoutX"),
        ["user-marks /d"]
    );
    assert_eq!(
        damaged(b"\x0e\x01\x01\0overlay.opaquex", b"\x0e\x01\x01\0overlay.opaquey"),
        ["user-marks /d"]
    );
    // The mark on what is none, which the dump may say.
    let world = World::new();
    world.image("i", &format!("{ROOT}/f 0 100644 1 0 0 0 0.0 - - - user.overlay.whiteout=\n"));
    assert!(codes(&world, "i", 1).contains(&"user-marks /f".into()));
}

#[test]
fn marks_of_an_overlay_where_none_should_be_are_found() {
    let damaged = |lines: &str, old: &[u8], new: &[u8]| {
        let world = World::new();
        world.image("i", &format!("{ROOT}{lines}"));
        world.write("i", replaced(&world.read("i"), old, new));
        let found = codes(&world, "i", 1);
        found.into_iter().filter(|code| !code.starts_with("rebuild-differs")).collect::<Vec<_>>()
    };
    let xattr = |entry: &str| format!("{entry} - - - trusted.overXay.opaque=y\n");
    let stray = |entry: &str| damaged(&xattr(entry), b"overXay.opaquey", b"overlay.opaquey");
    assert_eq!(stray("/d 27 40755 2 0 0 0 0.0"), ["stray-mark /d"]);
    assert_eq!(stray("/p 0 10644 1 0 0 0 0.0"), ["stray-mark /p"]);
    // A file whose content is in the image needs no redirect.
    let inline = "/f 1 100644 1 0 0 0 0.0 - x - trusted.overXay.redirect=/a\n";
    assert_eq!(damaged(inline, b"overXay.redirect", b"overlay.redirect"), ["stray-mark /f"]);
    // One whose content is not in the image needs a metacopy, whatever else it has.
    let external = "/f 5 100644 1 0 0 0 0.0 - - -\n";
    let found = damaged(external, b"overlay.metacopy", b"overlXy.metacopy");
    assert!(found.contains(&"metacopy-missing /f".into()), "{found:?}");
}

#[test]
fn what_differs_when_an_image_is_written_again_is_named() {
    // The example of the specification of the format, which lists what lies at each byte.
    let lines = "\
/ 4096 40755 2 0 0 0 1.0 - - -
/t 4096 40700 2 0 0 0 1.0 - - - user.k=v
/t/ext 5000 100644 1 1000 1000 0 2.5 ab/cd - 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f user.k=v
/t/in 5 100600 2 0 0 0 1.0 - hello -
/t/ln 5 @100600 2 0 0 0 1.0 /t/in - -
/u 1 120777 1 0 0 0 1.0 t - -
";
    let world = World::new();
    world.image("i", lines);
    let image = world.read("i");
    for (at, what) in [
        (0x0010, "the reserved part of the composefs header"),
        (0x0020, "the padding"),
        (0x0410, "the number of inodes of the superblock"),
        (0x0486, "the link count of the inode of /"),
        (0x04d4, "the inode number of the inode of /00"),
        (0x24b4, "the inode number of the inode of /ff"),
        (0x24e0, "the xattrs of /t"),
        (0x24fb, "the list of names of /t"),
        (0x2536, "the padding"),
        (0x254c, "the reserved part of the inode of /u"),
        (0x2561, "the padding"),
        (0x25b0, "the reserved part of the inode of /t/ext"),
        (0x2622, "the xattrs of /t/ext"),
        (0x2624, "the content of /t/ext"),
        (0x2628, "the padding"),
        (0x2686, "the table of shared xattrs"),
        (0x2690, "the padding"),
        (0x300b, "the list of names of /"),
    ] {
        let mut changed = image.clone();
        changed[at] ^= 0x40;
        world.write("changed", changed);
        let words = format!("same bytes: no, not as V0 from byte {at} on, in {what}\n");
        let ran = world.cfs("check changed");
        ran.exits(1);
        assert!(ran.out().ends_with(&words), "{words} is not in\n{}", ran.out());
        let document = document(&world, "changed", 1);
        let rebuilt = &document["sources"][0]["rebuilt"];
        assert_eq!((&rebuilt["differs"], &rebuilt["where"]), (&at.into(), &what.into()));
    }
}
