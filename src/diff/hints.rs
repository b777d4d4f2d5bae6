//! Known causes of what was found.

use super::attribute::{Attribute, Attributes};
use super::marks::is_mark;
use super::sides::{Met, Times};
use super::words::moment;
use super::{Change, Diff};
use crate::tree::{Mtime, NodeId};

/// A known cause, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its name, such as `directory-mtimes`.
    pub code: &'static str,
    /// What it is, in words.
    pub text: String,
}

pub(super) fn hints(diff: &Diff<'_>, met: &Met) -> Vec<Hint> {
    let found = [
        times(met).filter(|_| has(diff, Attribute::Mtime)),
        format_marks(diff),
        root_xattrs(diff),
        labels(diff).filter(|_| root_xattrs(diff).is_none()),
        digests(diff),
        hard_links(diff),
        owners(diff, met),
    ];
    let found = found.into_iter().flatten();
    found.map(|(code, text)| Hint { code, text }).collect()
}

type Found = Option<(&'static str, String)>;

fn has(diff: &Diff<'_>, attribute: Attribute) -> bool {
    diff.summary.attributes.contains_key(&attribute)
}

fn times(met: &Met) -> Found {
    let (directories, others) = (&met.directories, &met.others);
    let differ = directories.differ + others.differ;
    if differ > 0 && differ == directories.dropped + others.dropped {
        let text = "the times differ in their nanoseconds alone: one side kept only whole seconds, as tar \
                    archives and some file systems do. Compare with --ignore mtime.";
        return Some(("nanoseconds", text.into()));
    }
    let all = |times: &Times| times.met > 0 && times.differ == times.met;
    if all(directories) && all(others) && others.met > 1 {
        let constant = one_time(directories).filter(|_| one_time(others).is_some())?;
        let text = format!(
            "every time differs and one side is all {}: one side was built with a fixed time. Compare \
             with --ignore mtime, or build both with --use-epoch.",
            moment(constant, false)
        );
        return Some(("all-mtimes", text));
    }
    if all(directories) && directories.met > 1 && others.differ * 10 <= others.met {
        let constant = one_time(directories)?;
        let text = format!(
            "every directory's mtime differs and one side is all {}: one image was built from layers, \
             the other from a live tree. Compare with --ignore mtime, or build both with --use-epoch.",
            moment(constant, false)
        );
        return Some(("directory-mtimes", text));
    }
    None
}

/// The time that all inodes of one side have.
fn one_time(times: &Times) -> Option<Mtime> {
    times.old.one().or(times.new.one()).copied()
}

fn root_xattrs(diff: &Diff<'_>) -> Found {
    let [change] = diff.changes.as_slice() else { return None };
    let alone = change.attributes == Attributes::from(Attribute::Xattr);
    let text = "only the xattrs of the root differ: some tools label or mark the root of what they \
                scan, and images made from a list of files leave it bare.";
    (change.new == Some(NodeId::ROOT) && alone).then(|| ("root-xattrs", text.into()))
}

fn format_marks(diff: &Diff<'_>) -> Found {
    let is_marked = |change: &Change| {
        let known = diff.xattrs(change).iter().all(is_mark);
        known && change.attributes == Attributes::from(Attribute::Xattr)
    };
    let text = "all that differs are the marks that an image of format V1 has on directories with \
                whiteouts: one side was read from such an image, the other is V0 or was never an image. \
                Build both with the same --format.";
    let all = !diff.changes.is_empty() && diff.changes.iter().all(is_marked);
    all.then(|| ("format-marks", text.into()))
}

fn labels(diff: &Diff<'_>) -> Found {
    let (old, new) = (diff.summary.old.labels, diff.summary.new.labels);
    let bare = match (old, new) {
        (0, 1..) => "the old side",
        (1.., 0) => "the new side",
        _ => return None,
    };
    let text = format!(
        "{bare} has no SELinux label at all: it was scanned where labels are off, or written without \
         xattrs. Compare with --ignore xattr:security.selinux."
    );
    has(diff, Attribute::Xattr).then_some(("selinux", text))
}

fn digests(diff: &Diff<'_>) -> Found {
    let (old, new) = (diff.summary.old, diff.summary.new);
    if old.external == 0 || new.external == 0 {
        return None;
    }
    let bare = match (old.digests, new.digests) {
        (0, 1..) => "the old side",
        (1.., 0) => "the new side",
        _ => return None,
    };
    let text = format!(
        "{bare} has no digests: contents were compared by the paths of their objects and by size. \
         Without digests nothing verifies them when the image is mounted."
    );
    Some(("digests", text))
}

fn hard_links(diff: &Diff<'_>) -> Found {
    let (old, new) = (diff.summary.old.links, diff.summary.new.links);
    let split = match (old, new) {
        (0, 1..) => "the old side",
        (1.., 0) => "the new side",
        _ => return None,
    };
    let text = format!(
        "{split} has no hard links: mkcomposefs makes a file of its own of each name. Compare with \
         --ignore hardlink, or scan with --hardlinks=keep."
    );
    let changed = diff.summary.attributes.get(&Attribute::HardLink).copied().unwrap_or_default();
    (changed > 1 && changed == old.max(new)).then_some(("hard-links", text))
}

fn owners(diff: &Diff<'_>, met: &Met) -> Found {
    let all = met.directories.met + met.others.met;
    if !has(diff, Attribute::Owner) || met.owners_differ < 2 || met.owners_differ != all {
        return None;
    }
    let (side, owner) = match (met.old_owners.one(), met.new_owners.one()) {
        (_, Some(owner)) if *owner != (0, 0) => ("new", owner),
        (Some(owner), _) if *owner != (0, 0) => ("old", owner),
        _ => return None,
    };
    let text = format!(
        "everything on the {side} side belongs to {}:{}: it was made by a plain user. Compare with \
         --ignore owner.",
        owner.0, owner.1
    );
    Some(("owners", text))
}
