//! The words for every text in `fixtures/dump`: `invalid` ones are refused with exactly those of the
//! `.stderr` beside them, `valid` ones are taken with them. Where the strict profile says something
//! else, a `.strict.stderr` tells what; where canonicalising adds something, a `.canonical.stderr`.
//!
//! `CFS_UPDATE=1 cargo test --test messages` rewrites the words. Read the difference: every place must
//! be the first byte that cannot be right, and every sentence true.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cfs::dump::{self, Code, Diagnostic, Findings, Options, Profile, Severity, Warnings};
use support::{fixture, read};

/// The dumps of a folder, sorted. That there are none is a failure.
fn dumps(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(fixture("dump").join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths
        .retain(|path| file_name(path).ends_with(".dump") || file_name(path).ends_with(".dump.gz"));
    paths.sort();
    assert!(!paths.is_empty(), "no dump in fixtures/dump/{folder}");
    paths
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The file beside a dump whose name ends otherwise.
fn beside(dump: &Path, ending: &str) -> PathBuf {
    let name = file_name(dump).split(".dump").next().unwrap();
    dump.with_file_name(format!("{name}.{ending}"))
}

/// Whether a text is taken, and all that is said about it, in the order of the text.
fn judge(text: &[u8], profile: Profile) -> (bool, Vec<Diagnostic>) {
    let options = Options { profile, warnings: Warnings::All, ..Options::default() };
    let (taken, findings) = match dump::parse(text, &options) {
        Ok(parsed) => (true, parsed.findings),
        Err(error) => (false, error.findings),
    };
    let Findings { mut errors, warnings, .. } = findings;
    errors.extend(warnings);
    errors.sort_by_key(Diagnostic::position);
    (taken, errors)
}

/// What a user reads: a line for each finding, and what to do about it.
fn words(dump: &Path, findings: &[Diagnostic]) -> String {
    let line = |finding: &Diagnostic| {
        let hint = finding.hint().map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
        format!("{}:{finding}\n{hint}", file_name(dump))
    };
    findings.iter().map(line).collect()
}

/// Compares words with those of a file, which is not there if there are none; or writes that file.
fn compare(file: &Path, words: &str, wrong: &mut Vec<String>) {
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == words {
        return;
    }
    if std::env::var_os("CFS_UPDATE").is_none() {
        let name = file_name(file);
        wrong.push(format!("{name}: expected\n{expected}but what is said is\n{words}"));
    } else if words.is_empty() {
        fs::remove_file(file).unwrap();
    } else {
        fs::write(file, words).unwrap();
    }
}

/// Compares what is said of all dumps of a folder, which are taken or not.
fn compare_all(folder: &str, is_taken: bool) {
    let mut wrong = Vec::new();
    for dump in dumps(folder) {
        let text = read(&dump);
        let (taken, found) = judge(&text, Profile::Lenient);
        assert_eq!(taken, is_taken, "{}: taken", dump.display());
        let lenient = words(&dump, &found);
        compare(&beside(&dump, "stderr"), &lenient, &mut wrong);
        let strict = words(&dump, &judge(&text, Profile::Strict).1);
        let strict = if strict == lenient { "" } else { &strict };
        compare(&beside(&dump, "strict.stderr"), strict, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}\nCFS_UPDATE=1 rewrites the words", wrong.join("\n"));
}

#[test]
fn every_invalid_dump_is_refused_in_the_words_beside_it() {
    compare_all("invalid", false);
}

#[test]
fn every_valid_dump_is_taken_with_the_words_beside_it() {
    compare_all("valid", true);
}

#[test]
fn no_words_stand_beside_a_dump_that_is_gone() {
    for folder in ["invalid", "valid"] {
        let dumps = dumps(folder);
        for entry in fs::read_dir(fixture("dump").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let stem = file_name(&path).split('.').next().unwrap().to_owned();
            let of = |dump: &PathBuf| file_name(dump).split('.').next() == Some(&stem);
            assert!(dumps.iter().any(of), "{}: of no dump", path.display());
        }
    }
}

/// The code that a file is named after, such as `no-root` of `no-root-in-no-text.dump`.
fn namesake(dump: &Path) -> Option<Code> {
    let name = file_name(dump).split('.').next().unwrap();
    let starts = |code: &&Code| {
        name.strip_prefix(code.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    Code::ALL.iter().filter(starts).max_by_key(|code| code.name().len()).copied()
}

#[test]
fn a_dump_that_is_named_after_a_code_gets_it_first() {
    let mut named = 0;
    for (folder, severity) in [("invalid", Severity::Error), ("valid", Severity::Warning)] {
        for dump in dumps(folder) {
            let Some(code) = namesake(&dump).filter(|&code| code != Code::CarrierMoved) else {
                continue;
            };
            let (_, found) = judge(&read(&dump), Profile::Lenient);
            let first = found.first().map(|first| (first.code(), first.severity()));
            assert_eq!(first, Some((code, severity)), "{}", dump.display());
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}

#[test]
fn every_place_lies_in_its_line() {
    for dump in ["invalid", "valid"].iter().flat_map(|folder| dumps(folder)) {
        let text = read(&dump);
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        for found in judge(&text, Profile::Strict).1 {
            let at = found.position();
            let line = lines[at.line - 1];
            assert!(at.column - 1 + found.span_len() <= line.len(), "{}: {found}", dump.display());
            let before: usize = lines[..at.line - 1].iter().map(|line| line.len() + 1).sum();
            assert_eq!(at.offset, before + at.column - 1, "{}: {found}", dump.display());
        }
    }
}

/// What the program says of valid dumps when it makes them canonical: the same, and some more.
#[cfg(feature = "cli")]
#[test]
fn the_program_says_the_same_and_what_canonicalising_changes() {
    let mut wrong = Vec::new();
    for dump in dumps("valid") {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfs"));
        command.args(["dump", "-v", "--error-format=short", file_name(&dump)]);
        let ran = command.current_dir(fixture("dump/valid")).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}: {said}", dump.display());
        let mut more: Vec<&str> = said.lines().collect();
        let parsed = words(&dump, &judge(&read(&dump), Profile::Lenient).1);
        for line in parsed.lines().filter(|line| !line.starts_with("  hint: ")) {
            let at = more.iter().position(|&said| said == line);
            more.remove(at.unwrap_or_else(|| panic!("{line}\nis not in\n{said}")));
        }
        let more: String = more.iter().map(|line| format!("{line}\n")).collect();
        compare(&beside(&dump, "canonical.stderr"), &more, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}\nCFS_UPDATE=1 rewrites the words", wrong.join("\n"));
}
