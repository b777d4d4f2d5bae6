//! What is said about sources and troubles, on standard error.

mod findings;
mod snippet;
mod window;

pub(super) use findings::Text;
pub(super) use snippet::{Mark, label};

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::args::{Color, Common};
use crate::dump::Severity;

/// How errors and warnings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Style {
    /// With the piece of the line that it is about
    Human,
    /// On one line
    Short,
    /// As one JSON document a line
    Json,
}

/// Which warnings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// None.
    Quiet,
    /// The first of each kind, and how many more there are.
    First,
    /// All.
    All,
}

/// Trouble that is about no line of a text.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    message: String,
    file: Option<String>,
    offset: Option<u64>,
    hint: Option<String>,
    /// Whether the message begins with the place it is about.
    points: bool,
}

impl Trouble {
    /// Trouble in words: lower case, no full stop.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Trouble in a file whose name the message begins with.
    pub(super) fn in_file(file: &str, message: impl std::fmt::Display) -> Self {
        Self { points: true, ..Self::new(format!("{file}: {message}")).about(file) }
    }

    /// Names the file it is about.
    pub(super) fn about(self, file: &str) -> Self {
        Self { file: Some(file.to_owned()), ..self }
    }

    /// Names the byte of the file it is about.
    pub(super) fn at(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }

    /// Says what to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The words, without the hint.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn json(&self) -> Value {
        let mut document = Map::new();
        document.insert("severity".into(), Severity::Error.name().into());
        document.insert("message".into(), self.message.as_str().into());
        let fields = [
            ("file", self.file.as_deref().map(Value::from)),
            ("offset", self.offset.map(Value::from)),
            ("hint", self.hint.as_deref().map(Value::from)),
        ];
        document.extend(fields.into_iter().filter_map(|(key, value)| Some((key.into(), value?))));
        Value::Object(document)
    }
}

/// Prints messages, all in the form that was asked for.
#[derive(Debug)]
pub(super) struct Reporter {
    /// The name of the program.
    program: String,
    pub(super) style: Style,
    pub(super) verbosity: Verbosity,
    deny_warnings: bool,
    max_errors: usize,
    color: bool,
    /// Columns that a piece of a line may take.
    width: usize,
}

/// Columns that are used where there is no terminal, and the most that are used on one.
const MAX_WIDTH: usize = 100;
/// Columns that are used even if a terminal has fewer.
const MIN_WIDTH: usize = 40;

impl Reporter {
    /// A reporter for a program.
    pub(super) fn new(program: &str, common: &Common) -> Self {
        let verbosity = match (common.quiet, common.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::All,
            _ => Verbosity::First,
        };
        Self {
            program: program.to_owned(),
            style: common.error_format,
            verbosity,
            deny_warnings: common.deny_warnings,
            max_errors: common.max_errors.get(),
            color: is_colored(common.color, &std::io::stderr()),
            width: message_width(std::io::stderr()),
        }
    }

    /// Whether nothing is to be said but errors.
    pub(super) fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Whether warnings count as errors.
    pub(super) fn denies_warnings(&self) -> bool {
        self.deny_warnings
    }

    /// Says what the trouble is.
    pub(super) fn trouble(&self, trouble: &Trouble) {
        if self.style == Style::Json {
            return self.print(&format!("{}\n", trouble.json()));
        }
        let program = if trouble.points { String::new() } else { format!("{}: ", self.program) };
        let mut text = format!("{program}{}\n", trouble.message);
        if let Some(hint) = &trouble.hint {
            text.push_str(&format!("{}: {hint}\n", self.paint(HINT, "hint")));
        }
        self.print(&text);
    }

    /// Says something that is no trouble, unless told to be quiet.
    pub(super) fn note(&self, words: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if self.style == Style::Json {
            let document = serde_json::json!({ "severity": "note", "message": words });
            return self.print(&format!("{document}\n"));
        }
        self.print(&format!("{}: {words}\n", self.program));
    }

    /// Says more, if asked for.
    pub(super) fn detail(&self, words: &str) {
        if self.verbosity == Verbosity::All {
            self.note(words);
        }
    }

    fn paint(&self, style: anstyle::Style, words: &str) -> String {
        if self.color { format!("{style}{words}{style:#}") } else { words.to_owned() }
    }

    /// Prints to standard error. If that fails, there is nobody left to tell.
    fn print(&self, text: &str) {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

const HINT: anstyle::Style = anstyle::AnsiColor::BrightCyan.on_default().bold();

/// Whether what goes to a stream is coloured.
pub(super) fn is_colored(color: Color, stream: &impl anstream::stream::RawStream) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let choice = anstream::AutoStream::choice(stream);
            !matches!(choice, anstream::ColorChoice::Never)
        }
    }
}

/// The columns that a piece of a line takes in messages to a stream.
pub(super) fn message_width(stream: impl IsTerminal + std::os::fd::AsFd) -> usize {
    width_of(stream).unwrap_or(MAX_WIDTH).clamp(MIN_WIDTH, MAX_WIDTH)
}

/// The columns of the terminal that messages go to.
pub(super) fn terminal_width() -> Option<usize> {
    width_of(std::io::stderr())
}

/// The columns of a stream, if it is a terminal.
pub(super) fn width_of(stream: impl IsTerminal + std::os::fd::AsFd) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// The name of a file in messages: on one line, whatever bytes it has.
pub(super) fn file_name(path: &Path) -> String {
    if path.as_os_str() == "-" {
        return String::from("<stdin>");
    }
    let escape = |c: char| {
        if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
    };
    path.display().to_string().chars().map(escape).collect()
}
