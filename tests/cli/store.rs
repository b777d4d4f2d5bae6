//! `cfs store`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::schema::follows;
use crate::world::{Ran, World};

const A: &str = "555b589c26ee43b7a2510e6c67ced9fb3190b6da6e9e683984551f5d77a763de";
/// `hellO`.
const WRONG: &str = "hellO";

fn digest(world: &World, text: &str) -> String {
    let ran = world.with_stdin(crate::world::CFS, "verity digest --compact -", text.as_bytes());
    ran.out().trim().to_owned()
}

fn object(digest: &str) -> String {
    format!("{}/{}", &digest[..2], &digest[2..])
}

const ROOT: &str = "/ 4096 40755 2 0 0 0 0.0 - - -\n";

/// A file of a dump; `-` for no digest.
fn file(path: &str, size: usize, payload: &str, digest: &str) -> String {
    format!("{path} {size} 100644 1 0 0 0 0.0 {payload} - {digest}\n")
}

/// A store with four objects. `a` and `b` share one, use one each, and one is used by nobody; both
/// need one that is not there, and `b` one more.
struct Stored {
    world: World,
    names: [String; 4],
}

const TEXTS: [&str; 4] = ["hello", "of a alone", "of b alone!", "unused"];

fn stored() -> Stored {
    let world = World::new();
    for (i, text) in TEXTS.iter().enumerate() {
        world.write(&format!("file{i}"), text);
    }
    world.cfs("store add -q objects file0 file1 file2 file3").is_silent_success();
    let digests = TEXTS.map(|text| digest(&world, text));
    let names = digests.each_ref().map(|digest| object(digest));
    let known = |path, i: usize| file(path, TEXTS[i].len(), &names[i], &digests[i]);
    let lost = "12".repeat(32);
    let missing = file("/lost", 100, &object(&lost), &lost);
    let a = [ROOT, &known("/alone", 1), &missing, &known("/shared", 0)].concat();
    let more = file("/more", 7, "free/form", "-");
    let b = [ROOT, &known("/alone", 2), &missing, &more, &known("/x\\x20y", 0)].concat();
    world.image("a.cfs", &a);
    world.write("b.txt", b);
    Stored { world, names }
}

fn document(ran: &Ran, status: i32) -> Value {
    ran.exits(status);
    let document = serde_json::from_str(&ran.out()).unwrap();
    follows("store.schema.json", &document);
    document
}

#[test]
fn add_prints_digests_as_verity_digest_does() {
    let world = World::with(&[("a", "hello"), ("b c", "hello")]);
    let ran = world.cfs("store add -q objects a");
    ran.prints(&format!("sha256:{A} a\n"));
    assert_eq!(world.cfs("verity digest a").out(), ran.out());
    let z = world.shell("$cfs store add -q -z objects 'b c'");
    z.prints(&format!("sha256:{A} b c\0"));
    world.shell("$cfs store add -q objects 'b c'").prints(&format!("sha256:{A} b\\x20c\n"));
    let piped = world.with_stdin(crate::world::CFS, "store add -q objects -", b"hello");
    piped.prints(&format!("sha256:{A} -\n"));
    assert_eq!(world.read(&format!("objects/{}", object(A))), b"hello");
    let long = world.cfs("store add -q --digest-alg sha512 objects a");
    assert_eq!(long.out(), world.cfs("verity digest --digest-alg sha512 a").out());
}

#[test]
fn add_describes_what_it_did() {
    let world = World::with(&[("a", "hello"), ("b", "more")]);
    world.cfs("store add -q objects a").exits(0);
    let mut found = document(&world.cfs("store add --json objects a b"), 0);
    let files = found.as_object_mut().unwrap().remove("files").unwrap();
    assert_eq!(files[0]["digest"], A);
    assert_eq!(files[0]["object"], object(A));
    assert_eq!(files[1]["path"], "b");
    assert_eq!(found["new"], json!({ "objects": 1, "bytes": 4 }));
    assert_eq!(found["existing"], json!({ "objects": 1, "bytes": 5 }));
}

#[test]
fn add_goes_on_after_a_file_that_cannot_be_read() {
    let world = World::with(&[("a", "hello")]);
    fs::create_dir(world.path("folder")).unwrap();
    let ran = world.cfs("store add -q objects none folder a");
    let said = "cfs: cannot open none: No such file or directory\n\
                cfs: cannot read folder: it is a directory\nhint: only files have a digest\n";
    ran.says(2, said);
    assert_eq!(ran.out(), format!("sha256:{A} a\n"));
    assert!(world.path(format!("objects/{}", object(A))).exists());
}

#[test]
fn objects_are_readable_for_all_and_the_store_is_as_the_umask_says() {
    let world = World::with(&[("a", "hello")]);
    world.shell("umask 077; $cfs store add -q objects a").exits(0);
    let mode = |name: &str| fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    let modes = ["objects", "objects/55", &format!("objects/{}", object(A))].map(mode);
    assert_eq!(modes, [0o700, 0o700, 0o644]);
}

#[test]
fn add_does_with_few_descriptors() {
    let world = World::new();
    (0..200).for_each(|i| world.write(&format!("file{i}"), i.to_string()));
    world.shell("ulimit -n 40; $cfs store add -q objects file* > list").is_silent_success();
    world.cfs("store stats objects").prints("WHAT OBJECTS BYTES\nobjects 200 490\n");
}

#[test]
fn add_names_an_object_that_is_not_what_its_name_says() {
    let Stored { world, names } = stored();
    world.write(&format!("objects/{}", names[0]), WRONG);
    world.cfs("store add -q objects file0").exits(0);
    let found = digest(&world, WRONG);
    let said = format!(
        "objects/{}: expected the digest {A}, found {found}\n\
         hint: the object is not what its name says: remove it, and add it again\n",
        names[0]
    );
    world.cfs("store add -q --verify objects file0").says(2, &said);
    fs::remove_file(world.path(format!("objects/{}", names[0]))).unwrap();
    fs::create_dir(world.path(format!("objects/{}", names[0]))).unwrap();
    let said = format!("objects/{}: expected a regular file, found a directory\n", names[0]);
    world.cfs("store add -q objects file1 file0").mentions(2, &said);
}

#[test]
fn add_requires_verity_before_it_reads_a_file() {
    let world = World::with(&[("a", "hello")]);
    let ran = world.cfs("store add --require-verity objects none a");
    let said = "objects: cannot be sealed with fs-verity: ";
    if ran.err().contains("cannot be sealed") {
        ran.mentions(2, said).mentions(2, "hint: ");
        assert!(!ran.err().contains("none"), "{}", ran.err());
        world.cfs("store add objects a").mentions(0, "1 object is not sealed with fs-verity\n");
    } else {
        ran.mentions(2, "cannot open none");
        world.cfs("store add objects a").is_silent_success();
    }
}

#[test]
fn verify_finds_nothing_in_a_good_store() {
    let Stored { world, .. } = stored();
    let ran = world.cfs("store verify objects");
    ran.says(0, "cfs: 4 objects, 32 bytes read, 0 with something wrong\n");
    assert_eq!(ran.out(), "");
    world.cfs("store verify -q objects").is_silent_success();
}

#[test]
fn add_and_verify_show_how_far_they_are() {
    let Stored { world, .. } = stored();
    for command in ["add -q objects file0", "verify -q objects"] {
        let ran = world.cfs(&format!("store {command} --progress=always"));
        assert!(ran.exits(0).err().contains(" files"), "{}", ran.err());
    }
}

#[test]
fn verify_says_who_uses_what_is_wrong() {
    let Stored { world, names } = stored();
    world.write(&format!("objects/{}", names[0]), WRONG);
    world.write(&format!("objects/{}", names[2]), "short");
    world.write("objects/README", "");
    fs::create_dir_all(world.path("objects/free")).unwrap();
    world.write("objects/free/form", "7 bytes");
    let ran = world.cfs("store verify objects --image a.cfs --image b.txt");
    ran.says(1, "cfs: 4 objects, 26 bytes read, 3 with something wrong\n");
    let (found, short) = (digest(&world, WRONG), digest(&world, "short"));
    let mut expected = [
        format!(
            "{}: expected the digest {A}, found {found}\n  a.cfs: /shared\n  b.txt: /x\\x20y\n",
            names[0]
        ),
        format!("{}: no such object\n  a.cfs: /lost\n  b.txt: /lost\n", object(&"12".repeat(32))),
        format!(
            "{name}: expected 11 bytes, found 5\n  b.txt: /alone\n\
             {name}: expected the digest {digest}, found {short}\n  b.txt: /alone\n",
            name = names[2],
            digest = names[2].replace('/', "")
        ),
    ];
    expected.sort();
    assert_eq!(ran.out(), expected.concat() + "README: not an object\n");
    let found = document(&world.cfs("store verify --json objects --image a.cfs --image b.txt"), 1);
    assert_eq!(found["foreign"], json!(["README"]));
    let findings = found["findings"].as_array().unwrap();
    let kinds: Vec<_> = findings.iter().map(|finding| finding["kind"].as_str().unwrap()).collect();
    for kind in ["missing", "wrong-digest", "wrong-size"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let missing = findings.iter().find(|finding| finding["kind"] == "missing").unwrap();
    assert_eq!(missing["uses"][1], json!({ "image": "b.txt", "path": "/lost" }));
}

#[test]
fn verify_compares_with_the_digest_that_an_image_tells_of_any_path() {
    let Stored { world, names } = stored();
    world.write("objects/free", "content");
    let good = digest(&world, "content");
    world.write("good.txt", [ROOT, &file("/x", 7, "free", &good)].concat());
    world.cfs("store verify -q objects --image good.txt").is_silent_success();
    // The right object under a name that the image does not expect.
    world.write("bad.txt", [ROOT, &file("/x", 5, &names[0], &good)].concat());
    let said = format!("{}: expected the digest {good}, found {A}\n  bad.txt: /x\n", names[0]);
    let ran = world.cfs("store verify -q objects --image bad.txt");
    assert_eq!(ran.exits(1).out(), said + "free: not an object\n");
}

#[test]
fn verify_follows_no_path_out_of_the_store() {
    let Stored { world, .. } = stored();
    world.write("secret", "secret!");
    std::os::unix::fs::symlink("../secret", world.path("objects/link")).unwrap();
    let dump = [ROOT, &file("/x", 7, "../secret", "-"), &file("/y", 7, "link", "-")].concat();
    world.write("evil.txt", dump);
    let ran = world.cfs("store verify -q objects --image evil.txt");
    let said = "../secret: leads out of the store, or through a symlink\n  evil.txt: /x\n\
                link: expected a regular file, found a symlink\n  evil.txt: /y\n";
    assert_eq!(ran.exits(1).out(), said);
}

#[test]
fn verify_reads_the_same_sample_every_time() {
    let world = World::new();
    let names: Vec<String> = (0..200).map(|i| format!("file{i}")).collect();
    names.iter().for_each(|name| world.write(name, name));
    world.shell("$cfs store add -q objects file*").exits(0);
    let read = |sample: &str| {
        let found = document(&world.cfs(&format!("store verify --json objects {sample}")), 0);
        found["read"]["objects"].as_u64().unwrap()
    };
    assert_eq!(read(""), 200);
    assert_eq!((read("--sample 0"), read("--sample 100%")), (0, 200));
    let half = read("--sample 50%");
    assert!((60..140).contains(&half), "{half}");
    assert_eq!(read("--sample 50.0"), half);
    for odd in ["101%", "-1", "x", "", "0.00001", "1e2", "%", ".5"] {
        let ran = world.shell(&format!("$cfs store verify objects '--sample={odd}'"));
        ran.mentions(2, "expected a percentage, such as 5% or 0.5%");
    }
}

#[test]
fn missing_lists_what_images_need() {
    let Stored { world, .. } = stored();
    let lost = object(&"12".repeat(32));
    let ran = world.cfs("store missing objects a.cfs b.txt");
    ran.says(1, "cfs: 2 objects, 107 bytes missing\n");
    assert_eq!(ran.out(), format!("100 {lost}\n7 free/form\n"));
    let z = world.cfs("store missing -q -z objects a.cfs");
    assert_eq!(z.exits(1).out(), format!("{lost}\0"));
    let found = document(&world.cfs("store missing --json objects a.cfs b.txt"), 1);
    assert_eq!(found["total"], json!({ "objects": 2, "bytes": 107 }));
    assert_eq!(found["missing"][0]["digest"], "12".repeat(32));
    assert_eq!(found["missing"][1]["digest"], Value::Null);
    fs::create_dir_all(world.path("objects/free/form")).unwrap();
    let said = "objects/free/form: expected a regular file, found a directory\n";
    world.cfs("store missing objects b.txt").mentions(1, said).mentions(1, "2 objects, 107 bytes");
    world.write("none.txt", ROOT);
    world.cfs("store missing objects none.txt").is_silent_success();
}

#[test]
fn gc_lists_and_deletes_what_nobody_needs() {
    let Stored { world, names } = stored();
    world.write("objects/README", "not an object");
    let dry = world.cfs("store gc objects --keep a.cfs --keep b.txt");
    dry.says(0, "cfs: 1 object, 6 bytes would be deleted by --delete; 3 objects, 26 bytes kept\n");
    assert_eq!(dry.out(), format!("{}\n", names[3]));
    assert!(world.path(format!("objects/{}", names[3])).exists());
    let found = document(&world.cfs("store gc --json --delete objects --keep a.cfs"), 0);
    assert_eq!(found["total"], json!({ "objects": 2, "bytes": 17 }));
    assert_eq!(found["kept"], json!({ "objects": 2, "bytes": 15 }));
    let exist = names.each_ref().map(|name| world.path(format!("objects/{name}")).exists());
    assert_eq!(exist, [true, true, false, false]);
    world.cfs("store gc -q -z objects --keep b.txt").prints(&format!("{}\0", names[1]));
    world.cfs("store gc -q --delete objects --keep-nothing").exits(0);
    assert!(!world.path(format!("objects/{}", names[0])).exists());
    assert!(world.path("objects/README").exists());
}

#[test]
fn gc_keeps_all_if_an_image_cannot_be_read() {
    let Stored { world, names } = stored();
    world.cfs("store gc --delete objects --keep none.cfs --keep a.cfs").exits(2);
    world.write("broken.txt", "/ x\n");
    world.cfs("store gc --delete objects --keep a.cfs --keep broken.txt").exits(2);
    assert!(world.path(format!("objects/{}", names[3])).exists());
}

#[test]
fn gc_asks_what_to_keep() {
    let Stored { world, .. } = stored();
    world.cfs("store gc objects").mentions(2, "--keep");
    world.cfs("store gc objects --keep a.cfs --keep-nothing").exits(2);
}

#[test]
fn gc_deletes_nothing_while_somebody_adds() {
    let Stored { world, .. } = stored();
    let store = fs::File::open(world.path("objects")).unwrap();
    rustix::fs::flock(&store, rustix::fs::FlockOperation::LockShared).unwrap();
    let said = "objects: is in use by another program\nhint: try again when nobody adds objects\n";
    world.cfs("store gc --delete objects --keep-nothing").says(2, said);
    world.cfs("store gc -q objects --keep-nothing").exits(0);
}

#[test]
fn stats_shows_what_images_share_and_what_each_holds_alone() {
    let Stored { world, .. } = stored();
    world.write("objects/README", "");
    let found = document(&world.cfs("store stats --json objects --image a.cfs --image b.txt"), 0);
    let count = |objects: u64, bytes: u64| json!({ "objects": objects, "bytes": bytes });
    let expected = json!({
        "version": 1,
        "command": "store stats",
        "all": count(4, 32),
        "unused": count(1, 6),
        "foreign": 1,
        "images": [
            { "image": "a.cfs", "uses": count(3, 115), "alone": count(1, 10),
              "missing": count(1, 100) },
            { "image": "b.txt", "uses": count(4, 123), "alone": count(2, 18),
              "missing": count(2, 107) },
        ],
        "shared": [
            { "images": 1, "objects": 3, "bytes": 28 },
            { "images": 2, "objects": 2, "bytes": 105 },
        ],
    });
    assert_eq!(found, expected);
    let text = "\
WHAT OBJECTS BYTES
objects 4 32
unused 1 6
used-by-1 3 28
used-by-2 2 105

IMAGE OBJECTS BYTES ALONE ALONE-BYTES MISSING MISSING-BYTES
a.cfs 3 115 1 10 1 100
b.txt 4 123 2 18 2 107
";
    world.cfs("store stats objects --image a.cfs --image b.txt").prints(text);
    world.cfs("store stats objects").prints("WHAT OBJECTS BYTES\nobjects 4 32\n");
}

#[test]
fn commands_want_a_store_that_exists() {
    let world = World::with(&[("a.txt", ROOT)]);
    for command in ["verify none", "missing none a.txt", "gc none --keep a.txt", "stats none"] {
        let ran = world.cfs(&format!("store {command}"));
        ran.says(2, "none: cannot be opened: No such file or directory\n");
    }
}
