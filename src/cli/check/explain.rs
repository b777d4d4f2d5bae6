//! What codes mean.

use crate::check::{Level, Rule};
use crate::cli::args::Explained;
use crate::cli::failure::{Answer, Failure};
use crate::cli::output::Output;

/// Columns of a terminal, which lines do not go beyond.
const WIDTH: usize = 80;

/// Says what a code means, or all, or lists them.
pub(super) fn print(explained: Explained) -> Result<Answer, Failure> {
    let text = match explained {
        Explained::List => list(),
        Explained::All => Rule::all().map(whole).collect::<Vec<_>>().join("\n"),
        Explained::One(rule) => whole(rule),
    };
    Output::stdout()?.write(text.as_bytes())?;
    Ok(Answer::Yes)
}

/// Each code on a line, with its level and the first words of what it means.
fn list() -> String {
    let longest = Rule::all().map(|rule| rule.name().len()).max().unwrap_or_default();
    let line = |rule: Rule| {
        let level = format!("{:width$}", rule.level().name(), width = Level::Warning.name().len());
        let start = format!("{:longest$}  {level}  ", rule.name());
        let words = cut(rule.summary(), WIDTH.saturating_sub(start.len()));
        format!("{start}{words}\n")
    };
    Rule::all().map(line).collect()
}

/// As many whole words as there is room for.
fn cut(words: &str, room: usize) -> String {
    if words.len() <= room {
        return words.to_owned();
    }
    let mut end = 0;
    for (space, _) in words.match_indices(' ') {
        if space + 2 <= room {
            end = space;
        }
    }
    format!("{} …", words.get(..end).unwrap_or_default())
}

/// What a code means, in lines that fit a terminal.
fn whole(rule: Rule) -> String {
    let mut text = format!("{} ({})\n", rule.name(), rule.level().name());
    let mut width = 0;
    for word in rule.explain().split(' ') {
        let separator = match width {
            0 => "\n",
            width if width + 1 + word.len() > WIDTH => "\n",
            _ => " ",
        };
        width = if separator == "\n" { word.len() } else { width + 1 + word.len() };
        text.push_str(separator);
        text.push_str(word);
    }
    text.push('\n');
    text
}
