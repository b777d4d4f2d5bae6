//! A line: letter, path, words.

use super::Layout;
use crate::diff::Kind;

/// What is told of one change, or of a group.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) path: String,
    pub(super) words: String,
}

impl Line {
    /// The line, with its end. On a terminal, words start in a column and wrap; paths are whole.
    pub(super) fn text(&self, layout: &Layout, column: usize) -> String {
        let (start, end) = layout.palette.of(self.kind);
        let letter = format!("{start}{}{end}", self.kind.letter());
        let Some(width) = layout.width else {
            return if self.words.is_empty() {
                format!("{letter}\t{}\n", self.path)
            } else {
                format!("{letter}\t{}\t{}\n", self.path, self.words)
            };
        };
        let mut text = format!("{letter}  {}", self.path);
        if self.words.is_empty() {
            return text + "\n";
        }
        let len = self.path.chars().count();
        let margin = MARGIN + column + MARGIN;
        let room = width.saturating_sub(margin).max(LEAST);
        let mut pieces = wrap(&self.words, room).into_iter();
        if len <= column {
            text.push_str(&" ".repeat(column - len + 2));
            text.push_str(pieces.next().unwrap_or_default());
        }
        for piece in pieces {
            text.push('\n');
            text.push_str(&" ".repeat(margin - 1));
            text.push_str(piece);
        }
        text + "\n"
    }
}

/// Columns before the path, and between path and words.
const MARGIN: usize = 3;
/// Columns that words take at least.
const LEAST: usize = 24;

/// Cuts text at spaces into pieces that fit; a longer word is a piece of its own.
pub(super) fn wrap(text: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.chars().count() > room {
        let limit = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
        let head = rest.get(..=limit).or_else(|| rest.get(..limit)).unwrap_or(rest);
        let behind = rest.get(limit..).unwrap_or_default();
        let cut = head.rfind(' ').or_else(|| behind.find(' ').map(|at| limit + at));
        let Some(cut) = cut.filter(|&cut| cut > 0) else { break };
        pieces.push(rest.get(..cut).unwrap_or_default());
        rest = rest.get(cut + 1..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Line, wrap};
    use crate::diff::Kind;
    use crate::diff::text::Layout;

    #[test]
    fn text_is_cut_at_spaces_and_no_word_is() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a-long-word b", 4), ["a-long-word", "b"]);
        assert_eq!(wrap("a → b → c", 5), ["a → b", "→ c"]);
        assert_eq!(wrap("ä→", 1), ["ä→"]);
    }

    #[test]
    fn on_a_terminal_paths_are_whole_and_words_wrap() {
        let line = |path: &str| Line {
            kind: Kind::Metadata,
            path: path.into(),
            words: "mode 0755 → 0700 (group and others may no longer read)".into(),
        };
        let layout = Layout { width: Some(40), ..Layout::default() };
        let text = line("/etc").text(&layout, 6);
        let wrapped =
            "m  /etc    mode 0755 → 0700 (group and\n           others may no longer read)\n";
        assert_eq!(text, wrapped);
        let long = "/a/path/that/is/longer/than/half/of/the/line";
        let text = line(long).text(&layout, 6);
        assert!(text.starts_with(&format!("m  {long}\n           mode")), "{text}");
        let piped = line("/etc").text(&Layout::default(), 0);
        assert_eq!(piped.split('\t').count(), 3);
    }
}
