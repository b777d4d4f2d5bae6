//! `cfs store add`.

use std::fs::Metadata;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Value, json};

use super::{counted, escaped, print, trouble};
use crate::cli::args::StoreAddArgs;
use crate::cli::failure::{Answer, Failure};
use crate::cli::input::{is_directory, open};
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::report::{Trouble, file_name};
use crate::cli::text::{Ending, Lines};
use crate::content::ContentError;
use crate::progress::Progress;
use crate::store::{
    Added, Source, Store, StoreErrorKind, StoreOptions, Verity, Writer, object_path,
};
use crate::verity::Digest;

/// Stores files, goes on after one that cannot be read, and prints the digests when all is safe.
pub(super) fn run(context: &Context, args: &StoreAddArgs) -> Result<Answer, Failure> {
    let options = StoreOptions {
        algorithm: args.digest_alg.into(),
        verity: if args.require_verity { Verity::Required } else { Verity::IfPossible },
        verify_existing: args.verify,
        ..StoreOptions::default()
    };
    let store = Store::create(&args.dir, &options)?;
    let progress = Progress::default();
    let mut writer = store.writer();
    let mut files = Vec::new();
    let mut failed = false;
    for path in &args.files {
        match add(context, &mut writer, path, &progress) {
            Ok(digest) => files.push((path.as_path(), digest)),
            Err(Failure::Trouble(trouble)) => {
                context.report.trouble(&trouble);
                failed = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    let added = writer.finish()?;
    if args.json {
        print(&document(&files, &added))?;
    } else {
        print_lines(&files, Ending::of(args.null))?;
    }
    if added.unsealed > 0 {
        let objects = if added.unsealed == 1 { "object is" } else { "objects are" };
        context.report.note(&format!("{} {objects} not sealed with fs-verity", added.unsealed));
    }
    if failed { Err(Failure::Reported) } else { Ok(Answer::Yes) }
}

/// Stores a file.
fn add(
    context: &Context,
    writer: &mut Writer<'_>,
    path: &Path,
    progress: &Progress,
) -> Result<Digest, Failure> {
    let name = file_name(path);
    let mut file = open(path).map_err(|error| Failure::io("open", &name, &error))?;
    let failed = |error: std::io::Error| Failure::io("read", &name, &error);
    let before = file.metadata().map_err(failed)?;
    if before.is_dir() {
        return Err(is_directory(&name).hint("only files have a digest").into());
    }
    if !before.is_file() || path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        return add_source(writer, context, &name, Source::Bytes(&bytes), progress);
    }
    let source = Source::File { file: file.as_fd(), size: before.len() };
    let digest = add_source(writer, context, &name, source, progress)?;
    let after = file.metadata().map_err(failed)?;
    if facts(&before) != facts(&after) {
        return Err(changed(&name));
    }
    Ok(digest)
}

fn add_source(
    writer: &mut Writer<'_>,
    context: &Context,
    name: &str,
    source: Source<'_>,
    progress: &Progress,
) -> Result<Digest, Failure> {
    writer.add(source, context.threads, progress).map_err(|error| match error.kind() {
        StoreErrorKind::Source(ContentError::Read(errno)) => {
            Failure::io("read", name, &std::io::Error::from(*errno))
        }
        StoreErrorKind::Source(ContentError::Short { .. }) => changed(name),
        _ => {
            // That of the store, and the end.
            context.report.trouble(&trouble(&error));
            Failure::Reported
        }
    })
}

fn changed(name: &str) -> Failure {
    Trouble::new(format!("{name} changed while it was read")).about(name).into()
}

/// What changes when a file does.
fn facts(metadata: &Metadata) -> [i64; 5] {
    let len = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
    [len, metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()]
}

fn print_lines(files: &[(&Path, Digest)], ending: Ending) -> Result<(), Failure> {
    let mut lines = Lines::new(Output::stdout()?, ending);
    for (path, digest) in files {
        lines.raw(format!("{}:{digest} ", digest.algorithm()).as_bytes())?;
        lines.name(path.as_os_str().as_encoded_bytes())?;
        lines.end()?;
    }
    lines.finish()
}

fn document(files: &[(&Path, Digest)], added: &Added) -> Value {
    let file = |(path, digest): &(&Path, Digest)| {
        json!({
            "path": escaped(path.as_os_str().as_encoded_bytes()),
            "algorithm": digest.algorithm().name(),
            "digest": digest.to_string(),
            "object": object_path(digest),
        })
    };
    json!({
        "version": 1,
        "command": "store add",
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "new": counted(added.new),
        "existing": counted(added.existing),
        "unsealed": added.unsealed,
    })
}
