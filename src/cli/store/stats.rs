//! `cfs store stats`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::images::{self, Image, Need};
use super::{counted, print};
use crate::cli::args::StoreStatsArgs;
use crate::cli::failure::{Answer, Failure};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::report::file_name;
use crate::store::{Count, Store, object_digest, object_path};

/// What is counted.
#[derive(Debug, Default)]
struct Stats {
    /// All objects of the store.
    all: Count,
    /// Those that no image uses.
    unused: Count,
    /// Files in the store that are no objects, and that no image uses.
    foreign: usize,
    images: Vec<OfImage>,
    /// Objects by the number of images that use them.
    shared: BTreeMap<usize, Count>,
}

/// What is counted of an image. Objects that are missing have the size that the image tells.
#[derive(Clone, Copy, Debug, Default)]
struct OfImage {
    uses: Count,
    /// Used by no other one.
    alone: Count,
    missing: Count,
}

/// Counts objects, and who uses them.
pub(super) fn run(context: &Context, args: &StoreStatsArgs) -> Result<Answer, Failure> {
    let store = Store::open(&args.dir)?;
    let sources = images::read(context, &args.images, args.reading)?;
    let images = images::trees(context, &sources)?;
    let needs = images::needs(&images);
    let stats = count(&store, &needs, images.len())?;
    if args.json {
        print(&document(&images, &stats))?;
    } else {
        let text = table(&file_name(&args.dir), &images, &stats);
        Output::stdout()?.write(text.as_bytes())?;
    }
    Ok(Answer::Yes)
}

fn count(store: &Store, needs: &[Need<'_>], images: usize) -> Result<Stats, Failure> {
    let mut stats = Stats { images: vec![OfImage::default(); images], ..Stats::default() };
    for needs in images::by_path(needs) {
        count_object(store, needs, &mut stats);
    }
    let is_used = |path: &[u8]| needs.binary_search_by(|need| need.payload.cmp(path)).is_ok();
    let listing = store.list()?;
    for digest in &listing.objects {
        let path = object_path(digest);
        let Ok(object) = store.object(path.as_bytes()) else { continue };
        stats.all.add(object.size);
        if !is_used(path.as_bytes()) {
            stats.unused.add(object.size);
        }
    }
    stats.foreign = images::foreign(&listing, needs).count();
    Ok(stats)
}

/// Counts an object that images use.
fn count_object(store: &Store, needs: &[Need<'_>], stats: &mut Stats) {
    let Some(first) = needs.first() else { return };
    let found = store.object(first.payload).map(|object| object.size);
    let size = found.as_ref().copied().unwrap_or(first.size);
    let mut users: Vec<usize> = needs.iter().map(|need| need.image).collect();
    users.dedup();
    stats.shared.entry(users.len()).or_default().add(size);
    for &user in &users {
        let Some(image) = stats.images.get_mut(user) else { continue };
        image.uses.add(size);
        if users.len() == 1 {
            image.alone.add(size);
        }
        if found.is_err() {
            image.missing.add(size);
        }
    }
    if found.is_ok() && object_digest(first.payload).is_none() {
        stats.all.add(size);
    }
}

fn table(store: &str, images: &[Image<'_>], stats: &Stats) -> String {
    let row = |name: &str, count: Count| format!("{name} {} {}\n", count.objects, count.bytes);
    let mut text = String::from("WHAT OBJECTS BYTES\n");
    text.push_str(&row(store, stats.all));
    if images.is_empty() {
        return text;
    }
    text.push_str(&row("unused", stats.unused));
    for (&users, &count) in &stats.shared {
        text.push_str(&row(&format!("used-by-{users}"), count));
    }
    text.push_str("\nIMAGE OBJECTS BYTES ALONE ALONE-BYTES MISSING MISSING-BYTES\n");
    for (image, OfImage { uses, alone, missing }) in images.iter().zip(&stats.images) {
        let counts = [uses, alone, missing];
        let counts = counts.map(|count| format!(" {} {}", count.objects, count.bytes));
        text.push_str(&format!("{}{}\n", image.name, counts.concat()));
    }
    text
}

fn document(images: &[Image<'_>], stats: &Stats) -> Value {
    let image = |(image, counts): (&Image<'_>, &OfImage)| {
        json!({
            "image": image.name,
            "uses": counted(counts.uses),
            "alone": counted(counts.alone),
            "missing": counted(counts.missing),
        })
    };
    let shared = |(users, count): (&usize, &Count)| json!({ "images": users, "objects": count.objects, "bytes": count.bytes });
    json!({
        "version": 1,
        "command": "store stats",
        "all": counted(stats.all),
        "unused": counted(stats.unused),
        "foreign": stats.foreign,
        "images": images.iter().zip(&stats.images).map(image).collect::<Vec<_>>(),
        "shared": stats.shared.iter().map(shared).collect::<Vec<_>>(),
    })
}
