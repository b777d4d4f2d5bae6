//! `cfs store gc`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{counted, images, in_words, print};
use crate::cli::args::StoreGcArgs;
use crate::cli::failure::{Answer, Failure};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::text::{Ending, Lines};
use crate::store::{Count, Store, Sweep, object_digest, object_path};
use crate::verity::Digest;

/// An object that no image needs, and its size.
type Unneeded = (Digest, u64);

/// Lists the objects that no image needs, and deletes them if that was asked for.
pub(super) fn run(context: &Context, args: &StoreGcArgs) -> Result<Answer, Failure> {
    let store = Store::open(&args.dir)?;
    let sweep = if args.delete { Some(store.sweep()?) } else { None };
    let kept = kept(context, args)?;
    let (mut unneeded, mut total, mut left) = (Vec::new(), Count::default(), Count::default());
    for digest in store.list()?.objects {
        // What is no file is reported by `verify`, and stays.
        let Ok(object) = store.object(object_path(&digest).as_bytes()) else { continue };
        if kept.contains(&digest) {
            left.add(object.size);
        } else {
            total.add(object.size);
            unneeded.push((digest, object.size));
        }
    }
    if let Some(sweep) = sweep {
        delete(sweep, &unneeded)?;
    }
    if args.json {
        print(&document(args.delete, &unneeded, total, left))?;
    } else {
        print_lines(&unneeded, Ending::of(args.null))?;
    }
    let done = if args.delete { "deleted" } else { "would be deleted by --delete" };
    context.report.note(&format!("{} {done}; {} kept", in_words(total), in_words(left)));
    Ok(Answer::Yes)
}

/// The objects that images need: by the paths they have, and by their digests, to be safe.
fn kept(context: &Context, args: &StoreGcArgs) -> Result<BTreeSet<Digest>, Failure> {
    let sources = images::read(context, &args.keep, args.reading)?;
    let images = images::trees(context, &sources)?;
    let needs = images::needs(&images);
    let by_path = needs.iter().filter_map(|need| object_digest(need.payload));
    Ok(by_path.chain(needs.iter().filter_map(|need| need.digest)).collect())
}

fn delete(sweep: Sweep<'_>, objects: &[Unneeded]) -> Result<(), Failure> {
    for (digest, _) in objects {
        sweep.remove(digest)?;
    }
    Ok(sweep.finish()?)
}

fn print_lines(unneeded: &[Unneeded], ending: Ending) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, ending);
    for (digest, _) in unneeded {
        lines.name(object_path(digest).as_bytes())?;
        lines.end()?;
    }
    lines.finish()
}

fn document(deleted: bool, unneeded: &[Unneeded], total: Count, kept: Count) -> Value {
    let object = |(digest, size): &Unneeded| json!({ "path": object_path(digest), "size": size });
    json!({
        "version": 1,
        "command": "store gc",
        "deleted": deleted,
        "unneeded": unneeded.iter().map(object).collect::<Vec<_>>(),
        "total": counted(total),
        "kept": counted(kept),
    })
}
