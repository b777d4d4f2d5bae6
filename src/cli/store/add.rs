//! `cfs store add`.

use std::fs::Metadata;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
use crate::num::wide;
use crate::progress::Progress;
use crate::store::{
    Added, Source, Store, StoreErrorKind, StoreOptions, Verity, Writer, object_path,
};
use crate::verity::Digest;

/// Stores files, and prints the digests when all is safe.
pub(super) fn run(context: &Context, args: &StoreAddArgs) -> Result<Answer, Failure> {
    let options = StoreOptions {
        algorithm: args.digest_alg.into(),
        verity: if args.require_verity { Verity::Required } else { Verity::IfPossible },
        verify_existing: args.verify,
        ..StoreOptions::default()
    };
    let store = Store::create(&args.dir, &options)?;
    let progress = Progress::default();
    let adding = Adding { context, writer: store.writer(), progress: &progress };
    let Stored { files, added, is_whole } = adding.all(&args.files)?;
    if args.json {
        print(&document(&files, &added))?;
    } else {
        print_lines(&files, Ending::of(args.null))?;
    }
    if added.unsealed > 0 {
        let objects = if added.unsealed == 1 { "object is" } else { "objects are" };
        context.report.note(&format!("{} {objects} not sealed with fs-verity", added.unsealed));
    }
    if is_whole { Ok(Answer::Yes) } else { Err(Failure::Reported) }
}

/// Work that goes on.
struct Adding<'a> {
    context: &'a Context,
    writer: Writer<'a>,
    progress: &'a Progress,
}

/// What came of it.
struct Stored<'a> {
    files: Vec<(&'a Path, Digest)>,
    added: Added,
    /// Whether all files were stored.
    is_whole: bool,
}

impl Adding<'_> {
    /// Stores files, and goes on after one that cannot be read.
    fn all(mut self, paths: &[PathBuf]) -> Result<Stored<'_>, Failure> {
        let sizes = paths.iter().map(|path| path.metadata().map_or(0, |metadata| metadata.len()));
        self.progress.expect(wide(paths.len()), sizes.sum());
        let mut files = Vec::new();
        for path in paths {
            match self.path(path) {
                Ok(digest) => files.push((path.as_path(), digest)),
                Err(Failure::Trouble(trouble)) => self.context.report.trouble(&trouble),
                Err(failure) => return Err(failure),
            }
            self.progress.add(1, 0);
        }
        let is_whole = files.len() == paths.len();
        Ok(Stored { files, added: self.writer.finish()?, is_whole })
    }

    fn path(&mut self, path: &Path) -> Result<Digest, Failure> {
        let name = file_name(path);
        let mut file = open(path).map_err(|error| Failure::io("open", &name, &error))?;
        let failed = |error: io::Error| Failure::io("read", &name, &error);
        let before = file.metadata().map_err(failed)?;
        if before.is_dir() {
            return Err(is_directory(&name).hint("only files have a digest").into());
        }
        if !before.is_file() || path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            return self.source(&name, Source::Bytes(&bytes));
        }
        let digest = self.source(&name, Source::File { file: file.as_fd(), size: before.len() })?;
        let after = file.metadata().map_err(failed)?;
        if facts(&before) == facts(&after) { Ok(digest) } else { Err(changed(&name)) }
    }

    /// An error in reading the source is trouble with that alone; any other one is the end.
    fn source(&mut self, name: &str, source: Source<'_>) -> Result<Digest, Failure> {
        let Self { context, writer, progress } = self;
        writer.add(source, context.threads, progress).map_err(|error| match error.kind() {
            StoreErrorKind::Source(ContentError::Read(errno)) => {
                Failure::io("read", name, &io::Error::from(*errno))
            }
            StoreErrorKind::Source(ContentError::Short { .. }) => changed(name),
            _ => {
                context.report.trouble(&trouble(&error));
                Failure::Reported
            }
        })
    }
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
