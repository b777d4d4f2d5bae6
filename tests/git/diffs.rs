//! What git shows of images and dumps.

use crate::repository::Repository;

#[test]
fn git_shows_the_lines_of_an_image_that_differ() {
    let repository = Repository::installed("--driver=textconv");
    repository.change("20666", "20600");
    let hunk = "\
-/dev/tty 0 20666 1 0 5 1280 0.0 - - -
+/dev/tty 0 20600 1 0 5 1280 0.0 - - -
";
    let shown = repository.git("diff -U0 -- tree.cfs").out();
    assert!(shown.ends_with(hunk), "{shown}");
    repository.commit("second");
    for args in ["show -U0 -- tree.cfs", "log -p -U0 -- tree.cfs"] {
        let shown = repository.git(args).exits(0).out();
        assert!(shown.contains(hunk), "{shown}");
    }
    let first = repository.git("log -p --reverse -- tree.cfs").out();
    assert!(first.contains("+/etc/hosts 6 100644 2 0 0 0 0.0 - hello\\n -\n"), "{first}");
}

#[test]
fn a_hunk_of_a_dump_is_headed_by_its_directory_and_a_word_is_a_field() {
    let repository = Repository::installed("--driver=textconv");
    repository.change("/etc/two\\x20words 3 100644", "/etc/two\\x20words 3 100600");
    let shown = repository.git("diff -U0 -- tree.dump").out();
    assert!(shown.contains(" @@ /etc\n-/etc/two"), "{shown}");
    let shown = repository.git("diff -U0 --word-diff -- tree.dump").out();
    let words = "/etc/two\\x20words 3 [-100644-]{+100600+} 1 0 0 0 0.0 nodigest - -\n";
    assert!(shown.ends_with(words), "{shown}");
}

#[test]
fn the_external_driver_shows_changes_in_words() {
    let repository = Repository::installed("--driver=external");
    repository.change("20666", "20600");
    let line = "m\t/dev/tty\tmode 0666 → 0600 (group and others may no longer read/write)\n";
    let shown = repository.git("diff -- tree.cfs").exits(0).out();
    assert!(shown.starts_with(&format!("diff a/tree.cfs b/tree.cfs\n{line}")), "{shown}");
    assert!(shown.contains("\nverdict: trees differ; images differ (V0 sha256 "), "{shown}");
    repository.commit("second");
    for args in ["show --ext-diff", "log -p --ext-diff"] {
        let shown = repository.git(args).exits(0).out();
        assert!(shown.contains(line), "{shown}");
    }
    let plain = repository.git("show").exits(0).out();
    assert!(plain.contains("\n+/dev/tty 0 20600 1 0 5 1280 0.0 - - -\n"), "{plain}");
}

#[test]
fn the_external_driver_shows_files_that_are_new_gone_renamed_or_of_another_mode() {
    let repository = Repository::installed("--driver=external");
    repository.git("mv tree.cfs moved.cfs").exits(0);
    let renamed = repository.git("diff -M HEAD").exits(0).out();
    let heading = "diff a/tree.cfs b/moved.cfs\nsimilarity index 100%\nrename from tree.cfs\n";
    assert!(renamed.starts_with(heading), "{renamed}");
    let apart = repository.git("diff --no-renames HEAD").exits(0).out();
    let new = "diff a/moved.cfs b/moved.cfs\nnew file mode 100644\nA\t/dev/\tdirectory, 1 entry";
    assert!(apart.starts_with(new), "{apart}");
    let gone = "diff a/tree.cfs b/tree.cfs\ndeleted file mode 100644\nD\t/dev/\tdirectory, 1 entry";
    assert!(apart.contains(gone), "{apart}");
    repository.git("reset -q --hard").exits(0);
    repository.run("chmod +x tree.cfs").exits(0);
    let mode = repository.git("diff").exits(0).out();
    let heading = "diff a/tree.cfs b/tree.cfs\nold mode 100644\nnew mode 100755\n";
    assert!(mode.starts_with(heading) && mode.contains("same tree, same image"), "{mode}");
}

#[test]
fn a_renamed_image_that_changed_too_is_compared() {
    let repository = Repository::installed("--driver=external");
    repository.change("20666", "20600");
    repository.git("mv -f tree.cfs moved.cfs").exits(0);
    let shown = repository.git("diff -M10% HEAD -- tree.cfs moved.cfs").exits(0).out();
    let heading = "diff a/tree.cfs b/moved.cfs\nsimilarity index ";
    assert!(shown.starts_with(heading), "{shown}");
    assert!(shown.contains("\nrename to moved.cfs\n"), "{shown}");
    assert!(shown.contains("\nm\t/dev/tty\tmode 0666 → 0600"), "{shown}");
}

/// A pointer of Git LFS: its first line names a page.
fn pointer() -> String {
    let page = ["https:", "//git-lfs.github.com/spec/v1"].concat();
    format!("version {page}\noid sha256:{}\nsize 12345\n", "4d7a".repeat(16))
}

/// What stands where an image should, and how that is told.
fn odd_files(repository: &Repository) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let image = std::fs::read(repository.path("tree.cfs")).unwrap();
    let mut damaged = image.clone();
    damaged[1024 + 36] = 0xff;
    let mut gzipped = vec![0x1f, 0x8b, 8, 0];
    gzipped.extend_from_slice(&[7; 40]);
    vec![
        ("pointer", pointer().into_bytes(), "Git LFS pointer: the content is not here"),
        ("annex", b"/annex/objects/SHA256E-s1--ab.cfs\n".to_vec(), "git-annex pointer: "),
        ("damaged", damaged, "damaged EROFS image, "),
        ("cut", image[..1030].to_vec(), "EROFS image, 1030 bytes, fs-verity sha256 "),
        ("empty", Vec::new(), ""),
        ("text", b"not a dump\n".to_vec(), "not a dump\n"),
        ("bytes", vec![0xff, 0, 1, 2, 0xfe], "binary file, 5 bytes, fs-verity sha256 "),
        ("gzip", gzipped, "cannot decompress it: "),
    ]
}

#[test]
fn textconv_never_fails_and_says_what_a_file_is() {
    let repository = Repository::installed("--driver=textconv");
    for (name, bytes, words) in odd_files(&repository) {
        repository.write("odd.cfs", bytes);
        let ran = repository.run("cfs -q git textconv odd.cfs");
        ran.exits(0);
        assert!(ran.out().contains(words), "{name}: {}{}", ran.out(), ran.err());
    }
    let ran = repository.run("cfs -q git textconv nowhere");
    ran.prints("cannot open it: No such file or directory\n");
    let ran = repository.run("cfs -q git textconv .");
    ran.prints("it is a directory\n");
}

#[test]
fn nothing_that_is_committed_breaks_git() {
    for driver in ["textconv", "external"] {
        let repository = Repository::installed(&format!("--driver={driver}"));
        for (name, bytes, words) in odd_files(&repository) {
            repository.write("tree.cfs", bytes);
            repository.write("other.cfs", name);
            let shown = repository.git("diff --ext-diff");
            shown.exits(0);
            assert!(shown.out().contains(words.trim_end()), "{driver}, {name}: {}", shown.out());
            repository.commit(name);
        }
        for args in ["log -p", "log -p --ext-diff", "show --ext-diff HEAD~3", "diff HEAD~6 HEAD"] {
            let shown = repository.git(args);
            shown.exits(0);
            assert!(!shown.err().contains("fatal"), "{driver}, {args}: {}", shown.err());
        }
    }
}

#[test]
fn two_damaged_images_that_differ_are_told_apart() {
    let repository = Repository::installed("--driver=textconv");
    let image = std::fs::read(repository.path("tree.cfs")).unwrap();
    repository.write("tree.cfs", &image[..1030]);
    repository.commit("cut");
    repository.write("tree.cfs", [&image[..1029], b"x"].concat());
    let shown = repository.git("diff -U0 -- tree.cfs").exits(0).out();
    assert_eq!(shown.matches("image, 1030 bytes, fs-verity sha256 ").count(), 2, "{shown}");
}
