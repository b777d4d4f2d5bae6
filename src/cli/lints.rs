//! Warnings about a dump text that its lines alone do not tell.

use std::collections::BTreeMap;

use super::load::Form;
use crate::canon;
use crate::dump::{
    Code, Detail, Diagnostic, Field, Findings, Issue, Options, Parsed, Severity, Warnings, path_of,
};
use crate::tree::{NodeId, Tree};

/// Brings the tree into the form that is wanted, and adds warnings about the tree as a whole.
pub(super) fn check(text: &[u8], options: &Options, parsed: &mut Parsed<'_>, form: Form) {
    let Parsed { tree, findings } = parsed;
    let mut found: Vec<(NodeId, Code)> = Vec::new();
    if form == Form::Canonical {
        let changes = canon::canonicalise(tree);
        found.extend(changes.carriers.iter().map(|&node| (node, Code::CarrierMoved)));
    }
    warn(text, options, tree, &found, findings);
}

/// Adds a warning for each of the nodes, at its line.
fn warn(
    text: &[u8],
    options: &Options,
    tree: &Tree<'_>,
    found: &[(NodeId, Code)],
    findings: &mut Findings,
) {
    let mut wanted: BTreeMap<NodeId, Vec<Code>> = BTreeMap::new();
    for &(node, code) in found {
        let count = findings.warning_counts.entry(code).or_default();
        *count += 1;
        if *count == 1 || options.warnings == Warnings::All {
            wanted.entry(node).or_default().push(code);
        }
    }
    if !wanted.is_empty() {
        findings.warnings.extend(at_lines(text, &with_paths(tree, &wanted)));
    }
}

/// What there is to say about each path.
type Wanted<'w> = BTreeMap<Vec<u8>, &'w [Code]>;

fn with_paths<'w>(tree: &Tree<'_>, wanted: &'w BTreeMap<NodeId, Vec<Code>>) -> Wanted<'w> {
    let mut paths = BTreeMap::new();
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        if let Some(codes) = wanted.get(&step.node) {
            paths.insert(walk.path().to_vec(), codes.as_slice());
        }
    }
    paths
}

/// Diagnostics at the lines of these paths.
fn at_lines(text: &[u8], wanted: &Wanted<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (mut left, mut offset) = (wanted.len(), 0);
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if let Some(codes) = wanted.get(&path_of(line)) {
            let at = Line { text: line, number: number + 1, offset };
            found.extend(codes.iter().map(|&code| at.diagnostic(code)));
            left -= 1;
        }
        if left == 0 {
            break;
        }
        offset += line.len() + 1;
    }
    found
}

/// A line of the text.
struct Line<'t> {
    text: &'t [u8],
    /// Counted from 1.
    number: usize,
    offset: usize,
}

impl Line<'_> {
    fn diagnostic(&self, code: Code) -> Diagnostic {
        let len = self.text.split(|&byte| byte == b' ').next().map_or(0, <[u8]>::len);
        let detail = Detail::Words("a hard link, which makes another image");
        let field = Field::Path;
        let issue = Issue { code, severity: Severity::Warning, field, start: 0, len, detail };
        Diagnostic::new(&issue, self.text, self.number, self.offset)
    }
}
