//! Contents: which objects are read, and which are not.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use cfs::fuse::{FuseErrorKind, ImageOptions, Verify};
use cfs::verity::{Algorithm, digest};
use rustix::io::Errno;

use crate::look::{content, names};
use crate::world::{Where, World, external, inside};

/// How contents are opened.
fn verify(verify: Verify) -> ImageOptions {
    let mut options = ImageOptions::default();
    options.verify = verify;
    options
}

#[test]
fn payloads_that_lead_elsewhere_read_nothing() {
    if !inside(Where::Root) {
        return;
    }
    let secret = b"secret".as_slice();
    let lines = [
        ("a", "../secret"),
        ("b", "dir-symlink/secret"),
        ("c", "file-symlink"),
        ("d", "x/../../secret"),
        ("e", "directory"),
        ("f", "pipe"),
        ("g", "/../secret"),
        ("h", "nothing/here"),
        ("i", "proc-symlink/self/exe"),
        ("j", "."),
        ("k", "x//ok"),
    ];
    let lines = lines.iter().map(|(name, payload)| external(name, payload, secret));
    let world = World::with_dump(&lines.collect::<String>());
    world.object("secret", secret);
    world.object("objects/x/ok", secret);
    fs::create_dir(world.path("objects/directory")).unwrap();
    symlink("..", world.path("objects/dir-symlink")).unwrap();
    symlink("x/ok", world.path("objects/file-symlink")).unwrap();
    symlink("/proc", world.path("objects/proc-symlink")).unwrap();
    let pipe = world.path("objects/pipe");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    for how in [Verify::Never, Verify::IfKnown] {
        let shown = world.show(world.open(&verify(how)).unwrap());
        for (name, _) in names(&shown.at).unwrap() {
            let name = String::from_utf8(name).unwrap();
            let read = content(&shown.path(&name));
            match (&name[..], read) {
                ("a" | "d" | "g", Err(Errno::XDEV)) => {}
                ("b" | "c" | "e" | "f" | "h" | "i" | "j", Err(Errno::NOENT)) => {}
                // Beneath, through no symlink: as good as `x/ok`.
                ("k", Ok(read)) if read == secret => {}
                (_, read) => panic!("{name}: {read:?}"),
            }
        }
    }
}

#[test]
fn objects_that_are_not_right_are_not_read() {
    if !inside(Where::Root) {
        return;
    }
    let large = vec![7; 300_000];
    let names = ["right", "changed", "short", "long", "missing", "sha512"];
    let mut lines: String =
        names[..5].iter().map(|name| external(name, name, name.as_bytes())).collect();
    for name in ["large", "large-changed"] {
        lines += &external(name, name, &large);
    }
    let sha512 = digest(Algorithm::Sha512, b"sha512");
    lines += &format!("/sha512 6 100644 1 0 0 0 0.0 sha512 - {sha512}\n");
    lines += "/nowhere 9000 100644 1 0 0 0 0.0 - - -\n";
    lines += "/unknown 3 100644 1 0 0 0 0.0 unknown - -\n";
    let world = World::with_dump(&lines);
    let objects: [(&str, &[u8]); 8] = [
        ("right", b"right"),
        ("changed", b"CHANGED"),
        ("short", b"shor"),
        ("long", b"longer"),
        ("large", &large),
        ("large-changed", &[&large[1..], &[8]].concat()),
        ("sha512", b"sha512"),
        ("unknown", b"abc"),
    ];
    for (name, bytes) in objects {
        world.object(&format!("objects/{name}"), bytes);
    }
    for how in [Verify::Never, Verify::IfKnown, Verify::Always] {
        let shown = world.show(world.open(&verify(how)).unwrap());
        let read = |name: &str| content(&shown.path(name));
        assert_eq!(read("right"), Ok(b"right".to_vec()));
        assert_eq!(read("sha512"), Ok(b"sha512".to_vec()));
        assert_eq!(read("large"), Ok(large.clone()));
        assert_eq!(read("short"), Err(Errno::IO));
        assert_eq!(read("long"), Err(Errno::IO));
        assert_eq!(read("missing"), Err(Errno::NOENT));
        assert_eq!(read("nowhere"), Err(Errno::IO));
        let changed = (read("changed").is_ok(), read("large-changed").is_ok());
        assert_eq!(changed, (how == Verify::Never, how == Verify::Never));
        let unknown = if how == Verify::Always { Err(Errno::IO) } else { Ok(b"abc".to_vec()) };
        assert_eq!(read("unknown"), unknown);
    }
}

#[test]
fn the_first_regular_file_is_the_object_whatever_is_in_it() {
    if !inside(Where::Root) {
        return;
    }
    let lines = ["a", "b", "c"].map(|name| external(name, name, b"right")).concat();
    let world = World::with_dump(&lines);
    for name in ["a", "b", "c"] {
        world.object(&format!("second/{name}"), b"right");
    }
    world.object("objects/a", b"wrong");
    fs::create_dir(world.path("objects/b")).unwrap();
    symlink("a", world.path("objects/c")).unwrap();
    let image = world.open_with(&["objects", "second"], &ImageOptions::default()).unwrap();
    let shown = world.show(image);
    assert_eq!(content(&shown.path("a")), Err(Errno::IO));
    assert_eq!(content(&shown.path("b")), Ok(b"right".to_vec()));
    assert_eq!(content(&shown.path("c")), Ok(b"right".to_vec()));
}

#[test]
fn nothing_is_remembered_from_one_open_to_the_next() {
    if !inside(Where::Root) {
        return;
    }
    for len in [10_usize, 100_000, 1_000_000] {
        let right: Vec<u8> = (0..len).map(|n| n.to_le_bytes()[0]).collect();
        let world = World::with_dump(&external("file", "object", &right));
        let shown = world.fuse();
        for round in 0..3 {
            world.object("objects/object", &right);
            assert_eq!(content(&shown.path("file")), Ok(right.clone()), "{len} {round}");
            let mut wrong = right.clone();
            wrong[len / 2] ^= 1;
            world.object("objects/object", &wrong);
            assert_eq!(content(&shown.path("file")), Err(Errno::IO), "{len} {round}");
            fs::remove_file(world.path("objects/object")).unwrap();
            assert_eq!(content(&shown.path("file")), Err(Errno::NOENT), "{len} {round}");
        }
    }
}

#[test]
fn a_small_file_that_is_open_reads_what_was_hashed() {
    if !inside(Where::Root) {
        return;
    }
    use std::os::unix::fs::FileExt;
    let right = vec![1; 100_000];
    let world = World::with_dump(&external("file", "object", &right));
    world.object("objects/object", &right);
    let shown = world.fuse();
    let file = fs::File::open(shown.path("file")).unwrap();
    world.object("objects/object", &vec![2; 100_000]);
    let mut room = vec![0; 100_000];
    file.read_exact_at(&mut room, 0).unwrap();
    assert_eq!(room, right);
}

#[test]
fn large_files_may_be_open_several_times_while_their_object_is_replaced() {
    if !inside(Where::Root) {
        return;
    }
    use std::os::unix::fs::FileExt;
    let right: Vec<u8> = (0..3_000_000_usize).map(|n| (n / 1000).to_le_bytes()[0]).collect();
    let world = World::with_dump(&external("file", "object", &right));
    world.object("objects/object", &right);
    let shown = world.fuse();
    let mut files = Vec::new();
    for round in 0..5_usize {
        files.push(fs::File::open(shown.path("file")).unwrap());
        fs::remove_file(world.path("objects/object")).unwrap();
        world.object("objects/object", &right);
        for file in &files {
            let mut room = vec![0; 500_000];
            file.read_exact_at(&mut room, 1_000_000 + u64::try_from(round).unwrap()).unwrap();
            assert_eq!(room, right[1_000_000 + round..][..500_000]);
        }
        if round == 2 {
            files.clear();
        }
    }
}

#[test]
fn many_readers_at_once_read_what_is_there() {
    if !inside(Where::Root) {
        return;
    }
    let bytes = |n: usize| vec![n.to_le_bytes()[0]; 1000 + n * 3000];
    let lines = (0..100).map(|n| external(&format!("f{n}"), &format!("o{n}"), &bytes(n)));
    let world = World::with_dump(&lines.collect::<String>());
    (0..100).for_each(|n| world.object(&format!("objects/o{n}"), &bytes(n)));
    let shown = world.fuse();
    std::thread::scope(|scope| {
        for start in 0..8 {
            let shown = &shown;
            scope.spawn(move || {
                for n in 0..100 {
                    let n = (n + start * 13) % 100;
                    assert_eq!(content(&shown.path(format!("f{n}"))), Ok(bytes(n)));
                }
            });
        }
    });
}

#[test]
fn an_image_that_gets_shorter_is_an_error_and_no_crash() {
    if !inside(Where::Root) {
        return;
    }
    let lines: String =
        (0..3000).map(|n| format!("/f{n} 2 100644 1 0 0 0 0.0 - hi - user.k={n}\n")).collect();
    let world = World::with_dump(&lines);
    let shown = world.fuse();
    let image = fs::OpenOptions::new().write(true).open(world.path("image")).unwrap();
    image.set_len(4096).unwrap();
    let failed = (0..3000).filter(|n| fs::metadata(shown.path(format!("f{n}"))).is_err()).count();
    assert!(failed > 2000, "{failed}");
    // A hostile one, in its place.
    image.set_len(400_000).unwrap();
    for n in 0..3000 {
        assert!(fs::metadata(shown.path(format!("g{n}"))).is_err());
    }
}

#[test]
fn an_image_with_a_digest_is_served_as_it_was_hashed() {
    if !inside(Where::Root) {
        return;
    }
    let world = World::with_dump("/file 2 100644 1 0 0 0 0.0 - hi -\n");
    let bytes = fs::read(world.path("image")).unwrap();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let mut options = ImageOptions::default();
        options.digest = Some(digest(algorithm, &bytes));
        let shown = world.show(world.open(&options).unwrap());
        fs::write(world.path("image"), vec![0; bytes.len()]).unwrap();
        assert_eq!(content(&shown.path("file")), Ok(b"hi".to_vec()));
        fs::write(world.path("image"), &bytes).unwrap();
        options.digest = Some(digest(algorithm, b"something else"));
        let error = world.open(&options).unwrap_err();
        assert!(matches!(error.kind(), FuseErrorKind::WrongDigest(_)), "{error}");
        assert!(error.to_string().contains(&digest(algorithm, &bytes).to_string()), "{error}");
    }
}
