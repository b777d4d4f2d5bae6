//! `cfs cat`: content that stands in a source itself.

use super::args::CatArgs;
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Source};
use super::lookup;
use super::output::{Output, Target};
use super::report::Trouble;
use crate::dump::{Place, escape_into};
use crate::tree::{FileType, Inode};

/// Prints the content of each path; goes on after those that have none here.
pub(super) fn run(context: &Context, args: &CatArgs) -> Result<Answer, Failure> {
    let source = Source::read(context, &args.source, args.reading, &Target::Stdout)?;
    let tree = source.tree(context, Form::Given)?;
    let (nodes, missing) = lookup::find_all(context, &tree, &source.name, &args.paths);
    let mut out = Output::stdout()?;
    let mut answer = Answer::Yes;
    for (path, node) in nodes {
        match content(&tree.facts(node)) {
            Ok(bytes) => out.write(&bytes)?,
            Err(why) => {
                let message = format!("{}: {why}", escape(path.as_encoded_bytes()));
                context.report.trouble(&Trouble::in_file(&source.name, message));
                answer = Answer::No;
            }
        }
    }
    if missing { Err(Failure::Reported) } else { Ok(answer) }
}

/// The content of a file, or the target of a symlink on a line; else why there is none.
fn content(inode: &Inode<'_, '_>) -> Result<Vec<u8>, String> {
    let target = || [inode.payload().unwrap_or_default(), b"\n"].concat();
    match inode.file_type() {
        FileType::Regular if inode.is_external() => Err(elsewhere(inode)),
        FileType::Regular => Ok(inode.content().unwrap_or_default().to_vec()),
        FileType::Symlink => Ok(target()),
        FileType::Directory => Err(String::from("is a directory")),
        _ => Err(String::from("has no content: it is a device, a FIFO or a socket")),
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
