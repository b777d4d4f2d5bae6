//! `cfs diff` and `cfs patch`.

use serde_json::Value;

use crate::schema;
use crate::world::{SMALL, World};

/// Two dumps, `old` and `new`: the first is [`SMALL`], the second that with some replaced.
fn world(replaced: &[(&str, &str)]) -> World {
    let new = replaced.iter().fold(SMALL.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    World::with(&[("old", SMALL), ("new", &new)])
}

fn json(world: &World, args: &str) -> Value {
    let ran = world.cfs(&format!("diff --json {args} old new"));
    let document = serde_json::from_slice(&ran.0.stdout).unwrap();
    schema::follows("diff.schema.json", &document);
    document
}

#[test]
fn the_exit_status_is_that_of_diff() {
    let same = world(&[]);
    same.cfs("diff old new").says(0, "");
    let other = world(&[("100755 1 1000", "100755 1 1001")]);
    other.cfs("diff old new").says(1, "");
    other.cfs("diff old nowhere").mentions(2, "No such file or directory");
    other.cfs("diff --ignore colour old new").mentions(2, "there is no attribute \"colour\"");
    other.cfs("diff --json --markdown old new").exits(2);
    other.cfs("diff --only mode --ignore mtime old new").exits(2);
    other.cfs("diff - -").mentions(2, "standard input can only be read once");
    other.cfs("diff --path [ old new").mentions(2, "--path");
}

#[test]
fn what_is_ignored_is_counted_and_never_called_the_same() {
    let world = world(&[("1700000000.5", "1700000001.0"), ("20666", "20600")]);
    let ran = world.cfs("diff --ignore mtime,mode old new");
    let words = "ignored: mode on 1 entry, mtime on 1 entry\n\
                 verdict: equal except for what was ignored: mode, mtime; images differ in every format\n";
    ran.prints(words);
    let only = world.cfs("diff --only mode old new");
    only.says(1, "");
    let first = "m\t/dev/tty\tmode 0666 → 0600 (group and others may no longer read/write)";
    assert_eq!(only.out().lines().next(), Some(first));
    assert!(only.out().contains("ignored: mtime on 1 entry\n"), "{}", only.out());
    let part = world.cfs("diff --path etc/** old new");
    let first = "m\t/etc/big\tmtime 2023-11-14 22:13:20 → 2023-11-14 22:13:21";
    assert_eq!(part.out().lines().next(), Some(first));
    let words = "ignored: 1 change outside the paths that were asked for\n";
    assert!(part.out().contains(words), "{}", part.out());
    world.cfs("diff --path usr old new").exits(0);
    assert_eq!(json(&world, "--ignore mtime")["complete"], Value::Bool(false));
}

#[test]
fn the_verdict_has_three_levels() {
    let world = world(&[("1700000000.5", "1700000001.0")]);
    let verdict = |args: &str| {
        let out = world.cfs(&format!("diff {args}")).out();
        out.lines().find_map(|line| line.strip_prefix("verdict: ")).unwrap().to_owned()
    };
    for format in ["v0", "v1"] {
        world.cfs(&format!("mkimage --format={format} old {format}.cfs")).exits(0);
    }
    world.cfs("mkimage --format=v1 new new.cfs").exits(0);
    assert_eq!(verdict("old old"), "same tree, same image, the same bytes");
    assert_eq!(verdict("v0.cfs v1.cfs"), "same tree; images differ: V0 and V1 of it");
    assert_eq!(verdict("v0.cfs old"), "same tree; OLD is the image of NEW as V0");
    assert_eq!(verdict("old v1.cfs"), "same tree; NEW is the image of OLD as V1");
    let differ = verdict("v1.cfs new.cfs");
    assert!(differ.starts_with("trees differ; images differ (V1 sha256 "), "{differ}");
    let digest = world.cfs("verity digest --compact v1.cfs").out();
    assert!(differ.contains(&digest[..12]), "{differ} has not the start of {digest}");
    // The same tree, but a byte that no reader looks at.
    let mut odd = world.read("v1.cfs");
    odd[40] = 1;
    world.write("odd.cfs", odd);
    let words = "same tree; images differ: OLD is V1 of it, NEW is no V1 that this program writes, from byte 40 on, in the padding";
    assert_eq!(verdict("v1.cfs odd.cfs"), words);
    world.cfs("diff v0.cfs v1.cfs").exits(0);
    world.cfs("diff --exact v0.cfs v1.cfs").exits(1);
    world.cfs("diff --exact v0.cfs v0.cfs").exits(0);
}

#[test]
fn texts_with_the_same_tree_may_have_other_images() {
    let carried_later = SMALL
        .replace(
            "/etc/hosts 6 100644 2 0 0 0 0.0 - hello\\n -",
            "/etc/hosts 6 @100644 2 0 0 0 0.0 /etc/same hello\\n -",
        )
        .replace(
            "/etc/same 6 @100644 2 0 0 0 0.0 /etc/hosts hello\\n -",
            "/etc/same 6 100644 2 0 0 0 0.0 - hello\\n -",
        );
    let world = World::with(&[
        ("old", SMALL),
        ("new", &carried_later),
        ("spelled", &SMALL.replace("hello", "hell\\x6f")),
    ]);
    let ran = world.cfs("diff -q old new");
    ran.exits(0);
    let words = "verdict: same tree; images differ: in NEW, not /etc/hosts but a later name of its hard link carries the inode\n";
    assert_eq!(ran.out(), words);
    let ran = world.cfs("diff -q old spelled");
    let words =
        "verdict: same tree; same image in every format; the texts are only written differently\n";
    assert_eq!(ran.out(), words);
    world.write("counted", SMALL.replace("/etc/big 1048576 100755 1", "/etc/big 1048576 100755 7"));
    let words =
        "verdict: same tree; images differ: the link counts of 1 file differ (--all lists them)\n";
    world.cfs("diff old counted").prints(words);
    let all = world.cfs("diff --all old counted");
    assert_eq!(all.exits(1).out().lines().next(), Some("m\t/etc/big\tlinks 1 → 7"));
}

#[test]
fn changes_make_the_new_source_of_the_old_one() {
    let world = world(&[
        ("/etc/link 5 120777 1 0 0 0 0.0 hosts - -\n", ""),
        ("/etc/same 6 @", "/etc/other 6 @"),
        ("1700000000.5", "1700000001.0"),
    ]);
    world.write("changes.json", json(&world, "").to_string());
    let patched = world.cfs("patch old changes.json");
    patched.is_silent_success();
    assert_eq!(patched.out(), world.cfs("dump new").out());
    world.cfs("mkimage old old.cfs").exits(0);
    world.cfs("patch old.cfs changes.json -o patched").is_silent_success();
    world.cfs("diff --exact patched new").exits(1);
    world.cfs("diff patched new").exits(0);
    let refused = world.cfs("patch new changes.json");
    refused.mentions(2, "changes.json: ").mentions(2, "hint: apply it to the source that was OLD");
    world.cfs("patch old old").mentions(2, "old: line 1, column 1: this is no JSON");
}

#[test]
fn of_many_dangerous_files_in_a_new_directory_some_are_named_and_the_rest_is_counted() {
    let world = World::with(&[("old", "/ 4096 40755 2 0 0 0 0.0 - - -\n")]);
    let file = |number| format!("/new/{number:02} 0 104755 1 0 0 0 0.0 - - -\n");
    let files: String = (0..13).map(file).collect();
    let lines =
        format!("/ 4096 40755 3 0 0 0 0.0 - - -\n/new 4096 40755 2 0 0 0 0.0 - - -\n{files}");
    world.write("new", lines);
    let ran = world.cfs("diff old new");
    let looks: Vec<String> =
        ran.out().lines().filter(|line| line.starts_with("look: ")).map(str::to_owned).collect();
    assert_eq!(looks.len(), 11, "{looks:?}");
    assert!(looks[0].ends_with("/new/00") && looks[9].ends_with("/new/09"), "{looks:?}");
    assert_eq!(looks[10], "look: 3 more (cfs diff --json tells them)");
}

#[test]
fn letters_and_paths_come_alone() {
    let world = world(&[("/etc/link 5", "/etc/sym\\x20link 5"), ("hello\\n", "other\\n")]);
    // A symlink is only the same one elsewhere if its name is too.
    world.cfs("diff --name-status old new").exits(1);
    let lines = "M\t/etc/hosts\nD\t/etc/link\nA\t/etc/sym link\n";
    assert_eq!(world.cfs("diff --name-status old new").out(), lines);
    let fields = "M\0/etc/hosts\0D\0/etc/link\0A\0/etc/sym link\0";
    assert_eq!(world.cfs("diff -z old new").out(), fields);
    let stat = world.cfs("diff --stat old new").out();
    assert!(stat.starts_with("/etc\t-\t1 added, 1 deleted, 1 content\n9 → 9 entries: "), "{stat}");
}

#[test]
fn hunks_show_text_that_is_in_the_image_or_at_hand() {
    let world = world(&[("hello\\n", "other\\n"), ("100755 1 1000", "104755 1 1000")]);
    let hunks = "\
--- old  /etc/big
+++ new  /etc/big
@@ mode @@
-0755
+04755 (setuid added)
--- old  /etc/hosts
+++ new  /etc/hosts
@@ content, 6 → 6 bytes @@
@@ -1 +1 @@
-hello
+other
";
    assert_eq!(world.cfs("diff -p old new").exits(1).out(), hunks);
    let file = |payload: &str| {
        format!("/ 4096 40755 2 0 0 0 0.0 - - -\n/f 4 100644 1 0 0 0 0.0 {payload} - -\n")
    };
    world.write("old", file("a"));
    world.write("new", file("b"));
    std::fs::create_dir(world.path("objects")).unwrap();
    world.write("objects/a", "one\n");
    world.write("objects/b", "two\n");
    let out = world.cfs("diff -p --basedir=objects old new").exits(1).out();
    assert!(out.ends_with("@@ content, 4 → 4 bytes @@\n@@ -1 +1 @@\n-one\n+two\n"), "{out}");
    let out = world.cfs("diff -p old new").out();
    assert!(out.ends_with("-4 bytes, a\n+4 bytes, b\n"), "{out}");
}

#[test]
fn colour_is_for_terminals_and_output_does_not_depend_on_threads() {
    let world = world(&[("1700000000.5", "1700000001.0"), ("20666", "20600")]);
    let plain = world.cfs("diff old new").out();
    assert!(!plain.contains('\x1b'), "{plain}");
    let colored = world.cfs("diff --color=always old new").out();
    assert!(colored.starts_with("\x1b[36mm\x1b[0m\t/dev/tty\t"), "{colored:?}");
    for form in ["", "--json", "--markdown", "-p"] {
        let run =
            |threads: &str| world.cfs(&format!("diff {form} --threads={threads} old new")).out();
        assert_eq!(run("1"), run("3"));
    }
}

#[test]
fn a_directory_can_be_compared_with_its_image() {
    let world = World::new();
    std::fs::create_dir(world.path("tree")).unwrap();
    world.write("tree/a", vec![7_u8; 5000]);
    world.write("tree/b", "small");
    std::fs::hard_link(world.path("tree/b"), world.path("tree/c")).unwrap();
    world.cfs("mkimage -q --hardlinks=keep tree tree.cfs").exits(0);
    let ran = world.cfs("diff tree.cfs tree");
    assert_eq!(ran.exits(0).out(), "verdict: same tree; OLD is the image of NEW as V0\n");
    world.write("tree/a", vec![8_u8; 5000]);
    let out = world.cfs("diff --ignore mtime tree.cfs tree").exits(1).out();
    assert_eq!(out.lines().next(), Some("M\t/a\tother content, same size (4.9 KiB)"));
    // The same content in the image or beside it is the same.
    world.cfs("mkimage -q --hardlinks=keep --inline-max=0 tree beside.cfs").exits(0);
    let out = world.cfs("diff --ignore mtime beside.cfs tree").exits(1).out();
    assert_eq!(out.lines().next(), Some("m\t/b\tcontent now in the image (with 1 other name)"));
    world.cfs("diff --semantic beside.cfs tree").exits(0);
}

#[test]
fn words_that_differ_are_marked_where_there_is_colour() {
    let world = world(&[
        ("hello\\n", "hello\\x20you\\n"),
        ("/etc/hosts 6", "/etc/hosts 10"),
        ("/etc/same 6", "/etc/same 10"),
        ("100755 1 1000", "104755 1 1000"),
    ]);
    let out = world.cfs("diff -p --color=always old new").exits(1).out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "\x1b[1m--- old  /etc/big\x1b[0m");
    assert_eq!(lines[2], "\x1b[36m@@ mode @@\x1b[0m");
    assert_eq!(lines[3], "\x1b[31m-\x1b[0m\x1b[31m0755\x1b[0m");
    assert!(lines.contains(&"\x1b[31m-\x1b[0m\x1b[31mhello\x1b[0m"), "{out:?}");
    let marked = "\x1b[32m+\x1b[0m\x1b[32mhello\x1b[0m\x1b[7m\x1b[32m you\x1b[0m";
    assert_eq!(lines.last(), Some(&marked), "{out:?}");
}

/// The hints that a pair of the gallery gives.
fn hints(pair: &str) -> Vec<String> {
    let json = crate::support::fixture(&format!("diff/{pair}/json"));
    let document: Value = serde_json::from_slice(&crate::support::read(&json)).unwrap();
    let hints = document["hints"].as_array().unwrap().iter();
    hints.map(|hint| hint["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_known_cause_is_named_for_a_pair_of_the_gallery() {
    let pairs = [
        ("directory-mtimes", "directory-mtimes"),
        ("fixed-time", "all-mtimes"),
        ("root-xattrs", "root-xattrs"),
        ("nanoseconds-dropped", "nanoseconds"),
        ("labels-missing", "selinux"),
        ("digests-missing", "digests"),
        ("hard-links-split", "hard-links"),
        ("other-owner", "owners"),
        ("marks-of-a-format-shown", "format-marks"),
    ];
    for (pair, code) in pairs {
        assert_eq!(hints(pair), [code], "{pair}");
    }
    for pair in ["mode-and-owner", "relabelled", "same-tree-other-format", "kernel-update"] {
        assert!(hints(pair).is_empty(), "{pair}");
    }
}

#[test]
fn what_is_not_compared_is_not_told() {
    let world = world(&[
        ("hello\\n", "hello\\x20you\\n"),
        ("/etc/hosts 6", "/etc/hosts 10"),
        ("/etc/same 6", "/etc/same 10"),
    ]);
    let first = |args: &str| {
        world.cfs(&format!("diff {args} old new")).exits(1).out().lines().next().map(str::to_owned)
    };
    let of = |words: &str| Some(format!("M\t/etc/hosts\t{words} (with 1 other name)"));
    assert_eq!(first(""), of("6 B → 10 B (+4 B)"));
    assert_eq!(first("--only content"), of("other content"));
    assert_eq!(first("--ignore content"), of("6 B → 10 B (+4 B)"));
    let none = world.cfs("diff --path nowhere old new");
    let words =
        "verdict: equal except for what was ignored: other paths; images differ in every format\n";
    assert!(none.exits(0).out().ends_with(words), "{}", none.out());
}

#[test]
fn what_lies_outside_of_the_paths_is_counted_even_if_it_went_there() {
    let moved = world(&[("/etc/link 5", "/link 5")]);
    let part = moved.cfs("diff --path etc/** old new");
    let words = "ignored: 1 change outside the paths that were asked for\n";
    assert!(part.exits(1).out().contains(words), "{}", part.out());
    assert_eq!(json(&moved, "--path etc/**")["complete"], Value::Bool(false));
}

#[test]
fn the_command_of_a_comment_is_the_one_that_shows_all() {
    let world = world(&[("hello\\n", "other\\n")]);
    world.write("it's new", world.read("new"));
    let script = "$cfs diff --markdown --path='etc/**' --ignore mtime,mode old \"it's new\"";
    let out = world.shell(script).out();
    let last = "All of it: `cfs diff -l --ignore=mtime,mode '--path=etc/**' old 'it'\\''s new'`\n";
    assert!(out.ends_with(last), "{out}");
}
