//! What the README shows is what the programs print.
#![cfg(feature = "cli")]

mod support;

use std::process::Command;

use support::fixture;

fn readme() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
}

/// What the README shows below a command.
fn shown_below(command: &str) -> String {
    let readme = readme();
    let (_, behind) = readme.split_once(&format!("$ {command}\n")).expect("the README has it");
    behind.split("```").next().unwrap().to_owned()
}

#[test]
fn the_dump_is_that_of_the_distribution() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("debian.cfs");
    let written = Command::new(env!("CARGO_BIN_EXE_cfs"))
        .args(["mkimage", "--print-digest", "--from-dump"])
        .args([&fixture("distribution/debian-minbase.dump.gz"), &image])
        .output()
        .unwrap();
    let digest = String::from_utf8(written.stdout).unwrap();
    assert!(readme().contains(&format!("`{}`", digest.trim())), "{digest}");
    let command = r"cfs dump debian.cfs --filter etc | grep -E '^(/|/etc|/etc/(debian_version|mtab|shadow)) '";
    let dump = Command::new(env!("CARGO_BIN_EXE_cfs"))
        .arg("dump")
        .arg(&image)
        .args(["--filter", "etc"])
        .output()
        .unwrap();
    let wanted = ["/", "/etc", "/etc/debian_version", "/etc/mtab", "/etc/shadow"];
    let dump = String::from_utf8(dump.stdout).unwrap();
    let lines = dump.lines().filter(|line| wanted.contains(&line.split(' ').next().unwrap()));
    assert_eq!(lines.map(|line| format!("{line}\n")).collect::<String>(), shown_below(command));
}

#[test]
fn the_errors_are_those_of_the_text_they_are_about() {
    let directory = tempfile::tempdir().unwrap();
    let text = "/ 4096 40755 2 0 0 0 0.0 - - -\n/etc 0 40755 2 0 0 0 0.0 - - -\n\
                /etc/hosts 158 100684 1 0 0 0 0.0 - - -\n\
                /etc/motd 5 100644 1 0 0 0 0.0 - hello\\x - user.k=v\n";
    std::fs::write(directory.path().join("tree.txt"), text).unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_cfs-mkimage"))
        .args(["--from-dump", "tree.txt", "image.cfs"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let shown = shown_below("cfs-mkimage --from-dump tree.txt image.cfs");
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), shown);
}

#[test]
fn the_difference_is_that_of_the_fixtures() {
    let pair = "fixtures/diff/setuid-to-capability/";
    let sources = [format!("{pair}old.dump"), format!("{pair}new.dump")];
    let differs = Command::new(env!("CARGO_BIN_EXE_cfs"))
        .arg("diff")
        .args(&sources)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(differs.status.code(), Some(1));
    let shown = shown_below(&format!("cfs diff {}", sources.join(" ")));
    assert_eq!(String::from_utf8(differs.stdout).unwrap(), shown);
}
