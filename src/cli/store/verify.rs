//! `cfs store verify`.

mod check;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::images::{self, Image, Need, Use};
use super::{counted, escaped, in_words, print};
use crate::cli::args::StoreVerifyArgs;
use crate::cli::failure::{Answer, Failure, words};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::progress::watch;
use crate::cli::text::{Ending, Lines};
use crate::content::ContentError;
use crate::progress::Progress;
use crate::store::{Count, Listing, Store, StoreErrorKind, object_digest};
use crate::verity::Digest;
pub(in crate::cli) use check::{Check, Item};

/// What is wrong with an object.
#[derive(Debug)]
struct Finding<'i> {
    path: &'i [u8],
    problem: &'i StoreErrorKind,
    /// The files that use it.
    uses: &'i [Use],
}

/// Checks every object of a store, and those that images need.
pub(super) fn run(context: &Context, args: &StoreVerifyArgs) -> Result<Answer, Failure> {
    let store = Store::open(&args.dir)?;
    let sources = images::read(context, &args.images, args.reading)?;
    let images = images::trees(context, &sources)?;
    let needs = images::needs(&images);
    let listing = store.list()?;
    let items = items(&listing, &needs);
    let progress = Progress::default();
    let stores = std::slice::from_ref(&store);
    let check = Check { stores, sample: args.sample, progress: &progress };
    let checked = watch(context, &progress, || check.all(&items, context.threads))?;
    let problems = by_path(&items, checked.problems);
    let wrong: BTreeSet<&[u8]> = problems.iter().map(|(path, _)| &**path).collect();
    let uses = images::uses(&images, &wrong);
    let findings = problems.iter().map(|(path, problem)| {
        let uses = uses.get(&**path).map_or(&[][..], Vec::as_slice);
        Finding { path, problem, uses }
    });
    let findings: Vec<Finding<'_>> = findings.collect();
    let foreign: Vec<&[u8]> = images::foreign(&listing, &needs).collect();
    if args.json {
        print(&document(&images, &findings, &listing, &foreign, checked.read))?;
    } else {
        print_lines(&images, &findings, &listing, &foreign)?;
    }
    let wrong = wrong.len();
    context.report.note(&format!("{} read, {wrong} with something wrong", in_words(checked.read)));
    Ok(if wrong == 0 { Answer::Yes } else { Answer::No })
}

/// What is to be checked: each path that images need, and each object that they do not.
fn items<'n>(listing: &Listing, needs: &'n [Need<'n>]) -> Vec<Item<'n>> {
    let digest = |needs: &[Need<'_>]| needs.first().and_then(|need| object_digest(need.payload));
    let needed = images::by_path(needs).map(|needs| Item { digest: digest(needs), needs });
    let needed: Vec<Item<'_>> = needed.collect();
    let known: BTreeSet<Digest> = needed.iter().filter_map(|item| item.digest).collect();
    let others = listing.objects.iter().filter(|digest| !known.contains(digest));
    let others = others.map(|&digest| Item { digest: Some(digest), needs: &[] });
    needed.into_iter().chain(others).collect()
}

/// What is wrong, sorted by path.
fn by_path<'n>(
    items: &[Item<'n>],
    problems: Vec<(usize, StoreErrorKind)>,
) -> Vec<(Cow<'n, [u8]>, StoreErrorKind)> {
    let with_path =
        |(number, problem): (usize, StoreErrorKind)| Some((items.get(number)?.path(), problem));
    let mut problems: Vec<_> = problems.into_iter().filter_map(with_path).collect();
    problems.sort_by(|a: &(Cow<'_, [u8]>, _), b| a.0.cmp(&b.0));
    problems
}

fn print_lines(
    images: &[Image<'_>],
    findings: &[Finding<'_>],
    listing: &Listing,
    foreign: &[&[u8]],
) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, Ending::LineFeed);
    for finding in findings {
        lines.name(finding.path)?;
        lines.raw(format!(": {}\n", words(finding.problem)).as_bytes())?;
        for user in finding.uses {
            lines.raw(format!("  {}: ", image_name(images, user)).as_bytes())?;
            lines.name(&user.path)?;
            lines.end()?;
        }
    }
    let temporaries = listing.temporaries.iter().map(Vec::as_slice);
    let unfinished = temporaries.map(|path| (path, "not finished, or left by a writer"));
    let foreign = foreign.iter().map(|&path| (path, "not an object"));
    for (path, what) in unfinished.chain(foreign) {
        lines.name(path)?;
        lines.raw(format!(": {what}\n").as_bytes())?;
    }
    lines.finish()
}

fn image_name<'i>(images: &'i [Image<'_>], user: &Use) -> &'i str {
    images.get(user.image).map_or("", |image| image.name)
}

fn document(
    images: &[Image<'_>],
    findings: &[Finding<'_>],
    listing: &Listing,
    foreign: &[&[u8]],
    read: Count,
) -> Value {
    let user =
        |user: &Use| json!({ "image": image_name(images, user), "path": escaped(&user.path) });
    let finding = |finding: &Finding<'_>| {
        json!({
            "path": escaped(finding.path),
            "kind": kind(finding.problem),
            "message": words(finding.problem),
            "uses": finding.uses.iter().map(user).collect::<Vec<_>>(),
        })
    };
    json!({
        "version": 1,
        "command": "store verify",
        "images": images.iter().map(|image| image.name).collect::<Vec<_>>(),
        "objects": listing.objects.len(),
        "read": counted(read),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "temporaries": listing.temporaries.iter().map(|path| escaped(path)).collect::<Vec<_>>(),
        "foreign": foreign.iter().map(|path| escaped(path)).collect::<Vec<_>>(),
    })
}

/// The name of a problem.
pub(super) fn kind(problem: &StoreErrorKind) -> &'static str {
    match problem {
        StoreErrorKind::Missing => "missing",
        StoreErrorKind::Outside => "outside",
        StoreErrorKind::NotRegular(_) => "not-regular",
        StoreErrorKind::WrongSize { .. } => "wrong-size",
        StoreErrorKind::WrongDigest(_) => "wrong-digest",
        StoreErrorKind::Content(ContentError::Short { .. }) => "changed",
        _ => "unreadable",
    }
}
