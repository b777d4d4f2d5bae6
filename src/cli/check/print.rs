//! Findings as lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::fix::{Fixed, Images};
use super::gather::{Checked, Differs};
use crate::check::{Finding, Level, Place, Rule};
use crate::cli::failure::Failure;
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::report::{Mark, Style, Verbosity, is_colored, label, message_width};
use crate::cli::store::escaped;

/// Prints the findings of all sources, and how many there are.
pub(super) fn print(context: &Context, all: &[Checked]) -> Result<(), Failure> {
    let mut lines = Lines {
        text: String::new(),
        verbosity: context.report.verbosity,
        style: context.report.style,
        color: is_colored(context.color, &std::io::stdout()),
        width: message_width(std::io::stdout()),
    };
    all.iter().for_each(|checked| lines.source(checked));
    Output::stdout()?.write(lines.text.as_bytes())?;
    let counts = [Level::Error, Level::Warning, Level::Note].map(|level| {
        let count: usize = all.iter().map(|checked| checked.count(level)).sum();
        (level, count)
    });
    let words = counts.iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = words.map(|&(level, count)| plural(count, level)).collect();
    if !words.is_empty() {
        let hint = "`cfs check --explain CODE` explains a code";
        context.report.note(&format!("{}; {hint}", words.join(", ")));
    }
    Ok(())
}

fn plural(count: usize, level: Level) -> String {
    format!("{count} {}{}", level.name(), if count == 1 { "" } else { "s" })
}

/// What is printed, and how.
struct Lines {
    text: String,
    verbosity: Verbosity,
    style: Style,
    color: bool,
    width: usize,
}

impl Lines {
    fn source(&mut self, checked: &Checked) {
        let name = checked.name();
        if let Some(fixed) = &checked.fixed {
            self.fixed(name, &checked.source.bytes, fixed);
        }
        self.findings(name, checked.text(), "", &checked.findings);
        let rebuilt = checked.rebuilt.as_ref().filter(|_| self.verbosity != Verbosity::Quiet);
        if let Some(rebuilt) = rebuilt {
            let format = &rebuilt.format;
            let words = match &rebuilt.differs {
                None => format!("yes, as {format}"),
                Some(Differs { at: Some(at), words }) => {
                    format!("no, not as {format} from byte {at} on, in {words}")
                }
                Some(Differs { at: None, words }) => format!("no, not as {format}: {words}"),
            };
            self.line(format_args!("{name}: rebuilding it gives the same bytes: {words}"));
        }
    }

    /// The first finding of each code, or all, and how many more there are.
    fn findings(&mut self, name: &str, text: &[u8], what: &str, findings: &[Finding]) {
        let mut counts: BTreeMap<(Level, Rule), usize> = BTreeMap::new();
        for finding in findings {
            if self.verbosity == Verbosity::Quiet && finding.level == Level::Note {
                continue;
            }
            let count = counts.entry((finding.level, finding.rule)).or_default();
            *count += 1;
            if *count == 1 || self.verbosity == Verbosity::All {
                self.finding(name, text, what, finding);
            }
        }
        counts.retain(|_, count| *count > 1 && self.verbosity == Verbosity::First);
        for ((level, rule), count) in counts.into_iter().rev() {
            let label = label(level, rule.name(), self.color);
            let more = count - 1;
            self.line(format_args!("{name}: … and {more} more of {what}{label}; -v shows all"));
        }
    }

    /// `FILE:LINE:COLUMN: warning[CODE]: PATH: …`, and the line of the text with a mark.
    fn finding(&mut self, name: &str, text: &[u8], what: &str, finding: &Finding) {
        let place = match finding.place {
            Place::Whole => String::new(),
            Place::Line { at, .. } => format!(":{}:{}", at.line, at.column),
            Place::Byte(offset) => format!(": offset {offset:#x}"),
            Place::Inode { nid, offset } => format!(": offset {offset:#x} (nid {nid})"),
        };
        let path = finding.path.as_ref().map(|path| format!("{}: ", escaped(path)));
        let label = label(finding.level, finding.rule.name(), self.color);
        let (path, words) = (path.unwrap_or_default(), &finding.message);
        self.line(format_args!("{name}{place}: {what}{label}: {path}{words}"));
        if let (Place::Line { at, len }, Style::Human) = (finding.place, self.style) {
            let mark = Mark { text, at, len, level: finding.level, hint: finding.hint };
            let shown = mark.shown(self.width, self.color);
            self.line(format_args!("{shown}"));
        }
    }

    /// What a text was before it was written anew, and what became of its images.
    fn fixed(&mut self, name: &str, text: &[u8], fixed: &Fixed) {
        self.findings(name, text, "fixed: ", &fixed.findings);
        self.line(format_args!("{name}: written in the canonical form"));
        for Images { version, digests } in &fixed.images {
            let version = version.number();
            match digests {
                [Some(old), Some(new)] if old == new => {
                    self.line(format_args!("{name}: its image as V{version} stays {old}"));
                }
                [Some(old), Some(new)] => {
                    self.line(format_args!(
                        "{name}: its image as V{version} changes: {old} → {new}"
                    ));
                }
                [None, Some(new)] => {
                    self.line(format_args!(
                        "{name}: its image as V{version} is {new} now; before, there was none"
                    ));
                }
                [_, None] => {
                    self.line(format_args!("{name}: no image as V{version} can hold it"));
                }
            }
        }
    }

    fn line(&mut self, words: std::fmt::Arguments<'_>) {
        // A string takes all that is written to it.
        writeln!(self.text, "{words}").unwrap_or_default();
    }
}
