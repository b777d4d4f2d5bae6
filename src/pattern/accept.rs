//! A pattern written anew, so that a tree is as it says.

mod entry;

use std::collections::{BTreeMap, BTreeSet};

use super::fill::{Values, fill, values};
use super::normal::Normal;
use super::open::Open;
use super::steps::{Carriers, Step, names_of, path, steps};
use super::{Pattern, Says};
use crate::canon::canonicalise;
use crate::dump::path_of;
use crate::num::index;
use crate::tree::{FileType, NodeId, Tree};
use entry::{Edits, Fact, literal, rewritten, with_normal};

/// A pattern that was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The text.
    pub text: Vec<u8>,
    /// How many lines are new.
    pub added: u64,
    /// How many lines are gone.
    pub removed: u64,
    /// How many lines are others.
    pub changed: u64,
}

/// A pattern of a tree, which must be canonical: a line for each name.
///
/// # Example
/// ```
/// use cfs::pattern::{Normal, fresh};
/// let tree = cfs::dump::parse(b"/ 4096 40755 2 0 0 0 1.5 - - -\n", &Default::default())?.tree;
/// let accepted = fresh(&tree, &Normal::from_words(["mtime"]).unwrap());
/// assert_eq!(accepted.text, b"/ 4096 40755 2 0 0 0 * - - -\n");
/// # Ok::<(), cfs::dump::ParseError>(())
/// ```
#[must_use]
pub fn fresh(tree: &Tree<'_>, normal: &Normal) -> Accepted {
    let mut accepted = Accepted { text: Vec::new(), added: 0, removed: 0, changed: 0 };
    let carriers = tree.carriers();
    let linked = names_of(tree);
    let mut paths = BTreeMap::new();
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let inode = tree.inode_of(step.node);
        if linked.contains_key(&inode) && !tree.is_link(step.node) {
            paths.insert(step.node, walk.path().to_vec());
        }
    }
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let inode = tree.inode_of(step.node);
        let carrier = carriers.get(index(inode.number())).filter(|_| tree.is_link(step.node));
        let link = carrier.and_then(|node| paths.get(node)).map(Vec::as_slice);
        let line = literal(tree, step.node, walk.path(), link, normal);
        accepted.text.extend_from_slice(&line);
        accepted.text.push(b'\n');
        accepted.added += 1;
    }
    accepted
}

impl Pattern<'_> {
    /// Writes the pattern anew, so that a canonical tree is as it says. What is open stays open, notes
    /// stay, and so do the bytes of each line that is right; new names get lines where a walk meets
    /// them. What is to be left open beside that is left open in every line from now on.
    #[must_use]
    pub fn accept(&self, tree: &Tree<'_>, normal: &Normal) -> Accepted {
        let steps = steps(self, tree);
        let mut carriers = Carriers::new(self, tree, &steps);
        let expected = fill(self, tree, &steps, &carriers, &Normal::default());
        let mut canonical = expected.clone();
        canonicalise(&mut canonical);
        for (number, step) in steps.iter().enumerate() {
            if let Some(found) = step.found.filter(|_| step.said.is_some() || !step.is_open) {
                let inode = tree.inode_of(found);
                if carriers.names(inode) > 1 {
                    carriers.carry(inode, number);
                }
            }
        }
        let nodes = nodes(&steps, &expected);
        let names = names_of(&canonical);
        let acceptor = Acceptor {
            pattern: self,
            tree,
            normal,
            steps: &steps,
            carriers: &carriers,
            canonical: &canonical,
            nodes,
            names,
        };
        acceptor.write()
    }
}

/// The node of each step in the tree that is expected.
fn nodes(steps: &[Step], expected: &Tree<'_>) -> Vec<Option<NodeId>> {
    let mut all: Vec<Option<NodeId>> = vec![None; steps.len()];
    let mut nodes = expected.nodes();
    for (number, step) in steps.iter().enumerate() {
        let parent = all.get(step.parent).copied().flatten();
        let in_directory =
            parent.is_some_and(|node| expected.facts(node).file_type() == FileType::Directory);
        let is_expected = step.said.is_some() || step.is_open;
        if is_expected && (number == 0 || in_directory) {
            all[number] = nodes.next();
        }
    }
    all
}

struct Acceptor<'p, 't, 'a> {
    pattern: &'p Pattern<'a>,
    tree: &'t Tree<'t>,
    normal: &'p Normal,
    steps: &'p [Step],
    carriers: &'p Carriers,
    /// The tree that is expected.
    canonical: &'p Tree<'static>,
    nodes: Vec<Option<NodeId>>,
    /// How many names its inodes have that have several.
    names: BTreeMap<crate::tree::InodeId, u32>,
}

impl Acceptor<'_, '_, '_> {
    fn write(&self) -> Accepted {
        let lines = &self.pattern.lines;
        let mut kept: Vec<Option<Vec<u8>>> = vec![None; lines.len()];
        let mut behind: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        let mut accepted = Accepted { text: Vec::new(), added: 0, removed: 0, changed: 0 };
        let mut directories = BTreeSet::new();
        let mut anchor = 0;
        for (number, step) in self.steps.iter().enumerate() {
            let Some(found) = step.found else { continue };
            match step.said {
                Some(said) => {
                    anchor = self.pattern.mark(said).line;
                    let raw = lines.get(anchor).map(|line| text_of(line.raw)).unwrap_or_default();
                    let line = self.line(number, step, (said, found), raw);
                    if let Some(place) = kept.get_mut(anchor) {
                        *place = Some(line);
                    }
                    if self.tree.facts(found).file_type() == FileType::Directory {
                        directories.insert(said);
                    }
                }
                None if step.is_open => {}
                None => {
                    let line = self.new_line(number, found);
                    behind.entry(self.below_notes(anchor)).or_default().push(line);
                }
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let text = match line.says {
                Says::Note => Some(text_of(line.raw).to_vec()),
                Says::Below(node) => {
                    directories.contains(&node).then(|| text_of(line.raw).to_vec())
                }
                Says::Entry(_) => kept.get_mut(number).and_then(Option::take),
            };
            accepted.line(text, line.raw);
            for new in behind.remove(&number).unwrap_or_default() {
                accepted.new_line(&new);
            }
        }
        if accepted.added + accepted.removed + accepted.changed == 0 {
            accepted.text = self.pattern.text.to_vec();
        }
        accepted
    }

    /// The last of the lines that say that anything may be below a directory, behind this line.
    fn below_notes(&self, line: usize) -> usize {
        let behind = self.pattern.lines.get(line + 1..).unwrap_or_default();
        let is_below = |line: &&super::Line<'_>| matches!(line.says, Says::Below(_));
        line + behind.iter().take_while(is_below).count()
    }

    fn new_line(&self, number: usize, found: NodeId) -> Vec<u8> {
        let link = self.link(number, found);
        let path = path(self.pattern, self.tree, self.steps, number);
        literal(self.tree, found, &path, link.as_deref(), self.normal)
    }

    /// The path of the name that carries the inode, if that is another one.
    fn link(&self, number: usize, found: NodeId) -> Option<Vec<u8>> {
        let carrier = self.carrier(number, found)?;
        Some(path(self.pattern, self.tree, self.steps, carrier))
    }

    fn carrier(&self, number: usize, found: NodeId) -> Option<usize> {
        let carrier = self.carriers.get(self.tree.inode_of(found))?;
        (carrier != number).then_some(carrier)
    }

    /// What becomes of a line.
    fn line(
        &self,
        number: usize,
        step: &Step,
        (said, found): (NodeId, NodeId),
        raw: &[u8],
    ) -> Vec<u8> {
        let carrier = self.carrier(number, found);
        let is_link = self.pattern.tree.is_link(said);
        let leaves_open = self.pattern.mark(said).open.has(Open::MODE);
        let line = match carrier {
            Some(carrier) if is_link && self.leads_to(number, carrier, found, raw) => raw.to_vec(),
            Some(_) if !leaves_open => return self.new_line(number, found),
            _ if is_link => {
                let path = path(self.pattern, self.tree, self.steps, number);
                rewritten(raw, self.tree, found, &path, &Edits::of_link())
            }
            _ => self.inode_line(number, step, (said, found), raw),
        };
        with_normal(line, self.tree, found, self.normal)
    }

    /// Whether the line of a hard link still leads to the name that carries its inode.
    fn leads_to(&self, number: usize, carrier: usize, found: NodeId, raw: &[u8]) -> bool {
        let target = path_of(raw.split(|&byte| byte == b' ').nth(8).unwrap_or_default());
        let inode = |node: NodeId| self.tree.inode_of(node);
        self.share_inode(number, carrier)
            && (target == path(self.pattern, self.tree, self.steps, carrier)
                || self.tree.find(&target).is_some_and(|target| inode(target) == inode(found)))
    }

    /// Whether two names are one file in the tree that is expected.
    fn share_inode(&self, a: usize, b: usize) -> bool {
        let inode = |step: usize| {
            let node = self.nodes.get(step).copied().flatten()?;
            Some(self.canonical.inode_of(node))
        };
        inode(a).is_some() && inode(a) == inode(b)
    }

    fn inode_line(
        &self,
        number: usize,
        step: &Step,
        (said, found): (NodeId, NodeId),
        raw: &[u8],
    ) -> Vec<u8> {
        let Some(node) = self.nodes.get(number).copied().flatten() else { return raw.to_vec() };
        let given = Values::of(self.tree, found);
        let carrier = self.carrier(number, found);
        let is_right = Values::of(self.canonical, node).differ(&given).is_empty()
            && carrier.is_none_or(|carrier| self.share_inode(number, carrier));
        let filled = values(self.pattern, said, self.tree, step.found, &Normal::default());
        let mark = self.pattern.mark(said);
        let edits = if is_right {
            self.derived(node, said, found, mark.open)
        } else {
            Edits::between(&filled, &given, mark.open)
        };
        if edits.is_empty() {
            return raw.to_vec();
        }
        let path = path(self.pattern, self.tree, self.steps, number);
        rewritten(raw, self.tree, found, &path, &edits)
    }

    /// SIZE and NLINK where they were right, and other names make others of them.
    fn derived(&self, node: NodeId, said: NodeId, found: NodeId, open: Open) -> Edits {
        let (before, now) = (self.canonical.facts(node), self.tree.facts(found));
        let said = self.pattern.tree.facts(said);
        let mut edits = Edits::default();
        if now.file_type() == FileType::Directory {
            let size = said.size() == before.size() && before.size() != now.size();
            edits.set(Fact::Size, size && !open.has(Open::SIZE));
            let nlink = said.nlink() == before.nlink() && before.nlink() != now.nlink();
            edits.set(Fact::Nlink, nlink && !open.has(Open::NLINK));
        } else {
            let inode = self.canonical.inode_of(node);
            let names = self.names.get(&inode).copied().unwrap_or(1);
            let other = self.carriers.names(self.tree.inode_of(found)) != names;
            let nlink = other && said.nlink() == names && now.nlink() != names;
            edits.set(Fact::Nlink, nlink && !open.has(Open::NLINK));
        }
        edits
    }
}

/// A line without its line feed.
fn text_of(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\n").unwrap_or(raw)
}

impl Accepted {
    fn line(&mut self, text: Option<Vec<u8>>, raw: &[u8]) {
        let Some(text) = text else {
            self.removed += 1;
            return;
        };
        self.changed += u64::from(text != text_of(raw));
        self.text.extend_from_slice(&text);
        self.text.push(b'\n');
    }

    fn new_line(&mut self, text: &[u8]) {
        self.added += 1;
        self.text.extend_from_slice(text);
        self.text.push(b'\n');
    }
}
