//! Names of a directory that differ by case or Unicode form alone.

use std::collections::BTreeMap;

use super::{Code, Finding};
use crate::dump::{Field, Place, escape_into};
use crate::tree::{NodeId, Tree};

/// Gives a name its composed Unicode form.
pub type Compose = fn(&str) -> String;

/// Finds the names of a directory that only case, or only the Unicode form, tells from one before.
pub(super) fn collisions(
    tree: &Tree<'_>,
    directory: NodeId,
    path: &[u8],
    compose: Option<Compose>,
    found: &mut Vec<Finding>,
) {
    let has_letters = |name: &[u8]| name.iter().any(|byte| byte.is_ascii_uppercase());
    let is_odd = |name: &[u8]| has_letters(name) || !name.is_ascii();
    // Names of small ASCII letters are what most directories have, and cannot collide.
    if !tree.children(directory).any(|child| is_odd(tree.name(child))) {
        return;
    }
    let mut by_case: BTreeMap<String, NodeId> = BTreeMap::new();
    let mut by_form: BTreeMap<String, NodeId> = BTreeMap::new();
    for child in tree.children(directory) {
        let Ok(name) = str::from_utf8(tree.name(child)) else { continue };
        let composed = compose.map_or_else(|| name.to_owned(), |compose| compose(name));
        let folded = composed.to_lowercase();
        let same_form = by_form.insert(composed, child);
        let same_case = by_case.insert(folded, child);
        let (code, other, what) = match (same_form, same_case) {
            (Some(other), _) => (Code::UnicodeCollision, other, "Unicode form"),
            (None, Some(other)) => (Code::CaseCollision, other, "case"),
            (None, None) => continue,
        };
        let message = format!("differs from {} by {what} alone", shown(tree.name(other)));
        let whole = [path.strip_suffix(b"/").unwrap_or(path), b"/", tree.name(child)].concat();
        found.push(Finding::new(code, &whole, Field::Path, message));
    }
}

/// A name on one line: as a dump has it.
fn shown(name: &[u8]) -> String {
    let mut text = Vec::new();
    escape_into(name, Place::Path, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
