//! What the reference does oddly, and `cfs` does not where that cannot change the image of a valid
//! dump. Each is a dump in `fixtures/dump`, named `quirk-…`; `fixtures/README.md` tells of them.
//! Those that are refused stand in `invalid`, and `tests/messages.rs` has the words.

mod support;

use cfs::canon;
use cfs::dump::{self, Options, Profile, Warnings};
use cfs::erofs::{self, Version, layout};
use cfs::tree::Tree;
use cfs::verity::{self, Algorithm};
use support::{fixture, read, sha256, table};

/// The line of the root, as each of these dumps has it.
const ROOT: &str = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
/// The same, once it is known that a directory lies in it.
const ROOT_3: &str = "/ 4096 40755 3 0 0 0 0.0 - - -\n";

fn text(file: &str) -> Vec<u8> {
    read(&fixture("dump/valid").join(file))
}

fn parse(text: &[u8]) -> Tree<'_> {
    dump::parse(text, &Options::default()).unwrap_or_else(|error| panic!("{error}")).tree
}

fn image(text: &[u8], version: Version) -> Vec<u8> {
    layout(&parse(text), version).unwrap().to_vec()
}

/// What reading the image of a dump gives.
fn read_back(text: &[u8], version: Version) -> Vec<u8> {
    dump::print(&erofs::read(&image(text, version)).unwrap())
}

#[track_caller]
fn assert_text(found: &[u8], expected: &[u8]) {
    assert_eq!(found.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

/// The images of both versions read back as this text, which is canonical.
#[track_caller]
fn reads_back_as(file: &str, expected: &[u8]) {
    let text = text(file);
    for version in Version::ALL {
        assert_text(&read_back(&text, version), expected);
    }
    let mut tree = parse(&text);
    canon::canonicalise(&mut tree);
    assert_text(&dump::print(&tree), expected);
}

#[test]
fn images_are_those_of_the_reference_where_it_writes_one() {
    let mut compared = 0;
    for row in table(&fixture("dump/quirks.tsv")) {
        for version in Version::ALL {
            let expected = |what: &str| &row[&format!("v{}_{what}", version.number())];
            let image = image(&text(&row["file"]), version);
            if expected("sha256") != "-" {
                let digest = verity::digest(Algorithm::Sha256, &image).to_string();
                assert_eq!(&sha256(&image), expected("sha256"), "{}: {version:?}", row["file"]);
                assert_eq!(&digest, expected("verity"), "{}: {version:?}", row["file"]);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 20);
}

#[test]
fn every_quirk_that_is_taken_is_in_the_table() {
    let files: Vec<String> =
        table(&fixture("dump/quirks.tsv")).iter().map(|row| row["file"].clone()).collect();
    for entry in std::fs::read_dir(fixture("dump/valid")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("quirk-") && (name.ends_with(".dump") || name.ends_with(".gz")) {
            assert!(files.contains(&name), "{name}");
        }
    }
}

#[test]
fn every_quirk_is_told_of() {
    let told = String::from_utf8(read(&fixture("README.md"))).unwrap();
    for folder in ["dump/valid", "dump/invalid"] {
        for entry in std::fs::read_dir(fixture(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let name = name.split('.').next().unwrap();
            let is_told = told.contains(&format!("`{}`", name.trim_start_matches("quirk-")));
            assert!(!name.starts_with("quirk-") || is_told, "{name}");
        }
    }
}

#[test]
fn a_payload_ends_where_its_value_does() {
    let file = "quirk-payload-of-three-bytes.dump";
    reads_back_as(file, &text(file));
}

#[test]
fn the_last_xattr_of_an_inode_is_kept_if_key_and_value_are_empty() {
    let file = "quirk-last-xattr-empty.dump";
    reads_back_as(file, &text(file));
}

#[test]
fn digests_of_128_digits_are_kept_whole() {
    let file = "quirk-sha512-digest.dump";
    reads_back_as(file, &text(file));
}

#[test]
fn a_chunk_map_that_does_not_fit_its_block_lies_where_the_reference_puts_it() {
    let file = "quirk-spilled-chunk-map.dump";
    reads_back_as(file, &text(file));
}

#[test]
fn directories_may_be_994_deep() {
    let text = text("quirk-994-directories.dump.gz");
    for version in Version::ALL {
        let image = image(&text, version);
        let tree = erofs::read(&image).unwrap();
        assert_eq!(tree.len(), 995);
        assert!(tree.find(&b"/d".repeat(994)).is_some());
    }
}

#[test]
fn the_text_of_xattrs_may_be_as_long_as_its_bytes_make_it() {
    let escaped = "quirk-xattr-text-too-long.dump.gz";
    reads_back_as(escaped, &text(escaped));
    reads_back_as("quirk-xattr-bytes-too-long.dump", &text(escaped));
}

/// The marks of the directory are no part of what the limit on xattrs counts. What they are read
/// back as is, so the text that comes of the V1 image is refused; the image itself is not.
#[test]
fn the_marks_of_a_directory_are_written_beside_as_many_xattrs_as_there_may_be() {
    let text = text("quirk-xattrs-of-a-marked-directory.dump");
    let given = format!("user.Z={}", "z".repeat(32742));
    let directory = |xattrs: &str| {
        format!("{ROOT_3}/d 40 40755 2 0 0 0 0.0 - - - {xattrs}\n/d/w 0 20644 1 0 0 0 0.0 - - -\n")
    };
    assert_text(&read_back(&text, Version::V0), directory(&given).as_bytes());
    let marked = format!("trusted.overlay.opaque=x {given} user.overlay.opaque=x");
    let marked = directory(&marked).into_bytes();
    assert_text(&read_back(&text, Version::V1), &marked);
    let refused = dump::parse(&marked, &Options::default()).unwrap_err();
    assert_eq!(refused.findings.errors[0].code(), dump::Code::XattrTooBig);
}

#[test]
fn xattrs_that_the_writer_replaces_are_not_counted_twice() {
    let whiteout = "quirk-xattr-account-of-a-whiteout.dump";
    reads_whiteout_back(whiteout, &format!("{ROOT}/w 0 20644 1 0 0 0 0.0 - - - user.a=b\n"));
    let directory =
        format!("{ROOT_3}/d 40 40755 2 0 0 0 0.0 - - - user.k=v\n/d/w 0 20644 1 0 0 0 0.0 - - -\n");
    reads_whiteout_back("quirk-xattr-account-of-its-directory.dump", &directory);
}

/// V0 reads back as this text; V1 has two marks more on the directory of the whiteout.
#[track_caller]
fn reads_whiteout_back(file: &str, expected: &str) {
    let text = text(file);
    assert_text(&read_back(&text, Version::V0), expected.as_bytes());
    let marked = read_back(&text, Version::V1);
    let marked = String::from_utf8(marked).unwrap();
    for mark in ["trusted.overlay.opaque=x", "user.overlay.opaque=x"] {
        assert_eq!(marked.matches(mark).count(), 1, "{marked}");
    }
    let unmarked =
        marked.replace(" trusted.overlay.opaque=x", "").replace(" user.overlay.opaque=x", "");
    assert_eq!(unmarked, expected);
}

#[test]
fn the_size_of_a_fifo_is_not_kept_but_decides_on_the_form_of_its_inode() {
    let file = "quirk-size-of-a-fifo.dump";
    reads_back_as(file, format!("{ROOT}/f 0 10644 1 0 0 0 0.0 - - -\n").as_bytes());
    let small = format!("{ROOT}/f 7 10644 1 0 0 0 0.0 - - -\n");
    assert_ne!(image(&text(file), Version::V0), image(small.as_bytes(), Version::V0));
}

#[test]
fn reserved_xattrs_are_written_and_not_read_back() {
    let expected =
        format!("{ROOT_3}/a 0 100644 1 0 0 0 0.0 - - -\n/d 27 40755 2 0 0 0 0.0 - - -\n");
    reads_back_as("quirk-reserved-xattr.dump", expected.as_bytes());
}

#[test]
fn the_name_that_carries_an_inode_decides_on_the_bytes_of_the_image() {
    let file = "quirk-carrier-not-first.dump";
    let expected = format!(
        "{ROOT}/a 0 100644 2 0 0 0 0.0 - - -\n/m 0 100644 1 0 0 0 0.0 - - -\n\
         /z 0 @100644 2 0 0 0 0.0 /a - -\n"
    );
    reads_back_as(file, expected.as_bytes());
    assert_ne!(image(&text(file), Version::V0), image(expected.as_bytes(), Version::V0));
}

#[test]
fn a_hard_link_needs_no_file_type() {
    let expected =
        format!("{ROOT}/a 0 100644 2 0 0 0 0.0 - - -\n/b 0 @100644 2 0 0 0 0.0 /a - -\n");
    reads_back_as("quirk-typeless-hard-link.dump", expected.as_bytes());
}

#[test]
fn strict_misses_no_line_feed_wherever_the_text_ends() {
    let text = text("quirk-65536-bytes-without-newline.dump.gz");
    assert_eq!(text.len(), 65536);
    let options =
        Options { profile: Profile::Strict, warnings: Warnings::All, ..Options::default() };
    let refused = dump::parse(&text, &options).unwrap_err();
    assert_eq!(refused.findings.errors[0].code(), dump::Code::NoFinalNewline);
}
