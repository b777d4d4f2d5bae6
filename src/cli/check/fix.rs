//! Writing a text in its canonical form.

use std::collections::BTreeSet;
use std::path::Path;

use super::NAME;
use crate::check::{Finding, Rule};
use crate::cli::decompress::Compression;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::load::{Context, Kind, Source};
use crate::cli::output::{Content, Output, Target};
use crate::erofs::Version;
use crate::threads;
use crate::tree::Tree;
use crate::verity::{Algorithm, Digest};

/// What came of writing a text in its canonical form.
#[derive(Debug)]
pub(super) struct Fixed {
    /// The canonical text.
    pub(super) text: Vec<u8>,
    /// What was found in the old text, and is not in the new one.
    pub(super) findings: Vec<Finding>,
    /// The images of both.
    pub(super) images: Vec<Images>,
}

/// What the images of a tree are, before and after it was brought into canonical form.
#[derive(Debug)]
pub(super) struct Images {
    pub(super) version: Version,
    /// Their fs-verity digests; nothing if no image can hold the tree.
    pub(super) digests: [Option<Digest>; 2],
}

/// What a source may be written to.
pub(super) fn target(fix: bool, path: &Path) -> Target {
    if fix { Target::Path(path.to_owned()) } else { Target::Stdout }
}

/// Refuses sources that have no canonical form, or cannot be written to.
pub(super) fn refuse(source: &Source) -> Result<(), Failure> {
    let words = match source.kind {
        Kind::Image => {
            "an image is not written anew; `cfs mkimage` makes one of its dump, with other bytes"
        }
        Kind::Dir => "a directory has no canonical form",
        Kind::Dump if source.path().as_os_str() == "-" => {
            "standard input has no place to be written to; `cfs dump -` prints the canonical form"
        }
        Kind::Dump if is_compressed(source.path()) => "it is compressed; write it with `cfs dump`",
        Kind::Dump => return Ok(()),
    };
    Err(Failure::Usage(NAME, format!("--fix: {}: {words}", source.name)))
}

fn is_compressed(path: &Path) -> bool {
    input::starts(path).is_ok_and(|start| Compression::of(&start).is_some())
}

/// Writes the canonical text in the place of a source. `tree` is the canonical tree; `before` and
/// `after` are the findings about both texts.
pub(super) fn write(
    context: &Context,
    source: &Source,
    tree: &Tree<'_>,
    text: Vec<u8>,
    before: Vec<Finding>,
    after: &[Finding],
) -> Result<Fixed, Failure> {
    let given = source.given(context);
    let images = Version::ALL.into_iter().map(|version| {
        let old = given.as_ref().and_then(|given| digest(context, given, version));
        Images { version, digests: [old, digest(context, tree, version)] }
    });
    let images = images.collect();
    let mut out = Output::create(&target(true, source.path()), Content::Text)?;
    out.write(&text)?;
    out.finish()?;
    let left: BTreeSet<(Rule, Option<&[u8]>)> = after.iter().map(about).collect();
    let findings = before.into_iter().filter(|finding| !left.contains(&about(finding))).collect();
    Ok(Fixed { text, findings, images })
}

/// What tells a finding from others, wherever it is.
fn about(finding: &Finding) -> (Rule, Option<&[u8]>) {
    (finding.rule, finding.path.as_deref())
}

/// The digest of the image of a tree; nothing if no image can hold it.
fn digest(context: &Context, tree: &Tree<'_>, version: Version) -> Option<Digest> {
    let layout = threads::layout(tree, version, context.threads).ok()?;
    let sink = |_: &[u8]| Ok::<(), ()>(());
    threads::write_image(&layout, context.threads, Some(Algorithm::Sha256), sink).ok()?
}
