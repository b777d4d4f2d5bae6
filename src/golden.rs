//! Golden files in tests: a tree held against a dump that is kept beside the tests.
//!
//! ```no_run
//! # fn make_rootfs() -> cfs::tree::Tree<'static> { cfs::sketch::Sketch::new().build().unwrap() }
//! #[test]
//! fn the_layout_is_as_it_was() {
//!     cfs::assert_tree!(make_rootfs(), "tests/golden/layout.dump");
//! }
//! ```
//!
//! A golden file is a [pattern](crate::pattern): a `*` in a field, `/d/...` and `#` leave open what a test does not
//! care about. Where the tree is not as it says, the test fails with what differs, as `cfs diff` tells
//! it, and writes `layout.dump.new` beside it. With `CFS_UPDATE=1` the file is written anew instead, and what
//! is left open in it stays so; `UPDATE_EXPECT`, `INSTA_UPDATE=always`, `SNAPSHOTS=overwrite` and
//! `UPDATE_GOLDENFILES` do the same, for those who have them set. Where `CI` is set, no file is written.
//!
//! A tree is displayed as its canonical dump, so that it is text for insta, expect-test and snapbox as they
//! are; they also write text that stands in the source of a test anew, which this does not.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::canon::canonicalise;
use crate::diff::{self, TreeVerdict, text};
use crate::dump::ParseError;
use crate::pattern::{Expected, Normal, Pattern, UnknownWord, fresh};
use crate::tree::Tree;

pub use crate::assert_tree;

/// Asserts that a tree is as a golden file says, or a text in the test itself.
///
/// The path is relative to the directory of the crate that the test is in. Of a text, spaces before
/// each line do not count. With `normalize:`, attributes are left open as by `cfs golden --normalize`.
///
/// # Panics
/// If the tree is not as it says: with what differs, and how to accept that.
///
/// # Example
/// ```
/// use cfs::{assert_tree, sketch::Sketch};
/// let tree = Sketch::new().file("/usr/bin/su", "").mode(0o4755).mtime(1, 0).build().unwrap();
/// assert_tree!(tree, text: "
///     / * 40* * * * * * - - -
///     /usr/...
///     /usr * 40755 * 0 0 0 0.0 - - -
///     /usr/bin * 40755 * 0 0 0 0.0 - - -
///     ## must stay setuid
///     /usr/bin/su * 104755 1 0 0 0 0.0 - - -
/// ", normalize: "mtime");
/// ```
#[macro_export]
macro_rules! assert_tree {
    ($tree:expr, text: $text:expr $(, normalize: $words:expr)? $(,)?) => {
        $crate::golden::assert_text(&$tree, $text, $crate::assert_tree!(@words $($words)?))
    };
    ($tree:expr, $path:expr $(, normalize: $words:expr)? $(,)?) => {
        $crate::golden::assert_file(
            &$tree,
            ::std::path::Path::new(::core::env!("CARGO_MANIFEST_DIR")),
            ::std::convert::AsRef::<::std::path::Path>::as_ref(&$path),
            $crate::assert_tree!(@words $($words)?),
        )
    };
    (@words) => {
        ""
    };
    (@words $words:expr) => {
        $words
    };
}

/// Which files are written where a tree is not as a golden file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// None.
    Nothing,
    /// What accepting would write, beside the golden file.
    Beside,
    /// The golden file.
    Golden,
}

/// What asks for golden files to be written: a variable, and the values that do if it must have one.
const UPDATES: [(&str, &[&str]); 5] = [
    ("CFS_UPDATE", &[]),
    ("UPDATE_EXPECT", &[]),
    ("INSTA_UPDATE", &["always", "force"]),
    ("SNAPSHOTS", &["overwrite"]),
    ("UPDATE_GOLDENFILES", &[]),
];

impl Writes {
    /// What the variables of an environment ask for.
    ///
    /// # Example
    /// ```
    /// use cfs::golden::Writes;
    /// let with = |set: &'static [(&str, &str)]| {
    ///     Writes::asked_by(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    /// };
    /// assert_eq!(with(&[]), Writes::Beside);
    /// assert_eq!(with(&[("CFS_UPDATE", "1")]), Writes::Golden);
    /// assert_eq!(with(&[("CFS_UPDATE", "1"), ("CI", "true")]), Writes::Nothing);
    /// ```
    #[must_use]
    pub fn asked_by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_on = |value: &OsString| {
            !["", "0", "false", "no"].iter().any(|off| value.eq_ignore_ascii_case(off))
        };
        if variable("CI").as_ref().is_some_and(is_on) {
            return Self::Nothing;
        }
        let asks = |(name, values): &(&str, &[&str])| {
            let value = variable(name);
            value.is_some_and(|value| match values {
                [] => is_on(&value),
                values => values.iter().any(|wanted| value == *wanted),
            })
        };
        if UPDATES.iter().any(asks) { Self::Golden } else { Self::Beside }
    }
}

/// Why a tree is not taken for what a golden file says.
#[derive(Debug)]
#[non_exhaustive]
pub enum GoldenError {
    /// It is not as the file says; this differs, as `cfs diff` tells it.
    Differs(String),
    /// There is no such file.
    Missing,
    /// The file is no pattern.
    Pattern(ParseError),
    /// A word names nothing that can be left open.
    Word(UnknownWord),
    /// The file cannot be read or written.
    Io(io::Error),
}

impl fmt::Display for GoldenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(told) => write!(f, "the tree is not as it says:\n\n{}", told.trim_end()),
            Self::Missing => f.write_str("there is no such file"),
            Self::Pattern(error) => {
                f.write_str("it cannot be read")?;
                error.findings.errors.iter().try_for_each(|found| write!(f, "\n{found}"))
            }
            Self::Word(error) => write!(f, "normalize: {error}; {}", Normal::known_words()),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for GoldenError {}

/// Changes that are listed one by one, even if they are the same.
const LISTED: usize = 50;

/// Holds a tree against a text.
///
/// # Errors
/// [`GoldenError::Differs`] and [`GoldenError::Pattern`].
pub fn compare(tree: &Tree<'_>, golden: &[u8], normal: &Normal) -> Result<(), GoldenError> {
    let pattern = Pattern::parse(golden).map_err(GoldenError::Pattern)?;
    let tree = canonical(tree);
    let expected = pattern.expected(&tree, normal);
    let options = diff::Options::default();
    let found = expected.diff(&tree, &options);
    if TreeVerdict::of(&found) != TreeVerdict::Different {
        return Ok(());
    }
    let mut told = String::new();
    // A test cannot be asked for the list.
    let list = found.changes().len() <= LISTED;
    let layout = text::Layout { list, ..text::Layout::default() };
    let all: Result<(), std::convert::Infallible> =
        text::write(&found, &Expected::verdict(&found), &layout, |piece| {
            told.push_str(piece);
            Ok(())
        });
    match all {
        Ok(()) => Err(GoldenError::Differs(told)),
    }
}

fn canonical<'a>(tree: &Tree<'a>) -> Tree<'a> {
    let mut canonical = tree.clone();
    canonicalise(&mut canonical);
    canonical
}

/// Holds a tree against a golden file, and writes what is to be written if it is not as that says.
///
/// # Errors
/// [`GoldenError`]; not where the golden file was written.
pub fn compare_file(
    tree: &Tree<'_>,
    file: &Path,
    normal: &Normal,
    writes: Writes,
) -> Result<(), GoldenError> {
    let golden = match fs::read(file) {
        Ok(golden) => Some(golden),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(GoldenError::Io(error)),
    };
    let compared = match &golden {
        Some(golden) => compare(tree, golden, normal),
        None => Err(GoldenError::Missing),
    };
    let beside = beside(file);
    if compared.is_ok() {
        return if writes == Writes::Nothing { Ok(()) } else { remove(&beside) };
    }
    let is_writable = matches!(compared, Err(GoldenError::Differs(_) | GoldenError::Missing));
    if writes == Writes::Nothing || !is_writable {
        return compared;
    }
    let accepted = match &golden {
        Some(golden) => {
            let pattern = Pattern::parse(golden).map_err(GoldenError::Pattern)?;
            pattern.accept(&canonical(tree), normal)
        }
        None => fresh(&canonical(tree), normal),
    };
    if writes == Writes::Beside {
        write(&beside, &accepted.text).map_err(GoldenError::Io)?;
        return compared;
    }
    write(file, &accepted.text).map_err(GoldenError::Io)?;
    remove(&beside)
}

/// Where what accepting would write is put.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn remove(file: &Path) -> Result<(), GoldenError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GoldenError::Io(error)),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let mut out = fs::File::create(&temporary)?;
    let written = out.write_all(bytes).and_then(|()| fs::rename(&temporary, file));
    if written.is_err() {
        // What is left to say is why it could not be written.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn normal(words: &str) -> Result<Normal, GoldenError> {
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    Normal::from_words(words).map_err(GoldenError::Word)
}

/// What [`assert_tree!`] does with a file.
///
/// # Panics
/// As it says.
#[doc(hidden)]
#[track_caller]
pub fn assert_file(tree: &Tree<'_>, crate_directory: &Path, file: &Path, words: &str) {
    let path = crate_directory.join(file);
    let writes = Writes::asked_by(|name| env::var_os(name));
    let compared = normal(words).and_then(|normal| compare_file(tree, &path, &normal, writes));
    let Err(error) = compared else { return };
    let mut words = format!("{}: {error}", file.display());
    if matches!(error, GoldenError::Differs(_) | GoldenError::Missing) {
        words.push_str("\n\nto accept: CFS_UPDATE=1 cargo test");
        if writes == Writes::Beside {
            let new = beside(file);
            words.push_str(&format!(", or move {} over it", new.display()));
        }
    }
    fail(&words);
}

/// What [`assert_tree!`] does with a text.
///
/// # Panics
/// As it says.
#[doc(hidden)]
#[track_caller]
pub fn assert_text(tree: &Tree<'_>, text: &str, words: &str) {
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let compared = normal(words).and_then(|normal| compare(tree, text.as_bytes(), &normal));
    let Err(error) = compared else { return };
    let mut words = format!("the text of this test: {error}");
    if let (GoldenError::Differs(_), Ok(pattern)) = (&error, Pattern::parse(text.as_bytes())) {
        let accepted = pattern.accept(&canonical(tree), &Normal::default());
        words.push_str("\n\nto accept, write:\n");
        words.push_str(&String::from_utf8_lossy(&accepted.text));
    }
    fail(&words);
}

/// Fails a test, at the place of the assertion.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion panics")]
fn fail(words: &str) -> ! {
    panic!("{words}")
}
