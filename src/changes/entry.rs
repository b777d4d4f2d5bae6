//! One change as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::value::{Held, both, bytes, mode, mtime, object, optional, owner};
use crate::diff::{Attribute, Change, Diff, Kind, XattrChange};
use crate::dump::line_into;
use crate::tree::{FileType, InodeId, NodeId};

/// Writes changes, one after another.
pub(super) struct Entries<'d, 't> {
    diff: &'d Diff<'t>,
    /// The names that the lines before gave to inodes with several names.
    known: BTreeMap<InodeId, Vec<u8>>,
}

impl<'d, 't> Entries<'d, 't> {
    pub(super) fn new(diff: &'d Diff<'t>) -> Self {
        Self { diff, known: BTreeMap::new() }
    }

    pub(super) fn entry(&mut self, change: &Change) -> Value {
        let path = self.diff.path(change);
        let old = change.old.map(|old| self.diff.old_path(old));
        let from = old.filter(|old| *old != path);
        let names = change.attributes.iter().map(|attribute| Value::from(attribute.name()));
        let differs: Vec<Value> = names.collect();
        let is_whole = matches!(change.kind, Kind::Added | Kind::Deleted | Kind::Moved);
        object([
            ("path", bytes(&path)),
            ("kind", Value::from(change.kind.name())),
            ("from", optional(from.as_deref())),
            ("type", Value::from(self.file_type(change))),
            ("entries", if is_whole { Value::from(change.entries) } else { Value::Null }),
            ("differs", if differs.is_empty() { Value::Null } else { Value::from(differs) }),
            ("attributes", self.attributes(change)),
            ("lines", self.lines(change)),
        ])
    }

    fn file_type(&self, change: &Change) -> &'static str {
        match (change.new, change.old) {
            (Some(new), _) => type_name(self.diff.new_tree().facts(new).file_type()),
            (None, Some(old)) => type_name(self.diff.old().facts(old).file_type()),
            (None, None) => "file",
        }
    }

    /// Each attribute that differs, before and after.
    fn attributes(&self, change: &Change) -> Value {
        let (Some(old), Some(new)) = (change.old, change.new) else { return Value::Null };
        let (before, after) = (self.diff.old().facts(old), self.diff.new_tree().facts(new));
        let mut fields = Map::new();
        for attribute in change.attributes.iter() {
            let (name, value) = match attribute {
                Attribute::Type => {
                    let types = (before.file_type(), after.file_type());
                    ("type", both(type_name(types.0), type_name(types.1)))
                }
                Attribute::Content
                | Attribute::Size
                | Attribute::Digest
                | Attribute::Payload
                | Attribute::Storage => {
                    ("file", both(Held::of(&before).json(), Held::of(&after).json()))
                }
                Attribute::Target => {
                    ("target", both(optional(before.payload()), optional(after.payload())))
                }
                Attribute::Device => ("device", both(before.rdev(), after.rdev())),
                Attribute::Mode => {
                    let permissions = (before.mode().permissions(), after.mode().permissions());
                    ("mode", both(mode(permissions.0), mode(permissions.1)))
                }
                Attribute::Owner => {
                    let before = owner(before.uid(), before.gid());
                    ("owner", both(before, owner(after.uid(), after.gid())))
                }
                Attribute::Mtime => ("mtime", both(mtime(before.mtime()), mtime(after.mtime()))),
                Attribute::Xattr => {
                    let changed = self.diff.xattrs(change);
                    ("xattr", changed.iter().map(xattr).collect())
                }
                Attribute::HardLink => {
                    let (before, after) = self.diff.regrouped(new);
                    ("hardlink", both(optional(before.as_deref()), optional(after.as_deref())))
                }
                Attribute::Nlink => ("nlink", both(before.nlink(), after.nlink())),
                Attribute::DirectorySize => ("dirsize", both(before.size(), after.size())),
                Attribute::XattrOrder => ("xattr-order", Value::from(true)),
            };
            fields.insert(name.to_owned(), value);
        }
        if fields.is_empty() { Value::Null } else { Value::Object(fields) }
    }

    /// The lines of what is new, as in a dump, but for what was moved there.
    fn lines(&mut self, change: &Change) -> Value {
        let is_new = matches!(change.kind, Kind::Added | Kind::Type);
        let Some(top) = change.new.filter(|_| is_new) else { return Value::Null };
        let tree = self.diff.new_tree();
        let mut lines = Vec::new();
        let mut number = top.number();
        while number < tree.end(top).number() {
            let node = NodeId::from_number(number);
            if self.diff.is_moved_to(node) {
                number = tree.end(node).number();
                continue;
            }
            lines.push(self.line(node));
            number += 1;
        }
        Value::from(lines)
    }

    fn line(&mut self, node: NodeId) -> Value {
        let tree = self.diff.new_tree();
        let path = self.diff.new_path(node);
        let mut link = None;
        if self.diff.is_linked(node) {
            let inode = tree.inode_of(node);
            link = self.diff.links_to(node).map(|to| self.diff.new_path(to));
            link = link.or_else(|| self.known.get(&inode).cloned());
            if link.is_none() {
                self.known.insert(inode, path.clone());
            }
        }
        let mut line = Vec::new();
        line_into(tree, node, &path, link.as_deref(), &mut line);
        // A dump is ASCII.
        Value::from(String::from_utf8_lossy(&line).into_owned())
    }
}

/// An xattr that differs.
pub(super) fn xattr(change: &XattrChange<'_>) -> Value {
    serde_json::json!({
        "key": bytes(change.key),
        "old": optional(change.old),
        "new": optional(change.new),
    })
}

pub(super) const fn type_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "fifo",
        FileType::CharDevice => "character-device",
        FileType::Directory => "directory",
        FileType::BlockDevice => "block-device",
        FileType::Regular => "file",
        FileType::Symlink => "symlink",
        FileType::Socket => "socket",
    }
}
