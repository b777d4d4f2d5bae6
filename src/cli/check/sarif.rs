//! Findings as SARIF 2.1.0, the format of code scanning.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::{Map, Value, json};
use xxhash_rust::xxh64::xxh64;

use super::document::rules;
use super::gather::Checked;
use crate::check::{Finding, Level, Place, Rule};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::store::escaped;

/// The most results of a document: code scanning refuses one with more.
const RESULTS: usize = 25_000;

/// Prints the document.
pub(super) fn print(all: &[Checked]) -> Result<(), Failure> {
    let rules = rules(all);
    let numbers: BTreeMap<Rule, usize> = rules.iter().copied().zip(0..).collect();
    let mut found: Vec<(&Checked, &Finding)> = all
        .iter()
        .flat_map(|checked| checked.findings.iter().map(move |finding| (checked, finding)))
        .collect();
    let left_out = found.len().saturating_sub(RESULTS);
    if left_out > 0 {
        found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.level));
        found.truncate(RESULTS);
    }
    let mut seen = BTreeMap::new();
    let results = found.into_iter().map(|(checked, finding)| {
        let mut result = result(checked, finding, &mut seen);
        result.insert("ruleIndex".into(), json!(numbers.get(&finding.rule)));
        Value::Object(result)
    });
    let results: Vec<Value> = results.collect();
    let document = json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cfs",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|&rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "invocations": [invocation(left_out)],
            // Editors and forges count so; the text itself counts bytes.
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    Output::stdout()?.write(format!("{document:#}\n").as_bytes())
}

/// That the run came to its end, and what the document leaves out.
fn invocation(left_out: usize) -> Value {
    let words = format!("{left_out} results are left out, the least severe ones");
    let notice = json!({ "level": "warning", "message": { "text": words } });
    let notices: Vec<Value> = (left_out > 0).then_some(notice).into_iter().collect();
    json!({ "executionSuccessful": true, "toolExecutionNotifications": notices })
}

fn descriptor(rule: Rule) -> Value {
    let explanation = rule.explain();
    let severity = match rule.level() {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    };
    json!({
        "id": rule.name(),
        "shortDescription": { "text": format!("{}.", rule.summary().trim_end_matches('.')) },
        "fullDescription": { "text": explanation },
        "help": { "text": explanation },
        "defaultConfiguration": { "level": rule.level().name() },
        "properties": { "problem.severity": severity, "precision": "very-high" },
    })
}

/// How often each finding was met, by what tells it from others.
type Seen = BTreeMap<u64, u32>;

fn result(checked: &Checked, finding: &Finding, seen: &mut Seen) -> Map<String, Value> {
    let artifact = json!({ "uri": uri(checked.source.path()) });
    let region = region(checked.text(), finding.place);
    let mut location =
        json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } });
    let path = finding.path.as_ref().map(|path| escaped(path));
    if let (Some(path), Value::Object(fields)) = (&path, &mut location) {
        let logical = json!([{ "fullyQualifiedName": path, "kind": "resource" }]);
        fields.insert("logicalLocations".into(), logical);
    }
    let words = match (&path, finding.place) {
        (Some(path), Place::Line { .. } | Place::Whole) => format!("{path}: {}", finding.message),
        (None, Place::Line { .. } | Place::Whole) => finding.message.clone(),
        // No line of code scanning shows where in an image it is.
        (path, Place::Byte(offset) | Place::Inode { offset, .. }) => {
            let path = path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
            format!("{path}{} (offset {offset:#x})", finding.message)
        }
    };
    let fields = [
        ("ruleId", json!(finding.rule.name())),
        ("level", json!(finding.level.name())),
        ("message", json!({ "text": words })),
        ("locations", json!([location])),
        ("partialFingerprints", json!({ "cfsFinding/v1": fingerprint(checked, finding, seen) })),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What stays the same when lines move: the file, the rule, the path in the tree, and which of those
/// that have all this in common it is. Without a path, the line tells.
fn fingerprint(checked: &Checked, finding: &Finding, seen: &mut Seen) -> String {
    let about = match (&finding.path, finding.place) {
        (Some(path), _) => path.as_slice(),
        (None, Place::Line { at, .. }) => {
            let start = at.offset.saturating_sub(at.column.saturating_sub(1));
            line_at(checked.text(), start)
        }
        (None, _) => b"",
    };
    let file = checked.source.path().as_os_str().as_bytes();
    let hash = xxh64(&[file, finding.rule.name().as_bytes(), about].join(&0), 0);
    let number = seen.entry(hash).or_default();
    *number += 1;
    format!("{hash:016x}:{number}")
}

/// The line that begins at a byte of a text.
fn line_at(text: &[u8], start: usize) -> &[u8] {
    let rest = text.get(start..).unwrap_or_default();
    rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default()
}

/// A place as code scanning takes it: always with a line, of which an image is taken to have one.
fn region(text: &[u8], place: Place) -> Value {
    match place {
        Place::Whole => json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 }),
        Place::Line { at, len } => {
            let before = at.column.saturating_sub(1);
            let line = line_at(text, at.offset.saturating_sub(before));
            json!({
                "startLine": at.line,
                "startColumn": column(line, before),
                "endLine": at.line,
                "endColumn": column(line, before.saturating_add(len)),
            })
        }
        Place::Byte(offset) | Place::Inode { offset, .. } => json!({
            "startLine": 1,
            "startColumn": 1,
            "endLine": 1,
            "endColumn": 1,
            "byteOffset": offset,
            "byteLength": 1,
        }),
    }
}

/// The column of a byte of a line, in UTF-16 code units from 1. What is not UTF-8 counts as it is
/// shown, each odd piece as one replacement character.
fn column(line: &[u8], byte: usize) -> usize {
    let before = line.get(..byte.min(line.len())).unwrap_or_default();
    String::from_utf8_lossy(before).encode_utf16().count().saturating_add(1)
}

/// The name of a file as a URI: relative as it was given, or else absolute.
fn uri(path: &Path) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::from(if path.is_absolute() { "file:" } else { "" });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{column, uri};

    #[test]
    fn columns_count_utf_16_code_units() {
        assert_eq!(column(b"/a 0", 3), 4);
        // One code unit for two bytes, two for four, one for each odd byte.
        assert_eq!(column("/Ä 0".as_bytes(), 4), 4);
        assert_eq!(column("/😀 0".as_bytes(), 6), 5);
        assert_eq!(column(b"/\xff\xff 0", 4), 5);
        assert_eq!(column(b"/a", 9), 3);
    }

    #[test]
    fn names_of_files_become_uris() {
        let shown = |name: &str| uri(name.as_ref());
        assert_eq!(shown("a b/c:d%.txt"), "a%20b/c%3Ad%25.txt");
        assert_eq!(shown("./a"), "a");
        assert_eq!(shown("/x/ä"), "file:/x/%C3%A4");
    }
}
