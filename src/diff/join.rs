//! Two trees side by side: which names are in both, and in what they differ.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::attribute::{Attribute, Attributes};
use super::compare::{Comparer, Found};
use super::ignored::Ignored;
use super::links::{Linked, Links, Pair};
use super::marks::{Which, holds_whiteout};
use super::options::{Names, Noise, Options};
use super::sides::Met;
use super::{Change, Kind};
use crate::tree::{FileType, NodeId, Tree};

/// Nodes whose parts are fetched together.
const FETCHED: u32 = 32;

/// What is left to compare of two directories.
struct Frame {
    old: NodeId,
    old_end: NodeId,
    new: NodeId,
    new_end: NodeId,
}

/// Compares two trees, names in their order.
pub(super) struct Join<'t> {
    old: &'t Tree<'t>,
    new: &'t Tree<'t>,
    comparer: Comparer<'t>,
    compared: Attributes,
    noise: Noise,
    names: Names,
    pub(super) links: Links,
    pub(super) ignored: Ignored,
    pub(super) met: Met,
    pub(super) changes: Vec<Change>,
    /// Files whose link count differs, if that is not compared.
    pub(super) link_counts: Vec<(NodeId, NodeId)>,
    /// Directories that differ in the marks of a format, if those are not compared: new and old.
    pub(super) marks: BTreeMap<NodeId, NodeId>,
}

impl<'t> Join<'t> {
    pub(super) fn new(old: &'t Tree<'t>, new: &'t Tree<'t>, options: &'t Options) -> Self {
        let hidden = match options.noise {
            Noise::Hidden => Attributes::NOISE,
            Noise::Shown => Attributes::NONE,
        };
        Self {
            old,
            new,
            comparer: Comparer::new(old, new, options),
            compared: Attributes::ALL.without(options.ignore).without(hidden),
            noise: options.noise,
            names: options.names,
            links: Links::new(old, new),
            ignored: Ignored::default(),
            met: Met::default(),
            changes: Vec::new(),
            link_counts: Vec::new(),
            marks: BTreeMap::new(),
        }
    }

    /// Compares a node with another, and all that is below them.
    pub(super) fn run(&mut self, old: NodeId, new: NodeId) {
        let Some(attributes) = self.pair(Pair { old, new }) else { return };
        self.keep(old, new, attributes);
        self.below(old, new);
    }

    /// Compares what is below two directories.
    fn below(&mut self, old: NodeId, new: NodeId) {
        let mut open = vec![self.frame(old, new)];
        while let Some(frame) = open.last_mut() {
            let (old, new) = (frame.old, frame.new);
            let order = match (old < frame.old_end, new < frame.new_end) {
                (false, false) => {
                    open.pop();
                    continue;
                }
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (true, true) => self.old.name(old).cmp(self.new.name(new)),
            };
            if order.is_le() {
                frame.old = self.old.end(old);
            }
            if order.is_ge() {
                frame.new = self.new.end(new);
            }
            match order {
                Ordering::Less => self.changes.push(Change::gone(old)),
                Ordering::Greater => self.changes.push(Change::come(new)),
                Ordering::Equal => {
                    if new.number() % FETCHED == 0 {
                        self.new.fetch(new, FETCHED);
                        self.old.fetch(old, FETCHED);
                    }
                    let same_type = self.pair(Pair { old, new });
                    if let Some(attributes) = same_type {
                        self.keep(old, new, attributes);
                        if self.old.end(old).number() > old.number() + 1
                            || self.new.end(new).number() > new.number() + 1
                        {
                            open.push(self.frame(old, new));
                        }
                    }
                }
            }
        }
    }

    fn frame(&self, old: NodeId, new: NodeId) -> Frame {
        let next = |node: NodeId| NodeId::from_number(node.number() + 1);
        Frame {
            old: next(old),
            old_end: self.old.end(old),
            new: next(new),
            new_end: self.new.end(new),
        }
    }

    /// In what a name that is in both trees differs; `None` if its type does.
    fn pair(&mut self, pair: Pair) -> Option<Found> {
        let (old, new) = (self.old.facts(pair.old), self.new.facts(pair.new));
        if old.file_type() != new.file_type() {
            self.typed(pair);
            return None;
        }
        let inodes = (self.old.inode_of(pair.old), self.new.inode_of(pair.new));
        let linked = self.links.pair(inodes.0, inodes.1, pair);
        if linked == Linked::Known {
            return Some(Found::default());
        }
        let mut found = self.comparer.compare(&old, &new);
        found.attributes.note(Attribute::HardLink, linked == Linked::Regrouped);
        self.pass_over_marks(pair, &mut found);
        self.met.pair(&old, &new);
        let joins = self.links.regrouped(pair.new).is_some_and(|(_, after)| after.is_some());
        let counts = self.noise == Noise::Hidden && new.file_type() != FileType::Directory;
        if counts && !joins && found.attributes.contains(Attribute::Nlink) {
            self.link_counts.push((pair.old, pair.new));
        }
        Some(found)
    }

    /// Takes the marks of a format from what differs, unless all is compared.
    fn pass_over_marks(&mut self, pair: Pair, found: &mut Found) {
        let Some(marked) = found.marked.filter(|_| self.noise == Noise::Hidden) else { return };
        let is_due = match marked.side {
            Which::Old => holds_whiteout(self.old, pair.old),
            Which::New => holds_whiteout(self.new, pair.new),
        };
        if is_due {
            self.marks.insert(pair.new, pair.old);
            found.attributes = found.attributes.without(Attribute::Xattr.into());
            found.attributes.note(Attribute::Xattr, marked.compared);
            found.ignored_xattrs = marked.ignored;
        }
    }

    fn typed(&mut self, pair: Pair) {
        let attribute = Attributes::from(Attribute::Type);
        if self.compared.contains(Attribute::Type) {
            self.changes.push(Change::both(Kind::Type, pair.old, pair.new, attribute));
        } else {
            self.ignored.attributes(attribute);
        }
    }

    /// Keeps a change, as far as it is wanted.
    pub(super) fn keep(&mut self, old: NodeId, new: NodeId, found: Found) {
        if let Some(attributes) = self.wanted(found) {
            let kind = kind_of(attributes);
            self.changes.push(Change::both(kind, old, new, attributes));
        }
    }

    fn wanted(&mut self, found: Found) -> Option<Attributes> {
        let wanted = found.attributes.within(self.compared);
        if found.attributes != wanted || found.ignored_xattrs {
            let mut ignored = found.attributes.without(wanted);
            if self.noise == Noise::Hidden {
                ignored = ignored.without(Attributes::NOISE);
            }
            self.ignored.attributes(ignored);
            self.ignored.xattrs(found.ignored_xattrs);
        }
        Some(wanted).filter(|wanted| !wanted.is_empty())
    }

    /// What a moved node differs in, beside its path.
    pub(super) fn moved(&mut self, old: NodeId, new: NodeId) -> Attributes {
        let found = self.pair(Pair { old, new }).unwrap_or_default();
        self.wanted(found).unwrap_or_default()
    }

    /// What differs below two directories.
    pub(super) fn inside(&mut self, old: NodeId, new: NodeId) -> Vec<Change> {
        let outside = std::mem::take(&mut self.changes);
        self.below(old, new);
        std::mem::replace(&mut self.changes, outside)
    }

    /// The two trees.
    pub(super) const fn trees(&self) -> (&'t Tree<'t>, &'t Tree<'t>) {
        (self.old, self.new)
    }

    /// Whether added and deleted entries are told.
    pub(super) fn compares_names(&self) -> bool {
        self.names == Names::Compared
    }
}

/// What is most of what differs.
fn kind_of(attributes: Attributes) -> Kind {
    let content = [Attribute::Content, Attribute::Target, Attribute::Device, Attribute::Size];
    match attributes {
        _ if content.into_iter().any(|attribute| attributes.contains(attribute)) => Kind::Content,
        _ if attributes.contains(Attribute::HardLink) => Kind::Link,
        _ => Kind::Metadata,
    }
}
