//! File systems that have no room left.

use std::process::Command;

use super::{CFS, support};

/// Runs a script in a mount namespace of its own, with a small file system in memory at `$1`, and
/// `$cfs`. Nothing if that is impossible here.
fn on_small_file_system(mount_options: &str, script: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let whole = format!(
        "mount -t tmpfs -o {mount_options} tmpfs \"$1\" || exit 77\ncd \"$1\" || exit 78\n{script}"
    );
    let ran = Command::new("unshare")
        .args(["-m", "--propagation", "private", "sh", "-c", &whole, "sh"])
        .arg(dir.path())
        .env("cfs", CFS)
        .output();
    let is_refused = |code| [1, 77].contains(&code);
    match ran {
        Ok(ran) if !ran.status.code().is_some_and(is_refused) => {
            let said = [&ran.stdout[..], &ran.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(ran.status.success(), "{said}");
            Some(said)
        }
        _ => {
            support::skipped("a file system in memory can be mounted by root alone");
            None
        }
    }
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
rm -f ballast*
mount -o "remount,$more" "$PWD" || exit 5
$cfs store add -q objects /dev/shm/cfs-source-$$-* > /dev/null || exit 6
$cfs store verify -q objects || exit 7
[ "$(find objects -type f | wc -l)" = 60 ] || exit 8
"#;

#[test]
fn a_full_file_system_is_trouble_and_leaves_nothing_wrong() {
    let script = format!("size=40000 more=size=8m{FILL}");
    let Some(said) = on_small_file_system("size=1m", &script) else { return };
    assert!(said.contains("status 2"), "{said}");
    assert!(said.contains("objects: cannot be written: No space left on device\n"), "{said}");
    assert!(said.contains("hint: the file system has no blocks left, or no inodes"), "{said}");
}

#[test]
fn a_full_file_system_is_trouble_for_large_files_too() {
    let script = format!("size=400000 more=size=40m{FILL}");
    let Some(said) = on_small_file_system("size=1m", &script) else { return };
    assert!(said.contains("status 2"), "{said}");
    assert!(said.contains("cannot be written: No space left on device\n"), "{said}");
}

#[test]
fn a_full_inode_table_is_trouble_and_leaves_nothing_wrong() {
    for inodes in [2, 30, 80] {
        let script = format!("size=10 more=nr_inodes=1000{FILL}");
        let options = format!("size=8m,nr_inodes={inodes}");
        let Some(said) = on_small_file_system(&options, &script) else { return };
        assert!(said.contains("status 2"), "{inodes}: {said}");
        assert!(said.contains("cannot be written: No space left on device\n"), "{said}");
    }
}
