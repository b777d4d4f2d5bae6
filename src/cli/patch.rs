//! `cfs patch`: the dump that a source becomes by changes.

use super::args::PatchArgs;
use super::failure::{Answer, Failure};
use super::input;
use super::load::{Context, Form, Source};
use super::output::{Content, Output, Target};
use super::report::Trouble;
use crate::{changes, dump};

/// Applies changes, and prints the result as a canonical dump.
pub(super) fn run(context: &Context, args: PatchArgs) -> Result<Answer, Failure> {
    let target = Target::new(args.output);
    let source = Source::read(context, &args.old, args.reading, &target)?;
    let document = input::read(&args.changes, context.max_input(), &target)?;
    let tree = source.tree(context, Form::Canonical)?;
    let patched = changes::apply(&tree, &document.bytes).map_err(|error| {
        let trouble = Trouble::in_file(&document.name, error).about(&document.name);
        trouble
            .hint("apply it to the source that was OLD when `cfs diff --json OLD NEW` printed it")
    })?;
    let mut out = Output::create(&target, Content::Text)?;
    dump::print_to(&patched, &[], |piece| out.write(piece))?;
    out.finish()?;
    Ok(Answer::Yes)
}
