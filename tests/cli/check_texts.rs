//! What `cfs check` finds in dump texts.

use crate::check::{D, D_PATH, assert_found, document, found};
use crate::world::{ROOT, World};

#[test]
fn permissions_and_devices_are_found_at_the_mode() {
    assert_found("/su 0 104755 1 0 0 0 0.0 - - -\n", "", 0, &["setuid 2:7 /su"]);
    assert_found("/wall 0 102755 1 0 5 0 0.0 - - -\n", "", 0, &["setgid 2:9 /wall"]);
    assert_found("/sda 0 60660 1 0 6 2048 0.0 - - -\n", "", 0, &["device 2:8 /sda"]);
    assert_found("/f 0 100666 1 0 0 0 0.0 - - -\n", "", 1, &["world-writable 2:6 /f"]);
    assert_found("/d 27 40777 2 0 0 0 0.0 - - -\n", "", 1, &["world-writable 2:7 /d"]);
    // A sticky directory, a symlink, a setgid directory and a whiteout are nothing odd.
    assert_found("/tmp 27 41777 2 0 0 0 0.0 - - -\n", "", 0, &[]);
    assert_found("/l 1 120777 1 0 0 0 0.0 x - -\n", "", 0, &[]);
    assert_found("/g 27 42755 2 0 0 0 0.0 - - -\n", "", 0, &[]);
    assert_found("/w 0 20644 1 0 0 0 0.0 - - -\n", "", 0, &[]);
}

#[test]
fn digests_and_payloads_are_found_where_other_files_have_them() {
    let a = format!("/a 5 100644 1 0 0 0 0.0 {D_PATH} - {D}\n");
    assert_found(&a, "", 0, &[]);
    let missing = format!("{a}/b 5 100644 1 0 0 0 0.0 x - -\n");
    assert_found(&missing, "", 1, &["digest-missing 3:29 /b"]);
    let none = "/a 5 100644 1 0 0 0 0.0 x - -\n/b 5 100644 1 0 0 0 0.0 y - -\n";
    assert_found(none, "", 0, &["no-digest 2:29 /a"]);
    let odd = format!("{a}/b 5 100644 1 0 0 0 0.0 free/form - {D}\n");
    assert_found(&odd, "", 1, &["payload-path 3:25 /b"]);
    let all_odd = format!("/b 5 100644 1 0 0 0 0.0 free/form - {D}\n");
    assert_found(&all_odd, "", 0, &[]);
    let nothing = format!("/a 5 100644 1 0 0 0 0.0 - - {D}\n");
    assert_found(&nothing, "", 1, &["no-payload 2:25 /a"]);
}

#[test]
fn contents_counts_and_times_are_found() {
    let content = |len: usize| format!("/a {len} 100644 1 0 0 0 0.0 - {} -\n", "x".repeat(len));
    assert_found(&content(64), "", 0, &[]);
    assert_found(&content(65), "", 0, &["inline-limit 2:28 /a"]);
    assert_found("/a 0 100644 2 0 0 0 0.0 - - -\n", "", 0, &["link-count 2:13 /a"]);
    let linked = "/a 0 100644 2 0 0 0 0.0 - - -\n/b 0 @100644 2 0 0 0 0.0 /a - -\n";
    assert_found(linked, "", 0, &[]);
    let late = "/a 0 100644 1 0 0 0 99999999999.0 - - -\n";
    assert_found(late, "", 0, &[]);
    assert_found(late, "--future", 1, &["future-mtime 2:21 /a"]);
}

#[test]
fn names_that_differ_by_case_or_unicode_form_are_found() {
    let names = |names: &[&str]| -> String {
        names.iter().map(|name| format!("/{name} 0 100644 1 0 0 0 0.0 - - -\n")).collect()
    };
    assert_found(&names(&["A", "a"]), "", 1, &["case-collision 3:1 /a"]);
    assert_found(&names(&["A", "b"]), "", 0, &[]);
    // Ä as two code points and as one, then ä.
    let forms = names(&["A\\xcc\\x88", "\\xc3\\x84"]);
    assert_found(&forms, "", 1, &["unicode-collision 3:1 /\\xc3\\x84"]);
    let both = names(&["\\xc3\\x84", "\\xc3\\xa4"]);
    assert_found(&both, "", 1, &["case-collision 3:1 /\\xc3\\xa4"]);
}

#[test]
fn sizes_and_link_counts_of_directories_may_be_any() {
    let world = World::new();
    let lines = "/d 5 40755 77 0 0 0 0.0 - - -\n/d/f 0 100644 1 0 0 0 0.0 - - -\n";
    world.write("t", format!("/ 0 40755 0 0 0 0 0.0 - - -\n{lines}"));
    assert_eq!(found(&document(&world, "t", 0)), Vec::<String>::new());
    world.cfs("check t").prints("");
    // It is another matter in another order, and of a file.
    world
        .write("t", format!("/ 0 40755 0 0 0 0 0.0 - - -\n/x 0 100644 1 0 0 0 0.0 - - -\n{lines}"));
    assert_eq!(found(&document(&world, "t", 1)), ["line-order 3:1 /d", "line-order 4:1 /d/f"]);
    world.write("t", "/ 0 40755 0 0 0 0 0.0 - - -\n/p 7 10644 1 0 0 0 0.0 - - -\n");
    assert_eq!(found(&document(&world, "t", 1)), ["size-ignored 2:4 -"]);
}

#[test]
fn lines_in_another_order_are_found_where_they_stand() {
    let world = World::new();
    let order = |names: &[&str]| {
        let line = |name: &&str| match name.strip_suffix('/') {
            Some(name) => format!("/{name} 27 40755 2 0 0 0 0.0 - - -\n"),
            None => format!("/{name} 0 100644 1 0 0 0 0.0 - - -\n"),
        };
        let lines: String = names.iter().map(line).collect();
        world.write("t", format!("{ROOT}{lines}"));
        found(&document(&world, "t", if names.is_sorted() { 0 } else { 1 }))
    };
    assert_eq!(order(&["a", "b", "c"]), Vec::<String>::new());
    assert_eq!(order(&["b", "a", "c"]), ["line-order 3:1 /a"]);
    assert_eq!(order(&["c", "a", "b"]), ["line-order 3:1 /a", "line-order 4:1 /b"]);
    // Depth first: what is in a directory comes before names that only go on as it does.
    assert_eq!(order(&["d/", "d.x", "d/f"]), ["line-order 4:1 /d/f"]);
    let text = String::from_utf8(world.read("t")).unwrap();
    let message = "t:4:1: warning[line-order]: /d/f: behind \"/d.x\", which sorts after it\n";
    assert!(world.cfs("check t").out().starts_with(message), "{text}");
}

#[test]
fn spellings_that_are_not_canonical_are_found_at_their_fields() {
    let world = World::new();
    let spelled = |line: &str| {
        world.write("t", format!("{ROOT}{line}\n"));
        found(&document(&world, "t", 1))
    };
    // An escape that is not needed, in each field that has escapes.
    assert_eq!(spelled("/\\x61 0 100644 1 0 0 0 0.0 - - -"), ["not-canonical 2:1 /a"]);
    assert_eq!(spelled("/l 1 120777 1 0 0 0 0.0 \\x61 - -"), ["not-canonical 2:25 /l"]);
    assert_eq!(spelled("/a 1 100644 1 0 0 0 0.0 - \\x61 -"), ["not-canonical 2:27 /a"]);
    let xattr = "/a 0 100644 1 0 0 0 0.0 - - - user.a=1 user.b=\\x61";
    assert_eq!(spelled(xattr), ["not-canonical 2:40 /a"]);
    // The order of xattrs, from the first that is not where it should be.
    let order = "/a 0 100644 1 0 0 0 0.0 - - - user.a=1 user.c=3 user.b=2";
    assert_eq!(spelled(order), ["not-canonical 2:40 /a"]);
    let words =
        "XATTR: expected \"user.b=2\" first, as an image gives xattrs back, found \"user.c=3\"";
    assert!(world.cfs("check t").out().contains(words), "{}", world.cfs("check t").out());
    // Facts of a link that are not those of its target, which are dropped.
    let link = "/a 1 100644 2 0 0 0 0.0 - x -\n/b 1 @100644 1 7 0 0 0.0 /a x -";
    assert_eq!(spelled(link), ["not-canonical 3:14 /b"]);
    // What parsing said of a field is not said again.
    assert_eq!(spelled("/a +0 100644 1 0 0 0 0.0 - - -"), ["number-spelling 2:4 -"]);
    let reserved = "/a 0 100644 1 0 0 0 0.0 - - - user.overlay.whiteout=1";
    assert_eq!(spelled(reserved), ["xattr-reserved 2:31 -"]);
    // Another name carries the inode: said once, at the name that should.
    let moved = "/a 1 @100644 2 0 0 0 0.0 /b x -\n/b 1 100644 2 0 0 0 0.0 - x -";
    assert_eq!(spelled(moved), ["carrier-moved 2:1 -"]);
}

#[test]
fn what_lenient_mode_lets_pass_and_what_it_refuses_is_found() {
    let world = World::new();
    world.write("t", format!("{ROOT}/a +0 100644 1 0 0 0 0.0 - - -\n"));
    let found_here = found(&document(&world, "t", 1));
    assert_eq!(found_here, ["number-spelling 2:4 -"]);
    world.write("t", format!("{ROOT}/b 0 @100644 2 0 0 0 0.0 /gone - -\n"));
    let found_here = found(&document(&world, "--allow all t", 1));
    assert_eq!(found_here, ["hardlink-missing 2:26 -"]);
    world.cfs("check nothing").mentions(2, "No such file");
}
