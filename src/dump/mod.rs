//! Dump text ⇄ tree.
//!
//! [`parse`] reads a text, and says of each error and each dubious spelling where it is. [`print()`]
//! writes a tree as text. The grammar stands in `grammar/composefs-dump.abnf`; its rule names are the
//! names of the parser's functions.
//!
//! A clean line is read by a scanner, any other by the parser, which owns the grammar and every
//! diagnosis. Lines are read in [batches](BatchReader), which do not need one another, and
//! put together in order by an [`Assembler`].
//!
//! **Invariant:** `dump` knows nothing of images. What only an image rules is left to
//! [`canon`](crate::canon) and [`erofs`](crate::erofs).

mod assemble;
mod batch;
mod bitmap;
mod entry;
mod error;
mod escape;
mod explain;
mod lex;
mod limits;
mod line;
mod links;
mod number;
mod paths;
mod print;
mod report;
mod scan;
mod sets;
mod values;

pub use assemble::Assembler;
pub use batch::{Batch, BatchReader, parts};
pub use entry::{Body, Entry, Fields};
pub use error::{Class, Code, Detail, Diagnostic, Field, Issue, Position, Profile, Severity};
pub use escape::{BadEscape, Place, escape_into, unescape, unescape_into, unescaped_len};
pub use explain::explain;
pub use line::{Outcome, lexical_verdict, read_line, xattrs_of};
pub(crate) use paths::path_of;
pub(crate) use print::line_into;
pub use print::{print, print_to};
pub use report::{Findings, Warnings};

use crate::tree::Tree;

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What is refused.
    pub profile: Profile,
    /// Which warnings are kept.
    pub warnings: Warnings,
    /// After how many errors reading stops; at least 1.
    pub max_errors: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: Profile::Lenient, warnings: Warnings::First, max_errors: 20 }
    }
}

/// A text that holds no error.
#[derive(Clone, Debug)]
pub struct Parsed<'a> {
    /// The tree, with its facts as they were given.
    pub tree: Tree<'a>,
    /// What there is to say about the text: warnings only.
    pub findings: Findings,
}

/// A text that was refused; its first error in words, and how many more there are.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .findings.summary())]
pub struct ParseError {
    /// What there is to say about the text: at least one error.
    pub findings: Findings,
}

/// Reads a text.
///
/// # Errors
/// [`ParseError`], with all errors up to a limit and the warnings met on the way.
///
/// # Example
/// ```
/// use cfs::dump::{self, Code, Options};
/// let error = dump::parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 5", &Options::default());
/// let found = &error.unwrap_err().findings.errors[0];
/// assert_eq!((found.code(), found.position().line), (Code::MissingField, 2));
/// ```
///
/// # Source
/// composefs-dump(5).
pub fn parse<'a>(text: &'a [u8], options: &Options) -> Result<Parsed<'a>, ParseError> {
    let mut assembler = Assembler::new(text, options);
    let mut reader = BatchReader::new(options.profile);
    let mut batch = Batch::default();
    for part in parts(text) {
        reader.read(part, &mut batch);
        if assembler.add(&batch).is_break() {
            break;
        }
    }
    assembler.finish()
}

/// As [`parse`], for a text with lines that are none of a dump: empty ones, and those that begin with
/// `#`. They are counted, and nothing is said of them.
pub(crate) fn parse_with_notes<'a>(
    text: &'a [u8],
    options: &Options,
) -> Result<Parsed<'a>, ParseError> {
    let mut assembler = Assembler::new(text, options);
    let mut reader = BatchReader::without_scanner(options.profile);
    let mut batch = Batch::default();
    for part in parts(text) {
        reader.read_with_notes(part, &mut batch);
        if assembler.add(&batch).is_break() {
            break;
        }
    }
    assembler.finish()
}
