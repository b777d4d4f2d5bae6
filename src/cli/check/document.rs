//! Findings as a JSON document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fix::{Fixed, Images};
use super::gather::{Checked, Rebuilt};
use crate::check::{Finding, Level, Place, Rule};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::store::escaped;

/// Prints the document.
pub(super) fn print(all: &[Checked]) -> Result<(), Failure> {
    let count = |level| all.iter().map(|checked| checked.count(level)).sum::<usize>();
    let document = json!({
        "version": 1,
        "command": "check",
        "errors": count(Level::Error),
        "warnings": count(Level::Warning),
        "notes": count(Level::Note),
        "sources": all.iter().map(source).collect::<Vec<_>>(),
        "codes": rules(all).into_iter().map(rule).collect::<Vec<_>>(),
    });
    Output::stdout()?.write(format!("{document:#}\n").as_bytes())
}

/// The rules that something was found by.
pub(super) fn rules(all: &[Checked]) -> BTreeSet<Rule> {
    all.iter().flat_map(|checked| &checked.findings).map(|finding| finding.rule).collect()
}

fn rule(rule: Rule) -> Value {
    json!({ "code": rule.name(), "level": rule.level().name(), "explanation": rule.explain() })
}

fn source(checked: &Checked) -> Value {
    json!({
        "name": checked.name(),
        "kind": checked.kind(),
        "fixed": checked.fixed.as_ref().map(fixed),
        "rebuilt": checked.rebuilt.as_ref().map(rebuilt),
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn fixed(fixed: &Fixed) -> Value {
    let image = |images: &Images| {
        let [before, after] = images.digests.map(|digest| digest.map(|digest| digest.to_string()));
        json!({ "format": format!("V{}", images.version.number()), "before": before, "after": after })
    };
    json!({
        "findings": fixed.findings.iter().map(finding).collect::<Vec<_>>(),
        "images": fixed.images.iter().map(image).collect::<Vec<_>>(),
    })
}

fn rebuilt(rebuilt: &Rebuilt) -> Value {
    json!({
        "format": rebuilt.format,
        "same": rebuilt.differs.is_none(),
        "differs": rebuilt.differs.as_ref().and_then(|differs| differs.at),
        "where": rebuilt.differs.as_ref().map(|differs| &differs.words),
    })
}

fn finding(finding: &Finding) -> Value {
    let at = match finding.place {
        Place::Line { at, len } => Some((at.line, at.column, len)),
        _ => None,
    };
    let nid = match finding.place {
        Place::Inode { nid, .. } => Some(nid),
        _ => None,
    };
    let offset = (finding.place != Place::Whole).then(|| finding.place.start());
    json!({
        "code": finding.rule.name(),
        "level": finding.level.name(),
        "path": finding.path.as_ref().map(|path| escaped(path)),
        "line": at.map(|(line, ..)| line),
        "column": at.map(|(_, column, _)| column),
        "len": at.map(|(.., len)| len),
        "offset": offset,
        "nid": nid,
        "message": finding.message,
        "hint": finding.hint,
    })
}
