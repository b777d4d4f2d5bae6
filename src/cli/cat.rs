//! `cfs cat`: content that stands in a source itself, or in an object store.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use super::args::CatArgs;
use super::failure::{Answer, Failure, words};
use super::load::{Context, Form, Source, basedirs};
use super::lookup;
use super::output::{Output, Target};
use super::report::Trouble;
use crate::content::{self, ContentError};
use crate::dump::{Place, escape_into};
use crate::num::wide;
use crate::progress::Progress;
use crate::store::Basedirs;
use crate::tree::{FileType, Inode};

/// Prints the content of each path; goes on after those that have none here.
pub(super) fn run(context: &Context, args: &CatArgs) -> Result<Answer, Failure> {
    let source = Source::read(context, &args.source, args.reading, &Target::Stdout)?;
    let tree = source.tree(context, Form::Given)?;
    let (nodes, missing) = lookup::find_all(context, &tree, &source.name, &args.paths);
    let basedirs = basedirs(&args.basedir)?;
    let mut out = Output::stdout()?;
    let mut answer = Answer::Yes;
    for (path, node) in nodes {
        let inode = tree.facts(node);
        let content = content(&inode, &basedirs).and_then(|content| match content {
            Content::Here(bytes) => Ok(Content::Here(bytes)),
            Content::Object(file) if args.no_verify => Ok(Content::Object(file)),
            Content::Object(file) => verified(context, file, &inode),
        });
        match content {
            Ok(Content::Here(bytes)) => out.write(&bytes)?,
            Ok(Content::Object(file)) => print(&file, &mut out)?,
            Err(why) => {
                let message = format!("{}: {why}", escape(path.as_encoded_bytes()));
                context.report.trouble(&Trouble::in_file(&source.name, message));
                answer = Answer::No;
            }
        }
    }
    if missing { Err(Failure::Reported) } else { Ok(answer) }
}

/// What a path holds.
enum Content {
    Here(Vec<u8>),
    /// The object with the content, as large as it should be.
    Object(File),
}

/// The content of a file, or the target of a symlink on a line; else why there is none.
fn content(inode: &Inode<'_, '_>, basedirs: &Basedirs) -> Result<Content, String> {
    let target = || [inode.payload().unwrap_or_default(), b"\n"].concat();
    match inode.file_type() {
        FileType::Regular if inode.is_external() => object(inode, basedirs),
        FileType::Regular => Ok(Content::Here(inode.content().unwrap_or_default().to_vec())),
        FileType::Symlink => Ok(Content::Here(target())),
        FileType::Directory => Err(String::from("is a directory")),
        _ => Err(String::from("has no content: it is a device, a FIFO or a socket")),
    }
}

/// The object of an external file.
fn object(inode: &Inode<'_, '_>, basedirs: &Basedirs) -> Result<Content, String> {
    let payload = inode.payload().unwrap_or_default();
    let found = basedirs.object(payload).map_err(|errno| words(&errno))?;
    let file = found.ok_or_else(|| elsewhere(inode))?;
    let size = file.metadata().map_err(|error| words(&error))?.len();
    if size == inode.size() {
        return Ok(Content::Object(file));
    }
    let name = escape(payload);
    Err(format!("its object {name}: expected {} bytes, found {size}", inode.size()))
}

/// The object, if its content has the digest that the tree tells.
fn verified(context: &Context, file: File, inode: &Inode<'_, '_>) -> Result<Content, String> {
    let Some(expected) = inode.digest() else { return Ok(Content::Object(file)) };
    let (algorithm, progress) = (expected.algorithm(), Progress::default());
    let found = content::digest(file.as_fd(), inode.size(), algorithm, context.threads, &progress);
    match found {
        Ok(found) if found == expected => Ok(Content::Object(file)),
        Ok(found) => {
            let name = escape(inode.payload().unwrap_or_default());
            Err(format!("its object {name}: expected the digest {expected}, found {found}"))
        }
        Err(ContentError::Read(errno)) => Err(words(&errno)),
        Err(error) => Err(error.to_string()),
    }
}

/// Prints a file from its start.
fn print(file: &File, out: &mut Output) -> Result<(), Failure> {
    let mut piece = vec![0; 1 << 18];
    let mut start = 0;
    loop {
        let read = file.read_at(&mut piece, start);
        let read = read.map_err(|error| Failure::io("read", "an object", &error))?;
        if read == 0 {
            return Ok(());
        }
        out.write(piece.get(..read).unwrap_or_default())?;
        start = start.saturating_add(wide(read));
    }
}

/// Where the content of an external file stands.
fn elsewhere(inode: &Inode<'_, '_>) -> String {
    let payload = match inode.payload() {
        Some(payload) => format!("in the object store as {}", escape(payload)),
        None => String::from("in no file that is named"),
    };
    let digest = match inode.digest() {
        Some(digest) => format!("digest {}:{digest}", digest.algorithm()),
        None => String::from("without a digest"),
    };
    format!("the content of {} bytes stands {payload}, {digest}", inode.size())
}

/// A path as a dump spells it.
fn escape(path: &[u8]) -> String {
    let mut text = Vec::new();
    escape_into(path, Place::Path, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
