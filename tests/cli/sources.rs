//! Sources: what they are told by, compressed, limited, several, filtered.

use std::io::Write;

use crate::world::{CFS, CFS_DUMP, ROOT, SMALL, World};

/// `zstd` of [`ROOT`], with a checksum.
const ROOT_ZST: &str =
    "28b52ffd0458f900002f2034303936203430373535203220302030203020302e30202d202d202d0ad3e1d1ec";
/// `zstd -19` of [`ten_files`], with a checksum.
const TEN_FILES_ZST: &str = "\
    28b52ffd0468dd0100b202080a907d50fa03f4c9e39901cdab8967554754a23a9d06e224747be6125e9bf0130c\
    20b003eb8cdc7733b7dc77b3b7dca79b0d5dcd120d6d09c552cd5c";

fn ten_files() -> String {
    let files = (0..10).map(|i| format!("/{i} 0 100644 1 0 0 0 0.0 - - -\n"));
    ROOT.to_owned() + &files.collect::<String>()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_dump_of_an_image_and_of_text_is_canonical() {
    let untidy = "/ 0 40755 9 0 0 0 0.0 - - -\n/b 0 040755 7 0 0 0 0.0 - - -\n/a +0 100644 1 0 0 0 0.0 - - -";
    let world = World::with(&[("a.txt", untidy)]);
    let tidy = "/ 4096 40755 3 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n/b 27 40755 2 0 0 0 0.0 - - -\n";
    world.cfs("dump -q a.txt").prints(tidy);
    world.cfs("mkimage -q a.txt a.cfs").is_silent_success();
    world.cfs("dump a.cfs").prints(tidy);
}

#[test]
fn standard_input_is_read_from_a_pipe_and_from_a_file() {
    let world = World::with(&[("a.txt", SMALL)]);
    world.with_stdin(CFS_DUMP, "-", SMALL.as_bytes()).prints(SMALL);
    world.with_stdin(CFS_DUMP, "--from=dump -", SMALL.as_bytes()).prints(SMALL);
    world.shell("$cfs dump - < a.txt").prints(SMALL);
    world.shell("cat a.txt | $cfs dump /dev/stdin").prints(SMALL);
    // What a program before it has read is not read again.
    world.shell("{ read line; printf '/ 4096 40755 4 0 0 0 0.0 - - -\\n' > t; cat >> t; $cfs dump t; } < a.txt")
        .prints(SMALL);
}

#[test]
fn gzipped_and_zstd_compressed_sources_are_read_as_they_are() {
    let world = World::new();
    world.image("a.cfs", SMALL);
    world.write("a.txt.gz", gzip(SMALL.as_bytes()));
    world.write("a.cfs.gz", gzip(&world.read("a.cfs")));
    let (first, second) = SMALL.split_at(100);
    world.write("two.gz", [gzip(first.as_bytes()), gzip(second.as_bytes())].concat());
    for source in ["a.txt.gz", "a.cfs.gz", "two.gz"] {
        world.cfs(&format!("dump {source}")).prints(SMALL);
    }
    world.write("ten.zst", hex(TEN_FILES_ZST));
    world.cfs("ls -R ten.zst").prints(&(0..10).map(|i| format!("/{i}\n")).collect::<String>());
    world.write("ten.txt", ten_files());
    assert_eq!(world.cfs("dump ten.zst").out(), world.cfs("dump ten.txt").out());
    world.with_stdin(CFS, "dump -", &gzip(SMALL.as_bytes())).prints(SMALL);
}

#[test]
fn damaged_compressed_sources_are_trouble() {
    let world = World::new();
    let mut packed = gzip(SMALL.repeat(100).as_bytes());
    packed.truncate(packed.len() - 20);
    world.write("short.gz", &packed);
    let words = "cfs: cannot decompress short.gz: the compressed data ends too early\n";
    world.cfs("dump short.gz").says(2, words);
    packed[40..80].fill(0xff);
    world.write("bad.gz", &packed);
    world.cfs("dump bad.gz").mentions(2, "cfs: cannot decompress bad.gz: the compressed data");
    world.write("bad.zst", [0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff]);
    world.cfs("dump bad.zst").mentions(2, "cfs: cannot decompress bad.zst: the compressed data");
}

#[test]
fn a_source_larger_than_max_input_is_refused() {
    let world = World::with(&[("a.txt", SMALL)]);
    let exact = format!("dump --max-input={} a.txt", SMALL.len());
    world.cfs(&exact).prints(SMALL);
    let words = "cfs: cannot read a.txt: it has more than 100 bytes\n\
                 hint: raise --max-input to read it all the same\n";
    world.cfs("dump --max-input=100 a.txt").says(2, words);
    world
        .with_stdin(CFS, "dump --max-input=100 -", SMALL.as_bytes())
        .mentions(2, "<stdin>: it has");
    // A bomb is not unpacked further than that.
    world.write("bomb.gz", gzip(&vec![b'/'; 50_000_000]));
    world.cfs("dump --max-input=1M bomb.gz").mentions(2, "it has more than 1048576 bytes");
}

#[test]
fn several_sources_are_printed_one_after_another() {
    let world = World::with(&[("a.txt", SMALL), ("root.txt", ROOT)]);
    world.image("a.cfs", SMALL);
    world.cfs("dump root.txt a.cfs root.txt").prints(&format!("{ROOT}{SMALL}{ROOT}"));
    world.cfs("dump root.txt a.cfs -o out.txt").prints("");
    assert_eq!(world.read("out.txt"), format!("{ROOT}{SMALL}").as_bytes());
}

#[test]
fn filters_keep_the_root_and_the_entries_they_name() {
    let world = World::with(&[("a.txt", SMALL)]);
    world.image("a.cfs", SMALL);
    let lines = |from: usize, to: usize| {
        SMALL
            .lines()
            .skip(from)
            .take(to - from)
            .fold(String::new(), |text, line| text + line + "\n")
    };
    for source in ["a.txt", "a.cfs"] {
        let kept = lines(0, 3);
        world.cfs(&format!("dump --filter=dev {source}")).prints(&kept);
        world.cfs(&format!("dump {source} --filter dev --filter etc")).prints(SMALL);
        world.cfs(&format!("dump --filter=nope {source}")).prints(&lines(0, 1));
    }
    world.cfs("dump --filter=etc/hosts a.txt").mentions(2, "invalid value 'etc/hosts'");
}

#[test]
fn sources_that_cannot_be_read_are_trouble() {
    let world = World::new();
    world.cfs("dump nope").says(2, "cfs: cannot open nope: No such file or directory\n");
    let words = "cfs: cannot read .: it is a directory\nhint: name an image or a dump text\n";
    world.cfs("dump --from=dump .").says(2, words);
    world.cfs("mkimage --from-dump . out.cfs").says(2, words);
    world.with_stdin(CFS, "dump -", b"").mentions(2, "<stdin>:1:1: error[no-root]");
}

#[test]
fn a_damaged_image_is_told_with_its_offset() {
    let world = World::new();
    world.image("a.cfs", SMALL);
    let image = world.read("a.cfs");
    world.write("short.cfs", &image[..8192]);
    world.cfs("dump short.cfs").mentions(2, "short.cfs: offset 0x");
    let mut no_magic = image;
    no_magic[1024] = 0;
    world.write("magic.cfs", no_magic);
    let ran = world.cfs("dump --error-format=json magic.cfs");
    let document: serde_json::Value = serde_json::from_str(&ran.exits(2).err()).unwrap();
    assert_eq!((&document["file"], &document["offset"]), (&"magic.cfs".into(), &1024.into()));
}

#[test]
fn from_says_what_a_source_is() {
    let world = World::with(&[("a.txt", SMALL)]);
    world.cfs("dump --from=dump a.txt").prints(SMALL);
    world.cfs("dump --from=image a.txt").mentions(2, "a.txt: offset 0x0: ");
}

#[test]
fn a_zstd_frame_between_skippable_ones_is_read() {
    let frame: Vec<u8> = hex(ROOT_ZST);
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, b'a', b'b', b'c'];
    let world = World::new();
    world.write("root.zst", [&skippable[..], &frame, &skippable].concat());
    world.cfs("dump root.zst").prints(ROOT);
    let mut damaged = frame.clone();
    *damaged.last_mut().unwrap() ^= 1;
    world.write("bad.zst", damaged);
    world.cfs("dump bad.zst").exits(2);
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
