//! Comparisons as documents, and what is refused of them.

#[path = "laws/mod.rs"]
mod laws;

use std::collections::BTreeSet;

use cfs::changes::{PatchError, PatchErrorKind, Source, apply, document};
use cfs::diff::{Kind, Options, Verdict, diff};
use cfs::dump;
use cfs::tree::{BuildError, FileType, Tree};
use laws::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

const OLD: &str = "\
/ 4096 40755 3 0 0 0 0.0 - - -
/a 5 100644 1 0 0 0 0.0 - hello - user.k=v
/d 42 40755 2 0 0 0 0.0 - - -
/d/b 5 100644 1 0 0 0 0.0 - world -
";

fn parse(text: &str) -> Tree<'_> {
    dump::parse(text.as_bytes(), &dump::Options::default()).unwrap().tree
}

fn changes(new: &str) -> Value {
    let (old, new) = (parse(OLD), parse(new));
    let options = Options::default();
    let found = diff(&old, &new, &options);
    let (mut text, source) = (Vec::new(), Source::default());
    let all: Result<(), ()> =
        document(&found, &Verdict::of_trees(&found), [&source, &source], |piece| {
            text.extend_from_slice(piece);
            Ok(())
        });
    all.unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[track_caller]
fn refuses(document: &Value, kind: &PatchErrorKind, path: Option<&str>) {
    let error = apply(&parse(OLD), document.to_string().as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.path()), (kind, path.map(str::as_bytes)), "{error}");
}

/// A document with one change that nobody wrote.
fn one(change: Value) -> Value {
    json!({ "format": "cfs-diff/1", "complete": true, "link_counts": [], "marks": [], "changes": [change] })
}

#[test]
fn a_document_that_is_none_is_refused() {
    let error: PatchError = apply(&parse(OLD), b"{\n  \"format\": }").unwrap_err();
    assert_eq!(error.kind(), &PatchErrorKind::Json { line: 2, column: 13 });
    assert_eq!(error.to_string(), "line 2, column 13: this is no JSON");
    refuses(&json!({ "format": "cfs-diff/2" }), &PatchErrorKind::Format, None);
    refuses(&json!([]), &PatchErrorKind::Format, None);
    let mut partial = changes(OLD);
    partial["complete"] = json!(false);
    refuses(&partial, &PatchErrorKind::Incomplete, None);
    let expected = PatchErrorKind::Expected("the kind of a change");
    refuses(&one(json!({ "path": "/a" })), &expected, None);
    let mode = json!({ "path": "/a", "kind": "metadata", "attributes": { "mode": { "old": 5 } } });
    refuses(&one(mode), &PatchErrorKind::Expected("mode"), Some("/a"));
}

#[test]
fn a_tree_that_is_not_the_old_one_is_refused() {
    let new = OLD.replace("/a 5 100644", "/a 5 100600");
    let mut wrong = changes(&new);
    wrong["changes"][0]["attributes"]["mode"]["old"] = json!("0640");
    refuses(&wrong, &PatchErrorKind::NotOld("mode"), Some("/a"));
    let mut elsewhere = changes(&new);
    elsewhere["changes"][0]["path"] = json!("/z");
    refuses(&elsewhere, &PatchErrorKind::NoPath, Some("/z"));
    refuses(&one(json!({ "path": "/z", "kind": "deleted" })), &PatchErrorKind::NoPath, Some("/z"));
}

#[test]
fn marks_are_set_only_where_they_are_missing() {
    let marked = |marks: Value| {
        let mut document = changes(OLD);
        document["marks"] = json!([marks]);
        document
    };
    let mark = json!({ "key": "trusted.overlay.opaque", "old": null, "new": "x" });
    let document = marked(json!({ "path": "/d", "xattr": [mark] })).to_string();
    let patched = apply(&parse(OLD), document.as_bytes()).unwrap();
    let text = String::from_utf8(dump::print(&patched)).unwrap();
    assert!(text.contains(" 40755 2 0 0 0 0.0 - - - trusted.overlay.opaque=x\n"), "{text}");
    let kind = PatchErrorKind::Expected("the path of marks");
    refuses(&marked(json!({ "path": 1, "xattr": [] })), &kind, None);
    let kind = PatchErrorKind::Expected("the xattrs of marks");
    refuses(&marked(json!({ "path": "/d", "xattr": null })), &kind, None);
    let there = json!({ "key": "user.k", "old": null, "new": "x" });
    let kind = PatchErrorKind::NotOld("xattr");
    refuses(&marked(json!({ "path": "/a", "xattr": [there] })), &kind, Some("/a"));
}

#[test]
fn entries_that_fit_nowhere_are_refused() {
    let added = |line: &str| one(json!({ "path": "/x", "kind": "added", "lines": [line] }));
    let file = |path: &str| added(&format!("{path} 0 100644 1 0 0 0 0.0 - - -"));
    refuses(&added("/x 1 2"), &PatchErrorKind::Line, None);
    refuses(&file("/a"), &PatchErrorKind::PathExists, Some("/a"));
    refuses(&file("/n/x"), &PatchErrorKind::NoParent, Some("/n/x"));
    let link = "/x 0 @100644 1 0 0 0 0.0 /nowhere - -";
    refuses(&added(link), &PatchErrorKind::NoTarget, Some("/x"));
    let below_a_file = PatchErrorKind::Build(BuildError::ParentNotDirectory);
    refuses(&file("/a/x"), &below_a_file, Some("/a/x"));
    let link = "/x 0 @100644 1 0 0 0 0.0 /d - -";
    refuses(&added(link), &PatchErrorKind::Build(BuildError::LinkToDirectory), None);
}

#[test]
fn the_trees_of_the_laws_differ_in_every_way() {
    let mut reached = BTreeSet::new();
    for seed in 1..=4000 {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&laws::pseudorandom(seed)));
        let (old, new) = (old.tree(), new.tree());
        let options = Options::default();
        let found = diff(&old, &new, &options);
        for change in found.changes() {
            let top = change.new.map(|node| new.facts(node).file_type());
            let is_directory = top == Some(FileType::Directory);
            reached.insert((change.kind, is_directory));
        }
    }
    let all = Kind::ALL.into_iter().flat_map(|kind| [(kind, false), (kind, true)]);
    // No directory has a content, several names, or is deleted in the new tree.
    let none = [Kind::Content, Kind::Link, Kind::Deleted].map(|kind| (kind, true));
    let missing: Vec<_> = all.filter(|it| !reached.contains(it) && !none.contains(it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn comparisons_hold_all_that_differs(choices in vec(any::<u8>(), 0..900)) {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&choices));
        laws::diff_is_what_differs(&old.tree(), &new.tree());
    }

    #[test]
    fn damaged_changes_are_taken_or_refused(
        choices in vec(any::<u8>(), 0..900),
        damage in vec(any::<u8>(), 40),
    ) {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&choices));
        let (old, new) = (old.tree(), new.tree());
        let document = laws::spoil_document((&old, &new), &mut Bytes(&damage));
        laws::any_changes_are_taken_or_refused(&old, &document);
    }
}
