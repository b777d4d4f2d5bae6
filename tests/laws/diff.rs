//! Laws about comparisons.

use cfs::changes::{Source, apply, document};
use cfs::diff::{Diff, Names, Noise, Options, TreeVerdict, Verdict, diff, html, markdown, text};
use cfs::dump::{self, Code};
use cfs::tree::Tree;

use super::choose::Choose;
use super::tree::{assert_same, canonical};

/// A comparison of two trees holds all that differs, and nothing else: it is empty exactly if the
/// canonical texts are equal, and makes the new tree of the old one.
pub fn diff_is_what_differs(old: &Tree<'_>, new: &Tree<'_>) {
    let (old, new) = (canonical(old), canonical(new));
    let all = Options { noise: Noise::Shown, ..Options::default() };
    assert!(diff(&old, &old, &all).changes().is_empty());
    let same = dump::print(&old) == dump::print(&new);
    let found = diff(&old, &new, &all);
    assert_eq!(found.changes().is_empty(), same, "{}", shown(&found));
    patch_makes_the_new_tree(&found, &old, &new);
    let usual = Options::default();
    let found = diff(&old, &new, &usual);
    patch_makes_the_new_tree(&found, &old, &new);
    words_are_bounded(&found);
    the_page_has_a_row_for_each_entry(&found);
    changes_are_sorted(&found);
    let back = diff(&new, &old, &usual);
    assert_eq!(found.summary().added, back.summary().deleted);
    assert_eq!(found.summary().deleted, back.summary().added);
    nothing_is_ignored_in_silence(&old, &new);
}

fn shown(found: &Diff<'_>) -> String {
    let mut out = String::new();
    let layout = text::Layout { list: true, ..text::Layout::default() };
    let all: Result<(), ()> = text::write(found, &Verdict::of_trees(found), &layout, |piece| {
        out.push_str(piece);
        Ok(())
    });
    assert_eq!(all, Ok(()));
    out
}

fn document_of(found: &Diff<'_>) -> Vec<u8> {
    let (mut text, source) = (Vec::new(), Source::default());
    let verdict = Verdict::of_trees(found);
    let all: Result<(), ()> = document(found, &verdict, [&source, &source], |piece| {
        text.extend_from_slice(piece);
        Ok(())
    });
    assert_eq!(all, Ok(()));
    text
}

fn patch_makes_the_new_tree(found: &Diff<'_>, old: &Tree<'_>, new: &Tree<'_>) {
    // What no text can hold, no line of an added entry can.
    match dump::parse(&dump::print(new), &dump::Options::default()) {
        Ok(_) => {}
        Err(error) => {
            let allowed = [Code::XattrTooBig, Code::XattrReserved];
            let mut errors = error.findings.errors.iter();
            return assert!(errors.all(|error| allowed.contains(&error.code())), "{error}");
        }
    }
    let document = document_of(found);
    match apply(old, &document) {
        Ok(patched) => assert_same(&patched, new),
        Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&document)),
    }
}

/// Changes stand in the order of their paths, a directory before what is in it.
fn changes_are_sorted(found: &Diff<'_>) {
    let keys = found.changes().iter().map(|change| {
        // No name holds a NUL, which stands for the slash.
        let path = found.path(change);
        path.into_iter().map(|byte| if byte == b'/' { 0 } else { byte }).collect::<Vec<_>>()
    });
    assert!(keys.is_sorted(), "{}", shown(found));
}

fn words_are_bounded(found: &Diff<'_>) {
    let comment = markdown::markdown(found, &Verdict::of_trees(found), "cfs diff a b");
    assert!(comment.len() <= markdown::LIMIT, "{}", comment.len());
    let lines = shown(found);
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!lines.contains(hidden) && !comment.contains(hidden), "{lines:?}");
}

/// The page has as many rows of each kind as entries are counted, and what it holds of them is data.
fn the_page_has_a_row_for_each_entry(found: &Diff<'_>) {
    let mut page = String::new();
    let origin = html::Origin { old: "a", new: "b", command: "cfs diff a b" };
    let all: Result<(), ()> = html::write(found, &Verdict::of_trees(found), &origin, |piece| {
        page.push_str(piece);
        Ok(())
    });
    assert_eq!(all, Ok(()));
    let between = |start: &str, end: &str| {
        let (_, behind) = page.split_once(start).unwrap_or_else(|| panic!("no {start}"));
        behind.split(end).next().unwrap_or_default()
    };
    let data = between("id=\"data\">", "</script>");
    assert!(!data.contains(['<', '\t', '\r', '\u{202e}']) && data.ends_with("}}"), "{data}");
    let letters = between("\"letters\": \"", "\"");
    let depths = between("\"depths\": [", "]").split(',').count();
    assert_eq!(letters.len(), depths, "{data}");
    let summary = found.summary();
    for (letter, count) in [
        ('A', summary.added.entries),
        ('D', summary.deleted.entries),
        ('M', summary.content.entries),
        ('m', summary.metadata),
        ('T', summary.types),
        ('R', summary.moved.entries),
        ('L', summary.links),
    ] {
        let rows = letters.chars().filter(|&it| it == letter).count();
        assert_eq!(u64::try_from(rows), Ok(count), "{letter} in {letters}\n{}", shown(found));
    }
}

/// Whatever is ignored, trees that differ are not said to be the same.
fn nothing_is_ignored_in_silence(old: &Tree<'_>, new: &Tree<'_>) {
    let everything =
        Options { ignore: cfs::diff::Attributes::ALL, names: Names::Ignored, ..Options::default() };
    let usual = Options::default();
    let found = diff(old, new, &everything);
    assert!(found.changes().is_empty());
    let differs = TreeVerdict::of(&diff(old, new, &usual)) == TreeVerdict::Different;
    assert_eq!(TreeVerdict::of(&found) == TreeVerdict::SameButIgnored, differs);
}

/// Any bytes as changes give a tree or an error.
pub fn any_changes_are_taken_or_refused(old: &Tree<'_>, document: &[u8]) {
    if let Ok(tree) = apply(&canonical(old), document) {
        super::tree_is_what_its_walk_says(&tree);
    }
}

/// Damages a document at some places.
pub fn spoil_document(found: (&Tree<'_>, &Tree<'_>), choose: &mut impl Choose) -> Vec<u8> {
    let (old, new) = (canonical(found.0), canonical(found.1));
    let usual = Options::default();
    let mut text = document_of(&diff(&old, &new, &usual));
    for _ in 0..=choose.below(4) {
        let at = choose.below(text.len());
        match choose.below(3) {
            0 => text[at] = choose.byte(),
            1 => drop(text.drain(at..(at + choose.below(40)).min(text.len()))),
            _ => {
                let piece = text[at..(at + choose.below(40)).min(text.len())].to_vec();
                text.splice(at..at, piece);
            }
        }
        if text.is_empty() {
            break;
        }
    }
    text
}
