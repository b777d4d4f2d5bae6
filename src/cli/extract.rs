//! `cfs extract`: a tree made real.

use std::collections::BTreeMap;
use std::io;

use super::args::ExtractArgs;
use super::failure::{Answer, Failure, words};
use super::load::{Context, Form, Source, basedirs};
use super::output::Target;
use super::progress;
use super::report::{Trouble, Verbosity, file_name};
use crate::live::{
    Existing, ExtractError, ExtractErrorKind, ExtractOptions, Extracted, Lost, Only, Skipped,
    Verify, extract,
};
use crate::progress::Progress;
use crate::tree::{NodeId, Tree};

/// Extracts, and says what was lost.
pub(super) fn run(context: &Context, args: &ExtractArgs) -> Result<Answer, Failure> {
    let options = options(args)?;
    let source = Source::read(context, &args.source, args.reading, &Target::Stdout)?;
    let tree = source.tree(context, Form::Given)?;
    if !has_all_wanted(context, &options, &source.name, &tree) {
        return Ok(Answer::No);
    }
    let basedirs = basedirs(&args.basedir)?;
    let progress = Progress::default();
    let work = || extract(&tree, &args.dir, &options, &basedirs, context.threads, &progress);
    match progress::watch(context, &progress, work)? {
        Ok(extracted) => Ok(summary(context, &source.name, &tree, &extracted)),
        Err(error) => Err(failure(context, args, &source.name, &tree, &error)),
    }
}

fn options(args: &ExtractArgs) -> Result<ExtractOptions, Failure> {
    let only = if args.only.is_empty() { None } else { Some(Only::new(&args.only)) };
    let only = only.transpose();
    let only = only.map_err(|error| Failure::Usage("extract", format!("--only: {error}")))?;
    let verify = if args.no_verify { Verify::Sizes } else { Verify::Digests };
    let existing = if args.merge { Existing::Merge } else { Existing::Refuse };
    Ok(ExtractOptions { verify, existing, only })
}

/// Whether each pattern matches something; says which does not.
fn has_all_wanted(
    context: &Context,
    options: &ExtractOptions,
    source: &str,
    tree: &Tree<'_>,
) -> bool {
    let unmatched = options.only.as_ref().map_or(Vec::new(), |only| only.unmatched(tree));
    for pattern in &unmatched {
        let message = format!("nothing matches --only={pattern}, nothing was written");
        context.report.trouble(&Trouble::in_file(source, message));
    }
    unmatched.is_empty()
}

fn path(tree: &Tree<'_>, node: NodeId) -> String {
    tree.path(node).escape_ascii().to_string()
}

/// The message of an error of the system, without its number.
fn plain(error: &ExtractErrorKind) -> String {
    match error {
        ExtractErrorKind::System(doing, errno) => {
            format!("cannot {doing}: {}", words(&io::Error::from(*errno)))
        }
        ExtractErrorKind::Refused(errno) => {
            let why = words(&io::Error::from(*errno));
            format!("its object cannot be opened: {why}")
        }
        error => error.to_string(),
    }
}

fn failure(
    context: &Context,
    args: &ExtractArgs,
    source: &str,
    tree: &Tree<'_>,
    error: &ExtractError,
) -> Failure {
    let dir = file_name(&args.dir);
    match error.kind() {
        ExtractErrorKind::Objects(all) => {
            for error in all {
                let payload = tree.facts(error.node()).payload().unwrap_or_default();
                let (path, payload) = (path(tree, error.node()), payload.escape_ascii());
                let message = format!("{path}: {} ({payload})", plain(error.kind()));
                context.report.trouble(&Trouble::in_file(source, message));
            }
            let message = format!("{}, nothing was written", error.kind());
            let hint = "name the directories of objects with --basedir";
            Trouble::in_file(source, message).hint(hint).into()
        }
        ExtractErrorKind::NotEmpty if error.node() == NodeId::ROOT => {
            let message = format!("cannot extract to {dir}: {}", error.kind());
            Trouble::new(message).about(&dir).hint("--merge replaces what is there").into()
        }
        kind if error.node() == NodeId::ROOT => {
            Trouble::new(format!("cannot extract to {dir}: {}", plain(kind))).about(&dir).into()
        }
        kind => {
            let message = format!("{}: {}", path(tree, error.node()), plain(kind));
            Trouble::in_file(source, message).into()
        }
    }
}

/// Tells what was lost: the first of each kind, unless all is to be told.
fn summary(context: &Context, source: &str, tree: &Tree<'_>, extracted: &Extracted) -> Answer {
    if extracted.owners_ignored {
        context.report.note("owners were not restored, which only root can do");
    }
    if extracted.unverified > 0 {
        let count = extracted.unverified;
        context
            .report
            .note(&format!("only the size was compared of {count} files without a digest"));
    }
    let mut kinds: BTreeMap<&str, Vec<&Skipped>> = BTreeMap::new();
    for skipped in &extracted.skipped {
        kinds.entry(kind(&skipped.lost)).or_default().push(skipped);
    }
    for (kind, mut skipped) in kinds {
        skipped.sort_by_key(|skipped| skipped.node);
        let all = context.report.verbosity == Verbosity::All;
        let shown = if all { skipped.len() } else { 1 };
        for skipped in skipped.iter().take(shown) {
            let message = format!("{}: skipped {}", path(tree, skipped.node), told(kind, skipped));
            context.report.trouble(&Trouble::in_file(source, message));
        }
        if skipped.len() > shown {
            let more = skipped.len() - shown;
            context.report.note(&format!("skipped {kind} of {more} more, which -v shows"));
        }
    }
    if extracted.skipped.is_empty() { Answer::Yes } else { Answer::No }
}

fn kind(lost: &Lost) -> &'static str {
    match lost {
        Lost::Node => "the node itself",
        Lost::Link => "a hard link",
        Lost::Owner => "the owner",
        Lost::Xattr(_) => "an xattr",
        Lost::SetId => "the set-user-ID or set-group-ID bit",
        Lost::Mode => "the permissions",
        Lost::Mtime => "the modification time",
    }
}

fn told(kind: &str, skipped: &Skipped) -> String {
    let what = match &skipped.lost {
        Lost::Xattr(key) => format!("an xattr: {}", key.escape_ascii()),
        _ => kind.to_owned(),
    };
    let why = skipped.why.map(|errno| words(&io::Error::from(errno)));
    why.map_or(what.clone(), |why| format!("{what}: {why}"))
}
