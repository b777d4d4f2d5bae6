//! Findings about a text, gathered as it is read.

use std::collections::BTreeMap;

use super::error::{Code, Detail, Diagnostic, Field, Issue, Profile, Severity};

/// Which warnings are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warnings {
    /// The first of each code, and how many there were.
    #[default]
    First,
    /// All.
    All,
}

/// Findings about a text.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Errors in the order they were found.
    pub errors: Vec<Diagnostic>,
    /// Warnings in the order they were found.
    pub warnings: Vec<Diagnostic>,
    /// How many warnings of each code there were, kept or not.
    pub warning_counts: BTreeMap<Code, u64>,
}

impl Findings {
    /// The first error, and how many more there are.
    pub(super) fn summary(&self) -> String {
        match self.errors.as_slice() {
            [] => String::from("the tree could not be built"),
            [one] => one.to_string(),
            [first, more @ ..] => format!("{first}, and {} more errors", more.len()),
        }
    }
}

/// A line, for a finding about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: &'a [u8],
}

/// Gathers findings.
#[derive(Debug)]
pub(super) struct Report<'a> {
    text: &'a [u8],
    keep: Warnings,
    max_errors: usize,
    found: Findings,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a [u8], keep: Warnings, max_errors: usize) -> Self {
        Self { text, keep, max_errors: max_errors.max(1), found: Findings::default() }
    }

    pub(super) fn add(&mut self, line: Line<'a>, issue: &Issue) {
        match issue.severity {
            Severity::Error if self.is_full() => {}
            Severity::Error => {
                let diagnostic = self.diagnostic(line, issue);
                self.found.errors.push(diagnostic);
            }
            Severity::Warning => {
                let count = self.found.warning_counts.entry(issue.code).or_default();
                *count += 1;
                if *count == 1 || self.keep == Warnings::All {
                    let diagnostic = self.diagnostic(line, issue);
                    self.found.warnings.push(diagnostic);
                }
            }
        }
    }

    fn diagnostic(&self, line: Line<'a>, issue: &Issue) -> Diagnostic {
        Diagnostic::new(issue, line.text, line.number, self.offset(line.text))
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.found.errors.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.errors.len() >= self.max_errors
    }

    pub(super) fn finish(self) -> Findings {
        self.found
    }

    /// The line that starts with a piece of the text.
    pub(super) fn line_at(&self, start: &'a [u8]) -> &'a [u8] {
        let rest = self.text.get(self.offset(start)..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// The number of the first line with a path that is spelled as this one.
    pub(super) fn line_of(&self, path: &[u8]) -> Option<usize> {
        let has_path =
            |line: &[u8]| line.strip_prefix(path).is_some_and(|rest| rest.starts_with(b" "));
        self.text.split(|&byte| byte == b'\n').position(has_path).map(|before| before + 1)
    }

    /// Where a piece of a line starts in it.
    pub(super) fn column_in(&self, line: &[u8], piece: &[u8]) -> usize {
        piece.as_ptr().addr().saturating_sub(line.as_ptr().addr()).min(line.len())
    }

    /// Where a piece of the text starts in it.
    fn offset(&self, piece: &[u8]) -> usize {
        piece.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()).min(self.text.len())
    }
}

/// A finding of the tree about the bytes of a line that it spans.
pub(super) fn issue(code: Code, field: Field, start: usize, len: usize) -> Issue {
    let severity = code.class().severity(Profile::Lenient);
    Issue { code, severity, field, start, len, detail: Detail::Span }
}
