//! The lines in which two texts differ, with the words that differ marked where there is colour.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, group_diff_ops};

use super::paint::{Paint, Sign};
use crate::diff::printable;

/// The longest that two texts are compared. The algorithm gives up the shortest answer for a quick one
/// long before, so that what is printed does not depend on how fast the machine is.
const DEADLINE: Duration = Duration::from_secs(10);
/// Lines around what differs.
const CONTEXT: usize = 3;
/// Lines with more words are not compared word by word.
const MAX_WORDS: usize = 2_000;

/// Writes unified hunks.
pub(super) fn unified(old: &str, new: &str, paint: Paint, text: &mut String) {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    for group in group_diff_ops(compared(&old, &new), CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let gone = range(first.old_range().start, last.old_range().end);
        let come = range(first.new_range().start, last.new_range().end);
        paint.hunk(&format!("-{gone} +{come}"), text);
        group.iter().for_each(|op| lines(op, &old, &new, paint, text));
    }
}

/// Writes all lines of a text that is only in one tree.
pub(super) fn all(sign: Sign, content: &str, paint: Paint, text: &mut String) {
    content.split_inclusive('\n').for_each(|line| of_text(sign, &[(line, false)], paint, text));
}

/// What leads from some pieces of text to others.
fn compared(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let deadline = Instant::now().checked_add(DEADLINE);
    capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline)
}

/// The lines from one on to another, as hunks number them.
fn range(from: usize, to: usize) -> String {
    match to - from {
        0 => format!("{from},0"),
        1 => (from + 1).to_string(),
        len => format!("{},{len}", from + 1),
    }
}

fn lines(op: &DiffOp, old: &[&str], new: &[&str], paint: Paint, text: &mut String) {
    let gone = old.get(op.old_range()).unwrap_or_default();
    let come = new.get(op.new_range()).unwrap_or_default();
    if op.tag() == DiffTag::Equal {
        return come.iter().for_each(|line| of_text(Sign::Same, &[(line, false)], paint, text));
    }
    if gone.len() == come.len() && paint.is_colored {
        let pairs: Vec<_> = gone.iter().zip(come).map(|(old, new)| marked(old, new)).collect();
        pairs.iter().for_each(|(pieces, _)| of_text(Sign::Gone, pieces, paint, text));
        return pairs.iter().for_each(|(_, pieces)| of_text(Sign::Come, pieces, paint, text));
    }
    gone.iter().for_each(|line| of_text(Sign::Gone, &[(line, false)], paint, text));
    come.iter().for_each(|line| of_text(Sign::Come, &[(line, false)], paint, text));
}

/// A piece of a line, and whether it is marked.
type Piece<'l> = (&'l str, bool);

/// Writes a line of a text, and says so if it has no end.
fn of_text(sign: Sign, pieces: &[Piece<'_>], paint: Paint, text: &mut String) {
    let shown = pieces
        .iter()
        .map(|&(piece, is_marked)| (shown(piece.strip_suffix('\n').unwrap_or(piece)), is_marked));
    paint.line(sign, shown, text);
    if pieces.last().is_some_and(|(last, _)| !last.ends_with('\n')) {
        text.push_str("\\ No newline at end of file\n");
    }
}

/// Writes words on a line of their own.
pub(super) fn one(sign: Sign, words: &str, paint: Paint, text: &mut String) {
    paint.line(sign, [(words.to_owned(), false)], text);
}

/// Writes what was before and what is now, with the words that differ marked.
pub(super) fn both(old: &str, new: &str, paint: Paint, text: &mut String) {
    let (gone, come) =
        if paint.is_colored { marked(old, new) } else { (vec![(old, false)], vec![(new, false)]) };
    for (sign, pieces) in [(Sign::Gone, gone), (Sign::Come, come)] {
        let pieces = pieces.into_iter().map(|(piece, is_marked)| (piece.to_owned(), is_marked));
        paint.line(sign, pieces, text);
    }
}

/// Two lines, cut where the words that differ begin and end.
fn marked<'l>(old: &'l str, new: &'l str) -> (Vec<Piece<'l>>, Vec<Piece<'l>>) {
    let plain = (vec![(old, false)], vec![(new, false)]);
    let (a, b) = (words(old), words(new));
    if a.len().max(b.len()) > MAX_WORDS {
        return plain;
    }
    let (mut gone, mut come): (Vec<Piece<'_>>, Vec<Piece<'_>>) = (Vec::new(), Vec::new());
    let (mut rest, mut same) = ((old, new), 0);
    for op in compared(&a, &b) {
        let len = |words: &[&str], range: std::ops::Range<usize>| -> usize {
            words.get(range).unwrap_or_default().iter().map(|word| word.len()).sum()
        };
        let (piece_old, rest_old) = rest.0.split_at(len(&a, op.old_range()));
        let (piece_new, rest_new) = rest.1.split_at(len(&b, op.new_range()));
        rest = (rest_old, rest_new);
        let is_marked = op.tag() != DiffTag::Equal;
        same += if is_marked { 0 } else { piece_old.trim().len() };
        gone.extend(Some((piece_old, is_marked)).filter(|(piece, _)| !piece.is_empty()));
        come.extend(Some((piece_new, is_marked)).filter(|(piece, _)| !piece.is_empty()));
    }
    // Where little is the same, marks would only be in the way.
    if 3 * same < old.trim().len().min(new.trim().len()) { plain } else { (gone, come) }
}

/// Cuts a line into words, and what stands between them.
fn words(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, behind) = rest.split_at(len);
        words.push(word);
        rest = behind;
    }
    words
}

/// A part of a text, with nothing in it that a terminal would obey.
fn shown(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for part in line.split_inclusive(['\t', '\\']) {
        let (plain, last) = match part.strip_suffix(['\t', '\\']) {
            Some(plain) => (plain, part.get(plain.len()..).unwrap_or_default()),
            None => (part, ""),
        };
        text.push_str(&printable(plain.as_bytes()));
        text.push_str(last);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{marked, range, words};

    #[test]
    fn lines_are_cut_where_words_begin_and_end() {
        assert_eq!(words("Port 22, a_b"), ["Port", " ", "22", ",", " ", "a_b"]);
        let (gone, come) = marked("Port 22 # ssh", "Port 2222 # ssh");
        assert_eq!(gone, [("Port ", false), ("22", true), (" # ssh", false)]);
        assert_eq!(come, [("Port ", false), ("2222", true), (" # ssh", false)]);
        let (gone, come) = marked("one", "two");
        assert_eq!((gone, come), (vec![("one", false)], vec![("two", false)]));
    }

    #[test]
    fn ranges_are_those_of_unified_hunks() {
        assert_eq!([range(0, 0), range(0, 1), range(4, 7)], ["0,0", "1", "5,3"]);
    }
}
