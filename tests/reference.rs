//! The same bytes as the reference on generated dumps, where its programs are on PATH.

#[path = "laws/mod.rs"]
mod laws;
mod support;

use std::path::Path;
use std::process::Command;

use cfs::canon::canonicalise;
use cfs::dump::{self, Options};
use cfs::erofs::{self, Version, layout};
use cfs::tree::Tree;
use laws::{Inode, Plan, What};
use support::reference;

/// The image that the reference makes of a text; nothing if it refuses the text.
fn theirs(mkcomposefs: &Path, text: &[u8], version: Version) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let (dump, image) = (dir.path().join("tree.dump"), dir.path().join("image.cfs"));
    std::fs::write(&dump, text).unwrap();
    let number = version.number();
    let output = Command::new(mkcomposefs)
        .arg("--from-file")
        .arg(format!("--min-version={number}"))
        .arg(format!("--max-version={number}"))
        .args([&dump, &image])
        .output()
        .unwrap();
    output.status.success().then(|| std::fs::read(&image).unwrap())
}

fn inodes(plan: &Plan) -> impl Iterator<Item = &Inode> {
    plan.entries.iter().filter_map(|entry| match &entry.what {
        What::Inode(inode) => Some(inode),
        What::Link(_) => None,
    })
}

/// Whether the reference writes a plan as it should. It cuts digests of 64 bytes.
fn is_written_right(plan: &Plan) -> bool {
    inodes(plan).all(|inode| inode.digest.as_ref().is_none_or(|digest| digest.len() == 32))
}

/// Whether the reference reads an image of a plan as it should. It reads on behind some payloads, and
/// may overlook an xattr of four bytes.
fn is_read_right(plan: &Plan) -> bool {
    let long = |payload: &Vec<u8>| payload.len() % 4 == 3;
    let short = |key: &[u8]| key.ends_with(b".") || key.starts_with(b"system.posix_acl_");
    inodes(plan).all(|inode| {
        let lost = inode.xattrs.iter().any(|(key, value)| value.is_empty() && short(key));
        !(lost || inode.is_external() && inode.payload.as_ref().is_some_and(long))
    })
}

fn compare(mkcomposefs: &Path, tree: &Tree<'_>, text: &[u8], what: &str) -> usize {
    let mut same = 0;
    for version in Version::ALL {
        if let Some(theirs) = theirs(mkcomposefs, text, version) {
            let ours = layout(tree, version).unwrap().to_vec();
            assert!(ours == theirs, "{what}, {version:?}: {}", String::from_utf8_lossy(text));
            same += 1;
        }
    }
    same
}

#[test]
fn images_of_generated_dumps_are_those_of_the_reference() {
    let Some(mkcomposefs) = reference("mkcomposefs") else { return };
    let (mut tried, mut same) = (0, 0);
    for seed in 1..=150 {
        let plan = laws::planned(seed);
        if !is_written_right(&plan) {
            continue;
        }
        let choices = laws::pseudorandom(1000 + seed);
        let text = laws::spell(&plan, &mut laws::Bytes(&choices));
        let tree = dump::parse(&text, &Options::default()).unwrap().tree;
        same += compare(&mkcomposefs, &tree, &text, &format!("seed {seed}"));
        let mut canonical = tree.clone();
        canonicalise(&mut canonical);
        let printed = dump::print(&canonical);
        same += compare(&mkcomposefs, &canonical, &printed, &format!("seed {seed}, canonical"));
        tried += 4;
    }
    assert!(same * 10 > tried * 8, "of {tried} the reference took {same}");
}

#[test]
fn dumps_of_generated_images_are_those_of_the_reference() {
    let Some(composefs_info) = reference("composefs-info") else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.cfs");
    let plans = (1..=150).map(laws::planned);
    let plans: Vec<_> = plans.filter(is_written_right).filter(is_read_right).collect();
    assert!(plans.len() > 50, "{} plans", plans.len());
    for plan in plans {
        let tree = plan.tree();
        for version in Version::ALL {
            let image = layout(&tree, version).unwrap().to_vec();
            std::fs::write(&path, &image).unwrap();
            let output = Command::new(&composefs_info).arg("dump").arg(&path).output().unwrap();
            let ours = dump::print(&erofs::read(&image).unwrap());
            let shown = String::from_utf8_lossy(&ours);
            assert!(output.status.success() && output.stdout == ours, "{version:?}: {shown}");
        }
    }
}
