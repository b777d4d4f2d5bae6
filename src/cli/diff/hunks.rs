//! `cfs diff -p`: a hunk for each path and attribute.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use similar::TextDiff;

use super::Side;
use crate::cli::args::DiffArgs;
use crate::cli::failure::Failure;
use crate::diff::text::{each_entry, shown_path};
use crate::diff::{Attribute, Attributes, Change, Counted, Diff, Kind, printable};
use crate::num::wide;
use crate::store::Basedirs;
use crate::tree::{Inode, NodeId};

/// The longest that lines of one file are compared.
const DEADLINE: Duration = Duration::from_millis(500);
/// Contents of more bytes are told by their sizes.
const MAX_TEXT: u64 = 1 << 20;

/// Prints each change as hunks.
pub(super) fn write(
    args: &DiffArgs,
    diff: &Diff<'_>,
    sides: &[Side<'_>; 2],
    mut sink: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let basedirs = Basedirs::open(&args.basedir).map_err(|(path, errno)| opened(&path, errno))?;
    let [old, new] = sides.each_ref().map(|side| side.source.name.as_str());
    let hunks = Hunks { diff, basedirs };
    for change in diff.changes() {
        let mut text = String::new();
        match change.kind {
            Kind::Added | Kind::Deleted => hunks.one_side(change, &mut text),
            _ => hunks.both_sides(change, &mut text),
        }
        let (old_path, new_path) = hunks.paths(change);
        sink(&format!("--- {old}  {old_path}\n+++ {new}  {new_path}\n{text}"))?;
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
}

impl Hunks<'_, '_> {
    fn paths(&self, change: &Change) -> (String, String) {
        let nothing = || String::from("(nothing)");
        let old = change.old.map(|old| printable(&self.diff.old_path(old)));
        let new = change.new.map(|new| printable(&self.diff.new_path(new)));
        (old.unwrap_or_else(nothing), new.unwrap_or_else(nothing))
    }

    /// What is only in one tree: its content if that is a text, and each entry below.
    fn one_side(&self, change: &Change, text: &mut String) {
        let sign = if change.kind == Kind::Added { '+' } else { '-' };
        let words = self.diff.words(change, Attributes::NONE);
        text.push_str(&format!("@@ {} @@\n{sign}{words}\n", change.kind.name()));
        for inner in each_entry(self.diff, change) {
            let words = self.diff.words(&inner, Attributes::NONE);
            text.push_str(&format!("{sign}{} {words}\n", shown_path(self.diff, &inner)));
        }
        let content = match (change.old, change.new) {
            (_, Some(new)) => self.text(&self.diff.new_tree().facts(new)),
            (Some(old), _) => self.text(&self.diff.old().facts(old)),
            (None, None) => None,
        };
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            let size = Counted(wide(content.len()));
            text.push_str(&format!("@@ content, {size} bytes @@\n"));
            content.lines().for_each(|line| text.push_str(&format!("{sign}{}\n", shown(line))));
        }
    }

    fn both_sides(&self, change: &Change, text: &mut String) {
        let (Some(old), Some(new)) = (change.old, change.new) else { return };
        if change.kind == Kind::Moved {
            text.push_str("@@ moved @@\n");
            let (before, after) = self.paths(change);
            text.push_str(&format!("-{before}\n+{after}\n"));
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
        text.push_str(&format!("@@ content, {} → {} bytes @@\n", sizes.0, sizes.1));
        let (Some(before), Some(after)) = (self.text(&old), self.text(&new)) else {
            text.push_str(&format!("-{}\n+{}\n", held(&old), held(&new)));
            return;
        };
        let lines = TextDiff::configure().timeout(DEADLINE).diff_lines(&before, &after);
        let unified = lines.unified_diff().context_radius(3).to_string();
        for line in unified.split_terminator('\n') {
            text.push_str(&shown(line));
            text.push('\n');
        }
    }

    /// One attribute before and after, taken from its words.
    fn attribute(&self, change: &Change, attribute: Attribute, text: &mut String) {
        if attribute == Attribute::Xattr {
            for xattr in self.diff.xattrs(change) {
                text.push_str(&format!("@@ xattr {} @@\n", printable(xattr.key)));
                let value = |value| crate::diff::xattr_words(xattr.key, value);
                xattr.old.iter().for_each(|old| text.push_str(&format!("-{}\n", value(old))));
                xattr.new.iter().for_each(|new| text.push_str(&format!("+{}\n", value(new))));
            }
            return;
        }
        let words = match attribute {
            Attribute::Type => self.diff.words(change, Attributes::NONE),
            _ => self.diff.words_of(change, attribute),
        };
        text.push_str(&format!("@@ {} @@\n", attribute.name()));
        let words = words.strip_prefix(attribute.name()).unwrap_or(&words).trim_start();
        match words.split_once(" → ") {
            Some((old, new)) => text.push_str(&format!("-{old}\n+{new}\n")),
            None => text.push_str(&format!("+{words}\n")),
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

/// A line of a text, with nothing in it that a terminal would obey.
fn shown(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for part in line.split_inclusive(['\t', '\\']) {
        let (plain, last) = match part.strip_suffix(['\t', '\\']) {
            Some(plain) => (plain, part.get(plain.len()..).unwrap_or_default()),
            None => (part, ""),
        };
        text.push_str(&printable(plain.as_bytes()));
        text.push_str(last);
    }
    text
}
