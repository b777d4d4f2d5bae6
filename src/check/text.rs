//! Where findings are in a text, and whether a text is canonical.

use std::collections::BTreeMap;

use super::{Code, Finding, Place};
use crate::dump::{Field, Position, path_of};

/// The lines of a text by the paths that they are about.
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    by_path: BTreeMap<Vec<u8>, Line<'t>>,
}

/// A line of a text.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    text: &'t [u8],
    /// Counted from 1.
    number: usize,
    offset: usize,
}

impl<'t> Lines<'t> {
    /// Gives findings about paths their places in a text. Those that have a place keep it.
    pub fn place(text: &'t [u8], found: &mut [Finding]) {
        let waiting = found.iter().filter(|finding| finding.place == Place::Whole);
        let wanted = waiting.filter_map(|finding| Some((finding.path.clone()?, None)));
        let lines = Self::find(text, wanted.collect());
        for finding in found.iter_mut().filter(|finding| finding.place == Place::Whole) {
            let line = finding.path.as_ref().and_then(|path| lines.by_path.get(path));
            if let Some(line) = line {
                finding.place = Place::Line(line.position(finding.field));
            }
        }
    }

    fn find(text: &'t [u8], mut wanted: BTreeMap<Vec<u8>, Option<Line<'t>>>) -> Self {
        let mut offset = 0_usize;
        for (before, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if let Some(place) = wanted.get_mut(&path_of(line)) {
                let number = before.saturating_add(1);
                place.get_or_insert(Line { text: line, number, offset });
            }
            offset = offset.saturating_add(line.len()).saturating_add(1);
        }
        let found = wanted.into_iter().filter_map(|(path, line)| Some((path, line?)));
        Self { by_path: found.collect() }
    }
}

impl Line<'_> {
    /// Where a field of the line begins.
    fn position(&self, field: Field) -> Position {
        let fields = Field::FIXED.iter().position(|&fixed| fixed == field).unwrap_or(0);
        let before = self.text.split(|&byte| byte == b' ').take(fields);
        let start: usize = before.map(|field| field.len().saturating_add(1)).sum();
        let start = start.min(self.text.len());
        Position {
            line: self.number,
            column: start.saturating_add(1),
            offset: self.offset.saturating_add(start),
        }
    }
}

/// Finds the first place where a text is not the canonical one of its tree.
///
/// ```
/// use cfs::check::{Code, Rule, canonical};
/// let canon = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n";
/// let text = b"/ 0 40755 2 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n";
/// assert_eq!(canonical(canon, canon), None);
/// assert_eq!(canonical(text, canon).unwrap().rule, Rule::Check(Code::NotCanonical));
/// ```
#[must_use]
pub fn canonical(text: &[u8], canonical: &[u8]) -> Option<Finding> {
    let same = text.iter().zip(canonical).take_while(|(a, b)| a == b).count();
    if same == text.len() && same == canonical.len() {
        return None;
    }
    let (number, offset) = line_at(text, same);
    let (line, wanted) = (rest_of_line(text, offset), rest_of_line(canonical, offset));
    let column = same.saturating_sub(offset).saturating_add(1);
    let place = Place::Line(Position { line: number, column, offset: same });
    let (path, wanted_path) = (path_of(line), path_of(wanted));
    let (code, message) = if path != wanted_path && !line.is_empty() && !wanted.is_empty() {
        let wanted = String::from_utf8_lossy(wanted.split(|&b| b == b' ').next().unwrap_or(b""));
        (Code::LineOrder, format!("the canonical form has {wanted} here"))
    } else {
        let wanted = word_at(wanted, column.saturating_sub(1));
        (Code::NotCanonical, format!("the canonical form has \"{wanted}\" here"))
    };
    Some(Finding { path: Some(path), ..Finding::of_source(code, place, message) })
}

/// The number of the line that a byte is in, and where the line begins.
fn line_at(text: &[u8], at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = memchr::memrchr(b'\n', before).map_or(0, |feed| feed.saturating_add(1));
    (memchr::memchr_iter(b'\n', before).count().saturating_add(1), start)
}

fn rest_of_line(text: &[u8], start: usize) -> &[u8] {
    text.get(start..).unwrap_or_default().split(|&byte| byte == b'\n').next().unwrap_or_default()
}

/// The most characters that a message quotes.
const QUOTED: usize = 40;

/// The field of a line that a byte is in, cut if it is long.
fn word_at(line: &[u8], at: usize) -> String {
    let start = line.get(..at).and_then(|before| memchr::memrchr(b' ', before));
    let word = line.get(start.map_or(0, |space| space.saturating_add(1))..).unwrap_or_default();
    let word = word.split(|&byte| byte == b' ').next().unwrap_or_default();
    let text = String::from_utf8_lossy(word);
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
