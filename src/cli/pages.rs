//! Man pages about more than one command, written as text and printed as roff.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// A page of section 7.
pub(super) struct Page {
    /// Its name, such as `cfs-git`.
    pub(super) name: &'static str,
    text: &'static str,
}

/// All of them.
pub(super) const PAGES: [Page; 2] = [
    Page { name: "cfs-git", text: include_str!("pages/git.md") },
    Page { name: "cfs-golden", text: include_str!("pages/golden.md") },
];

impl Page {
    /// The page as roff: headings, paragraphs, code in them, and blocks of lines.
    pub(super) fn roff(&self) -> String {
        let mut roff = Roff::new();
        let version = concat!("cfs ", env!("CARGO_PKG_VERSION"));
        roff.control("TH", [self.name, "7", " ", version, " "]);
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if let Some(heading) = line.strip_prefix("# ") {
                roff.control("SH", [heading]);
            } else if line.starts_with("```") {
                roff.control("PP", []).control("RS", ["4"]).control("EX", []);
                for line in lines.by_ref().take_while(|line| *line != "```") {
                    roff.text([roman(line)]);
                }
                roff.control("EE", []).control("RE", []);
            } else if !line.is_empty() {
                roff.control("PP", []).text(inline(line));
            }
        }
        roff.render()
    }
}

/// Words, of which those between backquotes are bold.
fn inline(line: &str) -> Vec<Inline> {
    let parts = line.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}
