//! Findings as SARIF 2.1.0, the format of code scanning.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::rules;
use super::gather::Checked;
use crate::check::{Finding, Place, Rule};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::store::escaped;

/// Prints the document.
pub(super) fn print(all: &[Checked]) -> Result<(), Failure> {
    let rules = rules(all);
    let numbers: BTreeMap<Rule, usize> = rules.iter().copied().zip(0..).collect();
    let results = all.iter().flat_map(|checked| {
        let numbers = &numbers;
        checked.findings.iter().map(move |finding| result(&checked.name, finding, numbers))
    });
    let document = json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cfs",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|&rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "results": results.collect::<Vec<_>>(),
        }],
    });
    Output::stdout()?.write(format!("{document:#}\n").as_bytes())
}

fn descriptor(rule: Rule) -> Value {
    let explanation = rule.explain();
    let first = explanation.split_inclusive(". ").next().unwrap_or(explanation).trim_end();
    json!({
        "id": rule.name(),
        "shortDescription": { "text": first },
        "fullDescription": { "text": explanation },
        "help": { "text": explanation },
        "defaultConfiguration": { "level": rule.level().name() },
    })
}

fn result(name: &str, finding: &Finding, numbers: &BTreeMap<Rule, usize>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(name) } });
    let region = match finding.place {
        // Code scanning wants a line, so what is about the whole is shown at the first one.
        Place::Whole => json!({ "startLine": 1 }),
        Place::Line(position) => {
            json!({ "startLine": position.line, "startColumn": position.column })
        }
        Place::Byte(offset) | Place::Inode { offset, .. } => {
            json!({ "byteOffset": offset, "byteLength": 1 })
        }
    };
    if let Value::Object(fields) = &mut physical {
        fields.insert("region".into(), region);
    }
    let mut location = json!({ "physicalLocation": physical });
    let path = finding.path.as_ref().map(|path| escaped(path));
    if let (Some(path), Value::Object(fields)) = (&path, &mut location) {
        let logical = json!([{ "fullyQualifiedName": path, "kind": "resource" }]);
        fields.insert("logicalLocations".into(), logical);
    }
    let message = match path {
        Some(path) => format!("{path}: {}", finding.message),
        None => finding.message.clone(),
    };
    json!({
        "ruleId": finding.rule.name(),
        "ruleIndex": numbers.get(&finding.rule),
        "level": finding.level.name(),
        "message": { "text": message },
        "locations": [location],
    })
}

/// The name of a file as a relative reference.
fn uri(name: &str) -> String {
    let mut uri = String::new();
    for &byte in name.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
