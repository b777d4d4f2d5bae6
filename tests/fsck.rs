//! fsck.erofs accepts the images we write, where it is installed.

#[path = "laws/mod.rs"]
mod laws;
mod support;

use std::path::Path;
use std::process::Command;

use cfs::dump::{self, Options};
use cfs::erofs::{Version, layout};
use cfs::tree::Tree;
use laws::{Plan, What};
use support::{fixture, installed, read, table};

/// Above this size fsck.erofs takes long: it goes through the holes of an external file.
const LARGE: u64 = 1 << 24;

/// Checks the image of a tree in each version.
fn accepts(fsck: &Path, tree: &Tree<'_>, what: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.cfs");
    for version in Version::ALL {
        std::fs::write(&path, layout(tree, version).unwrap().to_vec()).unwrap();
        let output = Command::new(fsck).arg(&path).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let shown = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{what}, {version:?}: {}: {shown}", output.status);
    }
}

#[test]
fn fsck_accepts_images_of_the_conformance_dumps() {
    let Some(fsck) = installed("fsck.erofs") else { return };
    let mut accepted = 0;
    for row in table(&fixture("conformance/expected.tsv")) {
        let name = &row["file"];
        if !name.ends_with("-01.dump.gz") && !name.ends_with("-07.dump.gz") {
            continue;
        }
        let text = read(&fixture("conformance").join(name));
        let tree = dump::parse(&text, &Options::default()).unwrap().tree;
        if tree.inodes().all(|inode| !inode.is_external() || inode.size() <= LARGE) {
            accepts(&fsck, &tree, name);
            accepted += 1;
        }
    }
    assert!(accepted > 15, "{accepted} dumps");
}

#[test]
fn fsck_accepts_images_of_generated_trees() {
    let Some(fsck) = installed("fsck.erofs") else { return };
    for seed in 1..=60 {
        let plan = with_small_files(laws::planned(seed));
        accepts(&fsck, &plan.tree(), &format!("seed {seed}"));
    }
}

fn with_small_files(mut plan: Plan) -> Plan {
    for entry in &mut plan.entries {
        if let What::Inode(inode) = &mut entry.what
            && inode.is_external()
        {
            inode.size = inode.size.min(LARGE);
        }
    }
    plan
}
