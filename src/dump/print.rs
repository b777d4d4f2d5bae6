//! A tree as text: one line a node, in walk order.

use std::collections::BTreeMap;

use super::escape::{Place, escape_into};
use crate::num::index;
use crate::tree::{Inode, InodeId, Mtime, NodeId, Tree, XattrSet};

/// Bytes that are gathered before a sink gets them.
const PIECE: usize = 128 * 1024;

/// Nodes whose parts are fetched together.
const FETCHED: u32 = 32;

/// Xattr texts that are kept for the next inode with the same set, in bytes.
const MAX_KEPT_TEXT: usize = 1 << 20;

/// Prints a tree.
///
/// Parsing the text gives an equal tree; the text of a canonical tree is canonical.
///
/// # Example
/// ```
/// use cfs::dump;
/// let text = b"/ 4096 40755 2 0 0 0 0.0 - - -\n";
/// let tree = dump::parse(text, &dump::Options::default())?.tree;
/// assert_eq!(dump::print(&tree), text);
/// # Ok::<(), dump::ParseError>(())
/// ```
#[must_use]
pub fn print(tree: &Tree<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    let all: Result<(), std::convert::Infallible> = print_to(tree, &[], |piece| {
        text.extend_from_slice(piece);
        Ok(())
    });
    match all {
        Ok(()) => text,
    }
}

/// Prints a tree piece by piece.
///
/// With names in `filter`, prints the root and the entries of the root with these names, each with
/// all that is below it. If that leaves out the name that carries a hard-linked inode, the first
/// name that stays carries it.
///
/// # Errors
/// Those of the sink, which is then not called again.
pub fn print_to<E>(
    tree: &Tree<'_>,
    filter: &[&[u8]],
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let kept = kept_nodes(tree, filter);
    let primaries = Primaries::new(tree, &kept);
    let mut printer = Printer::new(tree, &primaries);
    for range in kept {
        for node in range.0.number()..range.1.number() {
            if node % FETCHED == 0 {
                tree.fetch(NodeId::from_number(node), FETCHED);
            }
            printer.node(NodeId::from_number(node));
            if printer.out.len() >= PIECE {
                sink(&printer.out)?;
                printer.out.clear();
            }
        }
    }
    if printer.out.is_empty() { Ok(()) } else { sink(&printer.out) }
}

/// Ranges of nodes that are printed.
fn kept_nodes(tree: &Tree<'_>, filter: &[&[u8]]) -> Vec<(NodeId, NodeId)> {
    let root = NodeId::ROOT;
    if filter.is_empty() {
        return vec![(root, tree.end(root))];
    }
    let wanted = tree.children(root).filter(|&child| filter.contains(&tree.name(child)));
    let mut kept = vec![(root, NodeId::from_number(1))];
    kept.extend(wanted.map(|child| (child, tree.end(child))));
    kept
}

/// For each inode with several names: the one that is printed with it, and its path.
struct Primaries {
    /// A bit for each inode that has several names.
    linked: Vec<u64>,
    paths: BTreeMap<InodeId, (NodeId, Vec<u8>)>,
}

impl Primaries {
    fn new(tree: &Tree<'_>, kept: &[(NodeId, NodeId)]) -> Self {
        let is_kept = |node: NodeId| kept.iter().any(|&(first, end)| first <= node && node < end);
        let mut linked = vec![0; tree.inode_count() / 64 + 1];
        let mut paths = BTreeMap::new();
        for node in tree.nodes().filter(|&node| tree.is_link(node) && is_kept(node)) {
            let id = tree.inode_of(node);
            if let Some(word) = linked.get_mut(index(id.number() / 64)) {
                *word |= 1 << (id.number() % 64);
            }
            paths.entry(id).or_insert((node, Vec::new()));
        }
        let mut primaries = Self { linked, paths };
        if !primaries.paths.is_empty() {
            primaries.find_paths(tree, is_kept);
        }
        primaries
    }

    /// Goes through the tree, and puts the path of a node together only where it is wanted.
    fn find_paths(&mut self, tree: &Tree<'_>, is_kept: impl Fn(NodeId) -> bool) {
        let mut above: Vec<NodeId> = Vec::new();
        for node in tree.nodes() {
            while above.last().is_some_and(|&directory| tree.end(directory) <= node) {
                above.pop();
            }
            above.push(node);
            let id = tree.inode_of(node);
            if !self.is_linked(id) {
                continue;
            }
            let Some(primary) = self.paths.get_mut(&id) else { continue };
            let carries = !tree.is_link(node) && is_kept(node);
            if carries || node == primary.0 {
                *primary = (node, Vec::new());
                for &name in above.iter().skip(1) {
                    primary.1.push(b'/');
                    escape_into(tree.name(name), Place::Path, &mut primary.1);
                }
            }
        }
    }

    #[inline]
    fn is_linked(&self, id: InodeId) -> bool {
        let word = self.linked.get(index(id.number() / 64));
        word.is_some_and(|word| word >> (id.number() % 64) & 1 == 1)
    }

    /// The path of the name that is printed with the inode, if that is another one.
    #[inline]
    fn path_of_other(&self, node: NodeId, id: InodeId) -> Option<&[u8]> {
        if !self.is_linked(id) {
            return None;
        }
        let (primary, path) = self.paths.get(&id)?;
        (*primary != node).then_some(path)
    }
}

struct Printer<'t, 'a> {
    tree: &'t Tree<'a>,
    primaries: &'t Primaries,
    out: Vec<u8>,
    /// Escaped path of the current node.
    path: Vec<u8>,
    /// The nodes above: where their subtree ends, and the length of their path.
    above: Vec<(NodeId, usize)>,
    owner: Cached<(u16, u32, u32, u32, u32)>,
    mtime: Cached<Mtime>,
    /// Where the text of a set starts and ends in `texts`, if it is kept.
    kept: Vec<Option<(usize, usize)>>,
    texts: Vec<u8>,
}

/// The text of a value, which is often that of the value before.
struct Cached<K> {
    key: Option<K>,
    text: Vec<u8>,
}

impl<K: PartialEq> Cached<K> {
    const fn new() -> Self {
        Self { key: None, text: Vec::new() }
    }

    #[inline]
    fn get(&mut self, key: K, write: impl FnOnce(&K, &mut Vec<u8>)) -> &[u8] {
        if self.key.as_ref() != Some(&key) {
            self.text.clear();
            write(&key, &mut self.text);
            self.key = Some(key);
        }
        &self.text
    }
}

impl<'t, 'a> Printer<'t, 'a> {
    fn new(tree: &'t Tree<'a>, primaries: &'t Primaries) -> Self {
        Self {
            tree,
            primaries,
            out: Vec::with_capacity(PIECE + PIECE / 2),
            path: Vec::new(),
            above: Vec::new(),
            owner: Cached::new(),
            mtime: Cached::new(),
            kept: vec![None; tree.xattr_set_count()],
            texts: Vec::new(),
        }
    }

    fn node(&mut self, node: NodeId) {
        self.enter(node);
        let id = self.tree.inode_of(node);
        let inode = self.tree.inode(id);
        let other = self.primaries.path_of_other(node, id);
        self.out.extend_from_slice(if self.path.is_empty() { b"/" } else { &self.path });
        self.out.push(b' ');
        push_number(&mut self.out, inode.size());
        self.out.extend_from_slice(if other.is_some() { b" @" } else { b" " });
        self.numbers(&inode);
        match (other, inode.payload()) {
            (Some(path), _) => self.out.extend_from_slice(path),
            (None, payload) => push_optional(&mut self.out, payload, Place::Payload),
        }
        self.out.push(b' ');
        push_optional(&mut self.out, inode.content(), Place::Content);
        self.out.push(b' ');
        push_digest(&mut self.out, inode.digest_bytes());
        self.xattrs(inode.xattr_set());
        self.out.push(b'\n');
    }

    /// Makes `path` the node's.
    fn enter(&mut self, node: NodeId) {
        while self.above.last().is_some_and(|&(end, _)| end <= node) {
            self.above.pop();
        }
        self.path.truncate(self.above.last().map_or(0, |&(_, len)| len));
        if node != NodeId::ROOT {
            self.path.push(b'/');
            escape_into(self.tree.name(node), Place::Path, &mut self.path);
        }
        self.above.push((self.tree.end(node), self.path.len()));
    }

    /// MODE to MTIME, with a space behind.
    fn numbers(&mut self, inode: &Inode<'_, '_>) {
        let owner = (inode.mode().bits(), inode.nlink(), inode.uid(), inode.gid(), inode.rdev());
        let text = self.owner.get(owner, |&(mode, nlink, uid, gid, rdev), text| {
            push_octal(text, mode);
            for number in [nlink, uid, gid, rdev] {
                text.push(b' ');
                push_number(text, number);
            }
            text.push(b' ');
        });
        self.out.extend_from_slice(text);
        let text = self.mtime.get(inode.mtime(), |mtime, text| {
            push_number(text, mtime.sec);
            text.push(b'.');
            push_number(text, mtime.nsec);
            text.push(b' ');
        });
        self.out.extend_from_slice(text);
    }

    fn xattrs(&mut self, set: XattrSet) {
        if set == XattrSet::EMPTY {
            return;
        }
        let slot = index(set.number());
        if let Some(&Some((start, end))) = self.kept.get(slot) {
            self.out.extend_from_slice(self.texts.get(start..end).unwrap_or_default());
            return;
        }
        let from = self.out.len();
        for xattr in self.tree.xattrs(set) {
            self.out.push(b' ');
            escape_into(xattr.key, Place::XattrKey, &mut self.out);
            self.out.push(b'=');
            escape_into(xattr.value, Place::XattrValue, &mut self.out);
        }
        let text = self.out.get(from..).unwrap_or_default();
        if self.texts.len() + text.len() <= MAX_KEPT_TEXT {
            let start = self.texts.len();
            self.texts.extend_from_slice(text);
            if let Some(place) = self.kept.get_mut(slot) {
                *place = Some((start, self.texts.len()));
            }
        }
    }
}

/// Appends the line of a node, without its end. `path` is the node's; with `link` it is a hard link to
/// the inode at that path.
pub(crate) fn line_into(
    tree: &Tree<'_>,
    node: NodeId,
    path: &[u8],
    link: Option<&[u8]>,
    out: &mut Vec<u8>,
) {
    let inode = tree.facts(node);
    escape_into(path, Place::Path, out);
    out.push(b' ');
    push_number(out, inode.size());
    out.extend_from_slice(if link.is_some() { b" @" } else { b" " });
    push_octal(out, inode.mode().bits());
    for number in [inode.nlink(), inode.uid(), inode.gid(), inode.rdev()] {
        out.push(b' ');
        push_number(out, number);
    }
    out.push(b' ');
    push_number(out, inode.mtime().sec);
    out.push(b'.');
    push_number(out, inode.mtime().nsec);
    out.push(b' ');
    match link {
        Some(path) => escape_into(path, Place::Path, out),
        None => push_optional(out, inode.payload(), Place::Payload),
    }
    out.push(b' ');
    push_optional(out, inode.content(), Place::Content);
    out.push(b' ');
    push_digest(out, inode.digest_bytes());
    for xattr in inode.xattrs() {
        out.push(b' ');
        escape_into(xattr.key, Place::XattrKey, out);
        out.push(b'=');
        escape_into(xattr.value, Place::XattrValue, out);
    }
}

#[inline]
fn push_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_octal(out: &mut Vec<u8>, number: u16) {
    let digits = (16 - number.leading_zeros()).div_ceil(3).max(1);
    for digit in (0..digits).rev() {
        out.push(b'0' + crate::num::low8(u64::from(number >> (3 * digit) & 7)));
    }
}

/// A value, or the `-` of an unset one. A value that is a lone `-` is spelled `\x2d`.
fn push_optional(out: &mut Vec<u8>, value: Option<&[u8]>, place: Place) {
    match value {
        None => out.push(b'-'),
        Some(b"-") => out.extend_from_slice(br"\x2d"),
        Some(value) => escape_into(value, place, out),
    }
}

fn push_digest(out: &mut Vec<u8>, digest: Option<&[u8]>) {
    let Some(digest) = digest else { return out.push(b'-') };
    let start = out.len();
    out.resize(start + 2 * digest.len(), 0);
    if let Some(place) = out.get_mut(start..) {
        // The lengths are equal, so that nothing is left to fail.
        let _ = const_hex::encode_to_slice(digest, place);
    }
}
