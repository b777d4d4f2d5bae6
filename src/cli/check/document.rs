//! Findings as a JSON document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

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
        "name": checked.name,
        "kind": checked.kind,
        "fixed": checked.fixed,
        "rebuilt": checked.rebuilt.as_ref().map(rebuilt),
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn rebuilt(rebuilt: &Rebuilt) -> Value {
    json!({
        "format": rebuilt.format,
        "same": rebuilt.differs.is_none(),
        "differs": rebuilt.differs,
    })
}

fn finding(finding: &Finding) -> Value {
    let (mut line, mut column, mut nid) = (None, None, None);
    let offset = match finding.place {
        Place::Whole => None,
        Place::Line(position) => {
            (line, column) = (Some(position.line), Some(position.column));
            Some(crate::num::wide(position.offset))
        }
        Place::Byte(offset) => Some(offset),
        Place::Inode { nid: number, offset } => {
            nid = Some(number);
            Some(offset)
        }
    };
    json!({
        "code": finding.rule.name(),
        "level": finding.level.name(),
        "path": finding.path.as_ref().map(|path| escaped(path)),
        "line": line,
        "column": column,
        "offset": offset,
        "nid": nid,
        "message": finding.message,
    })
}
