//! Three dumps made one: what two sides changed independently of each other.
//!
//! A dump is merged as a tree: by path, and by field within a path. What only one side changed is taken
//! from it, with the bytes of its line; where both changed the same field of the same path to
//! different values, the lines of both stand in the result between markers, as git writes them. SIZE
//! and NLINK of directories follow from the names, and are no matter to quarrel about.
//!
//! **Laws:** `merge(base, a, base)` is `a`, `merge(base, base, b)` is `b`, `merge(base, a, a)` is `a`; it
//! makes no difference which side comes first, but for the order of lines.
//! **Invariant:** whichever side all conflicts are settled for, what is left is a dump.

mod derived;
mod entries;
mod fields;
mod line;
mod order;

use std::fmt;

use entries::{Entries, Entry, Three};
use line::Lines;

use crate::dump::{self, ParseError};
use crate::tree::Tree;

/// The three texts of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// What both sides come from.
    Base,
    /// Our side.
    Ours,
    /// Their side.
    Theirs,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "the common ancestor",
            Self::Ours => "our side",
            Self::Theirs => "their side",
        })
    }
}

/// What two sides can be at odds about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Whether the path is there, or in a directory.
    Existence,
    /// Its type.
    Type,
    /// Of which inode it is a hard link.
    Link,
    /// What it holds: SIZE, PAYLOAD, CONTENT and DIGEST.
    Content,
    /// MODE.
    Mode,
    /// NLINK of a file.
    Nlink,
    /// UID.
    Uid,
    /// GID.
    Gid,
    /// RDEV.
    Device,
    /// MTIME.
    Mtime,
    /// The xattr with this key.
    Xattr(Vec<u8>),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Existence => "whether it is there",
            Self::Type => "type",
            Self::Link => "hard link",
            Self::Content => "content",
            Self::Mode => "mode",
            Self::Nlink => "link count",
            Self::Uid => "owner",
            Self::Gid => "group",
            Self::Device => "device",
            Self::Mtime => "mtime",
            Self::Xattr(key) => return write!(f, "xattr {}", key.escape_ascii()),
        })
    }
}

/// A path that both sides changed in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path.
    pub path: Vec<u8>,
    /// What of it.
    pub parts: Vec<Part>,
}

/// How conflicts are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The name of our side.
    pub ours: String,
    /// The name of their side.
    pub theirs: String,
    /// How many `<`, `=` and `>` a marker has.
    pub width: usize,
}

impl Default for Marks {
    fn default() -> Self {
        Self { ours: "ours".into(), theirs: "theirs".into(), width: 7 }
    }
}

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// A dump; with markers in it if there are conflicts.
    pub text: Vec<u8>,
    /// What a person must choose, in the order of the text.
    pub conflicts: Vec<Conflict>,
}

/// Why three texts cannot be merged as trees.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct MergeError {
    kind: MergeErrorKind,
}

impl MergeError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &MergeErrorKind {
        &self.kind
    }
}

/// What is wrong with three texts.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MergeErrorKind {
    /// One of them is no dump.
    #[error("{0} is no dump: {1}")]
    Text(Text, ParseError),
    /// Hard links depend on one another in chains too long to follow.
    #[error("the changes of both sides depend on one another")]
    Entangled,
    /// The lines, put together, are no dump, such as hard links in a circle.
    #[error("the lines of both sides together are no dump: {0}")]
    Together(ParseError),
}

/// Merges three dumps. See the [module](self).
///
/// # Errors
/// [`MergeError`] if one of them is no dump, or if no dump can be made of them.
///
/// # Example
/// ```
/// use cfs::merge::{Marks, merge};
/// let base = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100644 1 0 0 0 0.0 - x -\n";
/// let ours = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100600 1 0 0 0 0.0 - x -\n";
/// let theirs = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - yy -\n";
/// let merged = merge(base, ours, theirs, &Marks::default())?;
/// assert!(merged.conflicts.is_empty());
/// assert_eq!(merged.text, b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 2 100600 1 0 0 0 0.0 - yy -\n");
/// # Ok::<(), cfs::merge::MergeError>(())
/// ```
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8], marks: &Marks) -> Result<Merged, MergeError> {
    merge_texts(base, ours, theirs, marks).map_err(|kind| MergeError { kind })
}

fn merge_texts(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    marks: &Marks,
) -> Result<Merged, MergeErrorKind> {
    let given = |which, text| parse(text).map_err(|error| MergeErrorKind::Text(which, error));
    given(Text::Base, base)?;
    let trees = [given(Text::Ours, ours)?, given(Text::Theirs, theirs)?];
    let three = Three { base: Lines::new(base), sides: [Lines::new(ours), Lines::new(theirs)] };
    let mut entries = three.entries()?;
    derived::files(&three, &mut entries);
    let mut order = order::order(&three.sides);
    if together(&entries, &order).is_err() {
        // Each side may have an order of its own in which directories come before what is in them.
        order.sort_by(|a, b| order::walk_order(a, b));
    }
    let text = together(&entries, &order).map_err(MergeErrorKind::Together)?;
    let merged = parse(&text).map_err(MergeErrorKind::Together)?;
    derived::directories(&three, &mut entries, &merged, trees.each_ref());
    Ok(written(&entries, &order, marks))
}

fn parse(text: &[u8]) -> Result<Tree<'_>, ParseError> {
    dump::parse(text, &dump::Options::default()).map(|parsed| parsed.tree)
}

/// The text, with each conflict settled for us, if it is a dump whichever side they are settled for.
fn together(entries: &Entries<'_, '_>, order: &[&[u8]]) -> Result<Vec<u8>, ParseError> {
    parse(&settled(entries, order, 1))?;
    let text = settled(entries, order, 0);
    parse(&text)?;
    Ok(text)
}

/// The text, with each conflict settled for one side.
fn settled(entries: &Entries<'_, '_>, order: &[&[u8]], side: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let entries = order.iter().filter_map(|&path| entries.get(path));
    for pick in entries.filter_map(|entry| entry.picks.get(side)?.as_ref()) {
        text.extend_from_slice(&pick.text);
        text.push(b'\n');
    }
    text
}

fn written(entries: &Entries<'_, '_>, order: &[&[u8]], marks: &Marks) -> Merged {
    let mut merged = Merged { text: Vec::new(), conflicts: Vec::new() };
    let mut open: Vec<&Entry<'_, '_>> = Vec::new();
    for &path in order {
        let Some(entry) = entries.get(path) else { continue };
        if !entry.is_settled() {
            if open.last().is_some_and(|last| !belong_together(last, entry)) {
                write_conflict(&mut open, marks, &mut merged.text);
            }
            open.push(entry);
            let parts = entry.open.iter().cloned().collect();
            merged.conflicts.push(Conflict { path: path.to_vec(), parts });
            continue;
        }
        let Some(pick) = &entry.picks[0] else { continue };
        write_conflict(&mut open, marks, &mut merged.text);
        merged.text.extend_from_slice(&pick.text);
        merged.text.push(b'\n');
    }
    write_conflict(&mut open, marks, &mut merged.text);
    merged
}

/// Whether two conflicts that follow each other are one choice: what only one side has.
fn belong_together(a: &Entry<'_, '_>, b: &Entry<'_, '_>) -> bool {
    let has = |entry: &Entry<'_, '_>| entry.picks.each_ref().map(Option::is_some);
    has(a) == has(b) && has(a) != [true, true]
}

fn write_conflict(open: &mut Vec<&Entry<'_, '_>>, marks: &Marks, text: &mut Vec<u8>) {
    if open.is_empty() {
        return;
    }
    let mut mark = |sign: &str, name: &str, lines: Option<usize>| {
        let gap = if name.is_empty() { "" } else { " " };
        let line = format!("{}{gap}{name}\n", sign.repeat(marks.width));
        text.extend_from_slice(line.as_bytes());
        let picks = lines.into_iter().flat_map(|side| open.iter().map(move |it| &it.picks[side]));
        for pick in picks.flatten() {
            text.extend_from_slice(&pick.text);
            text.push(b'\n');
        }
    };
    mark("<", &marks.ours, Some(0));
    mark("=", "", Some(1));
    mark(">", &marks.theirs, None);
    open.clear();
}
