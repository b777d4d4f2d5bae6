//! `cfs check`: what is wrong with sources, or most likely not meant.

mod document;
mod explain;
mod fix;
mod gather;
mod levels;
mod objects;
mod print;
mod sarif;

use super::args::CheckArgs;
use super::failure::{Answer, Failure};
use super::load::{Context, Source};
use crate::check::Level;
use gather::Checked;
use levels::Levels;

const NAME: &str = "check";

/// Checks each source, and prints what was found.
pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Answer, Failure> {
    if let Some(explained) = args.explain {
        return explain::print(explained);
    }
    let levels = Levels::new(args, context.report.denies_warnings())?;
    let read = |path| Source::read(context, path, args.reading, &fix::target(args.fix, path));
    let sources = args.sources.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if args.fix {
        sources.iter().try_for_each(fix::refuse)?;
    }
    let mut all = Vec::with_capacity(sources.len());
    for source in sources {
        let mut checked = gather::source(context, args, source)?;
        levels.apply(&mut checked.findings);
        all.push(checked);
    }
    if args.json {
        document::print(&all)?;
    } else if args.sarif {
        sarif::print(&all)?;
    } else {
        print::print(context, &all)?;
    }
    let is_found = |checked: &Checked| checked.count(Level::Error) + checked.count(Level::Warning);
    Ok(if all.iter().map(is_found).sum::<usize>() == 0 { Answer::Yes } else { Answer::No })
}
