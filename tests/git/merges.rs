//! Merges of dumps by git.

use crate::repository::Repository;
use crate::world::{Ran, SMALL};

/// Two branches that changed the dump of their ancestor, merged.
fn merged(ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> (Repository, Ran) {
    let repository = Repository::installed("");
    repository.git("rm -q tree.cfs").exits(0);
    repository.commit("dump");
    let change = |changes: &[(&str, &str)]| {
        let text = changes.iter().fold(SMALL.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        repository.write("tree.dump", text);
    };
    repository.git("switch -q -c side").exits(0);
    change(theirs);
    repository.commit("theirs");
    repository.git("switch -q main").exits(0);
    change(ours);
    repository.commit("ours");
    let ran = repository.git("merge -q -m merged side");
    (repository, ran)
}

#[test]
fn what_each_side_changed_on_one_line_is_merged() {
    let ours = [("/etc/hosts 6 100644", "/etc/hosts 6 100600"), ("20666", "20600")];
    let theirs = [("/etc/hosts 6 100644 2 0", "/etc/hosts 6 100644 2 7"), ("nodigest", "other")];
    let (repository, ran) = merged(&ours, &theirs);
    ran.exits(0);
    let all = SMALL
        .replace("/etc/hosts 6 100644 2 0", "/etc/hosts 6 100600 2 7")
        .replace("20666", "20600")
        .replace("nodigest", "other");
    assert_eq!(repository.read("tree.dump"), all);
    repository.git("status --porcelain").prints("");
}

#[test]
fn a_conflict_is_told_and_can_be_resolved() {
    let ours = [("20666", "20600"), ("nodigest", "other")];
    let theirs = [("20666", "20640"), ("/dev/tty 0 20666 1 0 5", "/dev/tty 0 20640 1 0 6")];
    let theirs = [theirs[1]];
    let (repository, ran) = merged(&ours, &theirs);
    ran.mentions(1, "cfs: tree.dump: both sides changed /dev/tty: mode\n");
    let marked = "\
<<<<<<< HEAD
/dev/tty 0 20600 1 0 6 1280 0.0 - - -
=======
/dev/tty 0 20640 1 0 6 1280 0.0 - - -
>>>>>>> side
";
    let text = repository.read("tree.dump");
    assert!(
        text.contains(marked) && text.contains("/etc/two\\x20words 3 100644 1 0 0 0 0.0 other"),
        "{text}"
    );
    repository.git("status --porcelain").prints("UU tree.dump\n");
    // As a person would: the line of one side stays.
    repository.run("sed -i -e '/^<<<<<<</d' -e '/^=======/,/^>>>>>>>/d' tree.dump").exits(0);
    repository.run("cfs dump --strict tree.dump").exits(0);
    repository.git("add tree.dump").exits(0);
    repository.git("commit -q --no-edit").exits(0);
    let all = SMALL.replace("20666 1 0 5", "20600 1 0 6").replace("nodigest", "other");
    assert_eq!(repository.read("tree.dump"), all);
}

#[test]
fn an_external_diff_of_a_conflict_says_that_it_is_one() {
    let (repository, ran) = merged(&[("20666", "20600")], &[("20666", "20640")]);
    ran.exits(1);
    repository.git("config diff.cfs-dump.command 'cfs -q git diff'").exits(0);
    let shown = repository.git("diff --cached").exits(0).out();
    assert!(shown.contains("* Unmerged path tree.dump\n"), "{shown}");
}

#[test]
fn what_is_no_dump_is_merged_as_lines() {
    let ours = [("/ 4096", "no dump\n/ 4096")];
    let (repository, ran) = merged(&ours, &[("nodigest", "other")]);
    ran.mentions(0, "cfs: tree.dump: merged as lines, not as a tree: our side is no dump: ");
    let all = SMALL.replace("/ 4096", "no dump\n/ 4096").replace("nodigest", "other");
    assert_eq!(repository.read("tree.dump"), all);
    let (repository, ran) = merged(&[("nodigest", "no digest")], &[("nodigest", "other")]);
    ran.exits(1);
    assert!(repository.read("tree.dump").contains("<<<<<<< HEAD\n"));
}

#[test]
fn trouble_is_not_taken_for_a_conflict() {
    let repository = Repository::installed("");
    repository
        .run("cfs git merge tree.dump nowhere tree.dump")
        .mentions(129, "cannot open nowhere");
    repository.run("cfs git merge tree.dump tree.dump").exits(2);
    let alone = repository.run("cfs git merge tree.dump tree.dump tree.dump -L 9");
    alone.prints("");
    assert_eq!(repository.read("tree.dump"), SMALL);
}
