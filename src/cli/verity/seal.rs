//! `cfs verity enable` and `cfs verity measure`: what the kernel seals and measures.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::io::Errno;
use serde_json::{Value, json};

use super::file_digest;
use crate::cli::args::{EnableArgs, MeasureArgs};
use crate::cli::failure::{Answer, Failure};
use crate::cli::input::{is_directory, open};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::report::{Trouble, file_name};
use crate::cli::text::{Ending, Lines};
use crate::content::{self, Seal};
use crate::verity::{Algorithm, Digest};

/// Seals each file; goes on after one that cannot be.
pub(in crate::cli) fn enable(context: &Context, args: &EnableArgs) -> Result<Answer, Failure> {
    let mut failed = false;
    for path in &args.files {
        match enable_one(context, path, args.digest_alg.into()) {
            Ok(()) => {}
            Err(Failure::Trouble(trouble)) => {
                context.report.trouble(&trouble);
                failed = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(Answer::Yes) }
}

fn enable_one(context: &Context, path: &Path, algorithm: Algorithm) -> Result<(), Failure> {
    let name = file_name(path);
    let file = regular(path, &name)?;
    match content::seal(file.as_fd(), algorithm) {
        Ok(Seal::New) => return Ok(()),
        Ok(Seal::Old) => {}
        Err(errno) => return Err(unsealed(&name, errno).into()),
    }
    let found = measured(&file, &name)?;
    let expected = file_digest(context, path, algorithm)?;
    if found == Some(expected) {
        context.report.note(&format!("{name} was sealed already"));
        return Ok(());
    }
    let found = found.map_or(String::from("another one"), |it| labelled(&it));
    let expected = labelled(&expected);
    let message = format!("was sealed before: expected the digest {expected}, found {found}");
    let hint = "a seal is for ever: a copy of the file can be sealed as wanted";
    Err(Trouble::in_file(&name, message).hint(hint).into())
}

/// A file that is open for reading only.
fn regular(path: &Path, name: &str) -> Result<File, Failure> {
    let file = open(path).map_err(|error| Failure::io("open", name, &error))?;
    let metadata = file.metadata().map_err(|error| Failure::io("read", name, &error))?;
    if metadata.is_dir() {
        return Err(is_directory(name).hint("only regular files can be sealed").into());
    }
    if !metadata.is_file() {
        return Err(Trouble::in_file(name, "expected a regular file").into());
    }
    Ok(file)
}

fn measured(file: &File, name: &str) -> Result<Option<Digest>, Failure> {
    content::measure(file.as_fd()).map_err(|errno| Failure::io("measure", name, &errno.into()))
}

fn unsealed(name: &str, errno: Errno) -> Trouble {
    let trouble =
        Trouble::in_file(name, format!("cannot be sealed with fs-verity: {}", words(errno)));
    match why_unsealed(errno) {
        Some(why) => trouble.hint(why),
        None => trouble,
    }
}

fn words(errno: Errno) -> String {
    crate::cli::failure::words(&errno)
}

/// Why a file cannot be sealed, and what helps.
pub(in crate::cli) fn why_unsealed(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NOTTY => "this file system has no fs-verity; ext4, f2fs and btrfs have",
        Errno::OPNOTSUPP => {
            "the file system or the kernel has fs-verity switched off: ext4 wants `tune2fs -O verity`, \
             and the kernel CONFIG_FS_VERITY"
        }
        Errno::TXTBSY => {
            "something has the file open for writing: it must be closed everywhere first"
        }
        Errno::BUSY => "somebody else is sealing the file at this moment",
        Errno::ACCESS | Errno::PERM => "only who may write to a file can seal it",
        Errno::ROFS => "the file system is mounted read-only",
        Errno::INVAL => "the kernel does not have this hash function, or no blocks of 4096 bytes",
        _ => return None,
    })
}

/// Where a digest is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The kernel verifies the file with it.
    Kernel,
    /// The file is not sealed, and this program read it.
    Computed,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Computed => "computed",
        }
    }
}

/// The digest of a file.
struct Measured<'a> {
    path: &'a Path,
    digest: Digest,
    origin: Origin,
}

/// Prints the digest of each file, and where it is from.
pub(in crate::cli) fn measure(context: &Context, args: &MeasureArgs) -> Result<Answer, Failure> {
    let (mut all, mut failed, mut answer) = (Vec::new(), false, Answer::Yes);
    for path in &args.files {
        match measure_one(context, path, args) {
            Ok(Some(measured)) => all.push(measured),
            Ok(None) => answer = Answer::No,
            Err(Failure::Trouble(trouble)) => {
                context.report.trouble(&trouble);
                failed = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    if args.json {
        Output::stdout()?.write(format!("{:#}\n", document(&all)).as_bytes())?;
    } else {
        print(&all)?;
    }
    if failed { Err(Failure::Reported) } else { Ok(answer) }
}

/// The digest of a file; nothing if it is not sealed, and has to be.
fn measure_one<'a>(
    context: &Context,
    path: &'a Path,
    args: &MeasureArgs,
) -> Result<Option<Measured<'a>>, Failure> {
    let name = file_name(path);
    let file = regular(path, &name)?;
    if let Some(digest) = measured(&file, &name)? {
        return Ok(Some(Measured { path, digest, origin: Origin::Kernel }));
    }
    if args.require {
        let trouble = Trouble::in_file(&name, "is not sealed with fs-verity");
        context.report.trouble(&trouble.hint("`cfs verity enable FILE` seals it"));
        return Ok(None);
    }
    let digest = file_digest(context, path, args.digest_alg.into())?;
    Ok(Some(Measured { path, digest, origin: Origin::Computed }))
}

fn labelled(digest: &Digest) -> String {
    format!("{}:{digest}", digest.algorithm())
}

fn print(all: &[Measured<'_>]) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, Ending::LineFeed);
    for Measured { path, digest, origin } in all {
        lines.raw(format!("{:<8} {} ", origin.name(), labelled(digest)).as_bytes())?;
        lines.name(path.as_os_str().as_encoded_bytes())?;
        lines.end()?;
    }
    lines.finish()
}

fn document(all: &[Measured<'_>]) -> Value {
    let file = |it: &Measured<'_>| {
        json!({
            "path": crate::cli::store::escaped(it.path.as_os_str().as_encoded_bytes()),
            "algorithm": it.digest.algorithm().name(),
            "digest": it.digest.to_string(),
            "origin": it.origin.name(),
        })
    };
    json!({
        "version": 1,
        "command": "verity measure",
        "files": all.iter().map(file).collect::<Vec<_>>(),
    })
}
