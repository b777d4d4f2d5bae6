//! Laws about merges.

use cfs::dump::{self, Options};
use cfs::merge::{Marks, MergeErrorKind, Merged, merge};

use super::choose::Choose;
use super::plan::{Plan, What};
use super::tree::{assert_same, canonical};

fn merged(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    match merge(base, ours, theirs, &Marks::default()) {
        Ok(merged) => merged,
        Err(error) => panic!("{error}\n{}", shown(&[base, ours, theirs])),
    }
}

fn shown(texts: &[&[u8]]) -> String {
    let lines = |text: &&[u8]| text.escape_ascii().to_string().replace("\\n/", "\n/");
    let texts = texts.iter().map(lines);
    texts.collect::<Vec<_>>().join("\n--\n")
}

/// What only one side changed, or both in the same way, is in the result as it is there.
pub fn merge_takes_the_side_that_changed(base: &[u8], side: &[u8]) {
    if [base, side].iter().any(|text| dump::parse(text, &Options::default()).is_err()) {
        return;
    }
    for (ours, theirs) in [(side, base), (base, side), (side, side)] {
        let merged = merged(base, ours, theirs);
        assert!(merged.conflicts.is_empty(), "{}", shown(&[base, ours, theirs, &merged.text]));
        same_tree(&merged.text, side);
        // Our own lines keep their bytes and their order.
        if ours == side {
            assert_eq!(merged.text, whole_lines(side), "{}", shown(&[base, ours, theirs]));
        }
    }
}

fn whole_lines(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text
}

#[track_caller]
fn same_tree(a: &[u8], b: &[u8]) {
    let parse = |text| dump::parse(text, &Options::default()).expect("a dump").tree;
    assert_same(&canonical(&parse(a)), &canonical(&parse(b)));
}

/// Any three texts give a dump, a dump with conflicts of which either side is a dump, or an error;
/// the same whichever side comes first.
pub fn merge_is_fair(base: &[u8], ours: &[u8], theirs: &[u8]) {
    let there = merge(base, ours, theirs, &Marks::default());
    let back = merge(base, theirs, ours, &Marks::default());
    let (there, back) = match (there, back) {
        (Ok(there), Ok(back)) => (there, back),
        (Err(error), _) | (_, Err(error)) => {
            let parse = |text| dump::parse(text, &Options::default());
            let all = [base, ours, theirs].into_iter().all(|text| parse(text).is_ok());
            let refused = matches!(error.kind(), MergeErrorKind::Text(..));
            return assert_eq!(refused, !all, "{error}");
        }
    };
    let conflicts = |merged: &Merged| {
        let mut conflicts = merged.conflicts.clone();
        conflicts.sort_by(|a, b| a.path.cmp(&b.path));
        conflicts
    };
    assert_eq!(conflicts(&there), conflicts(&back), "{}", shown(&[base, ours, theirs]));
    let (left, right) = (settled(&there.text, true), settled(&there.text, false));
    same_tree(&left, &settled(&back.text, false));
    same_tree(&right, &settled(&back.text, true));
}

/// The text with each conflict settled for one side.
fn settled(text: &[u8], ours: bool) -> Vec<u8> {
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    let mut keep = true;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line {
            b"<<<<<<< ours\n" => keep = ours,
            b"=======\n" => keep = !ours,
            b">>>>>>> theirs\n" => keep = true,
            line if keep => lines.push(line),
            _ => {}
        }
    }
    lines.iter().for_each(|line| kept.extend_from_slice(line));
    kept
}

/// Two plans in a directory each.
pub fn side_by_side(left: &Plan, right: &Plan) -> Plan {
    let mut both = Plan { entries: vec![left.entries[0].clone()] };
    both.entries[0].what = What::Inode(super::Inode::new(0o40755));
    for (plan, name) in [(left, "left"), (right, "right")] {
        let start = both.entries.len();
        for entry in &plan.entries {
            let mut entry = entry.clone();
            entry.parent += start;
            if let What::Link(target) = &mut entry.what {
                *target += start;
            }
            both.entries.push(entry);
        }
        both.entries[start].parent = 0;
        both.entries[start].name = name.as_bytes().to_vec();
    }
    both
}

/// What two sides change in directories of their own gives both changes.
pub fn changes_apart_are_both_made(
    (old, new): (&Plan, &Plan),
    (other, changed): (&Plan, &Plan),
    choose: &mut impl Choose,
) {
    let mut text = |left, right| super::spell(&side_by_side(left, right), choose);
    let (base, ours) = (text(old, other), text(new, other));
    let (theirs, both) = (text(old, changed), text(new, changed));
    let merged = merged(&base, &ours, &theirs);
    assert!(merged.conflicts.is_empty(), "{:?}", merged.conflicts);
    same_tree(&merged.text, &both);
}
