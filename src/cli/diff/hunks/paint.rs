//! Colours of hunks.

use anstyle::{AnsiColor, Style};

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is the same.
    Same,
    /// It is gone.
    Gone,
    /// It is new.
    Come,
}

impl Sign {
    const fn letter(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Gone => '-',
            Self::Come => '+',
        }
    }
}

/// Writes the parts of hunks, with colours or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) is_colored: bool,
}

impl Paint {
    /// The line that names a side.
    pub(super) fn side(self, words: &str, text: &mut String) {
        self.part(Style::new().bold(), words, text);
        text.push('\n');
    }

    /// The line that a hunk begins with.
    pub(super) fn hunk(self, words: &str, text: &mut String) {
        self.part(AnsiColor::Cyan.on_default(), &format!("@@ {words} @@"), text);
        text.push('\n');
    }

    /// A line in pieces, each with whether it is marked.
    pub(super) fn line(
        self,
        sign: Sign,
        pieces: impl IntoIterator<Item = (String, bool)>,
        text: &mut String,
    ) {
        let style = match sign {
            Sign::Same => Style::new(),
            Sign::Gone => AnsiColor::Red.on_default(),
            Sign::Come => AnsiColor::Green.on_default(),
        };
        self.part(style, sign.letter().encode_utf8(&mut [0; 4]), text);
        for (piece, is_marked) in pieces {
            self.part(if is_marked { style.invert() } else { style }, &piece, text);
        }
        text.push('\n');
    }

    fn part(self, style: Style, words: &str, text: &mut String) {
        if !self.is_colored || style.is_plain() || words.is_empty() {
            return text.push_str(words);
        }
        text.push_str(&format!("{}{words}{}", style.render(), style.render_reset()));
    }
}
