//! The tree that a pattern expects, where a tree tells what is open.

use std::collections::BTreeMap;

use super::normal::Normal;
use super::open::{Open, OpenXattrs};
use super::steps::{Carriers, Step, steps, steps_of};
use super::{Mark, Pattern};
use crate::canon::canonicalise;
use crate::diff::{Attribute, Attributes, Diff, Ignored, Options, TreeVerdict, Verdict, diff};
use crate::num::index;
use crate::tree::{BuildError, Builder, Facts, FileType, Mode, NodeId, Tree, Xattr, XattrSet};

/// The tree that a pattern expects, and what was left open that it says.
#[derive(Clone, Debug)]
pub struct Expected {
    tree: Tree<'static>,
    ignored: Ignored,
}

impl Expected {
    /// The tree, in canonical form.
    #[must_use]
    pub fn tree(&self) -> &Tree<'static> {
        &self.tree
    }

    /// Compares it with the tree that it was made for.
    #[must_use]
    pub fn diff<'t>(&'t self, tree: &'t Tree<'t>, options: &'t Options) -> Diff<'t> {
        let mut found = diff(&self.tree, tree, options);
        *found.ignored_mut() = self.ignored.clone();
        found
    }

    /// What such a comparison comes to.
    #[must_use]
    pub fn verdict(found: &Diff<'_>) -> Verdict {
        let words = match TreeVerdict::of(found) {
            TreeVerdict::Same => "as the golden says".into(),
            TreeVerdict::Different => "not as the golden says".into(),
            TreeVerdict::SameButIgnored => {
                let names: Vec<&str> = found.ignored().iter().map(|(name, _)| name).collect();
                format!("as the golden says, except for what was ignored: {}", names.join(", "))
            }
        };
        Verdict { words, ..Verdict::of_trees(found) }
    }
}

/// The values of an inode, as far as they are not one of two trees.
#[derive(Clone, Debug)]
pub(super) struct Values<'t> {
    pub(super) facts: Facts<'t>,
    pub(super) xattrs: Vec<Xattr<'t>>,
}

impl<'t> Values<'t> {
    pub(super) fn of(tree: &'t Tree<'_>, node: NodeId) -> Self {
        let inode = tree.facts(node);
        Self { facts: inode.to_facts(), xattrs: inode.xattrs().collect() }
    }

    /// In what these differ from others, beside NLINK, SIZE of directories and the order of xattrs.
    pub(super) fn differ(&self, other: &Values<'_>) -> Attributes {
        let (a, b) = (&self.facts, &other.facts);
        let kind = b.mode.file_type();
        let mut differ = Attributes::NONE;
        let symlink = kind == FileType::Symlink;
        differ.note(Attribute::Type, a.mode.file_type() != kind);
        differ.note(Attribute::Mode, a.mode.permissions() != b.mode.permissions());
        differ.note(Attribute::Owner, (a.uid, a.gid) != (b.uid, b.gid));
        differ.note(Attribute::Device, a.rdev != b.rdev);
        differ.note(Attribute::Mtime, a.mtime != b.mtime);
        differ.note(Attribute::Size, a.size != b.size && kind != FileType::Directory);
        let payload = if symlink { Attribute::Target } else { Attribute::Payload };
        differ.note(payload, a.payload != b.payload);
        differ.note(Attribute::Content, a.content != b.content);
        differ.note(Attribute::Digest, a.digest != b.digest);
        differ.note(Attribute::Xattr, sorted(&self.xattrs) != sorted(&other.xattrs));
        differ
    }
}

fn sorted<'x>(xattrs: &[Xattr<'x>]) -> Vec<Xattr<'x>> {
    let mut sorted = xattrs.to_vec();
    sorted.sort_unstable();
    sorted
}

/// What is said of a node, with what is open filled from a node of a tree.
pub(super) fn values<'t>(
    pattern: &'t Pattern<'_>,
    said: NodeId,
    tree: &'t Tree<'_>,
    found: Option<NodeId>,
    normal: &Normal,
) -> Values<'t> {
    let mark = pattern.mark(said);
    let mut values = Values::of(&pattern.tree, said);
    if pattern.tree.is_link(said) {
        // Its line says nothing but that.
        values.facts = Facts::new(values.facts.mode);
        return values;
    }
    let holds_names = values.facts.mode.file_type() == FileType::Directory;
    let Some(found) = found else {
        if mark.open.has(Open::MODE) && !holds_names {
            values.facts.mode = plain_file().unwrap_or(values.facts.mode);
        }
        return values;
    };
    let given = Values::of(tree, found);
    let is_file = given.facts.mode.file_type() != FileType::Directory;
    if mark.open.has(Open::MODE) && !(holds_names && is_file) {
        values.facts.mode = given.facts.mode;
    }
    let open = mark.open.with(normal.open(values.facts.mode.file_type()));
    fill_facts(&mut values.facts, &given.facts, open);
    let xattrs = pattern.open_xattrs(mark);
    values.xattrs = filled_xattrs(&values.xattrs, &given.xattrs, xattrs, normal);
    values
}

fn plain_file() -> Option<Mode> {
    Mode::new(0o100_644)
}

fn fill_facts<'t>(facts: &mut Facts<'t>, given: &Facts<'t>, open: Open) {
    if open.has(Open::PERMISSIONS) {
        let bits = facts.mode.bits() & Mode::TYPE_MASK | given.mode.permissions();
        facts.mode = Mode::new(bits).unwrap_or(facts.mode);
    }
    macro_rules! fill {
        ($($open:ident $field:ident),*) => {
            $(if open.has(Open::$open) {
                facts.$field = given.$field;
            })*
        };
    }
    fill!(SIZE size, NLINK nlink, UID uid, GID gid, RDEV rdev, MTIME mtime);
    fill!(PAYLOAD payload, CONTENT content, DIGEST digest);
}

fn filled_xattrs<'t>(
    said: &[Xattr<'t>],
    given: &[Xattr<'t>],
    open: &OpenXattrs,
    normal: &Normal,
) -> Vec<Xattr<'t>> {
    if open.is_empty() && !normal.frees_xattrs() {
        return said.to_vec();
    }
    let by_key: BTreeMap<&[u8], Xattr<'t>> = given.iter().map(|pair| (pair.key, *pair)).collect();
    let fill = |pair: &Xattr<'t>| match by_key.get(pair.key) {
        Some(given) if open.has_any_value(pair.key) => *given,
        _ => *pair,
    };
    let kept = said.iter().filter(|pair| !normal.frees(pair.key));
    let mut filled: Vec<Xattr<'t>> = kept.map(fill).collect();
    let is_said = |key: &[u8]| said.iter().any(|pair| pair.key == key);
    let is_free = |key: &[u8]| normal.frees(key) || open.frees(key) && !is_said(key);
    filled.extend(given.iter().filter(|pair| is_free(pair.key)));
    filled
}

impl Pattern<'_> {
    /// The tree that is expected, with what is open filled from a canonical tree. What is left open
    /// beside that is counted where it differs.
    #[must_use]
    pub fn expected(&self, tree: &Tree<'_>, normal: &Normal) -> Expected {
        let steps = steps(self, tree);
        let carriers = Carriers::new(self, tree, &steps);
        let mut expected = fill(self, tree, &steps, &carriers, normal);
        canonicalise(&mut expected);
        let ignored =
            if normal.is_empty() { Ignored::default() } else { self.ignored(tree, &steps, normal) };
        Expected { tree: expected, ignored }
    }

    /// What differs from what is said, and is left open.
    fn ignored(&self, tree: &Tree<'_>, steps: &[Step], normal: &Normal) -> Ignored {
        let mut ignored = Ignored::default();
        let nothing = Normal::default();
        for step in steps {
            let (Some(said), Some(found)) = (step.said, step.found) else { continue };
            if self.tree.is_link(said) {
                continue;
            }
            let without = values(self, said, tree, Some(found), &nothing);
            let differ = without.differ(&values(self, said, tree, Some(found), normal));
            ignored.xattrs(differ.contains(Attribute::Xattr));
            ignored.attributes(differ.without(Attribute::Xattr.into()));
        }
        ignored
    }
}

/// Whether the line of a step, which leaves open what it is, is that of a hard link here.
pub(super) fn is_open_link(
    pattern: &Pattern<'_>,
    tree: &Tree<'_>,
    step: &Step,
    number: usize,
    carriers: &Carriers,
    normal: &Normal,
) -> Option<usize> {
    let (said, found) = (step.said?, step.found?);
    if pattern.tree.is_link(said) || !pattern.mark(said).open.has(Open::MODE) {
        return None;
    }
    let carrier = carriers.get(tree.inode_of(found)).filter(|&carrier| carrier != number)?;
    let filled = values(pattern, said, tree, Some(found), normal);
    filled.differ(&Values::of(tree, found)).is_empty().then_some(carrier)
}

/// Builds the tree of the steps that are expected.
struct Filler<'p, 't, 'a> {
    pattern: &'p Pattern<'a>,
    tree: &'t Tree<'t>,
    normal: &'p Normal,
    builder: Builder<'static>,
    sets: BTreeMap<(Option<XattrSet>, Option<XattrSet>, usize), XattrSet>,
    /// The node of each step.
    nodes: Vec<Option<NodeId>>,
    /// Hard links, and the steps they lead to.
    links: Vec<(NodeId, usize)>,
}

/// The tree of all steps that are expected; their order is that of its nodes.
pub(super) fn fill(
    pattern: &Pattern<'_>,
    tree: &Tree<'_>,
    steps: &[Step],
    carriers: &Carriers,
    normal: &Normal,
) -> Tree<'static> {
    let mut filler = Filler {
        pattern,
        tree,
        normal,
        builder: Builder::rootless(b""),
        sets: BTreeMap::new(),
        nodes: vec![None; steps.len()],
        links: Vec::new(),
    };
    let made = filler.all(steps, carriers);
    // The names and facts are those of trees, and each link leads to a file that was added.
    made.and_then(|()| filler.builder.finish()).unwrap_or_else(|_| pattern.tree.clone())
}

impl Filler<'_, '_, '_> {
    fn all(&mut self, steps: &[Step], carriers: &Carriers) -> Result<(), BuildError> {
        let of_node = steps_of(self.pattern, steps);
        let said_carriers = self.pattern.tree.carriers();
        let mut made: BTreeMap<_, usize> = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            let inode = step.found.map(|found| self.tree.inode_of(found));
            let target = match step.said {
                None if !step.is_open => continue,
                None => inode.filter(|&inode| carriers.names(inode) > 1).and_then(|inode| {
                    let carrier =
                        carriers.get(inode).unwrap_or(*made.entry(inode).or_insert(number));
                    (carrier != number).then_some(carrier)
                }),
                Some(said) if self.pattern.tree.is_link(said) => {
                    let carrier =
                        said_carriers.get(index(self.pattern.tree.inode_of(said).number()));
                    let target = carrier.and_then(|node| of_node.get(index(node.number())));
                    let is_file = |&target: &usize| {
                        steps.get(target).is_some_and(|step| !self.is_found_directory(step))
                    };
                    target.copied().filter(is_file)
                }
                Some(_) => {
                    is_open_link(self.pattern, self.tree, step, number, carriers, self.normal)
                }
            };
            self.add(number, step, target)?;
        }
        self.resolve()
    }

    /// Whether the line of a step leaves open what it is, and it is a directory.
    fn is_found_directory(&self, step: &Step) -> bool {
        let (Some(said), Some(found)) = (step.said, step.found) else { return false };
        let is_open = self.pattern.mark(said).open.has(Open::MODE);
        is_open && self.tree.facts(found).file_type() == FileType::Directory
    }

    fn add(&mut self, number: usize, step: &Step, target: Option<usize>) -> Result<(), BuildError> {
        let (pattern, tree) = (self.pattern, self.tree);
        let values = match (step.said, step.found) {
            (Some(said), found) => values(pattern, said, tree, found, self.normal),
            (None, Some(found)) => Values::of(tree, found),
            (None, None) => return Ok(()),
        };
        if number == 0 {
            let facts = self.facts(step, &values)?;
            self.builder.set_root(&facts)?;
            self.nodes[0] = Some(NodeId::ROOT);
            return Ok(());
        }
        let name = match (step.said, step.found) {
            (Some(said), _) => pattern.tree.name(said),
            (None, Some(found)) => tree.name(found),
            (None, None) => return Ok(()),
        };
        let parent = self.nodes.get(step.parent).copied().flatten();
        let Some(parent) = parent.filter(|&parent| self.builder.is_directory(parent)) else {
            return Ok(());
        };
        let node = match target {
            Some(target) => {
                let node = self.builder.link(parent, name)?;
                self.links.push((node, target));
                node
            }
            None => {
                let facts = self.facts(step, &values)?;
                self.builder.add(parent, name, &facts)?
            }
        };
        self.nodes[number] = Some(node);
        Ok(())
    }

    fn facts<'v>(&mut self, step: &Step, values: &Values<'v>) -> Result<Facts<'v>, BuildError> {
        let said = step.said.map(|said| self.pattern.tree.facts(said).xattr_set());
        let found = step.found.map(|found| self.tree.facts(found).xattr_set());
        let mark = step.said.map_or(Mark::default(), |said| self.pattern.mark(said));
        let key = (said, found, mark.xattrs);
        let set = match self.sets.get(&key) {
            Some(&set) => set,
            None => {
                let set = self.builder.xattrs(&values.xattrs)?;
                self.sets.insert(key, set);
                set
            }
        };
        Ok(Facts { xattrs: set, ..values.facts })
    }

    /// Makes hard links of what was found to be one. A link to a link leads on to what that leads to.
    fn resolve(&mut self) -> Result<(), BuildError> {
        let targets: BTreeMap<NodeId, usize> = self.links.iter().copied().collect();
        let lead_on = |nodes: &[Option<NodeId>], step: usize| {
            let node = nodes.get(step).copied().flatten()?;
            match targets.get(&node) {
                Some(&next) => nodes.get(next).copied().flatten(),
                None => Some(node),
            }
        };
        for &(link, step) in &self.links {
            let target = lead_on(&self.nodes, step).ok_or(BuildError::UnresolvedLink)?;
            self.builder.resolve(link, target)?;
        }
        Ok(())
    }
}
