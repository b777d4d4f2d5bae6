//! A pattern and a tree side by side.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Open, Pattern};
use crate::num::index;
use crate::tree::{FileType, InodeId, NodeId, Tree};

/// A name that the pattern has, or the tree, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Of the pattern's tree.
    pub(super) said: Option<NodeId>,
    /// Of the tree.
    pub(super) found: Option<NodeId>,
    /// Whether the pattern says that it may be there, if it has no line for it.
    pub(super) is_open: bool,
    /// The number of the step of the directory it is in.
    pub(super) parent: usize,
}

/// All names, in walk order.
pub(super) fn steps(pattern: &Pattern<'_>, tree: &Tree<'_>) -> Vec<Step> {
    let root = NodeId::ROOT;
    let first = Step { said: Some(root), found: Some(root), is_open: false, parent: 0 };
    let mut waiting = vec![first];
    let mut steps = Vec::with_capacity(tree.len());
    while let Some(step) = waiting.pop() {
        let below = step.said.is_some_and(|node| pattern.mark(node).below) || step.is_open;
        let parent = steps.len();
        let from = waiting.len();
        names(pattern, tree, &step, |said, found| {
            waiting.push(Step { said, found, is_open: below, parent });
        });
        if let Some(names) = waiting.get_mut(from..) {
            names.reverse();
        }
        steps.push(step);
    }
    steps
}

/// The names in a directory of both, sorted.
fn names(
    pattern: &Pattern<'_>,
    tree: &Tree<'_>,
    step: &Step,
    mut each: impl FnMut(Option<NodeId>, Option<NodeId>),
) {
    let children = |tree: &Tree<'_>, node: Option<NodeId>| {
        node.map(|node| tree.children(node).collect::<Vec<_>>()).unwrap_or_default()
    };
    let said = children(&pattern.tree, step.said);
    let found = children(tree, step.found);
    let (mut said, mut found) = (said.into_iter().peekable(), found.into_iter().peekable());
    loop {
        let order = match (said.peek(), found.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(&a), Some(&b)) => pattern.tree.name(a).cmp(tree.name(b)),
        };
        let said = if order.is_le() { said.next() } else { None };
        let found = if order.is_ge() { found.next() } else { None };
        each(said, found);
    }
}

/// Of each inode of a tree with several names: the step whose line carries it.
#[derive(Debug, Default)]
pub(super) struct Carriers {
    carriers: BTreeMap<InodeId, usize>,
    /// How many names each inode with several has.
    names: BTreeMap<InodeId, u32>,
}

impl Carriers {
    /// The carrier is the first line of the pattern that carries an inode, better one that says so than
    /// one that leaves it open.
    pub(super) fn new(pattern: &Pattern<'_>, tree: &Tree<'_>, steps: &[Step]) -> Self {
        let names = names_of(tree);
        let mut carriers = BTreeMap::new();
        if names.is_empty() {
            return Self::default();
        }
        for wants_open in [false, true] {
            for (number, step) in steps.iter().enumerate() {
                let (Some(said), Some(found)) = (step.said, step.found) else { continue };
                let inode = tree.inode_of(found);
                let is_open = pattern.mark(said).open.has(Open::MODE);
                let carries = !pattern.tree.is_link(said) && is_open == wants_open;
                let is_file = pattern.tree.facts(said).file_type() != FileType::Directory;
                if carries && is_file && names.contains_key(&inode) {
                    carriers.entry(inode).or_insert(number);
                }
            }
        }
        Self { carriers, names }
    }

    pub(super) fn get(&self, inode: InodeId) -> Option<usize> {
        self.carriers.get(&inode).copied()
    }

    /// Says which step carries an inode that no line carries yet.
    pub(super) fn carry(&mut self, inode: InodeId, step: usize) -> usize {
        *self.carriers.entry(inode).or_insert(step)
    }

    /// How many names an inode has.
    pub(super) fn names(&self, inode: InodeId) -> u32 {
        self.names.get(&inode).copied().unwrap_or(1)
    }
}

/// How many names each inode has that has several.
pub(super) fn names_of(tree: &Tree<'_>) -> BTreeMap<InodeId, u32> {
    let mut names = BTreeMap::new();
    for node in tree.nodes().filter(|&node| tree.is_link(node)) {
        *names.entry(tree.inode_of(node)).or_insert(1) += 1;
    }
    names
}

/// The path of each step, with a function for those that are wanted.
pub(super) fn path(
    pattern: &Pattern<'_>,
    tree: &Tree<'_>,
    steps: &[Step],
    number: usize,
) -> Vec<u8> {
    let mut names = Vec::new();
    let mut at = number;
    while let Some(step) = steps.get(at).filter(|_| at > 0) {
        names.push(match (step.said, step.found) {
            (Some(said), _) => pattern.tree.name(said),
            (None, Some(found)) => tree.name(found),
            (None, None) => b"",
        });
        at = step.parent;
    }
    let path: Vec<u8> = names.iter().rev().flat_map(|name| [b"/", *name].concat()).collect();
    if path.is_empty() { b"/".to_vec() } else { path }
}

/// The step of each node of the pattern.
pub(super) fn steps_of(pattern: &Pattern<'_>, steps: &[Step]) -> Vec<usize> {
    let mut all = vec![0; pattern.tree.len()];
    for (number, step) in steps.iter().enumerate() {
        if let Some(place) = step.said.and_then(|said| all.get_mut(index(said.number()))) {
            *place = number;
        }
    }
    all
}
