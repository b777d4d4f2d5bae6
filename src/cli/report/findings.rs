//! Findings about a dump text.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::snippet::{Mark, label};
use super::{Reporter, Style, Verbosity};
use crate::dump::{Code, Diagnostic, Field, Findings, Position, Severity};

/// A dump text, for findings about it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Text<'a> {
    /// Name of the file.
    pub(in crate::cli) file: &'a str,
    /// All of it.
    pub(in crate::cli) bytes: &'a [u8],
}

impl Reporter {
    /// Prints findings in the order of the text. True if the text is refused.
    pub(in crate::cli) fn findings(&self, text: Text<'_>, findings: &Findings) -> bool {
        let mut all: Vec<&Diagnostic> = findings.errors.iter().collect();
        if self.shows_warnings() {
            all.extend(&findings.warnings);
        }
        all.sort_by_key(|diagnostic| diagnostic.position());
        let mut out = String::new();
        for diagnostic in all {
            self.finding(&mut out, text, diagnostic);
        }
        self.close(&mut out, text.file, findings);
        self.print(&out);
        let denied = self.deny_warnings && !findings.warning_counts.is_empty();
        denied || !findings.errors.is_empty()
    }

    fn shows_warnings(&self) -> bool {
        self.verbosity != Verbosity::Quiet || self.deny_warnings
    }

    /// The severity that a finding has here.
    fn severity(&self, severity: Severity) -> Severity {
        if self.deny_warnings { Severity::Error } else { severity }
    }

    fn finding(&self, out: &mut String, text: Text<'_>, found: &Diagnostic) {
        let written = match self.style {
            Style::Json => writeln!(out, "{}", self.document(text.file, found)),
            Style::Short => writeln!(out, "{}", self.headline(text.file, found)),
            Style::Human => {
                let snippet = self.snippet(text.bytes, found);
                writeln!(out, "{}\n{snippet}", self.headline(text.file, found))
            }
        };
        // A string takes all that is written to it.
        written.unwrap_or_default();
    }

    /// `FILE:LINE:COLUMN: error[CODE]: FIELD: expected …, found …`
    fn headline(&self, file: &str, found: &Diagnostic) -> String {
        let Position { line, column, .. } = found.position();
        let label = self.label(self.severity(found.severity()), found.code());
        format!("{file}:{line}:{column}: {label}: {}", message(found))
    }

    /// `error[CODE]`
    fn label(&self, severity: Severity, code: Code) -> String {
        label(severity.into(), code.name(), self.color)
    }

    /// The line with a mark under what is at fault, and the hint.
    fn snippet(&self, text: &[u8], found: &Diagnostic) -> String {
        let level = self.severity(found.severity()).into();
        let (at, len, hint) = (found.position(), found.span_len(), found.hint());
        Mark { text, at, len, level, hint }.shown(self.width, self.color)
    }

    fn document(&self, file: &str, found: &Diagnostic) -> serde_json::Value {
        let Position { line, column, offset } = found.position();
        json!({
            "file": file,
            "line": line,
            "column": column,
            "offset": offset,
            "len": found.span_len(),
            "severity": self.severity(found.severity()).name(),
            "code": found.code().name(),
            "field": found.field().name(),
            "expected": found.expected(),
            "found": found.found(),
            "hint": found.hint(),
            "message": message(found),
        })
    }

    /// What comes behind the last finding: warnings that were not shown, and how many errors.
    fn close(&self, out: &mut String, file: &str, findings: &Findings) {
        for (code, more) in self.not_shown(findings) {
            let severity = self.severity(Severity::Warning);
            let line = match self.style {
                Style::Json => {
                    let (severity, code) = (severity.name(), code.name());
                    json!({ "file": file, "severity": severity, "code": code, "more": more })
                        .to_string()
                }
                _ => {
                    let label = self.label(severity, code);
                    format!("{file}: … and {more} more of {label}; -v shows all")
                }
            };
            out.push_str(&line);
            out.push('\n');
        }
        if self.style != Style::Json {
            self.count(out, file, findings);
        }
    }

    /// Warnings of each code that were counted, but not kept.
    fn not_shown(&self, findings: &Findings) -> BTreeMap<Code, u64> {
        if !self.shows_warnings() {
            return BTreeMap::new();
        }
        let mut more = findings.warning_counts.clone();
        for shown in &findings.warnings {
            more.entry(shown.code()).and_modify(|count| *count = count.saturating_sub(1));
        }
        more.retain(|_, count| *count > 0);
        more
    }

    /// How many errors there are.
    fn count(&self, out: &mut String, file: &str, findings: &Findings) {
        let denied: u64 = findings.warning_counts.values().sum();
        let denied = if self.deny_warnings { denied } else { 0 };
        let errors = findings.errors.len();
        let line = match (errors, denied) {
            (0, 0) => return,
            (errors, _) if errors >= self.max_errors => {
                format!("{file}: {}, and maybe more; --max-errors shows more", plural(errors))
            }
            (errors, 0) => format!("{file}: {}", plural(errors)),
            (0, 1) => format!("{file}: 1 warning is denied"),
            (0, denied) => format!("{file}: {denied} warnings are denied"),
            (errors, denied) => {
                format!("{file}: {}, and {denied} of the warnings that are denied", plural(errors))
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
}

fn plural(errors: usize) -> String {
    if errors == 1 { String::from("1 error") } else { format!("{errors} errors") }
}

/// `FIELD: expected …, found …`
fn message(found: &Diagnostic) -> String {
    let field = match found.field() {
        Field::Line => String::new(),
        field => format!("{}: ", field.name()),
    };
    format!("{field}expected {}, found {}", found.expected(), found.found())
}
