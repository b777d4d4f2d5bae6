//! What is said about dumps, word for word.

use crate::world::{CFS_MKIMAGE, ROOT, Ran, World};

/// Three errors, and three warnings of two kinds.
const BAD: &str = "\
/ 4096 40755 2 0 0 0 0.0 - - -
/a 12x 100644 1 0 0 0 0.0 - - -
/b 0 100644 1 0 0 0 0.0 pay - -
/c 0 100644 1 0 0 0 0.0 pay - -
/d 07 100644 1 0 0 0 0.0 x - -
/no/e 0 100644 1 0 0 0 0.0 - - -
/f 5 100644 1 0 0 0 0.0 - abc -
";

fn world() -> World {
    World::with(&[("bad.txt", BAD)])
}

#[test]
fn errors_and_warnings_point_into_the_line() {
    let words = "\
bad.txt:2:6: error[bad-number]: SIZE: expected a decimal number, found \"12x\"
  |
2 | /a 12x 100644 1 0 0 0 0.0 - - -
  |      ^
bad.txt:3:25: warning[payload-ignored]: PAYLOAD: expected \"-\", as this file keeps no payload, found \"pay\"
  |
3 | /b 0 100644 1 0 0 0 0.0 pay - -
  |                         ^^^
bad.txt:5:4: warning[number-spelling]: SIZE: expected digits without plus sign or leading zeros, found \"07\"
  |
5 | /d 07 100644 1 0 0 0 0.0 x - -
  |    ^^
  |
  = hint: `cfs dump` writes the canonical spelling
bad.txt:6:1: error[parent-missing]: PATH: expected a path whose parent was given before, found \"/no/e\"
  |
6 | /no/e 0 100644 1 0 0 0 0.0 - - -
  | ^^^^^
  |
  = hint: give a directory before what is in it
bad.txt:7:27: error[content-size]: CONTENT: expected 5 bytes, as SIZE says, found 3 bytes
  |
7 | /f 5 100644 1 0 0 0 0.0 - abc -
  |                           ^^^
  |
  = hint: count the bytes after unescaping
bad.txt: … and 1 more of warning[payload-ignored]; -v shows all
bad.txt: 3 errors
";
    world().cfs("dump bad.txt").says(2, words);
    Ran::of(world().command(CFS_MKIMAGE, "--from-dump bad.txt out.cfs")).says(2, words);
}

#[test]
fn quiet_shows_errors_alone_and_short_one_line_each() {
    let words = "\
bad.txt:2:6: error[bad-number]: SIZE: expected a decimal number, found \"12x\"
bad.txt:6:1: error[parent-missing]: PATH: expected a path whose parent was given before, found \"/no/e\"
bad.txt:7:27: error[content-size]: CONTENT: expected 5 bytes, as SIZE says, found 3 bytes
bad.txt: 3 errors
";
    world().cfs("dump -q --error-format=short bad.txt").says(2, words);
}

#[test]
fn verbose_shows_every_warning() {
    let err = world().cfs("dump -v --error-format=short bad.txt").exits(2).err();
    assert_eq!(err.matches("warning[payload-ignored]").count(), 2, "{err}");
    assert!(!err.contains("more of"), "{err}");
}

#[test]
fn max_errors_ends_the_reading() {
    let words = "\
bad.txt:2:6: error[bad-number]: SIZE: expected a decimal number, found \"12x\"
bad.txt: 1 error, and maybe more; --max-errors shows more
";
    world().cfs("dump -q --error-format=short --max-errors=1 bad.txt").says(2, words);
    let many = ROOT.to_owned() + &"/a x\n".repeat(50);
    let world = World::with(&[("many.txt", &many)]);
    let err = world.cfs("dump --error-format=short many.txt").exits(2).err();
    assert_eq!(err.matches("error[missing-field]").count(), 20, "{err}");
    let err = world.cfs("dump --error-format=short --max-errors=100 many.txt").exits(2).err();
    assert!(err.ends_with("many.txt: 50 errors\n"), "{err}");
}

#[test]
fn json_is_one_document_a_line() {
    let err = world().cfs("dump --error-format=json bad.txt").exits(2).err();
    let documents: Vec<serde_json::Value> =
        err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 6);
    let first = serde_json::json!({
        "file": "bad.txt", "line": 2, "column": 6, "offset": 36, "len": 1, "severity": "error",
        "code": "bad-number", "field": "SIZE", "expected": "a decimal number",
        "found": "\"12x\"", "hint": null,
        "message": "SIZE: expected a decimal number, found \"12x\"",
    });
    assert_eq!(documents[0], first);
    let more = serde_json::json!({
        "file": "bad.txt", "severity": "warning", "code": "payload-ignored", "more": 1,
    });
    assert_eq!(documents[5], more);
    let err = world().cfs("dump --error-format=json nope").exits(2).err();
    let trouble = serde_json::json!({
        "file": "nope", "severity": "error",
        "message": "cannot open nope: No such file or directory",
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&err).unwrap(), trouble);
}

#[test]
fn warnings_let_a_dump_pass_unless_they_are_denied() {
    let world = World::with(&[("a.txt", "/ 0 040755 2 0 0 0 0.0 - - -\n")]);
    world.cfs("dump a.txt").mentions(0, "a.txt:1:5: warning[number-spelling]: MODE: ");
    world.cfs("dump -q a.txt").says(0, "");
    for quiet in ["", "-q"] {
        let ran = world.cfs(&format!("mkimage {quiet} --deny-warnings a.txt out.cfs"));
        ran.mentions(2, "a.txt:1:5: error[number-spelling]: MODE: ");
        ran.mentions(2, "a.txt: 1 warning is denied\n");
    }
    assert_eq!(world.names(), ["a.txt"]);
}

#[test]
fn strict_refuses_what_would_be_dropped() {
    let text = format!("{ROOT}/b 0 100644 1 0 0 0 0.0 pay - -\n/c 0 0100644 1 0 0 0 0.0 - - -\n");
    let world = World::with(&[("a.txt", &text)]);
    for args in ["dump --strict a.txt", "mkimage --strict a.txt out.cfs", "ls --strict a.txt"] {
        let ran = world.cfs(args);
        ran.mentions(2, "a.txt:2:25: error[payload-ignored]");
        ran.mentions(2, "a.txt:3:6: warning[number-spelling]");
        assert_eq!(ran.out(), "");
    }
    assert_eq!(world.names(), ["a.txt"]);
}

#[test]
fn a_carrier_that_moves_is_a_warning_where_it_moves_to() {
    let text = format!("{ROOT}/b 0 100644 2 0 0 0 0.0 - - -\n/a 0 @100644 2 0 0 0 0.0 /b - -\n");
    let world = World::with(&[("a.txt", &text)]);
    let words = "\
a.txt:3:1: warning[carrier-moved]: PATH: expected the inode at the first of its names, found a hard link, which makes another image
  |
3 | /a 0 @100644 2 0 0 0 0.0 /b - -
  | ^^
";
    let ran = world.cfs("dump a.txt");
    ran.says(0, words);
    let tidy = format!("{ROOT}/a 0 100644 2 0 0 0 0.0 - - -\n/b 0 @100644 2 0 0 0 0.0 /a - -\n");
    assert_eq!(ran.out(), tidy);
    // The image keeps the carrier, so nothing is said.
    world.cfs("mkimage a.txt a.cfs").says(0, "");
}

#[test]
fn digests_of_two_lengths_are_a_warning() {
    let text = format!(
        "{ROOT}/a 1 100644 1 0 0 0 0.0 x - {}\n/b 1 100644 1 0 0 0 0.0 y - {}\n",
        "a".repeat(64),
        "b".repeat(128)
    );
    let world = World::with(&[("a.txt", &text)]);
    let ran = world.cfs("mkimage a.txt a.cfs");
    ran.mentions(0, "a.txt:3:29: warning[mixed-digests]: DIGEST: expected digests of one length");
    world.cfs("mkimage --deny-warnings a.txt a.cfs").exits(2);
}

#[test]
fn a_long_line_is_shown_through_a_window() {
    let name = "n".repeat(200);
    let xattr = "v".repeat(5000);
    let text = format!("{ROOT}/{name} 0 1006x4 1 0 0 0 0.0 - - - user.k={xattr}\n");
    let world = World::with(&[("a.txt", &text)]);
    let err = world.cfs("dump a.txt").exits(2).err();
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{err}");
    let shown = lines[2];
    assert!(shown.starts_with("2 | …nnn") && shown.ends_with('…'), "{err}");
    let caret = lines[3].chars().position(|c| c == '^').unwrap();
    assert_eq!(shown.chars().nth(caret), Some('x'), "{err}");
}

#[test]
fn odd_bytes_are_shown_escaped() {
    let world = World::new();
    world.write("a.txt", [ROOT.as_bytes(), b"/\xff\x1b[31m 0 x 1 0 0 0 0.0 - - -\n"].concat());
    let words = r"
2 | /\xff\x1b[31m 0 x 1 0 0 0 0.0 - - -
  |                 ^
";
    world.cfs("dump -q a.txt").mentions(2, words);
    let ran = world.cfs("dump no\x1b[31m\n");
    ran.mentions(2, r"cannot open no\u{1b}[31m");
}

#[test]
fn color_is_used_when_it_is_asked_for() {
    let world = world();
    let colored = |ran: Ran| ran.exits(2).err().contains('\x1b');
    assert!(!colored(world.cfs("dump bad.txt")));
    assert!(colored(world.cfs("dump --color=always bad.txt")));
    assert!(!colored(world.cfs("dump --color=never bad.txt")));
    let on_terminal = |env: &str, color: &str| {
        world.shell(&format!("script -qec '{env} $cfs dump {color} bad.txt' /dev/null </dev/null"))
    };
    if on_terminal("true", "").0.status.code() != Some(0) {
        eprintln!("skipped: script(1), which makes a terminal, is missing");
        return;
    }
    let is_colored = |env, color| on_terminal(env, color).out().contains("\x1b[1m");
    assert!(is_colored("TERM=xterm", ""));
    assert!(!is_colored("TERM=xterm NO_COLOR=1", ""));
    assert!(is_colored("TERM=xterm NO_COLOR=1", "--color=always"));
    assert!(!is_colored("TERM=xterm", "--color=never"));
}
