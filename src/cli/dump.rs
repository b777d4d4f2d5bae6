//! `cfs dump`: images and dump texts as canonical text.

use super::args::DumpArgs;
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Source};
use super::output::{Content, Output, Target};
use super::scan::Scanning;
use crate::dump;

/// Prints each source. The output is begun once the first source is known to be sound.
pub(super) fn run(context: &Context, args: DumpArgs) -> Result<Answer, Failure> {
    let target = Target::new(args.output);
    let filter: Vec<&[u8]> = args.filter.iter().map(|name| name.as_encoded_bytes()).collect();
    let options = args.scan.options("dump", args.digest_alg)?;
    let mut output = None;
    for path in &args.sources {
        let source = Source::read(context, path, args.reading, &target)?;
        let source = source.scanned(Scanning { options: options.clone(), store: None });
        let tree = source.tree(context, Form::Canonical)?;
        let out = match &mut output {
            Some(output) => output,
            None => output.insert(Output::create(&target, Content::Text)?),
        };
        dump::print_to(&tree, &filter, |piece| out.write(piece))?;
    }
    output.map_or(Ok(()), Output::finish)?;
    Ok(Answer::Yes)
}
