//! The same bytes as the reference: its images, its digests, its dumps.

mod support;

use cfs::canon;
use cfs::dump::{self, Options};
use cfs::erofs::{self, Version, layout};
use cfs::tree::Tree;
use cfs::verity::{self, Algorithm};
use support::{fixture, read, sha256, table};

/// Digests that the reference cuts to half, so that its images are not what is right.
const CUT_BY_THE_REFERENCE: &str = "bootc-sha512.dump";

fn parse(text: &[u8]) -> Tree<'_> {
    dump::parse(text, &Options::default()).unwrap_or_else(|error| panic!("{error}")).tree
}

fn image(tree: &Tree<'_>, version: Version) -> Vec<u8> {
    layout(tree, version).unwrap().to_vec()
}

/// Compares all that the tables say of the dumps in a folder; returns how many there were.
fn compare(folder: &str) -> usize {
    let mut compared = 0;
    for row in table(&fixture(&format!("{folder}/expected.tsv"))) {
        let name = &row["file"];
        if name == CUT_BY_THE_REFERENCE {
            continue;
        }
        let text = read(&fixture(&format!("{folder}/{name}")));
        let tree = parse(&text);
        for version in Version::ALL {
            let expected = |what: &str| &row[&format!("v{}_{what}", version.number())];
            let image = image(&tree, version);
            assert_eq!(&sha256(&image), expected("sha256"), "{name}: image, {version:?}");
            let digest = verity::digest(Algorithm::Sha256, &image);
            assert_eq!(&digest.to_string(), expected("verity"), "{name}: digest, {version:?}");
            let read_back = erofs::read(&image).unwrap();
            let dumped = dump::print(&read_back);
            assert_eq!(&sha256(&dumped), expected("dump_sha256"), "{name}: dump, {version:?}");
        }
        let chosen = Version::choose(&tree, Version::V0, Version::V1);
        assert_eq!(format!("v{}", chosen.number()), row["default"], "{name}: default version");
        compared += 1;
    }
    compared
}

#[test]
fn images_digests_and_dumps_are_those_of_the_reference() {
    assert_eq!(compare("conformance"), 152);
}

#[test]
fn images_of_all_consumers_are_those_of_the_reference() {
    assert_eq!(compare("conformance/consumers"), 6);
}

#[test]
fn a_distribution_gives_the_image_and_the_text_of_the_reference() {
    assert_eq!(table(&fixture("distribution/expected.tsv")).len(), 1);
    let row = &table(&fixture("distribution/expected.tsv"))[0];
    let text = read(&fixture("distribution").join(&row["file"]));
    assert_eq!(sha256(&text), row["dump_sha256"]);
    let tree = parse(&text);
    assert_eq!(tree.len().to_string(), row["entries"]);
    for version in Version::ALL {
        let expected = |what: &str| &row[&format!("v{}_{what}", version.number())];
        let image = image(&tree, version);
        assert_eq!(&sha256(&image), expected("sha256"), "{version:?}");
        let digest = verity::digest(Algorithm::Sha256, &image);
        assert_eq!(&digest.to_string(), expected("verity"), "{version:?}");
        assert_eq!(dump::print(&erofs::read(&image).unwrap()), text, "{version:?}");
    }
}

/// The reference cuts a digest of 64 bytes to 32 and calls it SHA-256. What is right: each file
/// keeps its digest whole, in a metacopy of 68 bytes with algorithm 2, and reading gives it back.
#[test]
fn sha512_digests_are_stored_and_read_back_whole() {
    let text = read(&fixture("conformance/consumers").join(CUT_BY_THE_REFERENCE));
    let mut tree = parse(&text);
    canon::canonicalise(&mut tree);
    let canonical = dump::print(&tree);
    let digests: Vec<_> = tree.inodes().filter_map(|inode| inode.digest()).collect();
    assert!(!digests.is_empty());
    for version in Version::ALL {
        let image = image(&tree, version);
        for digest in &digests {
            let metacopy = [&[0, 68, 0, 2], digest.as_bytes()].concat();
            assert!(image.windows(68).any(|bytes| bytes == metacopy), "{digest}");
        }
        assert_eq!(dump::print(&erofs::read(&image).unwrap()), canonical);
    }
}

/// Everything in the folder of the reference's own test data, where it lies beside the checkout.
#[test]
fn the_test_data_of_the_reference_gives_its_checksums() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/upstream-fixtures");
    let Ok(files) = std::fs::read_dir(&folder) else {
        support::say_skipped("there is no folder upstream-fixtures beside the checkout");
        return;
    };
    let mut names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    names.sort();
    let (mut written, mut refused) = (0, 0);
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".dump") && !name.ends_with(".dump.gz") {
            continue;
        }
        let mut text = read(&path);
        // A link that was stored as a file holds the name it leads to.
        if let Some(target) = std::str::from_utf8(&text).ok().filter(|text| text.len() < 100)
            && target.ends_with(".dump")
        {
            text = read(&path.with_file_name(target));
        }
        if name.starts_with("should-fail-") {
            let error = match dump::parse(&text, &Options::default()) {
                Err(error) => error,
                Ok(parsed) => panic!("{name}: taken, with {:?}", parsed.findings),
            };
            assert!(error.findings.errors[0].position().offset <= text.len(), "{name}");
            refused += 1;
            continue;
        }
        let beside = |suffix: &str| path.with_file_name(format!("{name}{suffix}"));
        let pinned = std::fs::read_to_string(beside(".version")).ok();
        let tree = parse(&text);
        let version =
            pinned.and_then(|pinned| Version::from_number(pinned.trim().parse().unwrap()));
        let default = Version::choose(&tree, Version::V0, Version::V1);
        let image = image(&tree, version.unwrap_or(default));
        let expected = std::fs::read_to_string(beside(".sha256")).unwrap();
        assert!(expected.contains(&sha256(&image)), "{name}: image");
        let dumped = dump::print(&erofs::read(&image).unwrap());
        let again = parse(&dumped);
        let again = erofs::read(&image).map(|read| read == again).unwrap();
        assert!(again, "{name}: dump");
        written += 1;
    }
    assert!(written > 10 && refused > 10, "{written} written, {refused} refused");
}
