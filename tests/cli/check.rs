//! `cfs check`.

use std::collections::BTreeSet;

use cfs::check::{Code, Rule};
use serde_json::Value;

use crate::schema::follows;
use crate::world::{CFS, ROOT, SMALL, World};

fn document(world: &World, args: &str, status: i32) -> Value {
    let ran = world.cfs(&format!("check --json {args}"));
    ran.exits(status);
    let document = serde_json::from_str(&ran.out()).unwrap();
    follows("check.schema.json", &document);
    document
}

/// The findings about the only source, as `CODE LINE:COLUMN PATH`.
fn found(document: &Value) -> Vec<String> {
    let findings = document["sources"][0]["findings"].as_array().unwrap();
    let told = findings.iter().map(|finding| {
        let (code, path) = (finding["code"].as_str().unwrap(), finding["path"].as_str());
        format!("{code} {}:{} {}", finding["line"], finding["column"], path.unwrap_or("-"))
    });
    told.collect()
}

/// A dump of the root and these lines, made canonical.
fn canonical(world: &World, lines: &str) -> String {
    let text = format!("{ROOT}{lines}");
    world.with_stdin(CFS, "dump -q -", text.as_bytes()).out()
}

/// What is found in a canonical dump with these lines.
#[track_caller]
fn assert_found(lines: &str, options: &str, status: i32, expected: &[&str]) {
    let world = World::new();
    world.write("t", canonical(&world, lines));
    assert_eq!(found(&document(&world, &format!("{options} t"), status)), expected, "{lines}");
}

const D: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const D_PATH: &str = "01/23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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
fn texts_that_are_not_canonical_are_found_and_fixed() {
    let a = "/a 0 100644 1 0 0 0 0.0 - - -\n";
    let world = World::with(&[("size", "/ 0 40755 2 0 0 0 0.0 - - -\n"), ("good", ROOT)]);
    world.write("order", format!("{ROOT}/b 0 100644 1 0 0 0 0.0 - - -\n{a}"));
    assert_eq!(found(&document(&world, "good", 0)), Vec::<String>::new());
    assert_eq!(found(&document(&world, "size", 1)), ["not-canonical 1:3 /"]);
    assert_eq!(found(&document(&world, "order", 1)), ["line-order 2:2 /b"]);
    let wanted = world.cfs("dump -q order").out();
    world.cfs("check --fix order size").exits(0);
    assert_eq!(String::from_utf8(world.read("order")).unwrap(), wanted);
    assert_eq!(world.read("size"), ROOT.as_bytes());
    assert_eq!(world.names(), ["good", "order", "size"]);
    assert_eq!(found(&document(&world, "order", 0)), Vec::<String>::new());
    // What cannot be written back is refused, and stays as it is.
    world.shell("printf '/ 0 40755 2 0 0 0 0.0 - - -\\n' | $cfs check --fix -").exits(2);
    world.shell("printf '/ 0 40755 2 0 0 0 0.0 - - -\\n' | gzip > t.gz").exits(0);
    let before = world.read("t.gz");
    world.cfs("check --fix t.gz").mentions(2, "compressed");
    assert_eq!(world.read("t.gz"), before);
    // A text with an error is not touched.
    world.write("bad", "/ x 40755 2 0 0 0 0.0 - - -\n");
    world.cfs("check --fix bad").exits(1);
    assert_eq!(world.read("bad"), b"/ x 40755 2 0 0 0 0.0 - - -\n");
}

#[test]
fn what_lenient_mode_lets_pass_and_what_it_refuses_is_found() {
    let world = World::new();
    world.write("t", format!("{ROOT}/a +0 100644 1 0 0 0 0.0 - - -\n"));
    let found_here = found(&document(&world, "t", 1));
    assert_eq!(found_here, ["number-spelling 2:4 -", "not-canonical 2:4 /a"]);
    world.write("t", format!("{ROOT}/b 0 @100644 2 0 0 0 0.0 /gone - -\n"));
    let found_here = found(&document(&world, "--allow all t", 1));
    assert_eq!(found_here, ["hardlink-missing 2:26 -"]);
    world.cfs("check nothing").mentions(2, "No such file");
}

#[test]
fn levels_are_set_by_code() {
    let world = World::new();
    let lines = "/f 0 100666 1 0 0 0 0.0 - - -\n/su 0 104755 1 0 0 0 0.0 - - -\n";
    world.write("t", canonical(&world, lines));
    let levels = |args: &str, status| {
        let document = document(&world, &format!("{args} t"), status);
        ["errors", "warnings", "notes"].map(|level| document[level].as_u64().unwrap())
    };
    assert_eq!(levels("", 1), [0, 1, 1]);
    assert_eq!(levels("--deny setuid", 1), [1, 1, 0]);
    assert_eq!(levels("--deny all", 1), [2, 0, 0]);
    assert_eq!(levels("--deny all --allow setuid,world-writable", 0), [0, 0, 0]);
    assert_eq!(levels("--allow world-writable", 0), [0, 0, 1]);
    assert_eq!(levels("--allow all --deny setuid", 1), [1, 0, 0]);
    assert_eq!(levels("--deny-warnings", 1), [1, 0, 1]);
    world.cfs("check --deny suid t").mentions(2, "there is no such code");
}

#[test]
fn every_code_is_explained() {
    let world = World::new();
    let mut names = BTreeSet::new();
    for rule in Rule::all() {
        assert!(names.insert(rule.name()), "two codes are named {}", rule.name());
        assert_eq!(Rule::from_name(rule.name()), Some(rule));
        assert!(rule.explain().ends_with('.'), "{}", rule.name());
    }
    assert!(names.len() > Code::ALL.len());
    for name in ["bad-digest", "setuid"] {
        let ran = world.cfs(&format!("check --explain {name}"));
        ran.exits(0);
        let words = ran.out().replace('\n', " ");
        assert!(words.contains(Rule::from_name(name).unwrap().explain()), "{words}");
        assert!(ran.out().lines().all(|line| line.len() <= 80), "{words}");
    }
    world.cfs("check --explain nope").mentions(2, "there is no such code");
    world.cfs("check").exits(2);
}

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
    assert!(ran.out().ends_with("same bytes: no, not as V0 from byte 100 on\n"), "{}", ran.out());
}

#[test]
fn objects_are_compared_with_what_files_need() {
    let world = World::with(&[("a", "hello")]);
    let printed = world.cfs("store add -q objects a").out();
    let digest = printed.split([':', ' ']).nth(1).unwrap().to_owned();
    let path = format!("{}/{}", &digest[..2], &digest[2..]);
    let good = format!("/a 5 100644 1 0 0 0 0.0 {path} - {digest}\n");
    world.write("t", canonical(&world, &good));
    assert_eq!(found(&document(&world, "--basedir objects t", 0)), Vec::<String>::new());
    let lost = format!("{good}/b 5 100644 1 0 0 0 0.0 {D_PATH} - {D}\n");
    world.write("t", canonical(&world, &lost));
    assert_eq!(found(&document(&world, "--basedir objects t", 1)), ["object-missing 3:25 /b"]);
    assert_eq!(found(&document(&world, "t", 0)), Vec::<String>::new());
    let wrong = good.replace("/a 5", "/a 6");
    world.write("t", canonical(&world, &wrong));
    assert_eq!(found(&document(&world, "--basedir objects t", 1)), ["object-wrong 2:25 /a"]);
    world.cfs("check --basedir nowhere t").exits(2);
}

#[test]
fn sarif_has_what_code_scanning_needs() {
    let world = World::new();
    let lines = "/f 0 100666 1 0 0 0 0.0 - - -\n/su 0 104755 1 0 0 0 0.0 - - -\n";
    world.write("a b.txt", canonical(&world, lines));
    world.image("i", &format!("{ROOT}{lines}"));
    let ran = world.shell("$cfs check --sarif 'a b.txt' i");
    ran.exits(1);
    let sarif: Value = serde_json::from_str(&ran.out()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!((run["tool"]["driver"]["name"].as_str(), results.len()), (Some("cfs"), 4));
    for result in results {
        let number = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[number]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.txt");
    assert_eq!(
        (&place["region"]["startLine"], &place["region"]["startColumn"]),
        (&2.into(), &6.into())
    );
    let logical = &results[0]["locations"][0]["logicalLocations"][0];
    assert_eq!(logical["fullyQualifiedName"], "/f");
    let image = &results[2]["locations"][0]["physicalLocation"];
    assert_eq!(image["artifactLocation"]["uri"], "i");
    assert!(image["region"]["byteOffset"].is_u64());
    world.cfs("check --sarif --json i").exits(2);
}

#[test]
fn the_first_of_each_code_is_shown_and_all_with_verbose() {
    let world = World::new();
    let lines = "/a 0 104755 1 0 0 0 0.0 - - -\n/b 0 104755 1 0 0 0 0.0 - - -\n";
    world.write("t", canonical(&world, lines));
    let first = "t:2:6: note[setuid]: /a: mode 4755 runs as the user 0\n";
    let ran = world.cfs("check t");
    ran.mentions(0, "cfs: 2 notes; `cfs check --explain CODE` explains a code\n");
    assert_eq!(ran.out(), format!("{first}t: … and 1 more of note[setuid]; -v shows all\n"));
    let all = world.cfs("check -v t");
    assert_eq!(all.out(), format!("{first}{}", first.replace("/a", "/b").replace(":2:", ":3:")));
    world.cfs("check -q t").prints("");
    // A directory is a source too.
    world.shell("mkdir d && touch d/x && chmod 4755 d/x").exits(0);
    let ran = world.cfs("check d");
    assert!(ran.out().contains("note[setuid]: /x: "), "{}", ran.out());
}
