//! Findings as lines.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Color, Style};

use super::gather::Checked;
use crate::check::{Finding, Level, Place, Rule};
use crate::cli::failure::Failure;
use crate::cli::load::Context;
use crate::cli::output::Output;
use crate::cli::report::{Verbosity, is_colored};
use crate::cli::store::escaped;

/// Prints the findings of all sources, and how many there are.
pub(super) fn print(context: &Context, all: &[Checked]) -> Result<(), Failure> {
    let color = is_colored(context.color, &std::io::stdout());
    let mut text = String::new();
    for checked in all {
        lines(&mut text, context, checked, color);
    }
    Output::stdout()?.write(text.as_bytes())?;
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

fn lines(text: &mut String, context: &Context, checked: &Checked, color: bool) {
    let name = &checked.name;
    let shows_all = context.report.verbosity == Verbosity::All;
    let mut counts: BTreeMap<(Level, Rule), usize> = BTreeMap::new();
    for finding in &checked.findings {
        let count = counts.entry((finding.level, finding.rule)).or_default();
        *count += 1;
        let is_shown = shows_all || *count == 1;
        if is_shown && !(context.report.is_quiet() && finding.level == Level::Note) {
            text.push_str(&line(name, finding, color));
        }
    }
    for ((level, rule), count) in counts.into_iter().rev() {
        if count > 1 && !shows_all && !context.report.is_quiet() {
            let label = label(level, rule, color);
            text.push_str(&format!("{name}: … and {} more of {label}; -v shows all\n", count - 1));
        }
    }
    if checked.fixed {
        text.push_str(&format!("{name}: written in the canonical form\n"));
    }
    if let Some(rebuilt) = checked.rebuilt.as_ref().filter(|_| !context.report.is_quiet()) {
        let words = match rebuilt.differs {
            None => format!("yes, as {}", rebuilt.format),
            Some(at) => format!("no, not as {} from byte {at} on", rebuilt.format),
        };
        text.push_str(&format!("{name}: rebuilding it gives the same bytes: {words}\n"));
    }
}

/// `FILE:LINE:COLUMN: warning[CODE]: PATH: …`
fn line(name: &str, finding: &Finding, color: bool) -> String {
    let place = match finding.place {
        Place::Whole => String::new(),
        Place::Line(position) => format!(":{}:{}", position.line, position.column),
        Place::Byte(offset) => format!(": offset {offset:#x}"),
        Place::Inode { nid, offset } => format!(": offset {offset:#x} (nid {nid})"),
    };
    let path =
        finding.path.as_ref().map_or_else(String::new, |path| format!("{}: ", escaped(path)));
    let label = label(finding.level, finding.rule, color);
    format!("{name}{place}: {label}: {path}{}\n", finding.message)
}

/// `warning[CODE]`
fn label(level: Level, rule: Rule, color: bool) -> String {
    let label = format!("{}[{}]", level.name(), rule.name());
    if !color {
        return label;
    }
    let ansi = match level {
        Level::Error => AnsiColor::BrightRed,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Cyan,
    };
    let style = Style::new().fg_color(Some(Color::Ansi(ansi))).bold();
    format!("{style}{label}{style:#}")
}
