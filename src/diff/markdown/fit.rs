//! Sections that are cut until all fits.

use std::collections::BTreeMap;

use crate::diff::words::counted;
use crate::num::wide;

/// A part of a comment whose lines can be cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    /// The higher, the earlier it is cut; no two sections have the same.
    pub(super) rank: usize,
    pub(super) open: String,
    pub(super) close: String,
    pub(super) lines: Vec<String>,
}

impl Section {
    /// Lines that are shown as they are, once a reader unfolds them.
    pub(super) fn folded(rank: usize, summary: &str, lines: Vec<String>) -> Self {
        let summary = heading(summary);
        Self {
            rank,
            open: format!("<details><summary>{summary}</summary>\n\n```text\n"),
            close: "```\n\n</details>\n".into(),
            lines,
        }
    }

    /// Shows the lines without a click.
    pub(super) fn unfold(&mut self) {
        self.open = self.open.replacen("<details>", "<details open>", 1);
    }

    /// Bytes it takes with no line at all.
    fn least(&self) -> usize {
        "\n".len() + self.open.len() + self.close.len() + note(self.lines.len()).len()
    }

    /// Takes further lines behind the first `count`, as far as there is room. Returns how much they
    /// fill.
    fn take(&self, count: &mut usize, room: usize) -> usize {
        let mut used = 0;
        for line in self.lines.iter().skip(*count) {
            let len = line.len() + 1;
            if used + len > room {
                break;
            }
            used += len;
            *count += 1;
        }
        used
    }

    /// Writes it with its first `count` lines.
    fn write(&self, count: usize, text: &mut String) {
        text.push_str(&format!("\n{}", self.open));
        for line in self.lines.iter().take(count) {
            text.push_str(line);
            text.push('\n');
        }
        if count < self.lines.len() {
            text.push_str(&note(self.lines.len() - count));
        }
        text.push_str(&self.close);
    }
}

/// Words in a heading. Names and values from a tree stand in it, so that what a forge would take for a
/// person, an issue or a link is shown as code.
fn heading(words: &str) -> String {
    let text = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let is_taken = words.contains(['@', '#']) || words.contains(":/") || words.contains("www.");
    if is_taken { format!("<code>{text}</code>") } else { text }
}

/// What is said of lines that were cut.
fn note(lines: usize) -> String {
    format!("… {}\n", counted(wide(lines), "more line", "more lines"))
}

/// Bytes that every section may fill before more important ones take the rest: one in so many of all.
const SHARE: usize = 24;

/// Puts all together, with as many lines as fit: a share for each section, and what is left for the
/// most important ones. What comes without any line is left out.
pub(super) fn fit(head: &str, mut sections: Vec<Section>, foot: &str, limit: usize) -> String {
    sections.retain(|section| !section.lines.is_empty());
    let mut left = limit.saturating_sub(head.len() + foot.len());
    let share = left / SHARE;
    let mut by_rank: Vec<&Section> = sections.iter().collect();
    by_rank.sort_by_key(|section| section.rank);
    // A section for which there is not even room without lines is left out.
    let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
    for section in &by_rank {
        if let Some(rest) = left.checked_sub(section.least()) {
            left = rest;
            kept.insert(section.rank, 0);
        }
    }
    for most in [share, usize::MAX] {
        for section in &by_rank {
            if let Some(count) = kept.get_mut(&section.rank) {
                left -= section.take(count, most.min(left));
            }
        }
    }
    let mut text = head.to_owned();
    for section in &sections {
        if let Some(&count) = kept.get(&section.rank) {
            section.write(count, &mut text);
        }
    }
    text + foot
}

#[cfg(test)]
mod tests {
    use super::{Section, fit};

    fn section(rank: usize, name: &str, lines: usize) -> Section {
        Section {
            rank,
            open: format!("<{name}>\n"),
            close: format!("</{name}>\n"),
            lines: (0..lines).map(|at| format!("{name}{at}")).collect(),
        }
    }

    #[test]
    fn the_least_important_section_is_cut_first() {
        let all = || vec![section(2, "b", 3), section(1, "a", 2)];
        let whole = fit("head\n", all(), "foot\n", 1000);
        assert_eq!(whole, "head\n\n<b>\nb0\nb1\nb2\n</b>\n\n<a>\na0\na1\n</a>\nfoot\n");
        let cut = fit("head\n", all(), "foot\n", 75);
        assert_eq!(cut, "head\n\n<b>\nb0\n… 2 more lines\n</b>\n\n<a>\na0\na1\n</a>\nfoot\n");
    }

    #[test]
    fn nothing_in_a_heading_is_taken_for_a_name_or_markup() {
        let open = |summary: &str| Section::folded(0, summary, Vec::new()).open;
        let end = "</summary>\n\n```text\n";
        assert_eq!(open("mode: 3 files"), format!("<details><summary>mode: 3 files{end}"));
        let shown = "<code>user.k: &lt;b&gt; @admin &amp; #1</code>";
        assert_eq!(open("user.k: <b> @admin & #1"), format!("<details><summary>{shown}{end}"));
    }

    #[test]
    fn whatever_the_limit_is_it_is_kept() {
        for limit in 10..200 {
            let all = vec![section(1, "a", 9), section(3, "c", 4), section(2, "b", 7)];
            assert!(fit("head\n", all, "foot\n", limit).len() <= limit, "{limit}");
        }
    }
}
