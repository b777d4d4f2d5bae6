//! What fuzzing and property tests have found, held against all laws.

#[path = "laws/mod.rs"]
mod laws;
mod support;

use std::path::PathBuf;

use cfs::erofs::{ImageErrorKind, read};
use support::fixture;

/// The findings of a kind.
fn findings(extension: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(fixture("findings")).unwrap().map(|file| file.unwrap().path());
    let found: Vec<_> = files.filter(|path| path.extension() == Some(extension.as_ref())).collect();
    assert!(!found.is_empty(), "no .{extension} in fixtures/findings");
    found
}

#[test]
fn texts_that_were_findings_keep_all_laws() {
    for path in findings("dump") {
        println!("{}", path.display());
        let text = support::read(&path);
        laws::dump_accepts_or_points(&text);
        laws::findings_in_a_text_point_and_are_mended(&text);
    }
}

#[test]
fn images_that_were_findings_keep_all_laws() {
    for path in findings("cfs") {
        println!("{}", path.display());
        laws::image_accepts_or_points(&support::read(&path));
    }
}

#[test]
fn images_that_could_not_be_written_again_are_refused() {
    let refused = |name: &str, kind| {
        let image = support::read(&fixture(&format!("findings/{name}.cfs")));
        assert_eq!(read(&image).unwrap_err().kind(), kind);
    };
    refused("external-file-over-2-to-the-53", ImageErrorKind::SizeTooBig((1 << 53) + 1));
    refused("references-to-megabytes-of-xattrs", ImageErrorKind::XattrsTooLarge(270_732));
}
