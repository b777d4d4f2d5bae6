//! What a plan reaches, so that a test can tell that the generator reaches everything.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Inode, Plan, What};

/// A class of what a tree can hold, by name.
pub type Class = String;

/// The classes that a plan reaches.
pub fn classes(plan: &Plan) -> BTreeSet<Class> {
    let mut reached = BTreeSet::new();
    for entry in 0..plan.entries.len() {
        of_name(plan, entry, &mut reached);
        if let What::Inode(inode) = &plan.entries[entry].what {
            of_type(inode, &mut reached);
            of_numbers(inode, &mut reached);
            of_dropped(inode, &mut reached);
            of_xattrs(inode, &mut reached);
        }
    }
    of_shapes(plan, &mut reached);
    of_links(plan, &mut reached);
    of_sharing(plan, &mut reached);
    reached
}

fn put(reached: &mut BTreeSet<Class>, is_so: bool, class: &str) {
    if is_so {
        reached.insert(class.to_owned());
    }
}

fn of_type(inode: &Inode, reached: &mut BTreeSet<Class>) {
    let payload = inode.payload.as_ref().map_or(0, Vec::len);
    match inode.mode & 0o170_000 {
        0o010_000 => put(reached, true, "FIFO"),
        0o020_000 if inode.rdev == 0 => put(reached, true, "whiteout"),
        0o020_000 => put(reached, true, "character device"),
        0o040_000 => put(reached, true, "directory"),
        0o060_000 => put(reached, true, "block device"),
        0o120_000 => _ = reached.insert(format!("symlink of {payload}")),
        0o140_000 => put(reached, true, "socket"),
        _ => match &inode.content {
            Some(content) => _ = reached.insert(format!("inline {}", content.len())),
            None if inode.size == 0 => put(reached, true, "empty file"),
            None => of_external(inode, payload, reached),
        },
    }
}

fn of_external(inode: &Inode, payload: usize, reached: &mut BTreeSet<Class>) {
    let digest = inode.digest.as_ref().map_or(0, Vec::len);
    reached.insert(format!("digest of {digest}"));
    put(reached, payload == 0, "no payload");
    put(reached, payload == 4095, "longest payload");
    put(reached, payload % 4 == 3, "payload of 3 modulo 4");
    put(reached, inode.payload.as_ref().is_some_and(|path| path[0] == b'/'), "payload with slash");
    let chunks = inode.size.div_ceil(1 << 43);
    put(reached, inode.size.is_multiple_of(4096), "whole blocks");
    put(reached, inode.size % 4096 == 1, "a byte more than whole blocks");
    put(reached, chunks == 1, "one chunk");
    put(reached, (2..1017).contains(&chunks), "some chunks");
    if chunks > 1016 {
        reached.insert(format!("{chunks} chunks"));
    }
}

fn of_numbers(inode: &Inode, reached: &mut BTreeSet<Class>) {
    for (field, number) in [("uid", inode.uid), ("gid", inode.gid), ("nlink", inode.nlink)] {
        put(reached, number == 65_535, &format!("{field} 65535"));
        put(reached, number == 65_536, &format!("{field} 65536"));
        put(reached, number == u32::MAX, &format!("{field} at most"));
        put(reached, number == 0, &format!("{field} 0"));
    }
    put(reached, inode.sec < 0, "before 1970");
    put(reached, inode.sec == i64::MIN, "first second");
    put(reached, inode.sec == i64::MAX, "last second");
    put(reached, inode.nsec == 999_999_999, "last nanosecond");
    put(reached, inode.nsec > 999_999_999, "more nanoseconds than a second");
    let special = !inode.is_type(0o100_000) && !inode.is_type(0o040_000);
    put(reached, special && inode.size > u64::from(u32::MAX), "long SIZE of no data");
}

fn of_dropped(inode: &Inode, reached: &mut BTreeSet<Class>) {
    let (regular, symlink) = (inode.is_type(0o100_000), inode.is_type(0o120_000));
    let device = inode.is_type(0o020_000) || inode.is_type(0o060_000);
    let external = inode.is_external();
    put(reached, !external && !symlink && inode.payload.is_some(), "payload that is dropped");
    put(reached, !external && inode.digest.is_some(), "digest that is dropped");
    put(reached, !regular && inode.content.is_some(), "content that is dropped");
    put(reached, !device && inode.rdev != 0, "RDEV that is dropped");
    put(reached, symlink && inode.size == 100, "SIZE that is not the target's");
}

fn of_xattrs(inode: &Inode, reached: &mut BTreeSet<Class>) {
    let cost: usize = 12 + inode.xattrs.iter().map(|(k, v)| 7 + k.len() + v.len()).sum::<usize>();
    put(reached, cost == 32_767, "as many bytes of xattrs as there may be");
    put(reached, inode.xattrs.len() > 128, "more than 128 xattrs");
    for (key, value) in &inode.xattrs {
        put(reached, value.is_empty(), "empty value");
        put(reached, value.contains(&0), "value with NUL");
        put(reached, key.len() == 255, "longest key");
        put(reached, key.contains(&b'='), "key with an equals sign");
        if key.len() < 40 && !key.starts_with(b"user.0") {
            reached.insert(format!("key {}", key.escape_ascii()));
        }
    }
}

fn of_name(plan: &Plan, entry: usize, reached: &mut BTreeSet<Class>) {
    let name = &plan.entries[entry].name;
    put(reached, name.len() == 255, "longest name");
    put(reached, entry > 0 && name.as_slice() < b".".as_slice(), "name before the dots");
    put(
        reached,
        name.starts_with(b".") && name.as_slice() < b"..".as_slice(),
        "name between the dots",
    );
    put(reached, std::str::from_utf8(name).is_err(), "name that is not UTF-8");
    let stub = plan.entries[entry].parent == 0 && name.len() == 2;
    put(reached, stub && name.iter().all(u8::is_ascii_hexdigit), "name of a generated device");
    for byte in name {
        reached.insert(format!("byte {byte:02x} in a name"));
    }
}

/// Lengths of directory lists, width and depth.
fn of_shapes(plan: &Plan, reached: &mut BTreeSet<Class>) {
    let mut lists: BTreeMap<usize, Vec<&[u8]>> = BTreeMap::new();
    for (number, entry) in plan.entries.iter().enumerate().skip(1) {
        lists.entry(entry.parent).or_insert(vec![b".", b".."]).push(&entry.name);
        put(reached, plan.path(number).len() > 20, "deep");
    }
    for (directory, mut names) in lists {
        names.sort_unstable();
        put(reached, names.len() > 150, "wide");
        let (mut blocks, mut sum) = (0, 0);
        for name in names {
            let cost = 12 + name.len();
            if sum + cost > 4096 {
                blocks += 1;
                sum = 0;
            }
            sum += cost;
        }
        let at_edge = directory > 0 && [2047, 2048, 2049, 4095, 4096].contains(&sum);
        put(reached, at_edge, &format!("list of {sum} behind {blocks} blocks"));
    }
}

fn of_links(plan: &Plan, reached: &mut BTreeSet<Class>) {
    for (number, entry) in plan.entries.iter().enumerate() {
        let What::Link(target) = entry.what else { continue };
        let carrier = plan.carrier(number);
        put(reached, target != carrier, "chain of links");
        put(reached, plan.path(number) < plan.path(carrier), "carrier behind its link");
        put(reached, target > number, "target later in the text");
        let across = entry.parent != plan.entries[carrier].parent;
        put(reached, across, "link across directories");
        put(reached, !across, "link in its directory");
        let inode = plan.inode(number);
        put(reached, inode.is_whiteout(), "link to a whiteout");
        put(reached, inode.is_whiteout() && across, "link to a whiteout elsewhere");
        put(reached, inode.is_external(), "link to an external file");
        put(reached, inode.is_type(0o120_000), "link to a symlink");
    }
}

fn of_sharing(plan: &Plan, reached: &mut BTreeSet<Class>) {
    let mut count: BTreeMap<&(Vec<u8>, Vec<u8>), usize> = BTreeMap::new();
    let inodes = || (0..plan.entries.len()).filter(|&entry| plan.carrier(entry) == entry);
    for pair in inodes().flat_map(|entry| &plan.inode(entry).xattrs) {
        *count.entry(pair).or_default() += 1;
    }
    for inode in inodes().map(|entry| plan.inode(entry)) {
        let shared = inode.xattrs.iter().filter(|pair| count[pair] > 1).count();
        put(reached, shared > 128, "more than 128 shared xattrs");
        put(reached, shared == 128, "128 shared xattrs");
        put(reached, shared > 0 && shared < inode.xattrs.len(), "shared xattrs beside others");
    }
}
