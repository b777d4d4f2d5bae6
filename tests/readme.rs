//! What the README tells to type is typed as it is written, and prints what it shows.
//!
//! `.ci/run` runs its `sh` blocks, and `tests/vm.rs` what wants root or a kernel with fs-verity.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::readme::{README, blocks, is_for_the_kernel, table};
use support::{fixture, installed};

/// A directory with the fixtures, and with what the README has made before a block.
fn world() -> tempfile::TempDir {
    let world = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(fixture(""), world.path().join("fixtures")).unwrap();
    world
}

/// Runs a line of a shell. Gives its exit status and all it printed.
fn shell(world: &Path, line: &str) -> (i32, String) {
    let programs = Path::new(env!("CARGO_BIN_EXE_cfs")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec 2>&1\n{line}")]).current_dir(world);
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.env("HOME", world).env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_is_shown_below_a_command_is_what_it_prints() {
    let world = world();
    let dump = fixture("distribution/debian-minbase.dump.gz");
    let make = format!("cfs mkimage --from-dump {} --print-digest debian.cfs", dump.display());
    let (_, digest) = shell(world.path(), &make);
    assert!(README.contains(&format!("`{}`", digest.trim())), "{digest}");
    let text = "/ 4096 40755 2 0 0 0 0.0 - - -\n/etc 0 40755 2 0 0 0 0.0 - - -\n\
                /etc/hosts 158 100684 1 0 0 0 0.0 - - -\n\
                /etc/motd 5 100644 1 0 0 0 0.0 - hello\\x - user.k=v\n";
    fs::write(world.path().join("tree.txt"), text).unwrap();
    let mut count = 0;
    for block in blocks("console") {
        for shown in block.split("$ ").filter(|shown| !shown.is_empty() && !shown.starts_with('#'))
        {
            let (command, expected) = shown.split_once('\n').unwrap();
            let (_, printed) = shell(world.path(), command);
            assert_eq!(printed.trim_end(), expected.trim_end(), "{command}");
            count += 1;
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn every_command_of_the_table_works_as_it_is_written() {
    if installed("git").is_none() {
        return;
    }
    let world = world();
    let rootfs = world.path().join("rootfs");
    fs::create_dir_all(rootfs.join("etc")).unwrap();
    fs::write(rootfs.join("hosts"), "127.0.0.1 localhost\n".repeat(9)).unwrap();
    let repository = shell(world.path(), "git init -q .");
    assert_eq!(repository, (0, String::new()));
    let commands = table();
    assert!(commands.len() >= 25, "{commands:?}");
    for command in commands.into_iter().filter(|command| !is_for_the_kernel(command)) {
        let (code, printed) = shell(world.path(), command);
        assert_eq!(code, 0, "{command}: {printed}");
    }
    for made in ["image.cfs", "copy/hosts", "page.html", ".gitattributes", "cfs.bash"] {
        assert!(world.path().join(made).exists(), "{made}");
    }
    let same = |a: &str, b: &str| assert_eq!(shell(world.path(), &format!("cmp {a} {b}")).0, 0);
    same("rootfs/hosts", "copy/hosts");
    same("tree.txt", "new.txt");
}
