//! Laws about comparisons.

use cfs::changes::{Source, apply, document};
use cfs::diff::{Diff, Names, Noise, Options, TreeVerdict, Verdict, diff, markdown, text};
use cfs::dump::{self, Code};
use cfs::tree::Tree;

use super::choose::Choose;
use super::plan::{Inode, Plan, Planned, What};
use super::tree::{assert_same, canonical};
use super::{facts, generate};

/// A plan, and another made of it by some changes.
pub fn plans_that_differ(choose: &mut impl Choose) -> (Plan, Plan) {
    let old = generate(choose);
    if choose.once_in(8) {
        return (old, generate(choose));
    }
    let mut new = old.clone();
    for _ in 0..choose.below(6) {
        change(&mut new, choose);
    }
    (old, new)
}

fn change(plan: &mut Plan, choose: &mut impl Choose) {
    let at = choose.below(plan.entries.len());
    match choose.below(8) {
        0 => remove(plan, at),
        1 => move_entry(plan, at, choose),
        2 => add(plan, choose),
        3 => unlink(plan, at),
        _ => facts_of(plan, at, choose),
    }
}

fn facts_of(plan: &mut Plan, at: usize, choose: &mut impl Choose) {
    let carrier = plan.carrier(at);
    let is_directory = plan.inode(carrier).is_type(0o040_000);
    let oddness = super::Oddness::Tidy;
    let other = facts::file(choose, oddness);
    let What::Inode(inode) = &mut plan.entries[carrier].what else { return };
    match choose.below(6) {
        0 => inode.mode ^= choose.pick(&[0o4000, 0o2000, 0o022, 0o700]),
        1 => inode.uid ^= 1,
        2 => inode.sec = inode.sec.wrapping_add(1),
        3 => inode.nlink = inode.nlink.wrapping_add(1),
        4 => inode.xattrs = other.xattrs,
        _ if !is_directory => *inode = other,
        _ => inode.nsec = 1,
    }
}

fn is_free(plan: &Plan, parent: usize, name: &[u8]) -> bool {
    !plan.entries.iter().any(|entry| entry.parent == parent && entry.name == name)
}

fn directories(plan: &Plan) -> Vec<usize> {
    let is_directory = |&at: &usize| plan.inode(at).is_type(0o040_000);
    (0..plan.entries.len()).filter(is_directory).collect()
}

fn add(plan: &mut Plan, choose: &mut impl Choose) {
    let parents = directories(plan);
    let (parent, name) = (choose.pick(&parents), facts::name(choose));
    let target = choose.below(plan.entries.len());
    let is_link = choose.once_in(3) && !plan.inode(target).is_type(0o040_000);
    let what = if is_link {
        What::Link(target)
    } else if choose.once_in(4) {
        What::Inode(Inode::new(0o40755))
    } else {
        What::Inode(facts::file(choose, super::Oddness::Tidy))
    };
    if is_free(plan, parent, &name) {
        plan.entries.push(Planned { parent, name, what });
    }
}

/// Moves an entry, unless that would put a directory into itself or before its parent.
fn move_entry(plan: &mut Plan, at: usize, choose: &mut impl Choose) {
    let parents = directories(plan);
    let (parent, name) = (choose.pick(&parents), facts::name(choose));
    if at > 0 && parent < at && is_free(plan, parent, &name) {
        (plan.entries[at].parent, plan.entries[at].name) = (parent, name);
    }
}

/// Gives a hard link an inode of its own.
fn unlink(plan: &mut Plan, at: usize) {
    let inode = plan.inode(at).clone();
    plan.entries[at].what = What::Inode(inode);
}

/// Removes an entry and all below it; a link to it takes over its inode.
fn remove(plan: &mut Plan, at: usize) {
    if at == 0 {
        return;
    }
    let mut gone = vec![false; plan.entries.len()];
    gone[at] = true;
    for number in 1..plan.entries.len() {
        gone[number] |= gone[plan.entries[number].parent];
    }
    let carriers: Vec<usize> = (0..gone.len()).map(|number| plan.carrier(number)).collect();
    let mut heirs = std::collections::BTreeMap::new();
    for number in (0..gone.len()).filter(|&number| !gone[number]) {
        heirs.entry(carriers[number]).or_insert(number);
    }
    let mut places = vec![0; gone.len()];
    let mut kept = Plan { entries: Vec::new() };
    for number in (0..gone.len()).filter(|&number| !gone[number]) {
        places[number] = kept.entries.len();
        kept.entries.push(plan.entries[number].clone());
    }
    for number in (0..gone.len()).filter(|&number| !gone[number]) {
        let heir = heirs[&carriers[number]];
        let inode = plan.inode(carriers[number]).clone();
        let entry = &mut kept.entries[places[number]];
        entry.parent = places[entry.parent];
        entry.what = if heir == number { What::Inode(inode) } else { What::Link(places[heir]) };
    }
    *plan = kept;
}

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

fn words_are_bounded(found: &Diff<'_>) {
    let comment = markdown::markdown(found, &Verdict::of_trees(found), "cfs diff a b");
    assert!(comment.len() <= markdown::LIMIT, "{}", comment.len());
    let lines = shown(found);
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!lines.contains(hidden) && !comment.contains(hidden), "{lines:?}");
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
