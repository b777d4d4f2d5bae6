//! A file as text, whatever it is.

use std::path::Path;

use crate::cli::args::Reading;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::load::{Context, Form, Kind, Source};
use crate::cli::output::Target;
use crate::dump;
use crate::erofs;
use crate::num::wide;
use crate::tree::Tree;
use crate::verity::{Algorithm, digest};

/// How sources are read.
const READING: Reading = Reading { from: None, strict: false };

/// A file with a tree, or what else it is.
pub(super) enum Found {
    /// It can be read.
    Source(Box<Source>),
    /// It cannot; these are words about it, on a line each.
    Other(Vec<u8>),
}

/// Reads a file.
pub(super) fn find(context: &Context, path: &Path) -> Found {
    let source = match Source::read(context, path, READING, &Target::Stdout) {
        Ok(source) => source,
        Err(failure) => return Found::Other(unread(path, failure)),
    };
    if let Some(words) = pointer(&source.bytes) {
        return Found::Other([words.as_bytes(), b"\n", &*source.bytes].concat());
    }
    match source.kind {
        Kind::Dir => Found::Other(b"it is a directory\n".to_vec()),
        Kind::Image => match erofs::read(&source.bytes) {
            Ok(_) => Found::Source(Box::new(source)),
            Err(error) => Found::Other(broken(&source.bytes, &error)),
        },
        Kind::Dump if dump::parse(&source.bytes, &dump::Options::default()).is_ok() => {
            Found::Source(Box::new(source))
        }
        _ if str::from_utf8(&source.bytes).is_ok() => Found::Other(source.bytes.to_vec()),
        _ => Found::Other(format!("{}\n", sum("binary file", &source.bytes)).into_bytes()),
    }
}

/// Gives the text of a file to a sink.
pub(super) fn as_text(
    context: &Context,
    path: &Path,
    mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match find(context, path) {
        Found::Other(words) => sink(&words),
        Found::Source(source) => match tree(context, &source) {
            Some(tree) => dump::print_to(&tree, &[], sink),
            None => sink(&source.bytes),
        },
    }
}

/// The tree of a source that can be read; warnings are not for git.
pub(super) fn tree<'s>(context: &Context, source: &'s Source) -> Option<Tree<'s>> {
    match source.kind {
        Kind::Image => erofs::read(&source.bytes).ok(),
        _ => source.tree(context, Form::Canonical).ok(),
    }
}

/// Says which kind of pointer stands for a content that is not here.
fn pointer(bytes: &[u8]) -> Option<&'static str> {
    /// Pointers are short.
    const LONGEST: usize = 1024;
    let text = str::from_utf8(bytes.get(..bytes.len()).filter(|it| it.len() <= LONGEST)?).ok()?;
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    if text.starts_with("version ") && has("oid ") && has("size ") {
        return Some("Git LFS pointer: the content is not here; `git lfs pull` fetches it");
    }
    let is_annex = text.starts_with("/annex/objects/") || text.contains(".git/annex/objects/");
    is_annex.then_some("git-annex pointer: the content is not here; `git annex get` fetches it")
}

fn broken(bytes: &[u8], error: &erofs::ImageError) -> Vec<u8> {
    let what = if error.is_unsupported() { "unsupported" } else { "damaged" };
    let line = sum(&format!("{what} EROFS image"), bytes);
    format!("{line}\n{error} (byte {})\n", error.offset()).into_bytes()
}

/// What it is, how long, and its digest, so that two of them that differ are told apart.
fn sum(what: &str, bytes: &[u8]) -> String {
    let digest = digest(Algorithm::Sha256, bytes);
    format!("{what}, {} bytes, fs-verity sha256 {digest}", wide(bytes.len()))
}

/// What is known of a file that cannot be read or decompressed.
fn unread(path: &Path, failure: Failure) -> Vec<u8> {
    let words = match failure {
        Failure::Trouble(trouble) => trouble.message().to_owned(),
        _ => String::from("cannot be read"),
    };
    let raw = input::open(path).and_then(|mut file| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| bytes)
    });
    let raw = raw.map(|bytes| format!("{}\n", sum("file", &bytes))).unwrap_or_default();
    // The name of git's temporary file is another one each time.
    let words = words.replace(&crate::cli::report::file_name(path), "it");
    format!("{raw}{words}\n").into_bytes()
}
