//! `cfs check`: what is wrong with sources, or most likely not meant.

mod document;
mod gather;
mod levels;
mod objects;
mod print;
mod sarif;

use super::args::CheckArgs;
use super::failure::{Answer, Failure};
use super::load::Context;
use super::output::Output;
use crate::check::{Level, Rule};
use gather::Checked;
use levels::Levels;

const NAME: &str = "check";

/// Checks each source, and prints what was found.
pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Answer, Failure> {
    if let Some(rule) = args.explain {
        return explain(rule);
    }
    let levels = Levels::new(args, context.report.denies_warnings());
    let mut all = Vec::with_capacity(args.sources.len());
    for path in &args.sources {
        let mut checked = gather::source(context, args, path)?;
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

/// Says what a code means, in lines that fit a terminal.
fn explain(rule: Rule) -> Result<Answer, Failure> {
    let mut text = format!("{} ({})\n", rule.name(), rule.level().name());
    let mut width = 0;
    for word in rule.explain().split(' ') {
        let separator = match width {
            0 => "\n",
            width if width + 1 + word.len() > 80 => "\n",
            _ => " ",
        };
        width = if separator == "\n" { word.len() } else { width + 1 + word.len() };
        text.push_str(separator);
        text.push_str(word);
    }
    text.push('\n');
    Output::stdout()?.write(text.as_bytes())?;
    Ok(Answer::Yes)
}
