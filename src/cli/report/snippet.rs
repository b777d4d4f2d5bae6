//! A line of a text with a mark under what is meant.

use annotate_snippets::{AnnotationKind, Group, Renderer, Snippet};
use anstyle::AnsiColor;

use super::window::window;
use crate::check::Level;
use crate::dump::Position;

/// What is to be marked.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Mark<'a> {
    /// The whole text.
    pub(in crate::cli) text: &'a [u8],
    /// The first byte to mark.
    pub(in crate::cli) at: Position,
    /// How many bytes to mark.
    pub(in crate::cli) len: usize,
    pub(in crate::cli) level: Level,
    pub(in crate::cli) hint: Option<&'a str>,
}

impl Mark<'_> {
    /// The line with the mark, cut to so many columns, and the hint. No line feed at the end.
    pub(in crate::cli) fn shown(&self, width: usize, color: bool) -> String {
        let Position { line: number, column, .. } = self.at;
        let gutter = number.to_string().len() + " | ".len();
        let window_width = width.saturating_sub(gutter);
        let shown = window(self.line(), column.saturating_sub(1), self.len, window_width);
        let level = match self.level {
            Level::Error => annotate_snippets::Level::ERROR,
            Level::Warning => annotate_snippets::Level::WARNING,
            Level::Note => annotate_snippets::Level::NOTE,
        };
        let mark = AnnotationKind::Primary.span(shown.mark);
        let source = Snippet::source(shown.text).line_start(number).annotation(mark);
        let hint = annotate_snippets::Level::HELP.with_name("hint");
        let hint = self.hint.map(|words| hint.message(words));
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        // The window is cut to the width already.
        let renderer = renderer.term_width(2 * width);
        renderer.render(&[Group::with_level(level).element(source).elements(hint)])
    }

    /// The line that the mark is in, without its line feed.
    fn line(&self) -> &[u8] {
        let start = self.at.offset.saturating_sub(self.at.column.saturating_sub(1));
        let rest = self.text.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }
}

/// `warning[CODE]`
pub(in crate::cli) fn label(level: Level, code: &str, color: bool) -> String {
    let label = format!("{}[{code}]", level.name());
    if !color {
        return label;
    }
    let color = match level {
        Level::Error => AnsiColor::BrightRed,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Cyan,
    };
    let style = color.on_default().bold();
    format!("{style}{label}{style:#}")
}
