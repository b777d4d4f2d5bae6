//! The rules of our own that no compiler knows.

#[path = "tidy/source.rs"]
mod source;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cfs::dump::{self, Code, Options, Profile, Warnings};
use source::{code, functions, line_of, paths, without_tests, words};
use support::{fixture, read};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of Rust.
struct File {
    /// From the top of the repository.
    name: String,
    text: String,
    /// The text without comments and strings.
    code: String,
}

/// The files of Rust in some folders.
fn rust_files(folders: &[&str]) -> Vec<File> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|name| repository().join(name)).collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            files.push(File { name, code: code(&text), text });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!files.is_empty(), "no file in {folders:?}");
    files
}

/// Every file that belongs to the project, from the top of the repository.
fn project_files() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output();
    let listed = listed.ok().filter(|ran| ran.status.success() && !ran.stdout.is_empty());
    if let Some(ran) = listed {
        let names = String::from_utf8(ran.stdout).unwrap();
        let names = names.split_terminator('\0').map(Into::into);
        return names.filter(|name: &String| repository().join(name).exists()).collect();
    }
    println!("no git here: every file counts that is there");
    let mut names = Vec::new();
    let mut waiting = vec![repository().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
            match name.rsplit('/').next() {
                Some("target" | ".git" | "corpus" | "artifacts" | "coverage") => {}
                _ if path.is_dir() => waiting.push(path),
                _ => names.push(name),
            }
        }
    }
    names
}

#[track_caller]
fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}\n", broken.join("\n  "));
}

// ---- the wall -----------------------------------------------------------------------------------

/// What stands below the wall, and what of the crate each part may name.
const BELOW: [(&str, &[&str]); 13] = [
    ("num", &[]),
    ("chunks", &["num"]),
    ("verity", &["num"]),
    ("tree", &["num", "chunks", "verity"]),
    ("dump", &["num", "chunks", "tree", "verity"]),
    ("erofs", &["num", "chunks", "tree", "verity"]),
    ("canon", &["num", "chunks", "tree", "erofs"]),
    ("calendar", &[]),
    ("check", &["num", "canon", "dump", "erofs", "tree", "verity"]),
    ("diff", &["num", "calendar", "dump", "tree", "verity"]),
    ("merge", &["num", "canon", "dump", "tree"]),
    ("pattern", &["num", "canon", "diff", "dump", "tree"]),
    ("sketch", &["num", "canon", "tree"]),
];

/// The part of the crate that a file belongs to.
fn part(file: &File) -> &str {
    let name = file.name.trim_start_matches("src/");
    name.split(['/', '.']).next().unwrap_or(name)
}

/// The files below the wall, with what they may name.
fn below() -> Vec<(File, &'static [&'static str])> {
    let may = |file: &File| BELOW.iter().find(|(name, _)| *name == part(file)).map(|found| found.1);
    let files: Vec<_> = rust_files(&["src"])
        .into_iter()
        .filter_map(|file| may(&file).map(|allowed| (file, allowed)))
        .collect();
    assert!(files.len() > 50, "{}", files.len());
    files
}

#[test]
fn every_part_of_the_crate_stands_above_or_below_the_wall() {
    let above = [
        "bin", "changes", "cli", "content", "fuse", "golden", "lib", "live", "mount", "progress",
        "store", "sys", "threads",
    ];
    let odd: Vec<String> = rust_files(&["src"])
        .iter()
        .filter(|file| !above.contains(&part(file)))
        .filter(|file| !BELOW.iter().any(|(name, _)| *name == part(file)))
        .map(|file| file.name.clone())
        .collect();
    assert_none(&odd, "say in tests/tidy.rs on which side of the wall this stands");
}

/// Why code below the wall must not name a path.
fn beyond_the_wall(parts: &[String]) -> Option<&'static str> {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["std", "fs" | "io" | "env" | "process" | "time" | "net" | "thread" | "os", ..] => {
            Some("reads what is not among its arguments")
        }
        ["std"] | ["std", "*"] | ["std", "collections", "*"] => Some("hides what it names"),
        ["std", "collections", "HashMap" | "HashSet" | "hash_map" | "hash_set", ..]
        | ["std", "hash", "RandomState", ..] => Some("depends on a random number"),
        _ => None,
    }
}

#[test]
fn below_the_wall_nothing_reads_a_file_a_clock_the_environment_or_a_random_number() {
    let mut broken = Vec::new();
    for (file, _) in below() {
        for path in paths(&without_tests(&file.code)) {
            if let Some(why) = beyond_the_wall(&path.parts) {
                broken.push(format!(
                    "{}:{}: {}: {why}",
                    file.name,
                    path.line,
                    path.parts.join("::")
                ));
            }
        }
        for name in ["println", "print", "eprintln", "eprint", "dbg"] {
            for (at, _) in words(&file.code).filter(|(_, word)| *word == name) {
                if file.code[at + name.len()..].starts_with('!') {
                    broken.push(format!("{}:{}: {name}!", file.name, line_of(&file.code, at)));
                }
            }
        }
    }
    assert_none(&broken, "values in, values out");
}

#[test]
fn below_the_wall_no_optional_crate_is_named() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let optional: Vec<String> = manifest
        .lines()
        .filter(|line| line.contains("optional = true"))
        .map(|line| line.split(' ').next().unwrap().replace('-', "_"))
        .collect();
    assert!(optional.contains(&"rustix".to_owned()), "{optional:?}");
    let mut broken = Vec::new();
    for (file, _) in below() {
        let named = paths(&file.code).into_iter().filter(|path| optional.contains(&path.parts[0]));
        broken.extend(named.map(|path| format!("{}:{}: {}", file.name, path.line, path.parts[0])));
    }
    assert_none(&broken, "the library without features is the pure core");
}

#[test]
fn each_part_names_only_what_lies_under_it() {
    let mut broken = Vec::new();
    for (file, allowed) in below() {
        let own = part(&file);
        for path in paths(&without_tests(&file.code)) {
            let up =
                path.parts.iter().take_while(|part| ["crate", "super"].contains(&part.as_str()));
            let up = up.count();
            let Some(named) = path.parts.get(up).filter(|_| up > 0) else { continue };
            let is_part = BELOW.iter().any(|(name, _)| name == named)
                || [
                    "changes", "cli", "content", "fuse", "golden", "live", "mount", "progress",
                    "store", "sys", "threads",
                ]
                .contains(&named.as_str());
            // `super::chunks` may be a module of its own.
            let from_crate =
                path.parts[0] == "crate" || ["dump", "erofs"].contains(&named.as_str());
            if is_part && from_crate && named != own && !allowed.contains(&named.as_str()) {
                broken.push(format!("{}:{}: {}", file.name, path.line, path.parts.join("::")));
            }
        }
    }
    assert_none(&broken, "dump, erofs, tree and verity know no more than they must");
}

// ---- `unsafe` and `as` --------------------------------------------------------------------------

/// Whether `unsafe` may stand in a file: for system calls, in the hashing kernels, in the scanner.
fn may_be_unsafe(name: &str) -> bool {
    ["src/sys.rs", "src/dump/bitmap.rs"].contains(&name)
        || ["src/sys/", "src/verity/kernel"].iter().any(|part| name.starts_with(part))
}

#[test]
fn unsafe_stands_in_three_modules_and_says_why_it_is_sound() {
    let mut broken = Vec::new();
    for file in rust_files(&["src", "benches", "examples", "fuzz/fuzz_targets"]) {
        for (at, _) in words(&file.code).filter(|(_, word)| *word == "unsafe") {
            let line = line_of(&file.code, at);
            if !may_be_unsafe(&file.name) {
                broken.push(format!("{}:{line}: not in this file", file.name));
            }
            let what = words(&file.code[at + "unsafe".len()..]).next().map_or("", |(_, word)| word);
            let above: Vec<&str> = file.text.lines().take(line - 1).collect();
            let comment = above.iter().rev().map(|line| line.trim());
            let mut comment = comment.take_while(|line| line.starts_with("//"));
            if what != "fn" && !comment.any(|line| line.starts_with("// SAFETY: ")) {
                broken.push(format!("{}:{line}: no `// SAFETY:` above it", file.name));
            }
        }
    }
    assert_none(&broken, "`unsafe` is for three modules");
}

#[test]
fn numbers_are_cast_with_as_in_one_module() {
    let mut broken = Vec::new();
    for file in rust_files(&["src"]) {
        if file.name == "src/num.rs" {
            continue;
        }
        let casts = source::casts(&file.code);
        broken.extend(casts.iter().map(|&at| format!("{}:{}", file.name, line_of(&file.code, at))));
    }
    assert_none(&broken, "`as` loses bits in silence: use `From`, `TryFrom` or crate::num");
}

// ---- sizes --------------------------------------------------------------------------------------

/// Lines of a file, at most.
const FILE: usize = 500;
/// Lines of a function, at most.
const FUNCTION: usize = 66;
/// Lines that 19 in 20 functions stay under.
const USUAL: usize = 40;

/// Files that may be longer: one program in one file, half of it names to draw from.
const LONG_FILES: [&str; 1] = ["examples/generate_dump.rs"];
/// Functions that may be longer: the table of what each code means.
const LONG_FUNCTIONS: [(&str, &str); 1] = [("src/dump/explain.rs", "explain")];

fn measured() -> Vec<File> {
    rust_files(&["src", "benches", "examples", "fuzz/fuzz_targets"])
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = measured()
        .iter()
        .filter(|file| !LONG_FILES.contains(&file.name.as_str()))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > FILE)
        .map(|(file, lines)| format!("{}: {lines} lines", file.name))
        .collect();
    assert_none(&long, "give a part of this file a file of its own");
}

#[test]
fn no_function_is_longer_than_66_lines_and_19_in_20_stay_under_40() {
    let (mut long, mut all, mut unusual) = (Vec::new(), 0, Vec::new());
    for file in measured() {
        for function in functions(&without_tests(&file.code)) {
            if LONG_FUNCTIONS.contains(&(&file.name, function.name)) {
                continue;
            }
            all += 1;
            let found = format!(
                "{}:{}: {}: {} lines",
                file.name, function.line, function.name, function.lines
            );
            if function.lines > FUNCTION {
                long.push(found);
            } else if function.lines >= USUAL {
                unusual.push(found);
            }
        }
    }
    assert_none(&long, "cut this function where its steps are");
    assert!(all > 800, "{all}");
    let share = format!("{} of {all} functions are long", unusual.len());
    assert_none(if unusual.len() * 20 > all { &unusual } else { &[] }, &share);
}

// ---- what can go wrong --------------------------------------------------------------------------

/// Codes that no fixture can reach.
const UNREACHED: [(Code, &str); 1] = [(Code::TooManyEntries, "takes a text of 268 million lines")];

/// The codes that reading the dumps of a folder finds, or making them canonical.
fn reached(folder: &str) -> BTreeSet<Code> {
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(fixture(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".stderr") {
            // What only the program finds stands in its words.
            let said = fs::read_to_string(&path).unwrap();
            let codes_said = said.split(['[', ']']).filter_map(Code::from_name);
            codes.extend(codes_said);
            continue;
        }
        let text = read(&path);
        let options = |profile| Options { profile, warnings: Warnings::All, ..Options::default() };
        for profile in [Profile::Lenient, Profile::Strict] {
            let findings = match dump::parse(&text, &options(profile)) {
                Ok(parsed) => parsed.findings,
                Err(error) => error.findings,
            };
            codes
                .extend(findings.errors.iter().chain(&findings.warnings).map(|found| found.code()));
        }
    }
    codes
}

#[test]
fn every_code_is_reached_by_a_dump() {
    let reached: BTreeSet<Code> =
        ["dump/invalid", "dump/valid"].iter().flat_map(|folder| reached(folder)).collect();
    let is_known = |code: &Code| UNREACHED.iter().any(|(unreached, _)| unreached == code);
    let missing: Vec<String> = Code::ALL
        .iter()
        .filter(|code| !reached.contains(code) && !is_known(code))
        .map(|code| code.name().to_owned())
        .collect();
    assert_none(&missing, "no dump in fixtures/dump gets this");
    let wrong: Vec<String> =
        reached.iter().filter(|code| is_known(code)).map(|code| code.name().to_owned()).collect();
    assert_none(&wrong, "this is reached, so it need not be excepted");
}

/// Variants that no test names.
const UNNAMED: [(&str, &str, &str); 2] = [
    ("BuildError", "TooMany", "takes a tree of 268 million names"),
    ("FuseErrorKind", "Connection", "takes a kernel that breaks off"),
];

/// The variants of an enum.
fn variants(file: &str, name: &str) -> Vec<String> {
    let code = code(&fs::read_to_string(repository().join(file)).unwrap());
    let start =
        code.find(&format!("pub enum {name} ")).unwrap_or_else(|| panic!("no {name} in {file}"));
    let open = start + code[start..].find('{').unwrap();
    let (mut depth, mut names) = (0, String::new());
    for c in code[open..source::closing(&code, open)].chars() {
        depth -= i32::from("})]".contains(c));
        names.push(if depth == 1 { c } else { ' ' });
        depth += i32::from("{([".contains(c));
    }
    let names = words(&names).map(|(_, word)| word.to_owned());
    names.filter(|word| word.starts_with(char::is_uppercase)).collect()
}

#[test]
fn every_kind_of_error_is_named_in_a_test() {
    let enums = [
        ("src/erofs/error.rs", "ImageErrorKind"),
        ("src/erofs/write_error.rs", "WriteErrorKind"),
        ("src/tree/error.rs", "BuildError"),
        ("src/store/error.rs", "StoreErrorKind"),
        ("src/live/extract/error.rs", "ExtractErrorKind"),
        ("src/live/scan/error.rs", "ScanError"),
        ("src/live/scan/error.rs", "ProblemKind"),
        ("src/fuse/error.rs", "FuseErrorKind"),
        ("src/mount/error.rs", "MountErrorKind"),
        ("src/mount/error.rs", "Feature"),
        ("src/mount/error.rs", "Role"),
        ("src/mount/options/error.rs", "OptionErrorKind"),
        ("src/changes/error.rs", "PatchErrorKind"),
        ("src/merge/mod.rs", "MergeErrorKind"),
        ("src/sketch/error.rs", "SketchErrorKind"),
        ("src/golden.rs", "GoldenError"),
    ];
    let mut tests = rust_files(&["tests"]);
    tests.retain(|file| !file.name.starts_with("tests/tidy"));
    let mut missing = Vec::new();
    for (file, name) in enums {
        let named: BTreeSet<String> = tests.iter().flat_map(|test| named_in(test, name)).collect();
        for variant in variants(file, name) {
            let excepted = UNNAMED.iter().any(|known| (known.0, known.1) == (name, &*variant));
            if !named.contains(&variant) && !excepted {
                missing.push(format!("{name}::{variant}"));
            }
        }
    }
    assert_none(&missing, "no test names this");
}

/// What a test names behind an enum, or behind the name it gives to it.
fn named_in(test: &File, name: &str) -> Vec<String> {
    let paths = paths(&test.code);
    let is_it = |path: &&source::Path| path.parts.last().is_some_and(|last| last == name);
    let mut names: Vec<&str> =
        paths.iter().filter(is_it).filter_map(|path| path.alias.as_deref()).collect();
    names.push(name);
    let behind = paths.iter().filter_map(|path| match path.parts.as_slice() {
        [.., before, last] if names.contains(&before.as_str()) => Some(last.clone()),
        _ => None,
    });
    behind.collect()
}

// ---- the repository -----------------------------------------------------------------------------

#[test]
fn the_top_of_the_repository_is_short() {
    let allowed = [
        ".ci",
        ".git",
        ".gitignore",
        ".rustfmt.toml",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "benches",
        "examples",
        "fixtures",
        "fuzz",
        "grammar",
        "src",
        "tests",
    ];
    let top: BTreeSet<String> = project_files()
        .iter()
        .map(|name| name.split('/').next().unwrap().to_owned())
        .filter(|name| !allowed.contains(&name.as_str()))
        .collect();
    assert_none(&Vec::from_iter(top), "this has no place at the top");
}

/// Hosts that a file may name in a link.
const HOSTS: [&str; 2] = ["github.com", "www.apache.org"];

/// Dumps name any path: those of the trees they describe.
fn is_dump(name: &str) -> bool {
    let is_text = name.ends_with(".md") && !name.starts_with("fixtures/diff/");
    name.starts_with("fixtures/") && !is_text || name.starts_with("fuzz/seeds/")
}

#[test]
fn no_file_names_a_path_of_a_machine_or_a_host_that_packages_come_from() {
    let machine = ["work", "tmp", "root", "home"].map(|name| format!("/{name}/"));
    // In two pieces, as this file is a file of the project too.
    let scheme = [":", "//"].concat();
    let mut broken = Vec::new();
    for name in project_files() {
        let bytes = fs::read(repository().join(&name)).unwrap();
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        for (number, line) in text.lines().enumerate() {
            let host =
                line.split_once(&scheme).map(|(_, behind)| behind.split('/').next().unwrap());
            let odd_host = host.filter(|host| !HOSTS.contains(host));
            let path = machine.iter().find(|path| line.contains(*path) && !is_dump(&name));
            for found in odd_host.into_iter().chain(path.map(String::as_str)) {
                broken.push(format!("{name}:{}: {found}", number + 1));
            }
        }
    }
    assert_none(&broken, "this says where a machine keeps things");
}
