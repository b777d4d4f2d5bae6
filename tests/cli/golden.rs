//! `cfs golden`.

use std::process::Command;

use crate::world::{Ran, SMALL, World};

fn world() -> World {
    World::with(&[("golden", SMALL), ("other", &SMALL.replace("20666", "20600"))])
}

#[test]
fn a_source_is_as_a_golden_says_or_what_differs_is_told() {
    let world = world();
    world.image("image.cfs", SMALL);
    for source in ["golden", "image.cfs"] {
        world.cfs(&format!("golden check golden {source}")).prints("verdict: as the golden says\n");
    }
    let ran = world.cfs("golden check golden other");
    ran.says(1, "");
    let told = "\
m\t/dev/tty\tmode 0666 → 0600 (group and others may no longer read/write)

9 → 9 entries: 1 metadata
objects: nothing to fetch, 2 shared
verdict: not as the golden says
to accept: cfs golden accept golden other
";
    assert_eq!(ran.out(), told);
}

#[test]
fn the_command_that_accepts_is_told_with_its_options() {
    let world = world();
    let accept = |mut command: Command, args: &[&str]| {
        command.args(args);
        let out = Ran::of(command).exits(1).out();
        out.lines().find_map(|line| line.strip_prefix("to accept: ")).unwrap().to_owned()
    };
    world.write("a golden's", SMALL);
    let args = ["golden", "check", "--normalize", "@portable", "a golden's", "other"];
    let line = accept(world.command(crate::world::CFS, "-q"), &args);
    assert_eq!(line, r"cfs -q golden accept --normalize @portable 'a golden'\''s' other");
    world.shell(&line.replace("cfs ", "$cfs ")).is_silent_success();
    world.cfs("golden check golden other").exits(1);
    let mut again = world.command(crate::world::CFS, "golden check");
    again.args(["a golden's", "other"]);
    Ran::of(again).prints("verdict: as the golden says\n");
    std::os::unix::fs::symlink(crate::world::CFS, world.path("cfs-golden")).unwrap();
    let linked = accept(world.command(world.path("cfs-golden"), ""), &["check", "golden", "other"]);
    assert_eq!(linked, "cfs golden accept golden other");
}

#[test]
fn a_golden_is_made_and_written_anew_and_keeps_what_is_open() {
    let world = world();
    world.cfs("golden check new other").mentions(2, "hint: `cfs golden accept new other` makes it");
    let made = "cfs: new: 9 lines added\n";
    world.cfs("golden accept --normalize mtime,selinux new other").says(0, made);
    let text = String::from_utf8(world.read("new")).unwrap();
    assert!(text.contains("\n/dev/tty 0 20600 1 0 5 1280 * - - - security.selinux*\n"), "{text}");
    world.write("new", text.replace("/dev/tty 0 20600", "# a note\n/dev/tty 0 20*"));
    world.cfs("golden check new golden").prints("verdict: as the golden says\n");
    let before = world.read("new");
    world.cfs("golden accept new golden").says(0, "cfs: new is as it should be\n");
    assert_eq!(world.read("new"), before);
    world.write("changed", SMALL.replace("/etc/hosts 6 100644", "/etc/hosts 6 100640"));
    world.cfs("golden accept new changed").says(0, "cfs: new: 1 line changed\n");
    let after = String::from_utf8(before).unwrap().replace("hosts 6 100644", "hosts 6 100640");
    assert_eq!(String::from_utf8(world.read("new")).unwrap(), after);
}

#[test]
fn what_is_left_open_beside_is_counted() {
    let world = world();
    let told = "ignored: mode on 1 entry\n\
                verdict: as the golden says, except for what was ignored: mode\n";
    world.cfs("golden check --normalize mode golden other").prints(told);
    world.cfs("golden check --ignore mode golden other").prints(told);
    let unknown = "--normalize: a golden cannot leave open \"type\"";
    world.cfs("golden check --normalize type golden other").mentions(2, unknown);
}

#[test]
fn trouble_with_a_golden_points_into_it() {
    let world = world();
    world.write("bad", "# note\n/ * 40* * * * * * - - -\n/a * 1006x4 * * * * * - - -\n");
    let ran = world.cfs("golden check --error-format=short bad golden");
    let words = "bad:3:10: error[bad-number]: MODE: expected an octal number, found \"1006x4\"\nbad: 1 error\n";
    ran.says(2, words);
    world.cfs("golden accept bad golden").exits(2);
    world.image("image.cfs", SMALL);
    world.cfs("golden check image.cfs golden").mentions(2, "found an EROFS image");
    world.cfs("golden check . golden").mentions(2, "found a directory");
    world.cfs("golden check - -").mentions(2, "standard input can only be read once");
    world.cfs("golden accept - golden").mentions(2, "standard input cannot be written to");
    world.cfs("golden accept golden.gz golden").mentions(2, "a golden file is not compressed");
    let from_stdin = world.with_stdin(crate::world::CFS, "golden check golden -", SMALL.as_bytes());
    from_stdin.prints("verdict: as the golden says\n");
}

#[test]
fn a_directory_keeps_its_hard_links() {
    let world = World::new();
    world.shell("mkdir tree && echo hello > tree/a && ln tree/a tree/b").is_silent_success();
    world.cfs("-q golden accept --normalize owner,mtime golden tree").is_silent_success();
    let text = String::from_utf8(world.read("golden")).unwrap();
    assert!(text.contains(" @100"), "{text}");
    world.cfs("golden check golden tree").prints("verdict: as the golden says\n");
    world.shell("rm tree/b && cp tree/a tree/b").is_silent_success();
    let ran = world.cfs("golden check golden tree");
    ran.exits(1);
    assert!(ran.out().starts_with("L\t/b\t"), "{}", ran.out());
}

const PAGE: &str = include_str!("../../src/cli/pages/golden.md");

/// The blocks of a kind in cfs-golden(7).
fn blocks(kind: &str) -> Vec<String> {
    let parts = PAGE.split("\n```").skip(1).step_by(2);
    let blocks = parts.filter_map(|part| part.split_once('\n').filter(|(name, _)| *name == kind));
    let blocks: Vec<String> = blocks.map(|(_, text)| format!("{text}\n")).collect();
    assert!(!blocks.is_empty(), "no block of {kind}");
    blocks
}

#[test]
fn every_command_of_the_page_works_as_it_is_written() {
    let world = World::new();
    let labelled = SMALL.replace(
        "/etc 112 40755 2 0 0 0 0.0 - - -",
        "/etc 112 40755 2 0 0 0 3.0 - - - security.selinux=etc_t",
    );
    for (name, dump) in [
        ("rootfs.cfs", SMALL),
        ("changed.cfs", &SMALL.replace("20666", "20600")),
        ("labelled.cfs", &labelled),
        ("touched.cfs", &labelled.replace("1700000000.5", "8.0")),
    ] {
        world.image(name, dump);
    }
    world.write("needed.golden", &blocks("golden")[0]);
    let mut outputs = blocks("output").into_iter();
    let mut count = 0;
    for line in blocks("console").concat().lines() {
        let command = line.strip_prefix("$ cfs ").expect("a command");
        let ran = world.shell(&format!("$cfs -q {command}"));
        ran.exits(0);
        if command.contains("changed") {
            let told = ran.out().replace("accept: cfs -q golden", "accept: cfs golden");
            assert_eq!(Some(told), outputs.next());
        }
        count += 1;
    }
    assert_eq!((count, outputs.next()), (7, None));
    // What the pattern says is needed, and that is all.
    world.image("less.cfs", &labelled.replace("20666", "20660"));
    world.cfs("golden check needed.golden less.cfs").exits(1);
    world.image("more.cfs", &labelled.replace("/etc/link ", "/etc/l "));
    world.cfs("golden check needed.golden more.cfs").exits(0);
}

#[test]
fn the_page_is_made_with_the_others() {
    let world = World::new();
    world.cfs("man share/man/man1").is_silent_success();
    let page = String::from_utf8(world.read("share/man/man7/cfs-golden.7")).unwrap();
    assert!(
        page.contains(".TH cfs-golden 7 ") && page.contains("\n.SH \"WHAT IS LEFT OPEN\"\n"),
        "{page}"
    );
    assert!(!page.contains('`'), "{page}");
}

#[test]
fn the_example_in_rust_is_the_one_that_is_tested() {
    let library = include_str!("../../src/sketch.rs");
    let example = &blocks("rust")[0];
    let in_comments: String = library
        .lines()
        .filter_map(|line| line.strip_prefix("//! ").or((line == "//!").then_some("")))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(in_comments.contains(example.as_str()), "{example}");
}
