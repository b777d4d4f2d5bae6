//! `mkimage`: operands, versions, digests.

use crate::world::{CFS_MKIMAGE, ROOT, ROOT_V0, ROOT_V1, Ran, SMALL, World};

/// The version in the composefs header.
fn version_of(image: &[u8]) -> u8 {
    image[12]
}

fn whiteout() -> String {
    format!("{ROOT}/gone 0 20644 1 0 0 0 0.0 - - -\n")
}

#[test]
fn operands_and_options_name_the_source_and_the_image() {
    let world = World::with(&[("root.txt", ROOT)]);
    for args in [
        "--from-dump root.txt out.cfs",
        "out.cfs --from-dump root.txt",
        "--from-dump root.txt -o out.cfs",
        "root.txt out.cfs",
        "root.txt -o out.cfs",
        "--from=dump root.txt out.cfs",
    ] {
        let _ = std::fs::remove_file(world.path("out.cfs"));
        world.cfs(&format!("mkimage {args}")).prints("");
        let digest = world.cfs("verity digest --compact out.cfs").out();
        assert_eq!(digest.trim(), ROOT_V0, "{args}");
    }
}

#[test]
fn without_an_image_it_goes_to_standard_output() {
    let world = World::with(&[("root.txt", ROOT)]);
    world.cfs("mkimage root.txt out.cfs").is_silent_success();
    for args in ["--from-dump root.txt", "root.txt", "root.txt -", "root.txt -o -"] {
        let ran = world.cfs(&format!("mkimage {args}"));
        assert_eq!(ran.is_silent_success().0.stdout, world.read("out.cfs"), "{args}");
    }
    for args in ["--from-dump -", "-", "- -"] {
        let ran = world.with_stdin(CFS_MKIMAGE, args, ROOT.as_bytes());
        assert_eq!(ran.is_silent_success().0.stdout, world.read("out.cfs"), "{args}");
    }
}

#[test]
fn arguments_that_do_not_fit_together_are_usage_mistakes() {
    let world = World::with(&[("root.txt", ROOT)]);
    for args in [
        "",
        "--from-dump root.txt out.cfs more.cfs",
        "root.txt out.cfs more.cfs",
        "root.txt out.cfs -o more.cfs",
        "--from-dump root.txt --from=image out.cfs",
        "--format=v1 --min-version=1 root.txt out.cfs",
        "--format=v1 --max-version=1 root.txt out.cfs",
        "--format=v2 root.txt out.cfs",
        "--min-version=2 root.txt out.cfs",
        "--max-version=x root.txt out.cfs",
        "--min-version=-1 root.txt out.cfs",
        "--print-digest root.txt",
        "--print-digest root.txt -",
        "--print-digest-only root.txt out.cfs",
        "--print-digest-only --from-dump root.txt out.cfs",
        "--print-digest-only root.txt -o out.cfs",
        "--digest-alg=md5 root.txt out.cfs",
        "--threads=0 root.txt out.cfs",
    ] {
        for program in [crate::world::CFS, CFS_MKIMAGE] {
            let command = if program == CFS_MKIMAGE { "" } else { "mkimage" };
            let ran = Ran::of(world.command(program, &format!("{command} {args}")));
            ran.mentions(2, "\n\nFor more information, try '--help'.\n");
        }
    }
    assert_eq!(world.names(), ["root.txt"]);
}

#[test]
fn print_digest_prints_the_bare_digest_and_writes_the_image() {
    let world = World::with(&[("root.txt", ROOT)]);
    world.cfs("mkimage --print-digest root.txt out.cfs").prints(&format!("{ROOT_V0}\n"));
    assert_eq!(world.read("out.cfs").len(), 16384);
    let args = "mkimage --print-digest --format=v1 --from-dump root.txt out.cfs";
    world.cfs(args).prints(&format!("{ROOT_V1}\n"));
    assert_eq!(version_of(&world.read("out.cfs")), 1);
}

#[test]
fn print_digest_only_writes_no_image() {
    let world = World::with(&[("root.txt", ROOT)]);
    world.cfs("mkimage --print-digest-only root.txt").prints(&format!("{ROOT_V0}\n"));
    let args = "mkimage --print-digest --print-digest-only --min-version=1 root.txt";
    world.cfs(args).prints(&format!("{ROOT_V1}\n"));
    assert_eq!(world.names(), ["root.txt"]);
    let sha512 = world.cfs("mkimage --print-digest-only --digest-alg=sha512 root.txt").out();
    world.cfs("mkimage root.txt out.cfs").is_silent_success();
    assert_eq!(world.cfs("verity digest --compact --digest-alg=sha512 out.cfs").out(), sha512);
}

#[test]
fn versions_are_chosen_as_the_reference_does() {
    let world = World::with(&[("root.txt", ROOT), ("gone.txt", &whiteout())]);
    for (args, of_root, of_whiteout) in [
        ("", 0, 1),
        ("--format=auto", 0, 1),
        ("--format=v0", 0, 0),
        ("--format=v1", 1, 1),
        ("--min-version=0", 0, 0),
        ("--min-version=1", 1, 1),
        ("--max-version=0", 0, 0),
        ("--max-version=1", 0, 1),
        ("--min-version=0 --max-version=1", 0, 1),
        ("--min-version=1 --max-version=0", 1, 1),
        ("--min-version=1 --max-version=1", 1, 1),
    ] {
        let version = |source| {
            let ran = world.cfs(&format!("mkimage {args} {source}"));
            version_of(&ran.is_silent_success().0.stdout)
        };
        assert_eq!((version("root.txt"), version("gone.txt")), (of_root, of_whiteout), "{args}");
    }
}

#[test]
fn an_image_can_be_written_again() {
    let world = World::new();
    world.image("a.cfs", SMALL);
    world.cfs("mkimage a.cfs b.cfs").is_silent_success();
    assert_eq!(world.read("a.cfs"), world.read("b.cfs"));
    world.cfs("mkimage --format=v1 a.cfs b.cfs").is_silent_success();
    assert_eq!(version_of(&world.read("b.cfs")), 1);
    world.cfs("dump b.cfs").prints(SMALL);
}

#[test]
fn the_image_does_not_depend_on_the_number_of_threads() {
    let lines = (0..20_000).map(|i| format!("/{i:05} 0 100644 1 0 0 0 {i}.0 - - -\n"));
    let world = World::with(&[("a.txt", &(ROOT.to_owned() + &lines.collect::<String>()))]);
    let one = world.cfs("mkimage --threads=1 a.txt").0.stdout;
    for threads in [2, 3, 8] {
        assert_eq!(world.cfs(&format!("mkimage --threads={threads} a.txt")).0.stdout, one);
    }
}

#[test]
fn an_image_is_no_dump_text() {
    let world = World::new();
    world.image("a.cfs", SMALL);
    for args in ["mkimage --from-dump a.cfs b.cfs", "mkimage --from=dump a.cfs b.cfs"] {
        world.cfs(args).mentions(2, "a.cfs: expected dump text, found an EROFS image\n");
    }
}

#[test]
fn the_digest_never_goes_into_the_image() {
    let world = World::with(&[("root.txt", ROOT)]);
    for image in ["", "-", "/dev/stdout", "/proc/self/fd/1"] {
        let ran = world.cfs(&format!("mkimage --print-digest --from-dump root.txt {image}"));
        ran.mentions(2, "--print-digest needs an IMAGE");
        assert_eq!(ran.out(), "");
    }
}
