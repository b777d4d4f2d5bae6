//! `cfs verity measure`, `cfs verity enable` and `cfs store seal`, on file systems that cannot seal. What
//! a kernel does that can is tested in a virtual machine.

use std::process::Command;

use serde_json::Value;

use crate::schema::follows;
use crate::support::{installed, skipped};
use crate::world::{ROOT, Ran, World};

/// A world with files in it, one on a file system without fs-verity, whose directory is told.
fn on_tmpfs() -> Option<(World, tempfile::TempDir)> {
    let world = World::with(&[("a", "hello\n"), ("b", ""), ("tree.txt", ROOT)]);
    let Ok(dir) = tempfile::tempdir_in("/dev/shm") else {
        skipped("/dev/shm is not there to be written to");
        return None;
    };
    let kind = Command::new("stat").args(["-f", "-c", "%T"]).arg(dir.path()).output().unwrap();
    if kind.stdout != b"tmpfs\n" {
        skipped("/dev/shm is no tmpfs");
        return None;
    }
    std::fs::write(dir.path().join("file"), "hello\n").unwrap();
    Some((world, dir))
}

#[test]
fn what_is_not_sealed_is_measured_by_computing_and_says_so() {
    let world = World::with(&[("a", "hello\n"), ("two words", "")]);
    let ran = world.shell("$cfs verity measure a 'two words'");
    let out = ran.is_silent_success();
    let out = out.out();
    assert!(out.lines().all(|line| line.starts_with("computed sha256:")), "{out}");
    assert!(out.ends_with(
        "computed sha256:3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95 \
         two\\x20words\n"
    ));
    if installed("fsverity").is_some() {
        let mut fsverity = world.command("fsverity", "digest a");
        let digest = String::from_utf8(fsverity.output().unwrap().stdout).unwrap();
        assert_eq!(out.lines().next().unwrap(), format!("computed {}", digest.trim_end()));
    }
    let document = world.cfs("verity measure --json --digest-alg=sha512 a").out();
    let document: Value = serde_json::from_str(&document).unwrap();
    follows("verity.schema.json", &document);
    assert_eq!(document["files"][0]["origin"], "computed");
    assert_eq!(document["files"][0]["algorithm"], "sha512");
}

#[test]
fn a_seal_that_is_required_is_not_computed() {
    let world = World::with(&[("a", "hello\n")]);
    let ran = world.cfs("verity measure --require a");
    ran.says(1, "a: is not sealed with fs-verity\nhint: `cfs verity enable FILE` seals it\n");
    assert_eq!(ran.out(), "");
}

#[test]
fn what_cannot_be_measured_is_named_and_the_rest_is_measured() {
    let world = World::with(&[("a", "hello\n")]);
    std::fs::create_dir(world.path("dir")).unwrap();
    let ran = world.cfs("verity measure missing dir a");
    ran.mentions(2, "cannot open missing: No such file or directory").mentions(2, "dir");
    assert!(ran.out().ends_with(" a\n"), "{}", ran.out());
    world.cfs("verity measure /dev/null").says(2, "/dev/null: expected a regular file\n");
    world.cfs("verity enable dir").mentions(2, "only regular files can be sealed");
}

#[test]
fn why_a_file_cannot_be_sealed_is_said_in_words() {
    let Some((world, dir)) = on_tmpfs() else { return };
    let file = dir.path().join("file");
    let file = file.to_str().unwrap();
    world.cfs(&format!("verity enable {file}")).says(
        2,
        &format!(
            "{file}: cannot be sealed with fs-verity: Inappropriate ioctl for device\n\
             hint: this file system has no fs-verity; ext4, f2fs and btrfs have\n"
        ),
    );
}

#[test]
fn a_store_that_cannot_be_sealed_says_why_and_is_left_as_it_is() {
    let Some((world, dir)) = on_tmpfs() else { return };
    let store = dir.path().join("store");
    let store = store.to_str().unwrap();
    world.cfs(&format!("store add -q {store} a b")).exits(0);
    world.cfs(&format!("store seal {store}")).says(
        1,
        "cfs: 0 sealed, 0 sealed before, 2 not sealed\n\
         cfs: not sealed: this file system has no fs-verity; ext4, f2fs and btrfs have\n",
    );
    let required = world.cfs(&format!("store seal --require {store}"));
    required.mentions(2, "cannot be sealed with fs-verity").mentions(2, "hint: this file system");
    world.cfs(&format!("store verify {store}")).mentions(0, "0 with something wrong");
}

#[test]
fn a_wrong_object_is_named_and_not_sealed() {
    let Some((world, dir)) = on_tmpfs() else { return };
    let store = dir.path().join("store");
    let name = store.to_str().unwrap();
    let added = world.cfs(&format!("store add -q --json {name} a")).out();
    let added: Value = serde_json::from_str(&added).unwrap();
    let object = added["files"][0]["object"].as_str().unwrap();
    std::fs::write(store.join(object), "other\n").unwrap();
    let ran: Ran = world.cfs(&format!("store seal --json {name}"));
    ran.mentions(1, object).mentions(1, "expected the digest");
    let document: Value = serde_json::from_str(&ran.out()).unwrap();
    follows("store.schema.json", &document);
    assert_eq!(document["findings"][0]["kind"], "wrong-digest");
    assert_eq!(document["unsealed"], 0);
}

#[test]
fn the_digests_of_an_image_follow_the_schema() {
    let world = World::with(&[("tree.txt", ROOT)]);
    let document = world.cfs("verity image --json tree.txt").out();
    follows("verity.schema.json", &serde_json::from_str(&document).unwrap());
}
