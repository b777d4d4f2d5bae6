//! All findings about a source.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use unicode_normalization::UnicodeNormalization;

use super::fix::{self, Fixed};
use super::objects;
use crate::check::{self, Code, Finding, Level, Options, Place, Rule, Text};
use crate::cli::args::CheckArgs;
use crate::cli::diff::verdict::{Written, rebuilt};
use crate::cli::failure::Failure;
use crate::cli::input::Bytes;
use crate::cli::load::{Context, Form, Kind, Source};
use crate::cli::store::escaped;
use crate::dump::{self, Parsed};
use crate::erofs::{self, ImageError};
use crate::tree::Tree;

/// A source, checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// The source as it was read.
    pub(super) source: Source,
    /// What was found, in order of place and path.
    pub(super) findings: Vec<Finding>,
    /// Whether writing the tree of an image again gives the same bytes, if it could be read.
    pub(super) rebuilt: Option<Rebuilt>,
    /// What came of writing the text in its canonical form, which the findings are about then.
    pub(super) fixed: Option<Fixed>,
}

/// What came of writing the tree of an image again.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// The version that the image says it has, such as `V1`.
    pub(super) format: String,
    /// What is other, if something is.
    pub(super) differs: Option<Differs>,
}

/// How an image is other than what is written.
#[derive(Debug)]
pub(super) struct Differs {
    /// The first byte that is other, if it could be written at all.
    pub(super) at: Option<u64>,
    /// What lies there, or why it is not written.
    pub(super) words: String,
}

impl Checked {
    /// How many findings have a level.
    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// Name of the file, for messages.
    pub(super) fn name(&self) -> &str {
        &self.source.name
    }

    /// `dump`, `image` or `dir`.
    pub(super) fn kind(&self) -> &'static str {
        match self.source.kind {
            Kind::Dump => "dump",
            Kind::Image => "image",
            Kind::Dir => "dir",
        }
    }

    /// The text that findings with a line are about.
    pub(super) fn text(&self) -> &[u8] {
        self.fixed.as_ref().map_or(&self.source.bytes, |fixed| &fixed.text)
    }
}

/// Checks a source.
pub(super) fn source(
    context: &Context,
    args: &CheckArgs,
    source: Source,
) -> Result<Checked, Failure> {
    let (mut rebuilt, mut fixed) = (None, None);
    let mut findings = match source.kind {
        Kind::Dump => text(context, args, &source, &mut fixed)?,
        Kind::Image => image(context, args, &source.bytes, &mut rebuilt)?,
        Kind::Dir => of_tree(context, args, &source.tree(context, Form::Canonical)?)?,
    };
    findings.sort_by_key(|finding| finding.place.start());
    Ok(Checked { source, findings, rebuilt, fixed })
}

/// What there is to say of a tree, wherever it is from, and of the objects it needs.
fn of_tree(context: &Context, args: &CheckArgs, tree: &Tree<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = check::tree(tree, &options(args));
    found.extend(objects::check(context, &args.basedir, tree)?);
    Ok(found)
}

/// What findings about a tree depend on beside the tree.
fn options(args: &CheckArgs) -> Options {
    let compose: check::Compose = |name| name.nfc().collect();
    Options { now: args.future.then(now), compose: Some(compose) }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn text(
    context: &Context,
    args: &CheckArgs,
    source: &Source,
    fixed: &mut Option<Fixed>,
) -> Result<Vec<Finding>, Failure> {
    let parsed = match source.parsed(context)? {
        Ok(parsed) => parsed,
        Err(error) => {
            if args.fix {
                context.report.note(&format!("{}: not written, as it has errors", source.name));
            }
            let all = error.findings.errors.iter().chain(&error.findings.warnings);
            return Ok(all.map(Finding::from).collect());
        }
    };
    let Text { findings, tree, canonical } = check::text(&source.bytes, parsed, &options(args));
    let objects = objects::check(context, &args.basedir, &tree)?;
    let findings = with(findings, objects.clone(), &source.bytes);
    if !args.fix || canonical == *source.bytes {
        return Ok(findings);
    }
    let left = of_canonical(context, args, &canonical);
    let left = with(left, objects, &canonical);
    *fixed = Some(fix::write(context, source, &tree, canonical, findings, &left)?);
    Ok(left)
}

/// Findings, and those about objects with their places.
fn with(mut findings: Vec<Finding>, mut objects: Vec<Finding>, text: &[u8]) -> Vec<Finding> {
    check::place(text, &mut objects);
    findings.extend(objects);
    findings
}

/// What there is to say of a canonical text.
fn of_canonical(context: &Context, args: &CheckArgs, text: &[u8]) -> Vec<Finding> {
    let all = dump::Options { warnings: dump::Warnings::All, ..dump::Options::default() };
    let parsed: Option<Parsed<'_>> = crate::threads::parse(text, &all, context.threads).ok();
    parsed.map_or_else(Vec::new, |parsed| check::text(text, parsed, &options(args)).findings)
}

fn image(
    context: &Context,
    args: &CheckArgs,
    bytes: &Bytes,
    written: &mut Option<Rebuilt>,
) -> Result<Vec<Finding>, Failure> {
    let damaged = |error: ImageError| {
        let is_unsupported = error.is_unsupported();
        let code = if is_unsupported { Code::UnsupportedImage } else { Code::DamagedImage };
        let words = format!("{}: {}", error.structure(), error.kind());
        Finding::of_source(code, Place::Byte(error.offset()), words)
    };
    let tree = match erofs::read(bytes) {
        Ok(tree) => tree,
        Err(error) => return Ok(vec![damaged(error)]),
    };
    let mut findings = of_tree(context, args, &tree)?;
    match check::image(bytes, &findings) {
        Ok(image) => {
            image.place(&mut findings);
            without_said(&mut findings, &image.findings);
            findings.extend(image.findings);
        }
        Err(error) => findings.push(damaged(error)),
    }
    let rebuilt = of_written(rebuilt(context, bytes, &tree)?);
    if let Some(Differs { at, words }) = &rebuilt.differs {
        let (format, place) = (&rebuilt.format, at.map_or(Place::Whole, Place::Byte));
        let words = match at {
            Some(_) => format!("written again as {format}, it differs from here on, in {words}"),
            None => format!("not written again as {format}: {words}"),
        };
        findings.push(Finding::of_source(Code::RebuildDiffers, place, words));
    }
    *written = Some(rebuilt);
    Ok(findings)
}

/// Drops what the marks of an image tell better: that a file has no payload is a redirect that lacks.
fn without_said(findings: &mut Vec<Finding>, marks: &[Finding]) {
    let is = |finding: &Finding, code| finding.rule == Rule::Check(code);
    let lacking = marks.iter().filter(|finding| is(finding, Code::RedirectMissing));
    let lacking: BTreeSet<_> = lacking.map(|finding| &finding.path).collect();
    findings.retain(|finding| !is(finding, Code::NoPayload) || !lacking.contains(&finding.path));
}

fn of_written(written: Written) -> Rebuilt {
    match written {
        Written::As(format) => Rebuilt { format, differs: None },
        Written::Otherwise(format, at, part) => {
            let differs = Differs { at: Some(at), words: part.words(escaped) };
            Rebuilt { format, differs: Some(differs) }
        }
        Written::Never(format, words) => {
            Rebuilt { format, differs: Some(Differs { at: None, words }) }
        }
    }
}
