//! What git is told.

use crate::repository::Repository;

const LINES: &str = "*.cfs -text diff=cfs\n*.dump -text diff=cfs-dump merge=cfs-dump\n";

#[test]
fn attributes_are_added_and_none_is_touched() {
    let repository = Repository::new();
    repository.run("cfs git attributes").prints(LINES);
    repository.write(".gitattributes", "*.png binary");
    let told = repository.run("cfs git install");
    told.mentions(0, "cfs: git is configured; ").mentions(0, ".gitattributes got 2 lines\n");
    assert_eq!(repository.read(".gitattributes"), format!("*.png binary\n{LINES}"));
    repository.run("cfs git install").mentions(0, ".gitattributes had all lines already\n");
    assert_eq!(repository.read(".gitattributes"), format!("*.png binary\n{LINES}"));
    repository.write(".gitattributes", "*.cfs -text diff=cfs\n*.x y");
    repository.run("cfs git install").mentions(0, "got 1 line\n");
    let second = LINES.split_once('\n').unwrap().1;
    let all = format!("*.cfs -text diff=cfs\n*.x y\n{second}");
    assert_eq!(repository.read(".gitattributes"), all);
}

#[test]
fn settings_are_set_once_and_can_be_taken_back() {
    let repository = Repository::new();
    let before = repository.read(".git/config");
    for _ in 0..2 {
        repository.run("cfs -q git install").prints("");
    }
    repository.git("config --get-all diff.cfs.command").prints("cfs -q git diff\n");
    repository.git("config --get-all diff.cfs.textconv").prints("cfs -q git textconv\n");
    repository.run("cfs -q git install --driver=textconv").prints("");
    repository.git("config --get-all diff.cfs.command").exits(1);
    repository.run("cfs git uninstall").prints("");
    assert_eq!(repository.read(".git/config").trim_end(), before.trim_end());
    repository.run("cfs git uninstall").prints("");
}

#[test]
fn a_user_can_have_them_for_all_repositories() {
    let repository = Repository::new();
    repository.run("cfs -q git install --global").prints("");
    let attributes = repository.world.read("home/.config/git/attributes");
    assert_eq!(String::from_utf8(attributes).unwrap(), LINES);
    let config = String::from_utf8(repository.world.read("home/.gitconfig")).unwrap();
    assert!(config.contains("textconv = cfs -q git textconv"), "{config}");
    assert!(!repository.path(".gitattributes").exists());
    repository.git("config --global core.attributesFile '~/own'").exits(0);
    repository.run("cfs -q git install --global").prints("");
    assert_eq!(String::from_utf8(repository.world.read("home/own")).unwrap(), LINES);
    repository.run("cfs git install --global --local").exits(2);
}

#[test]
fn outside_of_a_repository_it_says_what_to_do() {
    let repository = Repository::new();
    let ran = repository.run("cd ../home && GIT_CEILING_DIRECTORIES=$PWD/.. cfs git install");
    ran.mentions(2, "hint: run it in a repository, or with --global");
    let ran = repository.run("PATH=/nowhere $(command -v cfs) git install");
    ran.mentions(2, "cannot run git: No such file or directory");
}

#[test]
fn a_program_that_is_not_on_the_path_is_named_by_its_own() {
    let repository = Repository::new();
    std::fs::create_dir(repository.world.path("it's 100%")).unwrap();
    std::fs::copy(crate::world::CFS, repository.world.path("it's 100%/cfs")).unwrap();
    repository.run("../it\\'s\\ 100%/cfs -q git install --driver=external").prints("");
    repository.write("tree.dump", crate::world::SMALL);
    repository.run("cfs mkimage -q tree.dump tree.cfs").exits(0);
    repository.commit("first");
    repository.run("rm ../bin/cfs").exits(0);
    let text = repository.git("show --textconv HEAD:tree.cfs").out();
    assert_eq!(text, crate::world::SMALL);
}
