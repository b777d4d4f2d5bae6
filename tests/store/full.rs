//! File systems that have no room left.

use std::process::{Command, Output};

use super::{CFS, support};

/// Runs a script in a mount namespace of its own, with a small file system in memory at `$1`, and
/// `$cfs`. Nothing if that is impossible here.
fn on_small_file_system(mount_options: &str, script: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let whole = format!(
        "mount -t tmpfs -o {mount_options} tmpfs \"$1\" || exit 77\ncd \"$1\" || exit 78\n{script}"
    );
    let run = |namespaces: &str| {
        let mut command = Command::new("unshare");
        command.args([namespaces, "--propagation", "private", "sh", "-c", &whole, "sh"]);
        command.arg(dir.path()).env("cfs", CFS).output().ok()
    };
    let is_refused = |ran: &Output| matches!(ran.status.code(), Some(1 | 77));
    // Who is not root may be root in a user namespace.
    let ran = ["-m", "-rm"].into_iter().filter_map(run).find(|ran| !is_refused(ran));
    let Some(ran) = ran else {
        support::skipped("no file system in memory can be mounted here");
        return None;
    };
    let said = String::from_utf8_lossy(&[&ran.stdout[..], &ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "{said}");
    Some(said)
}

/// Fills a store until there is no room, then looks at it, then makes room and adds the rest.
const FILL: &str = r#"
for i in $(seq 1 60); do
  head -c "$size" /dev/zero | tr '\0' "\\$(printf %o $((i + 32)))" > /dev/shm/cfs-source-$$-$i
done
trap 'rm -f /dev/shm/cfs-source-$$-*' EXIT
$cfs store add -q objects /dev/shm/cfs-source-$$-* > /dev/null
echo "status $?"
$cfs store verify -q objects || exit 3
[ -z "$(find objects -name '.cfs*')" ] || exit 4
rm -rf ballast
$cfs store add -q objects /dev/shm/cfs-source-$$-* > /dev/null || exit 6
$cfs store verify -q objects || exit 7
[ "$(find objects -type f | wc -l)" = 60 ] || exit 8
"#;

/// Adds 60 files of some bytes where other files leave too little room.
#[track_caller]
fn has_no_room(size: u32, mount_options: &str, ballast: &str) {
    let script = format!("{ballast}\nsize={size}{FILL}");
    let Some(said) = on_small_file_system(mount_options, &script) else { return };
    assert!(said.contains("status 2"), "{said}");
    assert!(said.contains(": cannot be written: No space left on device\n"), "{said}");
    assert!(said.contains("hint: the file system has no blocks left, or no inodes"), "{said}");
}

#[test]
fn a_full_file_system_is_trouble_and_leaves_nothing_wrong() {
    has_no_room(40_000, "size=4m", "head -c 3m /dev/zero > ballast");
}

#[test]
fn a_full_file_system_is_trouble_for_large_files_too() {
    has_no_room(400_000, "size=32m", "head -c 28m /dev/zero > ballast");
}

#[test]
fn a_full_inode_table_is_trouble_and_leaves_nothing_wrong() {
    for free in [2, 30, 80] {
        let ballast =
            format!("mkdir ballast; for i in $(seq {}); do : > ballast/$i; done", 298 - free);
        has_no_room(10, "size=8m,nr_inodes=300", &ballast);
    }
}
