//! Parts of a text, read one by one or several at once.

use super::bitmap::Bitmaps;
use super::entry::Entry;
use super::error::{Issue, Profile};
use super::line::{Outcome, read_line};
use super::scan::{CleanXattrs, Scanned, Scanner};
use crate::num::{low32, wide};

/// The lines of a part of a text, read but not yet put together.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// One for each line.
    pub(super) items: Vec<Item<'a>>,
    pub(super) issues: Vec<Found<'a>>,
    /// Length of the part.
    pub(super) bytes: usize,
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// It is clean: no escape stands in it but in CONTENT and xattrs.
    Clean(Entry<'a>),
    /// It says this.
    Entry(Entry<'a>),
    /// It is none of a dump, and there is nothing to say of it.
    Note,
    /// It holds an error.
    Bad { path: Option<&'a [u8]>, directory: bool },
}

/// A finding about a line.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// The line's place in the batch.
    pub(super) item: u32,
    pub(super) line: &'a [u8],
    pub(super) issue: Issue,
}

/// Reads parts of a text. Keeps what makes the next part quicker to read.
#[derive(Debug)]
pub struct BatchReader<'a> {
    profile: Profile,
    bitmaps: Bitmaps,
    xattrs: CleanXattrs<'a>,
    found: Vec<Issue>,
    scans: bool,
}

/// Bytes of text that are read at a time. Their entries stay in a processor's cache.
const PART: usize = 256 * 1024;

/// Cuts a text into parts of whole lines. Putting the batches of all parts together in order gives
/// the tree.
pub fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, behind) = rest.split_at_checked(part_len(rest))?;
        rest = behind;
        (!part.is_empty()).then_some(part)
    })
}

fn part_len(text: &[u8]) -> usize {
    let Some(start) = text.get(PART..) else { return text.len() };
    memchr::memchr(b'\n', start).map_or(text.len(), |at| PART + at + 1)
}

impl<'a> BatchReader<'a> {
    /// A reader for a profile.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            bitmaps: Bitmaps::default(),
            xattrs: CleanXattrs::new(),
            found: Vec::new(),
            scans: true,
        }
    }

    /// A reader that sends every line to the parser. It gives the same batches, slower: the two are
    /// held against each other.
    #[must_use]
    pub fn without_scanner(profile: Profile) -> Self {
        Self { scans: false, ..Self::new(profile) }
    }

    /// Reads a part into a batch, which is emptied first.
    pub fn read(&mut self, part: &'a [u8], batch: &mut Batch<'a>) {
        batch.items.clear();
        batch.issues.clear();
        batch.bytes = part.len();
        // The scanner counts bytes in 32 bits.
        if !self.scans || u32::try_from(part.len()).is_err() {
            return self.parse_lines(part, batch);
        }
        self.bitmaps.of(part);
        let mut scanner = Scanner::new(part, &self.bitmaps, &mut self.xattrs);
        while let Some(scanned) = scanner.next_line() {
            match scanned {
                Scanned::Clean(entry) => batch.items.push(Item::Clean(entry)),
                Scanned::Doubtful { line, terminated } => {
                    let outcome = read_line(line, terminated, self.profile, &mut self.found);
                    if let (Outcome::Entry(entry), true) = (&outcome, self.found.is_empty()) {
                        scanner.learn(entry);
                    }
                    batch.push(line, outcome, &mut self.found);
                }
            }
        }
    }

    /// As [`BatchReader::read`], where empty lines and those that begin with `#` are notes.
    pub(super) fn read_with_notes(&mut self, part: &'a [u8], batch: &mut Batch<'a>) {
        batch.items.clear();
        batch.issues.clear();
        batch.bytes = part.len();
        let mut rest = part;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
            rest = behind;
            match line {
                [b'#' | b'\n', ..] => batch.items.push(Item::Note),
                line => self.parse_lines(line, batch),
            }
        }
    }

    /// Sends every line to the parser.
    fn parse_lines(&mut self, part: &'a [u8], batch: &mut Batch<'a>) {
        for line in part.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n");
            let outcome =
                read_line(text.unwrap_or(line), text.is_some(), self.profile, &mut self.found);
            batch.push(text.unwrap_or(line), outcome, &mut self.found);
        }
    }
}

impl<'a> Batch<'a> {
    fn push(&mut self, line: &'a [u8], outcome: Outcome<'a>, found: &mut Vec<Issue>) {
        let item = low32(wide(self.items.len()));
        self.issues.extend(found.drain(..).map(|issue| Found { item, line, issue }));
        self.items.push(match outcome {
            Outcome::Entry(entry) => Item::Entry(entry),
            Outcome::Bad { path, directory } => Item::Bad { path, directory },
        });
    }
}
