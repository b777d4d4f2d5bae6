//! `cfs check`.

use std::collections::BTreeSet;

use cfs::check::{Code, Rule};
use serde_json::Value;

use crate::schema::follows;
use crate::world::{CFS, ROOT, World};

pub(crate) fn document(world: &World, args: &str, status: i32) -> Value {
    let ran = world.cfs(&format!("check --json {args}"));
    ran.exits(status);
    let document = serde_json::from_str(&ran.out()).unwrap();
    follows("check.schema.json", &document);
    document
}

/// The findings about the only source, as `CODE LINE:COLUMN PATH`.
pub(crate) fn found(document: &Value) -> Vec<String> {
    let findings = document["sources"][0]["findings"].as_array().unwrap();
    let told = findings.iter().map(|finding| {
        let (code, path) = (finding["code"].as_str().unwrap(), finding["path"].as_str());
        format!("{code} {}:{} {}", finding["line"], finding["column"], path.unwrap_or("-"))
    });
    told.collect()
}

/// A dump of the root and these lines, made canonical.
pub(crate) fn canonical(world: &World, lines: &str) -> String {
    let text = format!("{ROOT}{lines}");
    world.with_stdin(CFS, "dump -q -", text.as_bytes()).out()
}

/// What is found in a canonical dump with these lines.
#[track_caller]
pub(crate) fn assert_found(lines: &str, options: &str, status: i32, expected: &[&str]) {
    let world = World::new();
    world.write("t", canonical(&world, lines));
    assert_eq!(found(&document(&world, &format!("{options} t"), status)), expected, "{lines}");
}

pub(crate) const D: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const D_PATH: &str = "01/23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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
    assert_eq!(levels("--deny-warnings --allow world-writable", 0), [0, 0, 1]);
    world.cfs("check --deny suid t").mentions(2, "there is no such code; near are setuid; ");
    // What is asked for both ways is no answer, whatever came last.
    for both in ["--allow setuid --deny setuid", "--deny setuid --allow setuid,device"] {
        world.cfs(&format!("check {both} t")).mentions(2, "setuid is both denied and allowed");
    }
    world.cfs("check --deny all --allow all t").mentions(2, "all is both denied and allowed");
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
    let near = "there is no such code; near are symlink-size, symlink-no-target; ";
    world.cfs("check --explain symlink").mentions(2, near);
    let lists = "there is no such code; `cfs check --explain` lists all";
    world.cfs("check --explain quux").mentions(2, lists);
    world.cfs("check").exits(2);
}

#[test]
fn codes_are_listed_and_explained_all_at_once() {
    let world = World::new();
    let list = world.cfs("check --explain");
    list.exits(0);
    let lines: Vec<String> = list.out().lines().map(str::to_owned).collect();
    let all = world.cfs("check --explain all").out();
    assert_eq!(lines.len(), Rule::all().count());
    for (line, rule) in lines.iter().zip(Rule::all()) {
        assert!(line.starts_with(&format!("{} ", rule.name())), "{line}");
        assert!(line.contains(rule.level().name()) && line.chars().count() <= 80, "{line}");
        let alone = world.cfs(&format!("check --explain {}", rule.name())).out();
        assert!(all.contains(&alone), "{alone}");
    }
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
fn the_first_of_each_code_is_shown_and_all_with_verbose() {
    let world = World::new();
    let lines = "/a 0 104755 1 0 0 0 0.0 - - -\n/b 0 104755 1 0 0 0 0.0 - - -\n";
    world.write("t", canonical(&world, lines));
    let first = "\
t:2:6: note[setuid]: /a: mode 4755 runs as the user 0
  |
2 | /a 0 104755 1 0 0 0 0.0 - - -
  |      ^^^^^^
";
    let ran = world.cfs("check t");
    ran.mentions(0, "cfs: 2 notes; `cfs check --explain CODE` explains a code\n");
    assert_eq!(ran.out(), format!("{first}t: … and 1 more of note[setuid]; -v shows all\n"));
    let all = world.cfs("check -v t");
    let second = first.replace("/a", "/b").replace(":2:", ":3:").replace("2 |", "3 |");
    assert_eq!(all.out(), format!("{first}{second}"));
    // On one line each.
    let short = world.cfs("check -v --error-format short t").out();
    assert_eq!(
        short,
        "\
t:2:6: note[setuid]: /a: mode 4755 runs as the user 0
t:3:6: note[setuid]: /b: mode 4755 runs as the user 0
"
    );
    world.cfs("check -q t").prints("");
    let colored = world.cfs("check --color always t").out();
    assert!(colored.contains("\x1b[1m\x1b[36mnote[setuid]\x1b[0m"), "{colored:?}");
    // A directory is a source too.
    world.shell("mkdir d && touch d/x && chmod 4755 d/x").exits(0);
    let ran = world.cfs("check d");
    assert!(ran.out().contains("d: note[setuid]: /x: "), "{}", ran.out());
}

#[test]
fn a_window_shows_the_field_of_a_long_line_and_the_hint() {
    let world = World::new();
    let long = "x".repeat(300);
    world.write("t", format!("{ROOT}/a 0300 100644 1 0 0 0 0.0 - {long} - user.a={long}\n"));
    let out = world.cfs("check t").out();
    let told = "t:2:30: note[inline-limit]: /a: 300 bytes stand in the tree\n";
    let windows: Vec<&str> = out.split(told).collect();
    let window: Vec<&str> = windows[1].lines().take(3).collect();
    let (line, mark) = (window[1], window[2]);
    let start = mark.find('^').unwrap();
    assert_eq!(&line[start - 2..=start], "- x", "{out}");
    assert!(mark.ends_with("^^^") && line.ends_with('…'), "{out}");
    assert!(line.chars().count() <= 104, "{out}");
    let spelled = "t:2:4: warning[number-spelling]: SIZE: expected digits without plus sign or \
                   leading zeros, found \"0300\"\n";
    let hint = out.split(spelled).nth(1).unwrap().lines().nth(4).unwrap();
    assert_eq!(hint, "  = hint: `cfs dump` writes the canonical spelling");
}

#[test]
fn objects_are_looked_for_in_all_directories_on_all_threads() {
    let world = World::new();
    std::fs::create_dir(world.path("files")).unwrap();
    for i in 0..300 {
        world.write(&format!("files/{i}"), i.to_string().repeat(100));
    }
    let script = "$cfs mkimage -q --digest-store one files i && $cfs dump -q i > t && mkdir two && \
                  for d in one/0* one/a*; do mv $d two; done";
    world.shell(script).exits(0);
    let count = |args: &str, code: &str| {
        let ran = world.cfs(&format!("check --json {args} t"));
        let document: Value = serde_json::from_str(&ran.out()).unwrap();
        let findings = document["sources"][0]["findings"].as_array().unwrap();
        findings.iter().filter(|finding| finding["code"] == code).count()
    };
    assert_eq!(count("--basedir one --basedir two", "object-missing"), 0);
    let lacking = count("--basedir one", "object-missing");
    let others = count("--basedir two", "object-missing");
    assert!(lacking > 5, "{lacking}");
    assert_eq!(lacking + others, 300);
    // The first directory that has something there counts, right or wrong.
    world.shell("cp -r two three && for f in three/*/*; do echo >> $f; done").exits(0);
    assert_eq!(count("--basedir one --basedir three --basedir two", "object-wrong"), lacking);
    assert_eq!(count("--basedir one --basedir two --basedir three", "object-wrong"), 0);
    let [one, many] = ["--threads 1", "--threads 4"]
        .map(|threads| world.cfs(&format!("check -v {threads} --basedir two t")).out());
    assert_eq!(one, many);
    assert_eq!(one.matches("error[object-missing]").count(), others);
}
