//! A comparison as a page for a browser: one file that loads nothing.
//!
//! What a reviewer reads first is plain HTML: the figures, the verdict, what is worth a look, what is
//! the same for many. The tree of what changed and the sizes of directories are data, in columns, of
//! which the page's script makes only the rows that are seen. Text from the trees is escaped as in
//! the other forms, and then once more for where it stands; the page's policy lets no script run
//! but its own.

mod escape;
mod head;
mod pool;
mod rows;
mod sizes;
mod union;

use super::{Diff, Verdict};
use escape::{base64, text_into};
use rows::Rows;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("html/page/page.html");
const STYLE: &str = include_str!("html/page/page.css");
/// The parts of the script, in their order.
const SCRIPTS: [&str; 6] = [
    include_str!("html/page/data.js"),
    include_str!("html/page/tree.js"),
    include_str!("html/page/filters.js"),
    include_str!("html/page/keys.js"),
    include_str!("html/page/sizes.js"),
    include_str!("html/page/print.js"),
];

/// What a page says of where the trees came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// The name of the old source.
    pub old: &'o str,
    /// The name of the new source.
    pub new: &'o str,
    /// The command that prints the comparison as text.
    pub command: &'o str,
}

/// Writes a comparison as a page, piece by piece. The same trees give the same bytes.
///
/// # Errors
/// Those of the sink, which is then not called again.
///
/// # Example
/// ```
/// use cfs::diff::{Options, Verdict, diff, html};
/// use cfs::dump;
/// let parse = |text: &'static [u8]| dump::parse(text, &dump::Options::default()).unwrap().tree;
/// let old = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 104755 1 0 0 0 0.0 - x -\n");
/// let new = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100755 1 0 0 0 0.0 - x -\n");
/// let options = Options::default();
/// let found = diff(&old, &new, &options);
/// let mut page = String::new();
/// let origin = html::Origin { old: "old.cfs", new: "new.cfs", command: "cfs diff old.cfs new.cfs" };
/// let all: Result<(), ()> = html::write(&found, &Verdict::of_trees(&found), &origin, |piece| {
///     page.push_str(piece);
///     Ok(())
/// });
/// # all.unwrap();
/// assert!(page.starts_with("<!DOCTYPE html>"));
/// assert!(page.contains("<li><button class=\"path\" data-path=\"/a\">/a</button></li>"));
/// ```
pub fn write<E>(
    diff: &Diff<'_>,
    verdict: &Verdict,
    origin: &Origin<'_>,
    mut sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = PAGE;
    while let Some((before, name, behind)) = next_gap(rest) {
        sink(before)?;
        match name {
            "data" => data(diff, &mut sink)?,
            name => sink(&filling(diff, verdict, origin, name))?,
        }
        rest = behind;
    }
    sink(rest)
}

/// The text before the next `{{NAME}}`, the name, and the text behind it.
fn next_gap(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, behind) = rest.split_once("}}")?;
    Some((before, name, behind))
}

/// What stands in a gap of the page.
fn filling(diff: &Diff<'_>, verdict: &Verdict, origin: &Origin<'_>, name: &str) -> String {
    let mut text = String::new();
    match name {
        "style" => text.push_str(STYLE),
        "style-hash" => text.push_str(&hash(STYLE)),
        "script" => text.push_str(&SCRIPTS.concat()),
        "script-hash" => text.push_str(&hash(&SCRIPTS.concat())),
        "old" => text_into(origin.old, &mut text),
        "new" => text_into(origin.new, &mut text),
        "command" => text_into(origin.command, &mut text),
        "verdict-name" => text.push_str(verdict.tree.name()),
        "verdict" => text_into(&verdict.words, &mut text),
        "hidden-if-same" if diff.changes().is_empty() => text.push_str(" hidden"),
        "title" => text_into(&super::figures::headline(diff), &mut text),
        "figures" => head::figures(diff, &mut text),
        "notes" => head::notes(diff, &mut text),
        "look" => head::worth_a_look(diff, &mut text),
        "groups" => head::groups(diff, &mut text),
        _ => {}
    }
    text
}

/// The hash of a style or script, as a content security policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// The data: one JSON object.
fn data<E>(diff: &Diff<'_>, sink: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let marks = union::Marks::of(diff);
    sink("{\"format\": \"cfs-page/1\"")?;
    Rows::of(diff, &marks).write(&mut *sink)?;
    sink(",\n\"sizes\": ")?;
    sink(&sizes::sizes(diff, &marks))?;
    sink("}")
}
