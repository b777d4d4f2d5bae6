//! What git runs to merge dumps.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::super::args::GitMergeArgs;
use super::super::failure::{Answer, Failure, words};
use super::super::input;
use super::super::load::Context;
use super::super::output::{Content, Output, Target};
use super::super::report::{Trouble, file_name};
use crate::diff::printable;
use crate::merge::{Conflict, Marks, merge};

/// Conflicts that are named; the rest is counted.
const NAMED: usize = 20;

/// Merges into our side. What cannot be merged as trees is merged as lines, by git.
pub(super) fn run(context: &Context, args: &GitMergeArgs) -> Result<Answer, Failure> {
    let target = Target::Path(args.ours.clone());
    let read = |path| input::read(path, context.max_input(), &target);
    let (base, ours, theirs) = (read(&args.base)?, read(&args.ours)?, read(&args.theirs)?);
    let marks = Marks {
        ours: label(&args.our_name, "ours"),
        theirs: label(&args.their_name, "theirs"),
        width: args.marker_size.clamp(1, 1000),
    };
    let name = file_name(args.path.as_ref().unwrap_or(&args.ours));
    let merged = match merge(&base.bytes, &ours.bytes, &theirs.bytes, &marks) {
        Ok(merged) => merged,
        Err(error) => {
            context.report.note(&format!("{name}: merged as lines, not as a tree: {error}"));
            return by_lines(args, &marks);
        }
    };
    let mut out = Output::create(&target, Content::Text)?;
    out.write(&merged.text)?;
    out.finish()?;
    tell(context, &name, &merged.conflicts);
    Ok(if merged.conflicts.is_empty() { Answer::Yes } else { Answer::No })
}

/// A name of a side, if git gave one: old versions leave `%X` as it is.
fn label(given: &str, other: &str) -> String {
    let given = given.lines().next().unwrap_or_default();
    if given.is_empty() || given.starts_with('%') { other.to_owned() } else { given.to_owned() }
}

fn tell(context: &Context, name: &str, conflicts: &[Conflict]) {
    for conflict in conflicts.iter().take(NAMED) {
        let parts: Vec<String> = conflict.parts.iter().map(ToString::to_string).collect();
        let path = printable(&conflict.path);
        context.report.note(&format!("{name}: both sides changed {path}: {}", parts.join(", ")));
    }
    if let Some(more) = conflicts.len().checked_sub(NAMED).filter(|&more| more > 0) {
        context.report.note(&format!("{name}: and {more} more conflicts"));
    }
}

/// Leaves it to `git merge-file`, which exits with the number of conflicts.
fn by_lines(args: &GitMergeArgs, marks: &Marks) -> Result<Answer, Failure> {
    let size = format!("--marker-size={}", marks.width);
    let names = [OsStr::new("-L"), OsStr::new(&marks.ours), OsStr::new("-L"), OsStr::new("base")];
    let mut command = Command::new("git");
    command.arg("merge-file").arg("-q").arg(&size).args(names);
    command.arg("-L").arg(&marks.theirs).arg("--");
    command.arg(&args.ours).arg(&args.base).arg(&args.theirs).stdin(Stdio::null());
    let failed =
        |why: &str| Failure::from(Trouble::new(format!("cannot run git merge-file: {why}")));
    match command.status().map_err(|error| failed(&words(&error)))?.code() {
        Some(0) => Ok(Answer::Yes),
        Some(1..=127) => Ok(Answer::No),
        _ => Err(failed("it failed")),
    }
}
