//! A text as a pattern: a dump is made of it, with something in the place of what is open, and read.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Filled, fill};
use super::open::{Open, OpenXattrs};
use super::{Line, Mark, Pattern, Says};
use crate::dump::{
    Code, Detail, Diagnostic, Field, Findings, Issue, Options, ParseError, Severity, parse,
    parse_with_notes, path_of,
};
use crate::num::index;
use crate::tree::{FileType, NodeId, Tree};

/// What ends a line that says that anything may be below a directory.
const BELOW: &[u8] = b"/...";

/// A line as it was given.
#[derive(Clone, Copy)]
struct Given<'a> {
    /// With its line feed.
    raw: &'a [u8],
    /// Without it.
    text: &'a [u8],
    kind: Kind,
    offset: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Note,
    Below,
    Entry,
}

impl Given<'_> {
    fn directory(&self) -> Vec<u8> {
        path_of(self.text.strip_suffix(BELOW).unwrap_or_default()).into_owned()
    }
}

fn lines<'a>(text: &'a [u8]) -> Vec<Given<'a>> {
    let mut offset = 0;
    let line = |raw: &'a [u8]| {
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let kind = match text {
            [] | [b'#', ..] => Kind::Note,
            [..] if text.ends_with(BELOW) && !text.contains(&b' ') => Kind::Below,
            [..] => Kind::Entry,
        };
        let given = Given { raw, text, kind, offset };
        offset += raw.len();
        given
    };
    text.split_inclusive(|&byte| byte == b'\n').map(line).collect()
}

pub(super) fn read<'a>(text: &'a [u8], options: &Options) -> Result<Pattern<'a>, ParseError> {
    let given = lines(text);
    let is_plain =
        |line: &Given<'_>| line.kind == Kind::Entry && line.text.iter().all(|&byte| byte != b'*');
    if given.iter().all(is_plain) {
        let parsed = parse(text, options)?;
        return pattern(text, &given, &[], parsed.tree.into_owned(), parsed.findings);
    }
    let parents = parents(&given);
    let filled: Vec<Filled> = given
        .iter()
        .map(|line| match line.kind {
            Kind::Entry => fill(line.text, |path| parents.contains(path)),
            Kind::Note | Kind::Below => Filled::default(),
        })
        .collect();
    let skeleton = skeleton(&given, &filled);
    match parse_with_notes(&skeleton, options) {
        Ok(parsed) => {
            let findings = moved(parsed.findings, &given, &filled);
            pattern(text, &given, &filled, parsed.tree.into_owned(), findings)
        }
        Err(error) => Err(ParseError { findings: moved(error.findings, &given, &filled) }),
    }
}

/// The dump that is read, line by line as the text.
fn skeleton(given: &[Given<'_>], filled: &[Filled]) -> Vec<u8> {
    let mut text = Vec::new();
    for (line, filled) in given.iter().zip(filled) {
        match line.kind {
            Kind::Entry => text.extend_from_slice(&filled.text),
            Kind::Note | Kind::Below => text.push(b'#'),
        }
        text.extend_from_slice(line.raw.get(line.text.len()..).unwrap_or_default());
    }
    text
}

/// The directories that some line says something of what is in them, if the type of any entry is open.
fn parents(given: &[Given<'_>]) -> BTreeSet<Vec<u8>> {
    let mut parents = BTreeSet::new();
    let mode = |line: &Given<'_>| line.text.split(|&byte| byte == b' ').nth(2) == Some(b"*");
    if !given.iter().any(mode) {
        return parents;
    }
    for line in given {
        match line.kind {
            Kind::Note => {}
            Kind::Below => _ = parents.insert(line.directory()),
            Kind::Entry => {
                let mut path = path_of(line.text).into_owned();
                let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or_default();
                path.truncate(slash.max(1));
                parents.insert(path);
            }
        }
    }
    parents
}

/// Findings at their places in the text. Nothing is said of lines in which something is open but
/// errors.
fn moved(mut findings: Findings, given: &[Given<'_>], filled: &[Filled]) -> Findings {
    let at = |found: &Diagnostic| {
        let number = found.position().line.checked_sub(1)?;
        Some((given.get(number)?, filled.get(number)?))
    };
    let is_plain = |found: &Diagnostic| at(found).is_none_or(|(_, filled)| !filled.is_open());
    findings.warnings.retain(is_plain);
    let mut kept = BTreeMap::new();
    for found in &findings.warnings {
        let count = findings.warning_counts.get(&found.code()).copied().unwrap_or(1);
        kept.insert(found.code(), count);
    }
    findings.warning_counts = kept;
    let place = |found: Diagnostic| match at(&found) {
        None => found,
        Some((line, filled)) => {
            let start = found.position().column - 1;
            let span = filled.span(start..start + found.span_len());
            found.moved(span, line.offset)
        }
    };
    findings.errors = findings.errors.into_iter().map(place).collect();
    findings.warnings = findings.warnings.into_iter().map(place).collect();
    findings
}

/// Puts lines and nodes together.
fn pattern<'a>(
    text: &'a [u8],
    given: &[Given<'a>],
    filled: &[Filled],
    tree: Tree<'static>,
    mut findings: Findings,
) -> Result<Pattern<'a>, ParseError> {
    let nodes = Nodes::of(&tree, given);
    let mut marks = vec![Mark::default(); tree.len()];
    let mut lines = Vec::with_capacity(given.len());
    let mut xattrs = vec![OpenXattrs::default()];
    let mut known = BTreeMap::from([(OpenXattrs::default(), 0)]);
    let mut entries = 0;
    for (number, line) in given.iter().enumerate() {
        let says = match line.kind {
            Kind::Note => Says::Note,
            Kind::Below => {
                let node = nodes.at(&line.directory(), entries);
                let is_directory =
                    |node: &NodeId| tree.facts(*node).file_type() == FileType::Directory;
                let Some(node) = node.filter(is_directory) else {
                    findings.errors.push(no_directory(line, number, node.is_some()));
                    continue;
                };
                mark_of(&mut marks, node).below = true;
                Says::Below(node)
            }
            Kind::Entry => {
                let Some(node) = nodes.at(&path_of(line.text), entries) else { continue };
                entries += 1;
                let mark = mark_of(&mut marks, node);
                mark.line = number;
                if let Some(filled) = filled.get(number) {
                    mark.open = filled.open;
                    let next = xattrs.len();
                    mark.xattrs = *known.entry(filled.xattrs.clone()).or_insert(next);
                    if mark.xattrs == next {
                        xattrs.push(filled.xattrs.clone());
                    }
                }
                Says::Entry(node)
            }
        };
        lines.push(Line { raw: line.raw, says });
    }
    if !findings.errors.is_empty() {
        return Err(ParseError { findings });
    }
    // What is open of a hard link's line is not looked at.
    for node in tree.nodes().filter(|&node| tree.is_link(node)) {
        mark_of(&mut marks, node).open = Open::NONE;
    }
    Ok(Pattern { text, lines, tree, marks, xattrs, findings })
}

fn mark_of(marks: &mut [Mark], node: NodeId) -> &mut Mark {
    // There is a mark for each node.
    &mut marks[index(node.number())]
}

/// Which node each path is.
enum Nodes {
    /// Each entry is the node with its number, and no other path is wanted.
    InOrder,
    ByPath(BTreeMap<Vec<u8>, NodeId>),
}

impl Nodes {
    fn of(tree: &Tree<'_>, given: &[Given<'_>]) -> Self {
        let mut walk = tree.walk();
        let is_next = |line: &Given<'_>| match line.kind {
            Kind::Note => true,
            Kind::Below => false,
            Kind::Entry => walk.next().is_some() && *path_of(line.text) == *walk.path(),
        };
        if given.iter().all(is_next) {
            return Self::InOrder;
        }
        let mut nodes = BTreeMap::new();
        let mut walk = tree.walk();
        while let Some(step) = walk.next() {
            nodes.insert(walk.path().to_vec(), step.node);
        }
        Self::ByPath(nodes)
    }

    /// The node at a path, before which so many entries came.
    fn at(&self, path: &[u8], entries: u32) -> Option<NodeId> {
        match self {
            Self::InOrder => Some(NodeId::from_number(entries)),
            Self::ByPath(nodes) => nodes.get(path).copied(),
        }
    }
}

/// Says that a line `/d/...` is about no directory.
fn no_directory(line: &Given<'_>, number: usize, is_there: bool) -> Diagnostic {
    let len = line.text.len().saturating_sub(BELOW.len());
    let code = if is_there { Code::ParentNotDirectory } else { Code::ParentMissing };
    let issue = Issue {
        code,
        severity: Severity::Error,
        field: Field::Path,
        start: 0,
        len: len.max(1),
        detail: Detail::Span,
    };
    Diagnostic::new(&issue, line.text, number + 1, line.offset)
}
