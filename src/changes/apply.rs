//! The new tree, of the old one and a document.

use std::collections::BTreeMap;

use serde_json::Value;

use super::FORMAT;
use super::error::{PatchError, PatchErrorKind};
use super::model::{Model, Owned};
use super::value::{Held, field, to_bytes, to_mode, to_mtime, to_number, to_optional, to_owner};
use crate::dump::{Body, Fields, Outcome, Profile, read_line, unescape, xattrs_of};
use crate::tree::{FileType, Mode, NodeId, Tree};

/// Applies a document of [`document()`](super::document()) to the tree it was made from. The result
/// is in canonical form.
///
/// # Errors
/// The document is none of this format or leaves something out, or the tree is not the one it was
/// made from.
pub fn apply(old: &Tree<'_>, document: &[u8]) -> Result<Tree<'static>, PatchError> {
    let document: Value = serde_json::from_slice(document).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        PatchError::new(PatchErrorKind::Json { line, column })
    })?;
    if document.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(PatchError::new(PatchErrorKind::Format));
    }
    if field(&document, "complete", "whether it is complete")? != &Value::Bool(true) {
        return Err(PatchError::new(PatchErrorKind::Incomplete));
    }
    let changes = list(&document, "changes", "a list of changes")?;
    let steps = changes.iter().map(Step::read).collect::<Result<Vec<_>, _>>()?;
    let mut model = kept(old, &steps)?;
    let mut links = Vec::new();
    for step in &steps {
        for line in &step.lines {
            add(&mut model, line, &mut links)?;
        }
    }
    for step in &steps {
        edit(&mut model, step, &mut links)?;
    }
    for count in list(&document, "link_counts", "a list of link counts")? {
        link_count(&mut model, count)?;
    }
    for marks in list(&document, "marks", "a list of marks")? {
        mark(&mut model, marks)?;
    }
    for (path, target) in links {
        let inode =
            model.inode_at(&target).ok_or(PatchError::at(PatchErrorKind::NoTarget, &path))?;
        model.rename(&path, inode);
    }
    model.build()
}

fn expected<T>(what: &'static str) -> Result<T, PatchError> {
    Err(PatchError::new(PatchErrorKind::Expected(what)))
}

fn list<'v>(
    object: &'v Value,
    name: &str,
    what: &'static str,
) -> Result<&'v Vec<Value>, PatchError> {
    field(object, name, what)?.as_array().ok_or(PatchError::new(PatchErrorKind::Expected(what)))
}

/// A change, as far as it can be read without the tree.
struct Step<'v> {
    path: Vec<u8>,
    from: Option<Vec<u8>>,
    kind: &'v str,
    attributes: Option<&'v Value>,
    lines: Vec<&'v str>,
}

impl<'v> Step<'v> {
    fn read(value: &'v Value) -> Result<Self, PatchError> {
        let path = to_bytes(field(value, "path", "the path of a change")?);
        let Some(path) = path else { return expected("the path of a change") };
        let Some(kind) = field(value, "kind", "the kind of a change")?.as_str() else {
            return expected("the kind of a change");
        };
        let from = value.get("from").map_or(Some(None), to_optional);
        let Some(from) = from else { return expected("the path that something was moved from") };
        let lines = match value.get("lines") {
            None => Some(Vec::new()),
            Some(lines) => lines.as_array().and_then(|all| all.iter().map(Value::as_str).collect()),
        };
        let Some(lines) = lines else { return expected("the lines of added entries") };
        Ok(Self { path, from, kind, attributes: value.get("attributes"), lines })
    }

    fn old_path(&self) -> &[u8] {
        self.from.as_deref().unwrap_or(&self.path)
    }
}

/// What becomes of a name of the old tree, and of all below it.
enum Fate<'s> {
    Gone,
    Moved(&'s [u8]),
}

/// The names of the old tree that stay, at the places where they will be.
fn kept<'t>(old: &'t Tree<'_>, steps: &[Step<'_>]) -> Result<Model<'t>, PatchError> {
    let mut fates: BTreeMap<&[u8], Fate<'_>> = BTreeMap::new();
    for step in steps {
        match step.kind {
            "deleted" | "type" => fates.insert(step.old_path(), Fate::Gone),
            "moved" => fates.insert(step.old_path(), Fate::Moved(&step.path)),
            _ => None,
        };
    }
    let mut model = Model::new(old);
    // Directories that are not where they were: their end, the length of their old path, and their
    // new path, if they have one.
    let mut inside: Vec<(NodeId, usize, Option<Vec<u8>>)> = Vec::new();
    let mut walk = old.walk();
    while let Some(step) = walk.next() {
        while inside.last().is_some_and(|(end, ..)| *end <= step.node) {
            inside.pop();
        }
        let path = walk.path();
        let place = match (fates.remove(path), inside.last()) {
            (Some(Fate::Gone), _) => None,
            (Some(Fate::Moved(to)), _) => Some(to.to_vec()),
            (None, None) => {
                model.name(path, old.inode_of(step.node).number())?;
                continue;
            }
            (None, Some((_, _, None))) => continue,
            (None, Some((_, len, Some(to)))) => {
                let rest = path.get(*len..).unwrap_or_default();
                model.name(&[to.as_slice(), rest].concat(), old.inode_of(step.node).number())?;
                continue;
            }
        };
        if let Some(place) = &place {
            model.name(place, old.inode_of(step.node).number())?;
        }
        inside.push((old.end(step.node), path.len(), place));
    }
    match fates.into_keys().next() {
        None => Ok(model),
        Some(path) => Err(PatchError::at(PatchErrorKind::NoPath, path)),
    }
}

/// Adds the entry that a line of a dump tells.
fn add(
    model: &mut Model<'_>,
    line: &str,
    links: &mut Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<(), PatchError> {
    let refused = || PatchError::new(PatchErrorKind::Line);
    let mut issues = Vec::new();
    let outcome = read_line(line.as_bytes(), true, Profile::Lenient, &mut issues);
    let Outcome::Entry(entry) = outcome else { return Err(refused()) };
    let path = unescape(entry.path).map_err(|_| refused())?.into_owned();
    match entry.body {
        Body::Link { target } => {
            let target = unescape(target).map_err(|_| refused())?.into_owned();
            model.name(&path, u32::MAX)?;
            links.push((path, target));
        }
        Body::Inode(fields) => {
            let owned = owned(&fields).ok_or_else(refused)?;
            let inode = model.add(owned);
            model.name(&path, inode)?;
        }
    }
    Ok(())
}

fn owned(fields: &Fields<'_>) -> Option<Owned> {
    let bytes = |raw: Option<&[u8]>| match raw {
        None => Some(None),
        Some(raw) => unescape(raw).ok().map(|bytes| Some(bytes.into_owned())),
    };
    let digest = bytes(fields.digest)?;
    let digest = digest.map(|digits| const_hex::decode(digits).ok());
    let mut xattrs = BTreeMap::new();
    for (key, value) in xattrs_of(fields.xattrs) {
        xattrs.insert(unescape(key).ok()?.into_owned(), unescape(value).ok()?.into_owned());
    }
    Some(Owned {
        mode: fields.mode,
        nlink: fields.nlink,
        uid: fields.uid,
        gid: fields.gid,
        rdev: fields.rdev,
        mtime: fields.mtime,
        held: Held {
            size: fields.size,
            content: bytes(fields.content)?,
            payload: bytes(fields.payload)?,
            digest: match digest {
                None => None,
                Some(digest) => Some(digest?),
            },
        },
        xattrs,
    })
}

/// Changes the facts of an entry that stays.
fn edit(
    model: &mut Model<'_>,
    step: &Step<'_>,
    links: &mut Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<(), PatchError> {
    let Some(attributes) = step.attributes.filter(|_| step.kind != "type") else { return Ok(()) };
    let missing = || PatchError::at(PatchErrorKind::NoPath, &step.path);
    let mut inode = model.inode_at(&step.path).ok_or_else(missing)?;
    if let Some(link) = attributes.get("hardlink") {
        match link.get("new").and_then(to_optional) {
            Some(Some(target)) => {
                links.push((step.path.clone(), target));
                return Ok(());
            }
            Some(None) => {
                let before = model.before(inode).ok_or_else(missing)?;
                inode = model.add(before);
                model.rename(&step.path, inode);
            }
            None => return expected("the path that a hard link leads to"),
        }
    }
    let at = |error: PatchError| PatchError::at(error.kind().clone(), &step.path);
    change(model.edit(inode).ok_or_else(missing)?, attributes).map_err(at)
}

/// Sets a fact to its new value, if it has the old one.
fn set<T: PartialEq>(
    fact: &mut T,
    attributes: &Value,
    name: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<(), PatchError> {
    let Some(both) = attributes.get(name) else { return Ok(()) };
    let value = |side: &str| both.get(side).and_then(&read);
    let (Some(old), Some(new)) = (value("old"), value("new")) else { return expected(name) };
    if *fact != old {
        return Err(PatchError::new(PatchErrorKind::NotOld(name)));
    }
    *fact = new;
    Ok(())
}

fn change(facts: &mut Owned, attributes: &Value) -> Result<(), PatchError> {
    let mut permissions = facts.mode.permissions();
    set(&mut permissions, attributes, "mode", to_mode)?;
    let mode = facts.mode.bits() & Mode::TYPE_MASK | permissions;
    facts.mode = Mode::new(mode).unwrap_or(facts.mode);
    let mut owner = (facts.uid, facts.gid);
    set(&mut owner, attributes, "owner", to_owner)?;
    (facts.uid, facts.gid) = owner;
    set(&mut facts.mtime, attributes, "mtime", to_mtime)?;
    set(&mut facts.nlink, attributes, "nlink", to_number)?;
    set(&mut facts.rdev, attributes, "device", to_number)?;
    set(&mut facts.held, attributes, "file", Held::read)?;
    if facts.mode.file_type() == FileType::Symlink {
        set(&mut facts.held.payload, attributes, "target", to_optional)?;
    }
    let xattrs = attributes.get("xattr").map(Value::as_array);
    for xattr in xattrs.flatten().into_iter().flatten() {
        change_xattr(facts, xattr)?;
    }
    Ok(())
}

fn change_xattr(facts: &mut Owned, xattr: &Value) -> Result<(), PatchError> {
    let Some(key) = xattr.get("key").and_then(to_bytes) else { return expected("xattr") };
    let value = |side: &str| xattr.get(side).and_then(to_optional);
    let (Some(old), Some(new)) = (value("old"), value("new")) else { return expected("xattr") };
    if facts.xattrs.get(&key) != old.as_ref() {
        return Err(PatchError::new(PatchErrorKind::NotOld("xattr")));
    }
    match new {
        Some(new) => facts.xattrs.insert(key, new),
        None => facts.xattrs.remove(&key),
    };
    Ok(())
}

/// The path that an object is about, and the facts of what is there.
fn facts_at<'m>(
    model: &'m mut Model<'_>,
    object: &Value,
    what: &'static str,
) -> Result<(Vec<u8>, &'m mut Owned), PatchError> {
    let path = to_bytes(field(object, "path", what)?);
    let Some(path) = path else { return expected(what) };
    let inode = model.inode_at(&path);
    let facts = inode.and_then(|inode| model.edit(inode));
    let facts = facts.ok_or(PatchError::at(PatchErrorKind::NoPath, &path))?;
    Ok((path, facts))
}

fn link_count(model: &mut Model<'_>, count: &Value) -> Result<(), PatchError> {
    let (path, facts) = facts_at(model, count, "the path of a link count")?;
    let at = |error: PatchError| PatchError::at(error.kind().clone(), &path);
    set(&mut facts.nlink, count, "nlink", to_number).map_err(at)
}

/// Sets the marks of a format, or takes them away.
fn mark(model: &mut Model<'_>, marks: &Value) -> Result<(), PatchError> {
    let (path, facts) = facts_at(model, marks, "the path of marks")?;
    let at = |error: PatchError| PatchError::at(error.kind().clone(), &path);
    for xattr in list(marks, "xattr", "the xattrs of marks")? {
        change_xattr(facts, xattr).map_err(at)?;
    }
    Ok(())
}
