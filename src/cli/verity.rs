//! `cfs verity`: fs-verity digests, and seals.

mod seal;

pub(super) use seal::{enable, measure, why_unsealed};

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};

use super::args::{DigestArgs, ImageArgs};
use super::failure::{Answer, Failure};
use super::input::{is_directory, open};
use super::load::{Context, Form, Kind, Source};
use super::mkimage::write_trouble;
use super::output::{Output, Target};
use super::report::file_name;
use super::scan::Scanning;
use crate::erofs::{self, Version};
use crate::num::wide;
use crate::threads::{self, Threads};
use crate::tree::Tree;
use crate::verity::{Algorithm, Digest};

/// Prints the digest of each file; goes on after one that cannot be read.
pub(super) fn digest(context: &Context, args: &DigestArgs) -> Result<Answer, Failure> {
    let mut out = Output::stdout()?;
    let mut failed = false;
    for path in &args.files {
        match file_digest(context, path, args.digest_alg.into()) {
            Ok(digest) if args.compact => out.write(format!("{digest}\n").as_bytes())?,
            Ok(digest) => {
                let mut line = format!("{}:{digest} ", digest.algorithm()).into_bytes();
                line.extend_from_slice(path.as_os_str().as_encoded_bytes());
                line.push(b'\n');
                out.write(&line)?;
            }
            Err(Failure::Trouble(trouble)) => {
                context.report.trouble(&trouble);
                failed = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(Answer::Yes) }
}

/// Files of fewer bytes are not worth a second thread.
const WORTH_THREADS: u64 = 1 << 20;

fn file_digest(context: &Context, path: &Path, algorithm: Algorithm) -> Result<Digest, Failure> {
    let name = file_name(path);
    let mut file = open(path).map_err(|error| Failure::io("open", &name, &error))?;
    let failed = |error: io::Error| Failure::io("read", &name, &error);
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(is_directory(&name).hint("only files have a digest").into());
    }
    let small = metadata.is_file() && metadata.len() < WORTH_THREADS;
    let threads = if small { Threads::ONE } else { context.threads };
    threads::digest(algorithm, threads, |buffer| fill(&mut file, buffer)).map_err(failed)
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

/// A line of the table.
struct Row {
    format: Version,
    digest: Digest,
    /// Whether this is the image at hand, or the one that a dump text becomes.
    current: bool,
}

/// Prints the digests that the image of a tree has in every format.
pub(super) fn image(context: &Context, args: &ImageArgs) -> Result<Answer, Failure> {
    let source = Source::read(context, &args.source, args.reading, &Target::Stdout)?;
    let source = source.scanned(Scanning::default());
    let tree = source.tree(context, Form::Given)?;
    let mut rows = Vec::new();
    for format in Version::ALL {
        rows.extend(rows_of(context, &source, &tree, format)?);
    }
    let known = rows.iter().any(|row| row.current);
    let own = if known { Vec::new() } else { own_digests(context, &source.bytes) };
    let mut out = Output::stdout()?;
    if args.json {
        let document = document(&source, &rows, &own);
        out.write(format!("{document:#}\n").as_bytes())?;
    } else {
        out.write(table(&source, &rows, &own).as_bytes())?;
    }
    Ok(Answer::Yes)
}

/// The digests of a tree's image in one format.
fn rows_of(
    context: &Context,
    source: &Source,
    tree: &Tree<'_>,
    format: Version,
) -> Result<Vec<Row>, Failure> {
    let layout =
        erofs::layout(tree, format).map_err(|error| write_trouble(&source.name, tree, &error))?;
    let mut current = match source.kind {
        Kind::Dump | Kind::Dir => Version::choose(tree, Version::V0, Version::V1) == format,
        Kind::Image => layout.len() == wide(source.bytes.len()),
    };
    let mut rows = Vec::new();
    for algorithm in ALGORITHMS {
        let mut rest = &*source.bytes;
        let digest = threads::write_image(&layout, context.threads, Some(algorithm), |piece| {
            if source.kind == Kind::Image {
                current = current && rest.starts_with(piece);
                rest = rest.get(piece.len()..).unwrap_or_default();
            }
            Ok::<(), Failure>(())
        })?;
        rows.extend(digest.map(|digest| Row { format, digest, current }));
    }
    Ok(rows)
}

/// The digests of an image that is none of those we write.
fn own_digests(context: &Context, image: &[u8]) -> Vec<Digest> {
    let digest = |algorithm| {
        let mut rest = image;
        let fill = |buffer: &mut [u8]| rest.read(buffer);
        threads::digest(algorithm, context.threads, fill).ok()
    };
    ALGORITHMS.into_iter().filter_map(digest).collect()
}

fn table(source: &Source, rows: &[Row], own: &[Digest]) -> String {
    let mut text = String::from("  FORMAT ALGORITHM DIGEST\n");
    for row in rows {
        let mark = if row.current { '*' } else { ' ' };
        text.push_str(&line(mark, format_name(row.format), &row.digest));
    }
    for digest in own {
        text.push_str(&line('*', "other", digest));
    }
    text.push_str(match (source.kind, own) {
        (Kind::Dump | Kind::Dir, _) => "* what `cfs mkimage` writes unless told otherwise\n",
        (Kind::Image, []) => "* the image at hand\n",
        (Kind::Image, _) => {
            "* the image at hand, which differs from what this program writes in any format\n"
        }
    });
    text
}

fn line(mark: char, format: &str, digest: &Digest) -> String {
    let algorithm = digest.algorithm();
    format!("{mark} {format:<6} {algorithm:<9} {digest}\n")
}

fn format_name(format: Version) -> &'static str {
    match format {
        Version::V0 => "V0",
        Version::V1 => "V1",
    }
}

fn document(source: &Source, rows: &[Row], own: &[Digest]) -> Value {
    let row = |format: Option<&str>, digest: &Digest, current: bool| {
        json!({
            "format": format,
            "algorithm": digest.algorithm().name(),
            "digest": digest.to_string(),
            "current": current,
        })
    };
    let known = rows.iter().map(|it| row(Some(format_name(it.format)), &it.digest, it.current));
    let digests: Vec<Value> =
        known.chain(own.iter().map(|digest| row(None, digest, true))).collect();
    let kind = match source.kind {
        Kind::Dump => "dump",
        Kind::Image => "image",
        Kind::Dir => "dir",
    };
    json!({ "version": 1, "source": source.name, "kind": kind, "digests": digests })
}
