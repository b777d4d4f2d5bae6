//! Sections that are cut until all fits.

use crate::diff::words::counted;
use crate::num::wide;

/// A part of a comment whose lines can be cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    /// The higher, the earlier it is cut.
    pub(super) rank: usize,
    pub(super) open: String,
    pub(super) close: String,
    pub(super) lines: Vec<String>,
}

impl Section {
    /// Lines that are shown as they are, once a reader unfolds them.
    pub(super) fn folded(rank: usize, summary: &str, lines: Vec<String>) -> Self {
        let summary = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Self {
            rank,
            open: format!("<details><summary>{summary}</summary>\n\n```text\n"),
            close: "```\n\n</details>\n".into(),
            lines,
        }
    }

    /// Bytes it takes with no line at all.
    fn least(&self) -> usize {
        "\n".len() + self.open.len() + self.close.len() + note(self.lines.len()).len()
    }
}

/// What is said of lines that were cut.
fn note(lines: usize) -> String {
    format!("… {} more\n", counted(wide(lines), "line", "lines"))
}

/// Puts all together, with as many lines as fit. What comes without any line is left out.
pub(super) fn fit(head: &str, mut sections: Vec<Section>, foot: &str, limit: usize) -> String {
    sections.retain(|section| !section.lines.is_empty());
    let mut left = limit.saturating_sub(head.len() + foot.len());
    let mut by_rank: Vec<usize> = (0..sections.len()).collect();
    by_rank.sort_by_key(|&at| sections.get(at).map(|section| section.rank));
    let mut reserved: usize = sections.iter().map(Section::least).sum();
    let mut kept = vec![None; sections.len()];
    for at in by_rank {
        let (Some(section), Some(place)) = (sections.get(at), kept.get_mut(at)) else { continue };
        reserved -= section.least();
        // The sections behind this one keep room for their frames.
        let Some(room) = left.checked_sub(section.least()) else { continue };
        let for_lines = room.saturating_sub(reserved);
        let (mut used, mut count) = (0, 0);
        for line in &section.lines {
            if used + line.len() + 1 > for_lines {
                break;
            }
            used += line.len() + 1;
            count += 1;
        }
        *place = Some(count);
        left = room - used;
    }
    let mut text = head.to_owned();
    for (section, count) in sections.iter().zip(kept) {
        let Some(count) = count else { continue };
        text.push_str(&format!("\n{}", section.open));
        for line in section.lines.iter().take(count) {
            text.push_str(line);
            text.push('\n');
        }
        if count < section.lines.len() {
            text.push_str(&note(section.lines.len() - count));
        }
        text.push_str(&section.close);
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
        let cut = fit("head\n", all(), "foot\n", 81);
        assert_eq!(cut, "head\n\n<b>\nb0\n… 2 more lines\n</b>\n\n<a>\na0\na1\n</a>\nfoot\n");
    }

    #[test]
    fn whatever_the_limit_is_it_is_kept() {
        for limit in 10..200 {
            let all = vec![section(1, "a", 9), section(3, "c", 4), section(2, "b", 7)];
            assert!(fit("head\n", all, "foot\n", limit).len() <= limit, "{limit}");
        }
    }
}
