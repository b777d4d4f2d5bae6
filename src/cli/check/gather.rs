//! All findings about a source.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use unicode_normalization::UnicodeNormalization;

use super::{NAME, objects};
use crate::check::{self, Code, Finding, Level, Lines, Options, Place};
use crate::cli::args::CheckArgs;
use crate::cli::decompress::Compression;
use crate::cli::diff::verdict::{Written, rebuilt};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::load::{Context, Form, Kind, Source};
use crate::cli::output::{Content, Output, Target};
use crate::dump;
use crate::erofs::{self, ImageError};
use crate::tree::Tree;

/// A source, checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// Name of the file, for messages.
    pub(super) name: String,
    /// `dump`, `image` or `dir`.
    pub(super) kind: &'static str,
    /// What was found, in order of place and path.
    pub(super) findings: Vec<Finding>,
    /// Whether writing the tree of an image again gives the same bytes, if it could be read.
    pub(super) rebuilt: Option<Rebuilt>,
    /// Whether the text was written anew, in its canonical form.
    pub(super) fixed: bool,
}

/// What came of writing the tree of an image again.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// The version that the image says it has, such as `V1`.
    pub(super) format: String,
    /// The first byte that differs, if one does.
    pub(super) differs: Option<u64>,
}

impl Checked {
    /// How many findings have a level.
    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Checks a source.
pub(super) fn source(context: &Context, args: &CheckArgs, path: &Path) -> Result<Checked, Failure> {
    let source = Source::read(context, path, args.reading, &fix_target(args, path))?;
    let kind = match source.kind {
        Kind::Dump => "dump",
        Kind::Image => "image",
        Kind::Dir => "dir",
    };
    let mut checked = Checked {
        name: source.name.clone(),
        kind,
        findings: Vec::new(),
        rebuilt: None,
        fixed: false,
    };
    match source.kind {
        Kind::Dump => text(context, args, &source, &mut checked)?,
        Kind::Image => image(context, args, &source, &mut checked)?,
        Kind::Dir => {
            let tree = source.tree(context, Form::Canonical)?;
            checked.findings = of_tree(context, args, &tree)?;
        }
    }
    checked.findings.sort_by_key(|finding| match finding.place {
        Place::Whole => 0,
        Place::Line(position) => crate::num::wide(position.offset),
        Place::Byte(offset) | Place::Inode { offset, .. } => offset,
    });
    Ok(checked)
}

/// What a source may be written to.
fn fix_target(args: &CheckArgs, path: &Path) -> Target {
    if args.fix { Target::Path(path.to_owned()) } else { Target::Stdout }
}

/// What there is to say of a tree, wherever it is from, and of the objects it needs.
fn of_tree(context: &Context, args: &CheckArgs, tree: &Tree<'_>) -> Result<Vec<Finding>, Failure> {
    let compose: check::Compose = |name| name.nfc().collect();
    let options = Options { now: args.future.then(now), compose: Some(compose) };
    let mut found = check::tree(tree, &options);
    if !args.basedir.is_empty() {
        found.extend(objects::check(context, &args.basedir, tree)?);
    }
    Ok(found)
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
    checked: &mut Checked,
) -> Result<(), Failure> {
    let mut parsed = match source.parsed(context)? {
        Ok(parsed) => parsed,
        Err(error) => {
            let all = error.findings.errors.iter().chain(&error.findings.warnings);
            checked.findings = all.map(Finding::from).collect();
            return Ok(());
        }
    };
    let mut findings: Vec<Finding> = parsed.findings.warnings.iter().map(Finding::from).collect();
    findings.extend(of_tree(context, args, &parsed.tree)?);
    Lines::place(&source.bytes, &mut findings);
    findings.extend(source.canonical(context, &mut parsed).iter().map(Finding::from));
    let canonical = dump::print(&parsed.tree);
    let differs = check::canonical(&source.bytes, &canonical);
    if !args.fix || differs.is_none() {
        findings.extend(differs);
        checked.findings = findings;
        return Ok(());
    }
    fix(source, &canonical)?;
    checked.fixed = true;
    checked.findings = of_canonical(context, args, &canonical)?;
    let gone = findings.len().saturating_sub(checked.findings.len());
    if gone > 0 {
        let noun = if gone == 1 { "finding is" } else { "findings are" };
        context.report.note(&format!("{}: {gone} {noun} gone with the form", source.name));
    }
    Ok(())
}

/// What there is to say of a text that is canonical.
fn of_canonical(context: &Context, args: &CheckArgs, text: &[u8]) -> Result<Vec<Finding>, Failure> {
    let options = dump::Options { warnings: dump::Warnings::All, ..dump::Options::default() };
    let Ok(parsed) = crate::threads::parse(text, &options, context.threads) else {
        return Ok(Vec::new());
    };
    let mut findings: Vec<Finding> = parsed.findings.warnings.iter().map(Finding::from).collect();
    findings.extend(of_tree(context, args, &parsed.tree)?);
    Lines::place(text, &mut findings);
    Ok(findings)
}

/// Writes a text in its canonical form, in the place of the source.
fn fix(source: &Source, canonical: &[u8]) -> Result<(), Failure> {
    let path = source.path();
    let refuse =
        |words: &str| Err(Failure::Usage(NAME, format!("--fix: {}: {words}", source.name)));
    if path.as_os_str() == "-" {
        return refuse("standard input has no place to be written to");
    }
    let is_compressed = input::starts(path).is_ok_and(|start| Compression::of(&start).is_some());
    if is_compressed {
        return refuse("it is compressed; write it with `cfs dump`");
    }
    let mut out = Output::create(&Target::Path(path.to_owned()), Content::Text)?;
    out.write(canonical)?;
    out.finish()
}

fn image(
    context: &Context,
    args: &CheckArgs,
    source: &Source,
    checked: &mut Checked,
) -> Result<(), Failure> {
    let damaged = |error: ImageError| {
        let is_unsupported = error.is_unsupported();
        let code = if is_unsupported { Code::UnsupportedImage } else { Code::DamagedImage };
        let words = format!("{}: {}", error.structure(), error.kind());
        vec![Finding::of_source(code, Place::Byte(error.offset()), words)]
    };
    let tree = match erofs::read(&source.bytes) {
        Ok(tree) => tree,
        Err(error) => {
            checked.findings = damaged(error);
            return Ok(());
        }
    };
    let mut findings = of_tree(context, args, &tree)?;
    match check::image(&source.bytes, &findings) {
        Ok(image) => {
            image.place(&mut findings);
            findings.extend(image.findings);
        }
        Err(error) => findings.extend(damaged(error)),
    }
    let rebuilt = match rebuilt(context, &source.bytes, &tree)? {
        Written::As(format) => Rebuilt { format, differs: None },
        Written::Otherwise(format, at) => Rebuilt { format, differs: Some(at) },
    };
    if let Some(at) = rebuilt.differs {
        let words = format!("written again as {}, it differs from here on", rebuilt.format);
        findings.push(Finding::of_source(Code::RebuildDiffers, Place::Byte(at), words));
    }
    checked.rebuilt = Some(rebuilt);
    checked.findings = findings;
    Ok(())
}
