//! `cfs diff -p`: a hunk for each path and attribute.

mod lines;
mod paint;

use std::io::Read;
use std::path::Path;

use super::Side;
use crate::cli::args::DiffArgs;
use crate::cli::failure::Failure;
use crate::diff::text::{each_entry, shown_path};
use crate::diff::{Attribute, Attributes, Change, Counted, Diff, Kind, printable};
use crate::num::wide;
use crate::store::Basedirs;
use crate::tree::{Inode, NodeId};
use lines::{both, one, unified};
use paint::{Paint, Sign};

/// Contents of more bytes are told by their sizes.
const MAX_TEXT: u64 = 1 << 20;

/// Prints each change as hunks.
pub(super) fn write(
    args: &DiffArgs,
    diff: &Diff<'_>,
    sides: &[Side<'_>; 2],
    is_colored: bool,
    mut sink: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let basedirs = Basedirs::open(&args.basedir).map_err(|(path, errno)| opened(&path, errno))?;
    let [old, new] = sides.each_ref().map(|side| side.source.name.as_str());
    let paint = Paint { is_colored };
    let hunks = Hunks { diff, basedirs, paint };
    for change in diff.changes() {
        let mut text = String::new();
        let (old_path, new_path) = hunks.paths(change);
        paint.side(&format!("--- {old}  {old_path}"), &mut text);
        paint.side(&format!("+++ {new}  {new_path}"), &mut text);
        match change.kind {
            Kind::Added => hunks.one_side(change, Sign::Come, &mut text),
            Kind::Deleted => hunks.one_side(change, Sign::Gone, &mut text),
            _ => hunks.both_sides(change, &mut text),
        }
        sink(&text)?;
    }
    Ok(())
}

fn opened(path: &Path, errno: rustix::io::Errno) -> Failure {
    let name = crate::cli::report::file_name(path);
    match Failure::io("open", &name, &errno.into()) {
        Failure::Trouble(trouble) => trouble.hint("--basedir names a directory of objects").into(),
        failure => failure,
    }
}

struct Hunks<'d, 't> {
    diff: &'d Diff<'t>,
    basedirs: Basedirs,
    paint: Paint,
}

impl Hunks<'_, '_> {
    fn paths(&self, change: &Change) -> (String, String) {
        let nothing = || String::from("(nothing)");
        let old = change.old.map(|old| printable(&self.diff.old_path(old)));
        let new = change.new.map(|new| printable(&self.diff.new_path(new)));
        (old.unwrap_or_else(nothing), new.unwrap_or_else(nothing))
    }

    /// What is only in one tree: its content if that is a text, and each entry below.
    fn one_side(&self, change: &Change, sign: Sign, text: &mut String) {
        let paint = self.paint;
        paint.hunk(change.kind.name(), text);
        one(sign, &self.diff.words(change, Attributes::NONE), paint, text);
        for inner in each_entry(self.diff, change) {
            let words = self.diff.words(&inner, Attributes::NONE);
            one(sign, &format!("{} {words}", shown_path(self.diff, &inner)), paint, text);
        }
        let content = match (change.old, change.new) {
            (_, Some(new)) => self.text(&self.diff.new_tree().facts(new)),
            (Some(old), _) => self.text(&self.diff.old().facts(old)),
            (None, None) => None,
        };
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            paint.hunk(&format!("content, {} bytes", Counted(wide(content.len()))), text);
            lines::all(sign, &content, paint, text);
        }
    }

    fn both_sides(&self, change: &Change, text: &mut String) {
        let (Some(old), Some(new)) = (change.old, change.new) else { return };
        if change.kind == Kind::Moved {
            self.paint.hunk("moved", text);
            let (before, after) = self.paths(change);
            both(&before, &after, self.paint, text);
        }
        let of_file = [Attribute::Content, Attribute::Size];
        let has = |attribute| change.attributes.contains(attribute);
        if of_file.into_iter().any(has) {
            self.content(old, new, text);
        }
        for attribute in change.attributes.iter().filter(|it| !of_file.contains(it)) {
            self.attribute(change, attribute, text);
        }
    }

    /// The lines of a content that differ, if they can be had, else what it is.
    fn content(&self, old: NodeId, new: NodeId, text: &mut String) {
        let (old, new) = (self.diff.old().facts(old), self.diff.new_tree().facts(new));
        let sizes = (Counted(old.size()), Counted(new.size()));
        self.paint.hunk(&format!("content, {} → {} bytes", sizes.0, sizes.1), text);
        match (self.text(&old), self.text(&new)) {
            (Some(before), Some(after)) => unified(&before, &after, self.paint, text),
            _ => both(&held(&old), &held(&new), self.paint, text),
        }
    }

    /// One attribute before and after.
    fn attribute(&self, change: &Change, attribute: Attribute, text: &mut String) {
        let paint = self.paint;
        if attribute == Attribute::Xattr {
            for xattr in self.diff.xattrs(change) {
                paint.hunk(&format!("xattr {}", printable(xattr.key)), text);
                let value = |value| crate::diff::xattr_words(xattr.key, value);
                match (xattr.old.map(value), xattr.new.map(value)) {
                    (Some(old), Some(new)) => both(&old, &new, paint, text),
                    (Some(old), None) => one(Sign::Gone, &old, paint, text),
                    (None, new) => one(Sign::Come, &new.unwrap_or_default(), paint, text),
                }
            }
            return;
        }
        paint.hunk(attribute.name(), text);
        match self.diff.values(change, attribute) {
            Some((old, new)) => both(&old, &new, paint, text),
            None => one(Sign::Come, &self.diff.words_of(change, attribute), paint, text),
        }
    }

    /// What a file holds, if it can be had and is a text.
    fn text(&self, inode: &Inode<'_, '_>) -> Option<String> {
        if inode.file_type() != crate::tree::FileType::Regular {
            return None;
        }
        let bytes = if inode.is_external() {
            let wanted = inode.size() <= MAX_TEXT;
            let mut file = self.basedirs.object(inode.payload().filter(|_| wanted)?).ok()??;
            let mut bytes = Vec::new();
            file.by_ref().take(MAX_TEXT).read_to_end(&mut bytes).ok()?;
            bytes
        } else {
            inode.content().unwrap_or_default().to_vec()
        };
        String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
    }
}

/// What stands for a content that is no text at hand.
fn held(inode: &Inode<'_, '_>) -> String {
    let size = Counted(inode.size());
    match inode.digest() {
        Some(digest) => format!("{size} bytes, {} {digest}", digest.algorithm()),
        None => format!("{size} bytes, {}", printable(inode.payload().unwrap_or_default())),
    }
}
