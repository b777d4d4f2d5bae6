//! The document.

use serde_json::{Map, Value, json};

use super::FORMAT;
use super::entry::{Entries, xattr};
use super::value::{both, bytes};
use crate::diff::{Count, Diff, Group, Shape, Side, Summary, Verdict};

/// Where a tree came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The name of the file.
    pub name: String,
    /// `dump`, `image` or `dir`.
    pub kind: &'static str,
    /// The fs-verity digest of an image, as hex digits.
    pub digest: Option<String>,
    /// The format that an image says it has, such as `V1`.
    pub format: Option<String>,
}

/// Writes a comparison as a JSON document, piece by piece: a change a line.
///
/// # Errors
/// Those of the sink, which is then not called again.
///
/// # Example
/// ```
/// use cfs::changes::{Source, apply, document};
/// use cfs::diff::{Options, Verdict, diff};
/// use cfs::dump;
/// let parse = |text: &'static [u8]| dump::parse(text, &dump::Options::default()).unwrap().tree;
/// let old = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100644 1 0 0 0 0.0 - x -\n");
/// let new = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100600 1 0 0 0 0.0 - x -\n");
/// let options = Options::default();
/// let found = diff(&old, &new, &options);
/// let (mut text, source) = (Vec::new(), Source::default());
/// let verdict = Verdict::of_trees(&found);
/// let all: Result<(), ()> = document(&found, &verdict, [&source, &source], |piece| {
///     text.extend_from_slice(piece);
///     Ok(())
/// });
/// # all.unwrap();
/// assert_eq!(dump::print(&apply(&old, &text).unwrap()), dump::print(&new));
/// ```
pub fn document<E>(
    diff: &Diff<'_>,
    verdict: &Verdict,
    sources: [&Source; 2],
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let summary = diff.summary();
    let [old, new] = sources;
    let head = [
        ("format", Value::from(FORMAT)),
        ("complete", Value::from(diff.is_complete())),
        ("old", side(old, &summary.old)),
        ("new", side(new, &summary.new)),
        ("verdict", verdict_of(verdict)),
        ("summary", summary_of(summary)),
        ("ignored", diff.ignored().iter().map(|(name, count)| named(name, count)).collect()),
        (
            "hints",
            diff.hints()
                .iter()
                .map(|hint| json!({ "code": hint.code, "text": hint.text }))
                .collect(),
        ),
        ("notices", notices(diff)),
        ("groups", diff.groups().iter().map(group).collect()),
    ];
    sink(b"{\n")?;
    for (name, value) in head {
        sink(format!("\"{name}\": {value},\n").as_bytes())?;
    }
    let counts = diff.link_counts().iter().map(|&(old, new)| {
        let counts = (diff.old().facts(old).nlink(), diff.new_tree().facts(new).nlink());
        json!({ "path": bytes(&diff.new_path(new)), "nlink": both(counts.0, counts.1) })
    });
    list("link_counts", counts, &mut sink)?;
    sink(b",\n")?;
    let marks = diff.marks().map(|(old, new)| {
        let marks: Value = diff.marks_of(old, new).iter().map(xattr).collect();
        json!({ "path": bytes(&diff.new_path(new)), "xattr": marks })
    });
    list("marks", marks, &mut sink)?;
    sink(b",\n")?;
    let mut entries = Entries::new(diff);
    list("changes", diff.changes().iter().map(|change| entries.entry(change)), &mut sink)?;
    sink(b"\n}\n")
}

/// Writes a list, an item a line.
fn list<E>(
    name: &str,
    items: impl Iterator<Item = Value>,
    sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    sink(format!("\"{name}\": [").as_bytes())?;
    for (at, item) in items.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        sink(format!("{comma}\n{item}").as_bytes())?;
    }
    sink(b"\n]")
}

fn named(name: &str, count: u64) -> Value {
    json!({ "what": name, "entries": count })
}

fn side(source: &Source, side: &Side) -> Value {
    json!({
        "name": source.name,
        "kind": source.kind,
        "format": source.format,
        "digest": source.digest,
        "entries": side.entries,
        "bytes": side.bytes,
        "external_files": side.external,
        "digests": side.digests,
    })
}

fn verdict_of(verdict: &Verdict) -> Value {
    json!({
        "tree": verdict.tree.name(),
        "same_image_in": verdict.images,
        "same_bytes": verdict.bytes,
        "words": verdict.words,
    })
}

fn summary_of(summary: &Summary) -> Value {
    let amount =
        |amount: crate::diff::Amount| json!({ "entries": amount.entries, "bytes": amount.bytes });
    let count = |count: Count| json!({ "objects": count.count, "bytes": count.bytes });
    let attributes = summary.attributes.iter();
    let attributes: Map<String, Value> =
        attributes.map(|(name, &count)| (name.name().to_owned(), count.into())).collect();
    json!({
        "added": amount(summary.added),
        "deleted": amount(summary.deleted),
        "moved": amount(summary.moved),
        "content": {
            "entries": summary.content.entries,
            "bytes": summary.content.bytes,
            "bytes_before": summary.content_before,
        },
        "type": summary.types,
        "hardlink": summary.links,
        "metadata": summary.metadata,
        "attributes": attributes,
        "objects": {
            "new": count(summary.objects.new),
            "unused": count(summary.objects.unused),
            "shared": count(summary.objects.shared),
        },
    })
}

fn notices(diff: &Diff<'_>) -> Value {
    let notice = |notice: &crate::diff::Notice| json!({ "what": notice.kind.name(), "path": bytes(&diff.new_path(notice.node)) });
    diff.notices().iter().map(notice).collect()
}

fn group(group: &Group) -> Value {
    json!({
        "attribute": group.attribute.name(),
        "label": group.label,
        "alike": match group.shape {
            Shape::Equal => "equal",
            Shape::Added => "added",
            Shape::Removed => "removed",
            Shape::Nanoseconds => "nanoseconds",
            Shape::Various => "various",
        },
        "directories": group.directories,
        "files": group.files,
        "words": group.words(),
    })
}
