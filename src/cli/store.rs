//! `cfs store`: objects under their digests.

mod add;
mod gc;
mod images;
mod missing;
mod seal;
mod stats;
mod verify;

pub(super) use images::{Need, need};
pub(super) use verify::{Check, Item};

use rustix::io::Errno;
use serde_json::{Value, json};

use super::args::{StoreArgs, StoreCommand};
use super::failure::{Answer, Failure, words};
use super::load::Context;
use super::output::Output;
use super::report::{Trouble, file_name};
use super::verity::why_unsealed;
use crate::dump::{Place, escape_into};
use crate::store::{Count, StoreError, StoreErrorKind};

/// Runs the command that was asked for.
pub(super) fn run(context: &Context, args: &StoreArgs) -> Result<Answer, Failure> {
    match &args.command {
        StoreCommand::Add(args) => add::run(context, args),
        StoreCommand::Seal(args) => seal::run(context, args),
        StoreCommand::Verify(args) => verify::run(context, args),
        StoreCommand::Missing(args) => missing::run(context, args),
        StoreCommand::Gc(args) => gc::run(context, args),
        StoreCommand::Stats(args) => stats::run(context, args),
    }
}

/// What a store refuses, and what to do about it.
pub(super) fn trouble(error: &StoreError) -> Trouble {
    let trouble = Trouble::in_file(&file_name(error.path()), words(error.kind()));
    match error.kind() {
        StoreErrorKind::NoVerity(errno) => match why_unsealed(*errno) {
            Some(why) => trouble.hint(why),
            None => trouble,
        },
        StoreErrorKind::Write(Errno::NOSPC) => {
            trouble.hint("the file system has no blocks left, or no inodes (df -i)")
        }
        StoreErrorKind::Busy => trouble.hint("try again when nobody adds objects"),
        StoreErrorKind::NotRegular(_)
        | StoreErrorKind::WrongSize { .. }
        | StoreErrorKind::WrongDigest(_)
        | StoreErrorKind::WrongSeal { .. } => {
            trouble.hint("the object is not what its name says: remove it, and add it again")
        }
        _ => trouble,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        trouble(&error).into()
    }
}

/// A path in a text or a document, on one line: as a dump has it.
pub(super) fn escaped(path: &[u8]) -> String {
    let mut text = Vec::new();
    escape_into(path, Place::Path, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// A number of objects in a document.
fn counted(count: Count) -> Value {
    json!({ "objects": count.objects, "bytes": count.bytes })
}

/// A number of objects in words.
fn in_words(count: Count) -> String {
    let noun =
        |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    format!("{}, {}", noun(count.objects, "object"), noun(count.bytes, "byte"))
}

/// Prints a document.
fn print(document: &Value) -> Result<(), Failure> {
    Output::stdout()?.write(format!("{document:#}\n").as_bytes())
}
