//! Plans made of others by changes.

use super::choose::Choose;
use super::plan::{Inode, Plan, Planned, What};
use super::{facts, generate};

/// A plan, and another made of it by some changes.
pub fn plans_that_differ(choose: &mut impl Choose) -> (Plan, Plan) {
    let old = generate(choose);
    if choose.once_in(8) {
        return (old, generate(choose));
    }
    let new = changed(&old, choose);
    (old, new)
}

/// A plan with a few changes.
pub fn changed(old: &Plan, choose: &mut impl Choose) -> Plan {
    let mut new = old.clone();
    for _ in 0..choose.below(6) {
        change(&mut new, choose);
    }
    new
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
