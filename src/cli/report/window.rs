//! The piece of a line that fits the terminal, with a mark under what is at fault.

use std::ops::Range;

/// A piece of a line, printable as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The piece, with odd bytes as `\xNN`; what was cut off is a `…`.
    pub(super) text: String,
    /// The bytes of `text` to mark; empty at the end of a line.
    pub(super) mark: Range<usize>,
}

const CUT: &str = "…";

/// The piece of `line` around `len` bytes from `start`, in at most `width` columns.
pub(super) fn window(line: &[u8], start: usize, len: usize, width: usize) -> Window {
    let start = start.min(line.len());
    let end = start.saturating_add(len).min(line.len());
    let piece = piece(line, start..end, width);
    let mut text = String::from(if piece.start > 0 { CUT } else { "" });
    let mut show = |range: Range<usize>| {
        line.get(range).unwrap_or_default().iter().for_each(|&byte| push(&mut text, byte));
        text.len()
    };
    let from = show(piece.start..start);
    let to = show(start..end.min(piece.end));
    show(end.min(piece.end)..piece.end);
    if piece.end < line.len() {
        text.push_str(CUT);
    }
    Window { text, mark: from..to }
}

/// The bytes to show: all if they fit, else the marked ones first, with some before them and
/// some behind.
fn piece(line: &[u8], marked: Range<usize>, width: usize) -> Range<usize> {
    let all: usize = line.iter().take(width + 1).map(|&byte| columns(byte)).sum();
    if all <= width {
        return 0..line.len();
    }
    let mut left = width.saturating_sub(2);
    let (behind, before) = (left / 4, left / 3);
    let (first, rest) = line.split_at(marked.start);
    let (marked, last) = rest.split_at(marked.len());
    let end = marked_end(marked, &mut left, before);
    let mut spared = left.min(behind);
    left -= spared;
    let mut start = first.len() - fitting(first.iter().rev(), &mut left);
    spared += left;
    let mut end = first.len() + end;
    if end == first.len() + marked.len() {
        end += fitting(last.iter(), &mut spared);
    }
    start -= fitting(first.get(..start).unwrap_or_default().iter().rev(), &mut spared);
    start..end
}

/// How many of the marked bytes are shown, leaving some columns.
fn marked_end(marked: &[u8], left: &mut usize, leave: usize) -> usize {
    let mut columns = left.saturating_sub(leave);
    let taken = columns;
    let shown = fitting(marked.iter(), &mut columns);
    *left -= taken - columns;
    shown
}

/// How many bytes fit into the columns that are left, which are then taken.
fn fitting<'b>(bytes: impl Iterator<Item = &'b u8>, left: &mut usize) -> usize {
    let fits = |&byte: &&u8| match left.checked_sub(columns(*byte)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    };
    bytes.take_while(fits).count()
}

/// Columns that a byte takes.
fn columns(byte: u8) -> usize {
    if is_plain(byte) { 1 } else { r"\xNN".len() }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn push(text: &mut String, byte: u8) {
    if is_plain(byte) {
        text.push(char::from(byte));
    } else {
        text.push_str(&format!("\\x{byte:02x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Window, window};

    #[track_caller]
    fn shows(line: &[u8], start: usize, len: usize, width: usize, text: &str, marked: &str) {
        let Window { text: found, mark } = window(line, start, len, width);
        assert_eq!(found, text);
        assert_eq!(&found[mark], marked, "in {found}");
        assert!(found.chars().count() <= width, "{found} is wider than {width}");
    }

    #[test]
    fn a_line_that_fits_is_shown_whole() {
        shows(b"/a 12x 1", 5, 1, 40, "/a 12x 1", "x");
        shows(b"", 0, 0, 40, "", "");
        shows(b"/a", 2, 0, 40, "/a", "");
    }

    #[test]
    fn odd_bytes_are_escaped_and_the_mark_moves_along() {
        shows(b"\xff\t x", 3, 1, 40, r"\xff\x09 x", "x");
        shows(b"a\0b", 1, 1, 40, r"a\x00b", r"\x00");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides_of_the_mark() {
        let line: Vec<u8> = (b'a'..=b'z').cycle().take(1000).collect();
        let shown = window(&line, 500, 3, 40);
        assert!(shown.text.starts_with('…') && shown.text.ends_with('…'), "{shown:?}");
        assert_eq!(shown.text.as_bytes()[shown.mark.clone()], line[500..503]);
        assert_eq!(shown.text.chars().count(), 40, "{shown:?}");
    }

    #[test]
    fn a_long_mark_is_cut_behind() {
        let shown = window(&[b'x'; 1000], 500, 400, 40);
        assert!(shown.text.chars().count() <= 40 && shown.mark.len() > 20, "{shown:?}");
    }

    #[test]
    fn the_end_of_a_long_line_can_be_marked() {
        let shown = window(&[b'x'; 1000], 1000, 0, 40);
        assert_eq!(shown.mark, shown.text.len()..shown.text.len());
    }

    #[test]
    fn any_place_and_width_fit() {
        let line: Vec<u8> = (0..=255).collect();
        for start in 0..=256 {
            for len in [0, 1, 2, 100] {
                for width in 8..90 {
                    let shown = window(&line, start, len, width);
                    assert!(shown.text.chars().count() <= width, "{start} {len} {width}");
                    assert!(shown.text.get(shown.mark.clone()).is_some(), "{shown:?}");
                    assert_eq!(len == 0 || start == 256, shown.mark.is_empty());
                }
            }
        }
    }
}
