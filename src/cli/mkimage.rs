//! `cfs mkimage`: an image of a source.

use std::path::PathBuf;

use super::args::{Format, MkimageArgs};
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Kind, Source};
use super::output::{Content, Output, Target, check_terminal};
use super::report::Trouble;
use super::scan::Scanning;
use crate::erofs::{Layout, Version, WriteError};
use crate::threads;
use crate::tree::Tree;
use crate::verity::Digest;

const NAME: &str = "mkimage";

/// Writes the image, and prints its digest if that is asked for.
pub(super) fn run(context: &Context, mut args: MkimageArgs) -> Result<Answer, Failure> {
    let (path, image) = operands(&mut args)?;
    let target = Target::new(image);
    if args.print_digest && !args.print_digest_only && target.is_stdout() {
        return misuse("--print-digest needs an IMAGE, as the digest goes to standard output");
    }
    if !args.print_digest_only {
        check_terminal(&target)?;
    }
    let scanning = scanning(&args)?;
    let source = Source::read(context, &path, args.reading, &target)?;
    if source.kind != Kind::Dir && scanning.store.is_some() {
        return misuse("--digest-store needs a directory as SOURCE");
    }
    let source = source.scanned(scanning);
    let tree = source.tree(context, Form::Given)?;
    let layout = threads::layout(&tree, version(&args, &tree), context.threads)
        .map_err(|error| write_trouble(&source.name, &tree, &error))?;
    let digest = if args.print_digest_only {
        digest_of(context, &args, &layout)?
    } else {
        write(context, &args, &layout, &target)?
    };
    if let Some(digest) = digest {
        let mut out = Output::stdout()?;
        out.write(format!("{digest}\n").as_bytes())?;
    }
    Ok(Answer::Yes)
}

/// The source and the image, from two operands, `--from-dump` and `-o`.
fn operands(args: &mut MkimageArgs) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    let (first, second) = (args.first.take(), args.second.take());
    let (source, image) = match (args.from_dump.take(), first, second) {
        (Some(_), Some(_), Some(_)) => {
            return misuse("with --from-dump there is one operand, the IMAGE");
        }
        (Some(source), image, _) => {
            args.reading.from = Some(Kind::Dump);
            (source, image)
        }
        (None, Some(source), image) => (source, image),
        (None, None, _) => return misuse("name a SOURCE, or dump text with --from-dump"),
    };
    match (image, args.output.take()) {
        (Some(_), Some(_)) => misuse("name the image as IMAGE or with -o, not both"),
        (Some(_), _) if args.print_digest_only => misuse("--print-digest-only writes no IMAGE"),
        (image, output) => Ok((source, image.or(output))),
    }
}

/// How a directory is scanned, and where its objects go.
fn scanning(args: &MkimageArgs) -> Result<Scanning, Failure> {
    let options = args.scan.options(NAME, args.digest_alg)?;
    let store = args.store.create(options.algorithm)?;
    Ok(Scanning { options, store })
}

fn misuse<T>(words: &str) -> Result<T, Failure> {
    Err(Failure::Usage(NAME, words.to_owned()))
}

/// The version that the options choose for a tree.
fn version(args: &MkimageArgs, tree: &Tree<'_>) -> Version {
    let (min, max) = match (args.format, args.min_version, args.max_version) {
        (Some(Format::V0), ..) => (Version::V0, Version::V0),
        (Some(Format::V1), ..) => (Version::V1, Version::V1),
        (Some(Format::Auto), ..) | (None, None, None) => (Version::V0, Version::V1),
        (None, min, max) => (min.unwrap_or(Version::V0), max.unwrap_or(Version::V0)),
    };
    Version::choose(tree, min, max)
}

/// The trouble with a tree that no image can hold.
pub(super) fn write_trouble(name: &str, tree: &Tree<'_>, error: &WriteError) -> Failure {
    let path = tree.path(error.node());
    let path = path.escape_ascii();
    Trouble::in_file(name, format_args!("{path}: {error}")).into()
}

fn write(
    context: &Context,
    args: &MkimageArgs,
    layout: &Layout<'_>,
    target: &Target,
) -> Result<Option<Digest>, Failure> {
    let algorithm = args.print_digest.then_some(args.digest_alg.into());
    let mut out = Output::create(target, Content::Binary)?;
    let digest =
        threads::write_image(layout, context.threads, algorithm, |piece| out.write(piece))?;
    out.finish()?;
    Ok(digest)
}

fn digest_of(
    context: &Context,
    args: &MkimageArgs,
    layout: &Layout<'_>,
) -> Result<Option<Digest>, Failure> {
    let algorithm = Some(args.digest_alg.into());
    threads::write_image(layout, context.threads, algorithm, |_| Ok(()))
}
