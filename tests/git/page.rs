//! cfs-git(7): what it says to type and to paste is run and pasted as it is written.

use crate::repository::Repository;
use crate::world::SMALL;

const PAGE: &str = include_str!("../../src/cli/pages/git.md");

/// The blocks of a kind.
fn blocks(kind: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(kind) {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(inside.map(|line| format!("{line}\n")).collect());
        }
    }
    assert!(!blocks.is_empty(), "no block of {kind}");
    blocks
}

/// A repository with an image and its dump that were committed, and then changed.
fn changed(options: &str) -> Repository {
    let repository = Repository::installed(options);
    repository.run("git mv tree.cfs rootfs.cfs && git rm -q tree.dump").exits(0);
    repository.commit("rootfs");
    repository.write("tree.dump", SMALL.replace("20666", "20600"));
    repository.run("cfs mkimage -q tree.dump rootfs.cfs && rm tree.dump").exits(0);
    repository
}

#[test]
fn every_command_works_as_it_is_written() {
    let repository = changed("");
    let mut count = 0;
    for block in blocks("console") {
        for line in block.lines() {
            let command = line.strip_prefix("$ ").expect("a command");
            let ran = repository.run(command);
            ran.exits(0);
            count += 1;
        }
    }
    assert!(count >= 9, "{count}");
    assert_eq!(repository.read("rootfs.dump"), SMALL.replace("20666", "20600"));
}

#[test]
fn the_lines_to_paste_do_what_install_does() {
    let repository = Repository::new();
    repository.write(".gitattributes", &blocks("gitattributes")[0]);
    let config = format!("{}{}", repository.read(".git/config"), blocks("gitconfig")[0]);
    repository.write(".git/config", config);
    let pasted = repository.git("config --local --list").out();
    let attributes = repository.read(".gitattributes");
    let other = Repository::new();
    other.run("cfs -q git install").prints("");
    assert_eq!(pasted, other.git("config --local --list").out());
    assert_eq!(attributes, other.read(".gitattributes"));
    for kind in ["gitattributes", "gitconfig"] {
        let shown = crate::support::readme::blocks(kind);
        assert_eq!(
            shown.iter().map(|block| format!("{block}\n")).collect::<Vec<_>>(),
            blocks(kind)
        );
    }
}

/// The scripts of the workflow, each with the name of its step.
fn scripts() -> Vec<(String, String)> {
    let workflow = &blocks("yaml")[0];
    let steps = workflow.split("      - name: ").skip(1);
    let script = |step: &str| {
        let (name, rest) = step.split_once('\n').unwrap();
        let (_, script) = rest.split_once("run: |\n")?;
        let lines = script.lines().map(|line| line.strip_prefix("          ").unwrap());
        Some((name.to_owned(), lines.map(|line| format!("{line}\n")).collect()))
    };
    steps.filter_map(script).collect()
}

#[test]
fn the_workflow_posts_what_changed() {
    let repository = changed("");
    let base = repository.git("rev-parse HEAD").out();
    repository.commit("changed");
    let post = "#!/bin/sh\nprintf '%s\\n' \"$@\" > posted.args\ncp comment.md posted.md\n";
    repository.world.write("bin/gh", post);
    repository.run("chmod +x ../bin/gh").exits(0);
    let scripts = scripts();
    assert_eq!(scripts.iter().map(|script| &*script.0).collect::<Vec<_>>(), ["Compare", "Comment"]);
    for (_, script) in scripts {
        let mut command = repository.shell(&script);
        command.env("BASE", base.trim()).env("NUMBER", "17");
        crate::world::Ran::of(command).exits(0);
    }
    let posted = repository.read("posted.md");
    assert!(posted.starts_with("### Filesystem changes: "), "{posted}");
    assert!(posted.contains("/dev/tty"), "{posted}");
    let args = "pr\ncomment\n17\n--edit-last\n--create-if-none\n--body-file\ncomment.md\n";
    assert_eq!(repository.read("posted.args"), args);
}

#[test]
fn the_conflict_it_shows_is_what_a_merge_leaves() {
    let line = |mode: &str| format!("/etc/hosts 158 {mode} 1 0 0 0 0.0 ab/cd - -\n");
    let dump = |mode: &str| {
        format!("/ 4096 40755 3 0 0 0 0.0 - - -\n/etc 44 40755 2 0 0 0 0.0 - - -\n{}", line(mode))
    };
    let repository = Repository::new();
    for (name, mode) in [("base", "100644"), ("a", "100600"), ("b", "100640")] {
        repository.write(name, dump(mode));
    }
    repository.run("cfs -q git merge a base b").exits(1);
    let merged = repository.read("a");
    assert!(merged.ends_with(&blocks("conflict")[0]), "{merged}");
}

#[test]
fn the_page_is_made_with_the_others() {
    let repository = Repository::new();
    repository.run("cfs man share/man/man1 && cfs man flat").exits(0);
    let page = repository.read("share/man/man7/cfs-git.7");
    assert_eq!(page, repository.read("flat/cfs-git.7"));
    assert!(
        page.contains("\n.SH MERGES\n") && page.contains(".TH cfs-git 7 \" \" \"cfs "),
        "{page}"
    );
    assert!(page.contains("\n$ cfs git install\n$ git add .gitattributes\n.EE\n"), "{page}");
    assert!(page.contains("\n*.cfs \\-text diff=cfs\n"), "{page}");
    assert!(!page.contains('`'), "{page}");
}
