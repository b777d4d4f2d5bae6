//! Two trees: what changed from one to the other, told so that a reader knows in ten seconds.
//!
//! [`diff()`] compares two canonical trees and gives a [`Diff`]: what was added, deleted, moved or
//! changed, in the order of the paths. A directory that is new, gone or moved as a whole is one
//! change. What is the same for many entries is put into [`Group`]s, what has a known cause gives a
//! [`Hint`], and what a reviewer must not miss a [`Notice`]. [`text`], [`markdown`] and [`html`] put it into
//! words.
//!
//! **Invariant:** the cost is linear in the trees, but for sorting what was added and deleted; nothing
//! recurses.
//! **Invariant:** nothing that differs is passed over in silence, but for
//! [`Attributes::NOISE`]: what is ignored on request is counted.

mod assemble;
mod attribute;
mod compare;
mod figures;
mod group;
mod hints;
pub mod html;
mod ignored;
mod join;
mod links;
pub mod markdown;
mod marks;
mod moves;
mod notices;
mod objects;
mod options;
mod paths;
mod sides;
mod summary;
pub mod text;
mod verdict;
mod words;

pub use attribute::{Attribute, Attributes};
pub use compare::XattrChange;
pub use group::{Group, Shape};
pub use hints::Hint;
pub use ignored::Ignored;
pub use notices::{Notice, NoticeKind};
pub use objects::{Count, Objects};
pub use options::{Names, Noise, Options, XattrRule};
pub use sides::Side;
pub use summary::{Amount, Summary};
pub use verdict::{TreeVerdict, Verdict, tree_words};
pub use words::{Counted, bytes, printable, xattr_value as xattr_words};

use std::collections::BTreeMap;

use compare::changed_xattrs;
use join::Join;
use links::Links;
use moves::Moves;
use paths::Paths;

use crate::tree::{FileType, NodeId, Tree};

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Only the new tree has it.
    Added,
    /// Only the old tree has it.
    Deleted,
    /// Its content is another one: of a file, a target, a device number.
    Content,
    /// Only facts around the content differ.
    Metadata,
    /// It is of another type.
    Type,
    /// It is at another place, with the same content.
    Moved,
    /// It shares its inode with other names.
    Link,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Added,
        Self::Deleted,
        Self::Content,
        Self::Metadata,
        Self::Type,
        Self::Moved,
        Self::Link,
    ];

    /// The letter that stands for it at the start of a line.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Deleted => 'D',
            Self::Content => 'M',
            Self::Metadata => 'm',
            Self::Type => 'T',
            Self::Moved => 'R',
            Self::Link => 'L',
        }
    }

    /// The name, such as `added`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Deleted => "deleted",
            Self::Content => "content",
            Self::Metadata => "metadata",
            Self::Type => "type",
            Self::Moved => "moved",
            Self::Link => "hardlink",
        }
    }
}

/// A change of an entry, or of a directory as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// The entry in the old tree.
    pub old: Option<NodeId>,
    /// The entry in the new tree.
    pub new: Option<NodeId>,
    /// In what it differs, if it is in both trees.
    pub attributes: Attributes,
    /// Of an added, deleted or moved entry: how many entries this speaks of. What was moved into or
    /// out of a directory has a change of its own.
    pub entries: u64,
}

impl Change {
    const fn both(kind: Kind, old: NodeId, new: NodeId, attributes: Attributes) -> Self {
        Self { kind, old: Some(old), new: Some(new), attributes, entries: 1 }
    }

    const fn gone(old: NodeId) -> Self {
        let attributes = Attributes::NONE;
        Self { kind: Kind::Deleted, old: Some(old), new: None, attributes, entries: 1 }
    }

    const fn come(new: NodeId) -> Self {
        let attributes = Attributes::NONE;
        Self { kind: Kind::Added, old: None, new: Some(new), attributes, entries: 1 }
    }
}

/// What changed from one tree to another. See the [module](self).
#[derive(Debug)]
pub struct Diff<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    options: &'t Options,
    changes: Vec<Change>,
    /// Of each change, what is told of it alone.
    shown: Vec<Attributes>,
    groups: Vec<Group>,
    notices: Vec<Notice>,
    hints: Vec<Hint>,
    summary: Summary,
    ignored: Ignored,
    link_counts: Vec<(NodeId, NodeId)>,
    marks: BTreeMap<NodeId, NodeId>,
    links: Links,
    moves: Moves,
    old_paths: Paths,
    new_paths: Paths,
}

/// Compares two trees. They should be [canonical](crate::canon): facts that no image holds count too.
///
/// # Example
/// ```
/// use cfs::{diff, dump};
/// let parse = |text: &'static [u8]| dump::parse(text, &dump::Options::default()).unwrap().tree;
/// let old = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100644 1 0 0 0 0.0 - x -\n");
/// let new = parse(b"/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100600 1 0 0 0 0.0 - x -\n");
/// let options = diff::Options::default();
/// let found = diff::diff(&old, &new, &options);
/// assert_eq!(found.changes().len(), 1);
/// assert_eq!(found.path(&found.changes()[0]), b"/a");
/// assert!(diff::diff(&new, &new, &options).changes().is_empty());
/// ```
#[must_use]
pub fn diff<'t>(old: &'t Tree<'t>, new: &'t Tree<'t>, options: &'t Options) -> Diff<'t> {
    let mut join = Join::new(old, new, options);
    join.run(NodeId::ROOT, NodeId::ROOT);
    let met = std::mem::take(&mut join.changes);
    let mut moves =
        if join.compares_names() { Moves::find(&mut join, &met) } else { Moves::default() };
    let (mut changes, is_sorted) = assemble::assemble(&mut join, &mut moves, met);
    let is_pathless = changes.is_empty() && join.link_counts.is_empty() && join.marks.is_empty();
    let (old_paths, new_paths) = match is_pathless {
        true => Default::default(),
        false => (Paths::new(old), Paths::new(new)),
    };
    if !is_sorted {
        changes.sort_by_cached_key(|change| match (change.new, change.old) {
            (Some(node), _) => new_paths.key(new, node),
            (None, node) => old_paths.key(old, node.unwrap_or(NodeId::ROOT)),
        });
    }
    let mut diff = Diff {
        old,
        new,
        options,
        shown: changes.iter().map(|change| change.attributes).collect(),
        changes,
        groups: Vec::new(),
        notices: Vec::new(),
        hints: Vec::new(),
        summary: Summary::default(),
        ignored: join.ignored,
        link_counts: join.link_counts,
        marks: join.marks,
        links: join.links,
        moves,
        old_paths,
        new_paths,
    };
    diff.summary = summary::summary(&diff);
    group::group(&mut diff);
    diff.notices = notices::notices(&diff);
    diff.hints = hints::hints(&diff, &join.met);
    diff
}

impl<'t> Diff<'t> {
    /// The old tree.
    #[must_use]
    pub fn old(&self) -> &'t Tree<'t> {
        self.old
    }

    /// The new tree.
    #[must_use]
    pub fn new_tree(&self) -> &'t Tree<'t> {
        self.new
    }

    /// What changed, in the order of the paths.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Of the change with this number: the attributes that are not told in a group.
    #[must_use]
    pub fn told_alone(&self, number: usize) -> Attributes {
        self.shown.get(number).copied().unwrap_or_default()
    }

    /// What is the same for many entries.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What must not be missed.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Known causes of what was found.
    #[must_use]
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// All in numbers.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The files whose link count differs, in the old tree and in the new one, if link counts are not
    /// compared. An image holds them all the same.
    #[must_use]
    pub fn link_counts(&self) -> &[(NodeId, NodeId)] {
        &self.link_counts
    }

    /// The directories of which one has the marks of format V1 and the other has not, in the old tree
    /// and in the new one, if those are not compared. An image holds them all the same.
    pub fn marks(&self) -> impl ExactSizeIterator<Item = (NodeId, NodeId)> {
        self.marks.iter().map(|(&new, &old)| (old, new))
    }

    /// The marks that a directory of [`Diff::marks`] has in one tree alone.
    #[must_use]
    pub fn marks_of(&self, old: NodeId, new: NodeId) -> Vec<XattrChange<'t>> {
        let (old, new) = (self.old.facts(old), self.new.facts(new));
        let mut changed = changed_xattrs(old.xattrs(), new.xattrs());
        changed.retain(marks::is_mark);
        changed
    }

    /// What differs and was ignored.
    #[must_use]
    pub fn ignored(&self) -> &Ignored {
        &self.ignored
    }

    /// As [`Diff::ignored`], to add to it.
    pub fn ignored_mut(&mut self) -> &mut Ignored {
        &mut self.ignored
    }

    /// Whether this holds all that differs, so that the new tree can be made of the old one and it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ignored.is_empty()
    }

    /// The path of a change in the new tree, or in the old one if it is only there.
    #[must_use]
    pub fn path(&self, change: &Change) -> Vec<u8> {
        match (change.new, change.old) {
            (Some(new), _) => self.new_path(new),
            (None, Some(old)) => self.old_path(old),
            (None, None) => Vec::new(),
        }
    }

    /// The path of a node of the old tree.
    #[must_use]
    pub fn old_path(&self, node: NodeId) -> Vec<u8> {
        self.old_paths.of(self.old, node)
    }

    /// The path of a node of the new tree.
    #[must_use]
    pub fn new_path(&self, node: NodeId) -> Vec<u8> {
        self.new_paths.of(self.new, node)
    }

    /// The xattrs that differ and are compared, sorted by name.
    #[must_use]
    pub fn xattrs(&self, change: &Change) -> Vec<XattrChange<'t>> {
        let (Some(old), Some(new)) = (change.old, change.new) else { return Vec::new() };
        let passes_over = self.marks.contains_key(&new);
        let (old, new) = (self.old.facts(old), self.new.facts(new));
        let mut changed = changed_xattrs(old.xattrs(), new.xattrs());
        changed.retain(|change| self.options.xattrs.compares(change.key));
        changed.retain(|change| !(passes_over && marks::is_mark(change)));
        changed
    }

    /// Of a name that was regrouped: the old path of the name it was a hard link of, and the new path
    /// of the one it is a hard link of, if there is one.
    #[must_use]
    pub fn regrouped(&self, new: NodeId) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let (before, after) = self.links.regrouped(new).unwrap_or_default();
        (before.map(|pair| self.old_path(pair.old)), after.map(|pair| self.new_path(pair.new)))
    }

    /// Of a name that only the new tree has: a name of the same inode that is in both.
    #[must_use]
    pub fn links_to(&self, new: NodeId) -> Option<NodeId> {
        let inode = self.new.inode_of(new);
        self.links.first_new(inode).map(|pair| pair.new)
    }

    /// Of a name that only the old tree has: a name of the same inode that is in both.
    #[must_use]
    pub fn linked_to(&self, old: NodeId) -> Option<NodeId> {
        let inode = self.old.inode_of(old);
        self.links.first_old(inode).map(|pair| pair.old)
    }

    /// Of a name that is in both trees, and is the first of its inode in both: how many other names
    /// are so too.
    #[must_use]
    pub fn other_pairs(&self, new: NodeId) -> u64 {
        self.links.known(new)
    }

    /// Whether an inode of the new tree has several names.
    #[must_use]
    pub fn is_linked(&self, new: NodeId) -> bool {
        self.links.new_has(self.new.inode_of(new))
    }

    /// How many nodes at a node of the new tree, or below it, were moved there.
    fn moved_to(&self, new: NodeId) -> u64 {
        moves::sizes(self.new, self.moves.moved_to(self.new, new))
    }

    /// How many nodes at a node of the old tree, or below it, were moved away.
    fn moved_from(&self, old: NodeId) -> u64 {
        moves::sizes(self.old, self.moves.moved_from(self.old, old))
    }

    /// Whether a node of the new tree, or of what lies below an added directory, was moved there.
    pub(crate) fn is_moved_to(&self, new: NodeId) -> bool {
        self.moves.to.contains_key(&new)
    }

    /// Whether a node of the old tree was moved away.
    pub(crate) fn is_moved_from(&self, old: NodeId) -> bool {
        self.moves.from.contains_key(&old)
    }

    fn file_type(&self, change: &Change) -> FileType {
        match (change.new, change.old) {
            (Some(new), _) => self.new.facts(new).file_type(),
            (None, Some(old)) => self.old.facts(old).file_type(),
            (None, None) => FileType::Regular,
        }
    }
}
