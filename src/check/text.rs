//! Where findings are in a text, and what there is to say of a text that was parsed.

use std::collections::{BTreeMap, BTreeSet};

use super::form::form;
use super::{Finding, Options, Place};
use crate::canon::{Changes, canonicalise};
use crate::dump::{
    self, Code, Detail, Diagnostic, Field, Issue, Parsed, Position, Severity, Warnings, path_of,
};
use crate::tree::{NodeId, Tree};

/// What there is to say of a text.
#[derive(Clone, Debug)]
pub struct Text<'t> {
    /// What was found, each with its place, in the order of the text.
    pub findings: Vec<Finding>,
    /// The tree, in canonical form.
    pub tree: Tree<'t>,
    /// The canonical text of the tree.
    pub canonical: Vec<u8>,
}

/// Finds all there is to say of a text that was parsed with all of its warnings.
///
/// # Example
/// ```
/// use cfs::{check, dump};
/// let text = b"/ 0 40755 9 0 0 0 0.0 - - -\n/b 0 104755 1 0 0 0 0.0 - - -\n\
///              /a 0 100644 1 0 0 0 0.0 - - -\n";
/// let options = dump::Options { warnings: dump::Warnings::All, ..dump::Options::default() };
/// let parsed = dump::parse(text, &options)?;
/// let found = check::text(text, parsed, &check::Options::default()).findings;
/// let names: Vec<&str> = found.iter().map(|finding| finding.rule.name()).collect();
/// assert_eq!(names, ["setuid", "line-order"]);
/// # Ok::<(), dump::ParseError>(())
/// ```
#[must_use]
pub fn text<'t>(bytes: &[u8], parsed: Parsed<'t>, options: &Options) -> Text<'t> {
    let Parsed { mut tree, findings: given } = parsed;
    let mut found = super::tree(&tree, options);
    place(bytes, &mut found);
    let mut said: Vec<Finding> = given.warnings.iter().map(Finding::from).collect();
    let Changes { carriers: moved, .. } = canonicalise(&mut tree);
    said.extend(carriers(bytes, &tree, &moved, Warnings::All).iter().map(Finding::from));
    let canonical = dump::print(&tree);
    found.extend(form(bytes, &canonical, &said));
    found.extend(said);
    found.sort_by_key(|finding| finding.place.start());
    Text { findings: found, tree, canonical }
}

/// Warns of names that carry an inode now and did not before, at their lines: the first of them, or
/// all.
#[must_use]
pub fn carriers(text: &[u8], tree: &Tree<'_>, moved: &[NodeId], keep: Warnings) -> Vec<Diagnostic> {
    let kept = if keep == Warnings::All { moved.len() } else { moved.len().min(1) };
    let moved: BTreeSet<NodeId> = moved.iter().copied().take(kept).collect();
    let (mut paths, mut walk) = (Vec::with_capacity(moved.len()), tree.walk());
    while let Some(step) = walk.next().filter(|_| paths.len() < moved.len()) {
        if moved.contains(&step.node) {
            paths.push(walk.path().to_vec());
        }
    }
    let lines = Lines::find(text, paths.into_iter());
    lines.by_path.into_values().flatten().map(|line| line.carrier()).collect()
}

/// Gives findings about paths their places in a text. Those that have a place keep it.
pub fn place(text: &[u8], found: &mut [Finding]) {
    let waiting = found.iter().filter(|finding| finding.place == Place::Whole);
    let lines = Lines::find(text, waiting.filter_map(|finding| finding.path.clone()));
    for finding in found.iter_mut().filter(|finding| finding.place == Place::Whole) {
        let line = finding.path.as_ref().and_then(|path| lines.by_path.get(path));
        if let Some(Some(line)) = line {
            finding.place = line.place(finding.field);
        }
    }
}

/// The lines of a text by the paths that they are about.
struct Lines<'t> {
    by_path: BTreeMap<Vec<u8>, Option<Line<'t>>>,
}

/// A line of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    pub(super) text: &'t [u8],
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) offset: usize,
}

impl<'t> Lines<'t> {
    /// Finds the lines of some paths.
    fn find(text: &'t [u8], paths: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut by_path: BTreeMap<_, _> = paths.map(|path| (path, None)).collect();
        let mut left = by_path.len();
        for line in lines(text) {
            if left == 0 {
                break;
            }
            if let Some(place) = by_path.get_mut(&*path_of(line.text))
                && place.is_none()
            {
                *place = Some(line);
                left = left.saturating_sub(1);
            }
        }
        Self { by_path }
    }
}

/// The lines of a text, without their line feeds.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let (mut number, mut offset) = (0_usize, 0_usize);
    text.split(|&byte| byte == b'\n').map(move |text| {
        number = number.saturating_add(1);
        let line = Line { text, number, offset };
        offset = offset.saturating_add(text.len()).saturating_add(1);
        line
    })
}

impl Line<'_> {
    /// The place of a field of the line.
    pub(super) fn place(&self, field: Field) -> Place {
        if field == Field::Line {
            return self.part(0, self.text.len());
        }
        let before = Field::FIXED.iter().position(|&fixed| fixed == field);
        let (mut start, mut number) = (0_usize, before.unwrap_or(Field::FIXED.len()));
        while number > 0
            && let Some(space) = memchr::memchr(b' ', self.text.get(start..).unwrap_or_default())
        {
            start = start.saturating_add(space).saturating_add(1);
            number = number.saturating_sub(1);
        }
        let rest = self.text.get(start..).unwrap_or_default();
        self.part(start, memchr::memchr(b' ', rest).unwrap_or(rest.len()))
    }

    /// The place of some bytes of the line.
    pub(super) fn part(&self, start: usize, len: usize) -> Place {
        let start = start.min(self.text.len());
        let at = Position {
            line: self.number,
            column: start.saturating_add(1),
            offset: self.offset.saturating_add(start),
        };
        Place::Line { at, len }
    }

    /// Says that the name of the line carries an inode in the canonical form.
    fn carrier(&self) -> Diagnostic {
        let len = memchr::memchr(b' ', self.text).unwrap_or(self.text.len());
        let issue = Issue {
            code: Code::CarrierMoved,
            severity: Severity::Warning,
            field: Field::Path,
            start: 0,
            len,
            detail: Detail::Words("a hard link, which makes another image"),
        };
        Diagnostic::new(&issue, self.text, self.number, self.offset)
    }
}
