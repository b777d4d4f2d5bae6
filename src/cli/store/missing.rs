//! `cfs store missing`.

use serde_json::{Value, json};

use super::images::{self, Need};
use super::{counted, escaped, in_words, print, trouble};
use crate::cli::args::StoreMissingArgs;
use crate::cli::failure::{Answer, Failure};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::text::{Ending, Lines};
use crate::store::{Count, Store, StoreErrorKind};

/// Prints what images need and a store does not have.
pub(super) fn run(context: &Context, args: &StoreMissingArgs) -> Result<Answer, Failure> {
    let store = Store::open(&args.dir)?;
    let sources = images::read(context, &args.images, args.reading)?;
    let images = images::trees(context, &sources)?;
    let needs = images::needs(&images);
    let mut missing: Vec<Need<'_>> = Vec::new();
    let mut total = Count::default();
    for needs in images::by_path(&needs) {
        let Some(need) = needs.iter().max_by_key(|need| need.size) else { continue };
        if is_missing(context, &store, need)? {
            total.add(need.size);
            missing.push(*need);
        }
    }
    if args.json {
        print(&document(&missing, total))?;
    } else {
        print_lines(&missing, Ending::of(args.null))?;
    }
    if missing.is_empty() {
        return Ok(Answer::Yes);
    }
    context.report.note(&format!("{} missing", in_words(total)));
    Ok(Answer::No)
}

/// Whether no object lies where one is needed. Anything else that lies there is none, and a mount
/// passes over it too.
fn is_missing(context: &Context, store: &Store, need: &Need<'_>) -> Result<bool, Failure> {
    let error = match store.object(need.payload) {
        Ok(_) => return Ok(false),
        Err(error) => error,
    };
    match error.kind() {
        StoreErrorKind::Missing => Ok(true),
        StoreErrorKind::Outside | StoreErrorKind::NotRegular(_) => {
            context.report.trouble(&trouble(&error));
            Ok(true)
        }
        _ => Err(error.into()),
    }
}

fn print_lines(missing: &[Need<'_>], ending: Ending) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, ending);
    for need in missing {
        if ending == Ending::LineFeed {
            lines.raw(format!("{} ", need.size).as_bytes())?;
        }
        lines.name(need.payload)?;
        lines.end()?;
    }
    lines.finish()
}

fn document(missing: &[Need<'_>], total: Count) -> Value {
    let object = |need: &Need<'_>| {
        json!({
            "path": escaped(need.payload),
            "size": need.size,
            "digest": need.digest.map(|digest| digest.to_string()),
        })
    };
    json!({
        "version": 1,
        "command": "store missing",
        "missing": missing.iter().map(object).collect::<Vec<_>>(),
        "total": counted(total),
    })
}
