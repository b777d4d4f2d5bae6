//! Golden files in tests: `assert_tree!`, and other crates that keep text.

#[path = "golden/crates.rs"]
mod crates;
#[path = "golden/sketch.rs"]
mod sketch;
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cfs::assert_tree;
use cfs::golden::{GoldenError, Writes, compare, compare_file};
use cfs::pattern::Normal;
use cfs::sketch::Sketch;
use cfs::tree::Tree;

fn tree() -> Tree<'static> {
    let sketch = Sketch::new().file("/usr/bin/su", "").mode(0o4755).mtime(7, 0);
    sketch.symlink("/bin", "usr/bin").build().unwrap()
}

const TEXT: &str = "\
/ 4096 40755 3 0 0 0 0.0 - - -
/bin 7 120777 1 0 0 0 0.0 usr/bin - -
/usr 42 40755 3 0 0 0 0.0 - - -
/usr/bin 41 40755 2 0 0 0 0.0 - - -
/usr/bin/su 0 104755 1 0 0 0 7.0 - - -
";

#[test]
fn a_tree_is_held_against_a_text_or_a_file() {
    assert_tree!(tree(), text: TEXT);
    assert_tree!(&tree(), text: "
        # with spaces before each line
        / * * * * * * * * * *
        /...
    ");
    assert_tree!(tree(), text: TEXT.replace("7.0", "8.0").as_str(), normalize: "mtime");
    assert_tree!(tree(), "fixtures/golden/usr.dump");
    assert_tree!(tree(), Path::new("fixtures/golden/usr.dump"), normalize: "@portable");
}

#[test]
#[should_panic(expected = "m\t/usr/bin/su\tmode 0755 → 04755 (setuid added)")]
fn a_text_that_differs_fails_with_what_differs() {
    assert_tree!(tree(), text: TEXT.replace("104755", "100755").as_str());
}

#[test]
fn a_failure_is_at_the_place_of_the_assertion() {
    let place = std::panic::catch_unwind(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PLACE.with(|place| place.set(info.location().map(|at| (at.file().len(), at.line()))));
            hook(info);
        }));
        assert_tree!(tree(), text: "/ 0 40700 2 0 0 0 0.0 - - -")
    });
    drop(std::panic::take_hook());
    assert!(place.is_err());
    let line =
        include_str!("golden.rs").lines().position(|line| line.contains("40700 2 0")).unwrap();
    let line = u32::try_from(line + 1).unwrap();
    assert_eq!(PLACE.with(std::cell::Cell::get), Some((file!().len(), line)));
}

std::thread_local! {
    static PLACE: std::cell::Cell<Option<(usize, u32)>> = const { std::cell::Cell::new(None) };
}

/// A directory with a golden file of another tree.
fn other() -> (tempfile::TempDir, std::path::PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("usr.dump");
    let text = format!("# a note\n{}", TEXT.replace("104755 1", "100755 *"));
    fs::write(&file, &text).unwrap();
    (dir, file, text)
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_accepting_would_write_is_put_beside() {
    let (dir, file, text) = other();
    let normal = Normal::default();
    let error = compare_file(&tree(), &file, &normal, Writes::Nothing).unwrap_err();
    assert!(matches!(error, GoldenError::Differs(_)), "{error}");
    let told = "the tree is not as it says:\n\nm\t/usr/bin/su\tmode 0755 → 04755 (setuid added)\n";
    assert!(error.to_string().starts_with(told), "{error}");
    assert_eq!(names(dir.path()), ["usr.dump"]);
    compare_file(&tree(), &file, &normal, Writes::Beside).unwrap_err();
    assert_eq!(names(dir.path()), ["usr.dump", "usr.dump.new"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let accepted = text.replace("100755 *", "104755 *");
    assert_eq!(fs::read_to_string(dir.path().join("usr.dump.new")).unwrap(), accepted);
    // What is beside it goes when it is no longer needed, but by hand where nothing is written.
    fs::write(&file, &accepted).unwrap();
    compare_file(&tree(), &file, &normal, Writes::Nothing).unwrap();
    assert_eq!(names(dir.path()), ["usr.dump", "usr.dump.new"]);
    compare_file(&tree(), &file, &normal, Writes::Beside).unwrap();
    assert_eq!(names(dir.path()), ["usr.dump"]);
}

#[test]
fn a_golden_file_is_written_anew_or_made() {
    let (dir, file, text) = other();
    let normal = Normal::default();
    compare_file(&tree(), &file, &normal, Writes::Beside).unwrap_err();
    compare_file(&tree(), &file, &normal, Writes::Golden).unwrap();
    assert_eq!(names(dir.path()), ["usr.dump"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("100755 *", "104755 *"));
    let made = dir.path().join("new/usr.dump");
    let error = compare_file(&tree(), &made, &normal, Writes::Nothing).unwrap_err();
    assert!(matches!(error, GoldenError::Missing), "{error}");
    compare_file(&tree(), &made, &normal, Writes::Golden).unwrap();
    assert_eq!(fs::read_to_string(&made).unwrap(), TEXT);
}

#[test]
fn what_is_no_pattern_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("usr.dump");
    fs::write(&file, "/ * 4x755 * * * * * - - -\n").unwrap();
    let error = compare_file(&tree(), &file, &Normal::default(), Writes::Golden).unwrap_err();
    assert!(matches!(error, GoldenError::Pattern(_)), "{error}");
    assert!(error.to_string().contains("\n1:6: error[bad-number]: MODE: "), "{error}");
    assert_eq!(names(dir.path()), ["usr.dump"]);
    let error = compare_file(&tree(), dir.path(), &Normal::default(), Writes::Golden).unwrap_err();
    assert!(matches!(error, GoldenError::Io(_)), "{error}");
    assert!(compare(&tree(), TEXT.as_bytes(), &Normal::default()).is_ok());
}

#[test]
#[should_panic(expected = "normalize: a golden cannot leave open \"colour\"")]
fn a_word_that_is_unknown_fails() {
    let word = Normal::from_words(["colour"]).unwrap_err();
    assert!(GoldenError::Word(word).to_string().contains("there are content, target"));
    assert_tree!(tree(), text: TEXT, normalize: "mtime, colour");
}

/// The file that the test below is run with.
const FILE: &str = "CFS_TEST_GOLDEN_FILE";

/// Holds a tree against the file that the environment names; the test below runs this one.
#[test]
fn in_an_environment() {
    if let Some(file) = std::env::var_os(FILE) {
        assert_tree!(tree(), Path::new(&file));
    }
}

fn run(file: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "in_an_environment"]).env(FILE, file);
    for name in
        ["CI", "CFS_UPDATE", "UPDATE_EXPECT", "INSTA_UPDATE", "SNAPSHOTS", "UPDATE_GOLDENFILES"]
    {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn the_environment_decides_what_is_written() {
    let updates = [
        ("CFS_UPDATE", "1"),
        ("UPDATE_EXPECT", "1"),
        ("INSTA_UPDATE", "always"),
        ("SNAPSHOTS", "overwrite"),
        ("UPDATE_GOLDENFILES", "1"),
    ];
    for update in updates {
        let (dir, file, text) = other();
        let ran = run(&file, &[update, ("CI", "true")]);
        assert!(!ran.status.success(), "{update:?}");
        assert_eq!(
            (names(dir.path()), fs::read_to_string(&file).unwrap()),
            (vec!["usr.dump".to_owned()], text)
        );
        assert!(run(&file, &[update, ("CI", "false")]).status.success(), "{update:?}");
        assert!(run(&file, &[]).status.success(), "{update:?}");
    }
    for no_update in [("CFS_UPDATE", "0"), ("INSTA_UPDATE", "new"), ("SNAPSHOTS", "verify")] {
        let (dir, file, _) = other();
        let ran = run(&file, &[no_update]);
        let out = String::from_utf8_lossy(&ran.stdout).into_owned()
            + &String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success(), "{out}");
        assert!(out.contains("to accept: CFS_UPDATE=1 cargo test, or move "), "{out}");
        assert_eq!(names(dir.path()).len(), 2);
    }
}
