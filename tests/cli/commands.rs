//! `ls`, `objects`, `cat`, `verity`, `completions`, `man`, and the names of programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::world::{CFS, CFS_DUMP, CFS_MKIMAGE, ROOT, ROOT_V0, ROOT_V1, Ran, SMALL, World};

fn small() -> World {
    let world = World::with(&[("a.txt", SMALL)]);
    world.image("a.cfs", SMALL);
    world
}

#[test]
fn ls_lists_the_root_or_a_directory_or_names_a_file() {
    for source in ["a.txt", "a.cfs"] {
        let world = small();
        world.cfs(&format!("ls {source}")).prints("dev\netc\n");
        world.cfs(&format!("ls {source} etc/")).prints("big\nhosts\nlink\nsame\ntwo\\x20words\n");
        world.cfs(&format!("ls {source} /etc/hosts")).prints("/etc/hosts\n");
    }
}

#[test]
fn ls_prints_full_paths_for_several_directories_and_with_r() {
    let world = small();
    world.cfs("ls a.cfs /dev /etc/link").prints("/dev/tty\n/etc/link\n");
    let all =
        "/dev\n/dev/tty\n/etc\n/etc/big\n/etc/hosts\n/etc/link\n/etc/same\n/etc/two\\x20words\n";
    world.cfs("ls -R a.cfs").prints(all);
    world.cfs("ls -R a.cfs /dev").prints("/dev/tty\n");
}

#[test]
fn ls_z_ends_names_with_nul_and_escapes_nothing() {
    small().cfs("ls -z a.cfs etc").prints("big\0hosts\0link\0same\0two words\0");
}

#[test]
fn ls_finds_a_path_that_is_escaped_as_it_prints_it() {
    small().cfs(r"ls a.cfs /etc/two\x20words").prints("/etc/two\\x20words\n");
}

#[test]
fn ls_l_shows_what_an_inode_holds() {
    let world = small();
    let etc = "\
-rwxr-xr-x 1 1000 1000 1048576 2023-11-14 22:13:20 big
-rw-r--r-- 2    0    0       6 1970-01-01 00:00:00 hosts
lrwxrwxrwx 1    0    0       5 1970-01-01 00:00:00 link -> hosts
-rw-r--r-- 2    0    0       6 1970-01-01 00:00:00 same
-rw-r--r-- 1    0    0       3 1970-01-01 00:00:00 two\\x20words
";
    world.cfs("ls -l a.cfs /etc").prints(etc);
    world.cfs("ls -l a.cfs /dev").prints("crw-rw-rw- 1 0 5 5,0 1970-01-01 00:00:00 tty\n");
}

#[test]
fn ls_of_a_path_that_does_not_exist_is_trouble() {
    small().cfs("ls a.txt /nope").says(2, "a.txt: /nope: no such path\n");
}

#[test]
fn ls_and_cat_go_on_after_a_path_that_does_not_exist() {
    let world = small();
    let ran = world.cfs("ls a.txt /nope /dev");
    ran.says(2, "a.txt: /nope: no such path\n");
    assert_eq!(ran.out(), "/dev/tty\n");
    let ran = world.cfs("cat a.txt /nope /etc/hosts");
    ran.says(2, "a.txt: /nope: no such path\n");
    assert_eq!(ran.out(), "hello\n");
}

#[test]
fn objects_are_sorted_and_unique_over_all_sources() {
    let world = small();
    let more = "/ 4096 40755 2 0 0 0 0.0 - - -\n/x 1 100644 1 0 0 0 0.0 aa/x\\x20y - -\n\
                /y 1 100644 1 0 0 0 0.0 ab/cdef - -\n";
    world.write("b.txt", more);
    world.cfs("objects a.cfs b.txt").prints("aa/x\\x20y\nab/cdef\nnodigest\n");
    world.cfs("objects -z a.cfs b.txt").prints("aa/x y\0ab/cdef\0nodigest\0");
}

#[test]
fn cat_prints_content_and_targets() {
    for source in ["a.txt", "a.cfs"] {
        small().cfs(&format!("cat {source} /etc/same /etc/link")).prints("hello\nhosts\n");
    }
}

#[test]
fn cat_prints_objects_whose_digest_is_right() {
    let world = World::new();
    let content: String = (0..9000).map(|number| format!("{number}\n")).collect();
    fs::create_dir(world.path("d")).unwrap();
    world.write("d/big", &content);
    world.cfs("mkimage -q --digest-store objects d a.cfs").exits(0);
    world.cfs("cat --basedir objects a.cfs /big").prints(&content);
    let payload = world.cfs("objects a.cfs").out();
    let object = format!("objects/{}", payload.trim());
    fs::set_permissions(world.path(&object), fs::Permissions::from_mode(0o600)).unwrap();
    world.write(&object, content.replacen('8', "9", 1));
    let ran = world.cfs("cat --basedir objects a.cfs /big");
    ran.mentions(1, &format!("a.cfs: /big: its object {}: expected the digest ", payload.trim()));
    assert_eq!(ran.out(), "");
    world
        .cfs("cat --basedir objects --no-verify a.cfs /big")
        .prints(&content.replacen('8', "9", 1));
    world.write(&object, "short");
    let ran = world.cfs("cat --basedir objects --no-verify a.cfs /big");
    ran.mentions(1, &format!("expected {} bytes, found 5", content.len()));
    world.cfs("cat --basedir nowhere a.cfs /big").mentions(2, "--basedir names a directory");
}

#[test]
fn cat_says_where_the_content_of_an_external_file_stands() {
    let world = small();
    let ran = world.cfs("cat a.txt /etc/big /etc/hosts");
    let words = "a.txt: /etc/big: the content of 1048576 bytes stands in the object store as \
                 ab/cdef, digest sha256:\
                 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
    ran.says(1, words);
    assert_eq!(ran.out(), "hello\n");
    world.cfs("cat a.txt /etc/two\\x20words").mentions(1, "as nodigest, without a digest");
    world.cfs("cat a.txt /etc").says(1, "a.txt: /etc: is a directory\n");
    world.cfs("cat a.txt /dev/tty").mentions(1, "has no content");
    world.cfs("cat a.txt /nope").says(2, "a.txt: /nope: no such path\n");
}

#[test]
fn verity_digest_prints_what_fsverity_prints() {
    let world = World::with(&[("empty", ""), ("hello", "hello\n")]);
    let empty = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
    world.cfs("verity digest empty").prints(&format!("sha256:{empty} empty\n"));
    world.cfs("verity digest --compact empty").prints(&format!("{empty}\n"));
    let ran = world.with_stdin(CFS, "verity digest --digest-alg=sha512 - hello", b"hello\n");
    let (from_stdin, from_file) = {
        let out = ran.is_silent_success().out();
        let mut lines = out.lines().map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap())
    };
    assert_eq!(from_stdin.len(), "sha512: -".len() + 128);
    assert_eq!(from_stdin.strip_suffix(" -"), from_file.strip_suffix(" hello"));
}

#[test]
fn verity_digest_of_a_large_file_needs_no_threads() {
    let world = World::new();
    let bytes: Vec<u8> = (0..5_000_001_u32).map(|i| i.to_le_bytes()[(i % 3) as usize]).collect();
    world.write("large", bytes);
    let one = world.cfs("verity digest --threads 1 large").out();
    assert_eq!(world.cfs("verity digest --threads 4 large").out(), one);
}

#[test]
fn verity_digest_goes_on_after_a_file_that_cannot_be_read() {
    let world = World::with(&[("empty", "")]);
    let ran = world.cfs("verity digest nope empty .");
    let words = "cfs: cannot open nope: No such file or directory\n\
                 cfs: cannot read .: it is a directory\nhint: only files have a digest\n";
    ran.says(2, words);
    assert!(ran.out().ends_with(" empty\n"));
}

#[test]
fn verity_image_marks_the_image_at_hand() {
    let world = World::with(&[("root.txt", ROOT)]);
    for (format, other) in [("v0", "v1"), ("v1", "v0")] {
        world.cfs(&format!("mkimage --format={format} root.txt root.cfs")).is_silent_success();
        let table = world.cfs("verity image root.cfs").is_silent_success().out();
        let row = |format: &str, digest: &str, mark: char| {
            format!("{mark} {}     sha256    {digest}\n", format.to_uppercase())
        };
        let digest = |format: &str| if format == "v0" { ROOT_V0 } else { ROOT_V1 };
        assert!(table.contains(&row(format, digest(format), '*')), "{table}");
        assert!(table.contains(&row(other, digest(other), ' ')), "{table}");
        assert!(table.ends_with("* the image at hand\n"), "{table}");
        assert_eq!(table.lines().count(), 6);
    }
}

#[test]
fn verity_image_says_what_a_dump_becomes() {
    let whiteout = format!("{ROOT}/gone 0 20644 1 0 0 0 0.0 - - -\n");
    let world = World::with(&[("root.txt", ROOT), ("gone.txt", &whiteout)]);
    for (source, current) in [("root.txt", "V0"), ("gone.txt", "V1")] {
        let out = world.cfs(&format!("verity image --json {source}")).is_silent_success().out();
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["kind"], "dump");
        let digests = document["digests"].as_array().unwrap();
        assert_eq!(digests.len(), 4);
        for digest in digests {
            assert_eq!(digest["current"], digest["format"] == current, "{digest}");
        }
    }
}

#[test]
fn verity_image_says_so_if_the_image_is_none_that_we_write() {
    let world = World::with(&[("root.txt", ROOT)]);
    world.cfs("mkimage root.txt root.cfs").is_silent_success();
    let mut image = world.read("root.cfs");
    image.extend([0; 4096]);
    world.write("root.cfs", image);
    let table = world.cfs("verity image root.cfs").is_silent_success().out();
    let own = world.cfs("verity digest --compact root.cfs").out();
    assert!(table.contains(&format!("* other  sha256    {own}")), "{table}");
    assert!(table.contains("differs from what this program writes"), "{table}");
}

#[test]
fn any_link_named_cfs_name_runs_that_command() {
    let world = small();
    for (name, args, out) in [
        ("cfs-ls", "a.cfs dev", "tty\n"),
        ("cfs-cat", "a.cfs etc/hosts", "hello\n"),
        ("cfs-dump", "a.cfs", SMALL),
        ("cfs", "ls a.cfs dev", "tty\n"),
    ] {
        symlink(CFS, world.path(name)).unwrap();
        Ran::of(world.command(world.path(name), args)).prints(out);
    }
    symlink(CFS, world.path("cfs-nope")).unwrap();
    let ran = Ran::of(world.command(world.path("cfs-nope"), "x"));
    ran.mentions(2, "unrecognized subcommand 'nope'");
}

#[test]
fn programs_of_their_own_are_what_they_are_under_any_name() {
    let world = small();
    Ran::of(world.command(CFS_DUMP, "a.cfs")).prints(SMALL);
    symlink(CFS_DUMP, world.path("show")).unwrap();
    Ran::of(world.command(world.path("show"), "a.cfs")).prints(SMALL);
    let ran = Ran::of(world.command(CFS_MKIMAGE, "--help"));
    assert!(ran.out().contains("Usage: cfs-mkimage [OPTIONS] [SOURCE] [IMAGE]"), "{}", ran.out());
}

#[test]
fn help_and_version_go_to_standard_output() {
    let world = World::new();
    for args in ["--help", "-h", "dump --help", "mkimage -h", "verity digest --help", "help ls"] {
        let ran = world.cfs(args);
        assert!(ran.is_silent_success().out().contains("Usage: cfs"), "{args}");
    }
    for command in ["dump", "mkimage", "ls", "objects", "cat", "verity digest", "verity image"] {
        let out = world.cfs(&format!("{command} --help")).out();
        assert!(out.contains("Example") && out.contains(&format!("cfs {command} ")), "{command}");
    }
    let version = format!("cfs {}\n", env!("CARGO_PKG_VERSION"));
    world.cfs("--version").prints(&version);
    Ran::of(world.command(CFS_DUMP, "-V")).prints(&version.replace("cfs", "cfs-dump"));
}

#[test]
fn usage_mistakes_exit_with_2() {
    let world = World::with(&[("root.txt", ROOT)]);
    for args in [
        "",
        "nope",
        "dump",
        "dump --nope root.txt",
        "dump --filter=a/b root.txt",
        "dump --from=dir root.txt",
        "dump --max-errors=0 root.txt",
        "dump --max-input=many root.txt",
        "dump -q -v root.txt",
        "cat root.txt",
        "ls",
        "verity",
        "completions tcsh",
        "completions bash cfs-nope",
    ] {
        let ran = world.cfs(args);
        ran.exits(2);
        assert!(ran.out().is_empty() && !ran.err().is_empty(), "{args}");
    }
}

#[test]
fn completions_are_made_for_every_shell_and_program() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.cfs(&format!("completions {shell}")).is_silent_success().out();
        assert!(script.contains("mkimage") && script.contains("print-digest"), "{shell}");
    }
    let script = world.cfs("completions bash cfs-dump").is_silent_success().out();
    assert!(script.contains("cfs-dump") && script.contains("--filter"));
}

#[test]
fn man_pages_are_made_for_every_command() {
    let world = World::new();
    world.cfs("man pages/man1").is_silent_success();
    for page in ["cfs", "cfs-dump", "cfs-mkimage", "cfs-ls", "cfs-verity", "cfs-verity-image"] {
        let text = String::from_utf8(world.read(&format!("pages/man1/{page}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    let text = String::from_utf8(world.read("pages/man1/cfs-dump.1")).unwrap();
    assert!(text.contains("filter") && text.contains("deny\\-warnings"), "{text}");
}
