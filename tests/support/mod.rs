//! What several test files share.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]

pub mod readme;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A file of `fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The bytes of a file, unpacked if its name ends in `.gz`.
pub fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
    text
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows of a table with a header: column name to value.
pub fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = String::from_utf8(read(path)).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let named = header.iter().zip(line.split('\t'));
        named.map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect()
    };
    lines.map(row).collect()
}

/// A program of the reference, if it is installed. Says so if it is not, which is never a failure:
/// no distribution that we test on has it.
pub fn reference(program: &str) -> Option<PathBuf> {
    let found = on_path(program);
    if found.is_none() {
        say_skipped(&format!("{program} is not on PATH"));
    }
    found
}

/// A program that the full gate installs. Without it the test that wants it is skipped, and fails if
/// `CFS_FORBID_SKIPS` is set.
pub fn installed(program: &str) -> Option<PathBuf> {
    let found = on_path(program);
    if found.is_none() {
        skipped(&format!("{program} is not on PATH"));
    }
    found
}

/// Says that a test is skipped, and fails if `CFS_FORBID_SKIPS` is set.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CFS_FORBID_SKIPS").is_none(), "skipped, but must not be: {why}");
    say_skipped(why);
}

/// Past the test runner, which would keep it to itself.
pub fn say_skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Copies a program, by another program: a copy that this process has open for writing, and hands down to
/// whatever it starts meanwhile, could not be run.
pub fn copy_program(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "{} to {}", from.display(), to.display());
}
