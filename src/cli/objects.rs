//! `cfs objects`: which files of an object store sources need.

use std::collections::BTreeSet;

use super::args::ObjectsArgs;
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Source};
use super::output::{Output, Target};
use super::text::{Ending, Lines};

/// Prints the payload paths of all sources, sorted by bytes, each once.
pub(super) fn run(context: &Context, args: &ObjectsArgs) -> Result<Answer, Failure> {
    let mut payloads = BTreeSet::new();
    for path in &args.sources {
        let source = Source::read(context, path, args.reading, &Target::Stdout)?;
        let tree = source.tree(context, Form::Given)?;
        let external = tree.inodes().filter(|inode| inode.is_external());
        for payload in external.filter_map(|inode| inode.payload()) {
            if !payload.is_empty() && !payloads.contains(payload) {
                payloads.insert(payload.to_vec());
            }
        }
    }
    let mut lines = Lines::new(Output::stdout()?, Ending::of(args.null));
    for payload in &payloads {
        lines.name(payload)?;
        lines.end()?;
    }
    lines.finish()?;
    Ok(Answer::Yes)
}
