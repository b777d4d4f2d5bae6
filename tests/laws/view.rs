//! Laws about images that are looked at in place.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use cfs::erofs::{self, BlockBuffer, Slot, Source, View, ViewInode};
use cfs::tree::{FileType, InodeId, NodeId, Tree};

/// Inodes that are looked at in an image which is no tree.
const MOST: usize = 500;

/// An image that counts how often it is read.
struct Counted<'a> {
    bytes: &'a [u8],
    reads: Cell<usize>,
    longest: Cell<usize>,
}

impl Source for Counted<'_> {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), Infallible> {
        let start = usize::try_from(at).expect("an index");
        let end = start.checked_add(buffer.len()).expect("an index");
        assert!(end <= self.bytes.len(), "{start} to {end} is not inside");
        self.reads.set(self.reads.get() + 1);
        self.longest.set(self.longest.get().max(buffer.len()));
        self.bytes.read(at, buffer)
    }
}

type Counting<'a> = View<Counted<'a>>;

/// What an answer costs is bounded, whatever the image holds.
fn at_most<T>(view: &Counting<'_>, reads: usize, longest: usize, ask: impl FnOnce() -> T) -> T {
    let source = view.source();
    source.reads.set(0);
    source.longest.set(0);
    let answer = ask();
    assert!(source.reads.get() <= reads, "{} reads, not {reads}", source.reads.get());
    assert!(source.longest.get() <= longest, "{} bytes, not {longest}", source.longest.get());
    answer
}

/// Any bytes can be looked at in place: each answer is bounded in its cost, and if the bytes are an
/// image that can be read, all answers together are its tree.
pub fn view_answers_or_points(bytes: &[u8]) {
    let source = Counted { bytes, reads: Cell::new(0), longest: Cell::new(0) };
    let view = match View::open(source) {
        Ok(view) => view,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let not_read = erofs::read(bytes).expect_err("both check the same headers");
            return assert!(not_read.offset() <= 1024 || erofs::info(bytes).is_ok(), "{not_read}");
        }
    };
    assert_eq!(erofs::info(bytes), Ok(view.info()));
    ask_everything(&view);
    if let Ok(tree) = erofs::read(bytes) {
        Comparison { view: &view, tree: &tree, slots: BTreeMap::new() }.run();
    }
}

/// Asks whatever there is to ask, of as many inodes as can be reached.
fn ask_everything(view: &Counting<'_>) {
    let mut met = BTreeSet::from([view.root()]);
    let mut waiting = vec![view.root()];
    while let Some(slot) = waiting.pop() {
        assert_eq!(view.slot(slot.number()), Some(slot));
        let Ok(inode) = at_most(view, 1, 64, || view.inode(slot)) else { continue };
        let _ = at_most(view, 2, 4095, || view.target(&inode));
        let _ = at_most(view, 2, 100, || view.read(&inode, inode.size() / 2, &mut [0; 100]));
        let _ = at_most(view, 256 * 2 + 2, 262_152, || view.external(&inode));
        let mut names = Vec::new();
        let _ = at_most(view, 256, 262_152, || {
            view.xattr_names(&inode, |prefix, rest| names.push([prefix, rest].concat()))
        });
        for name in names {
            let value = at_most(view, 257, 262_152, || view.xattr(&inode, &name));
            assert!(matches!(value, Ok(Some(_)) | Err(_)), "{}", name.escape_ascii());
        }
        for (name, slot) in listed(view, &inode).unwrap_or_default().names {
            let _ = at_most(view, 2 * 33, 4096, || view.lookup(&inode, &name));
            if met.len() < MOST && met.insert(slot) {
                waiting.push(slot);
            }
        }
    }
}

/// What a directory lists.
#[derive(Default)]
struct Listed {
    /// The names without `.` and `..`.
    names: Vec<(Vec<u8>, Slot)>,
    /// Whether all names are sorted, `.` and `..` among them.
    is_sorted: bool,
}

/// The names of a directory, if all can be had.
fn listed(view: &Counting<'_>, dir: &ViewInode) -> Option<Listed> {
    let mut found = Listed { names: Vec::new(), is_sorted: true };
    let mut last: Option<Vec<u8>> = None;
    let mut buffer: BlockBuffer = [0; 4096];
    for block in 0..view.block_count(dir).min(1000) {
        let names = at_most(view, 2, 4096, || view.names(dir, block, &mut buffer)).ok()??;
        for index in 0..names.len() {
            let name = names.get(index).ok()?.expect("less than there are");
            found.is_sorted &= last.as_deref().is_none_or(|last| last < name.name);
            last = Some(name.name.to_vec());
            if !matches!(name.name, b"." | b"..") {
                found.names.push((name.name.to_vec(), name.slot?));
            }
        }
        assert!(names.get(names.len()).is_ok_and(|name| name.is_none()));
    }
    Some(found)
}

/// A tree, and the view of the image that it was read from.
struct Comparison<'c, 'a> {
    view: &'c Counting<'a>,
    tree: &'c Tree<'a>,
    /// The slot of each inode.
    slots: BTreeMap<InodeId, Slot>,
}

impl Comparison<'_, '_> {
    fn run(mut self) {
        let mut waiting = vec![(NodeId::ROOT, self.view.root())];
        while let Some((node, slot)) = waiting.pop() {
            let inode = self.view.inode(slot).expect("an inode that was read");
            self.node(node, &inode);
            if inode.file_type() == FileType::Directory {
                waiting.extend(self.directory(node, &inode));
            }
        }
        let slots: BTreeSet<_> = self.slots.values().collect();
        assert_eq!(slots.len(), self.slots.len(), "two inodes have one slot");
    }

    /// Version 2 stores whiteouts as they are.
    fn hides(&self, node: NodeId) -> bool {
        self.view.info().composefs_version > 1 && self.tree.facts(node).is_whiteout()
    }

    fn directory(&self, node: NodeId, dir: &ViewInode) -> Vec<(NodeId, Slot)> {
        let Listed { names: mut shown, is_sorted } =
            listed(self.view, dir).expect("names that were read");
        let is_shown = |slot| !self.view.is_hidden(&self.view.inode(slot).expect("an inode"));
        shown.retain(|(_, slot)| is_shown(*slot));
        for (name, slot) in &shown {
            let found = self.view.lookup(dir, name).expect("a directory that was read");
            assert!(!is_sorted || found == Some(*slot), "{}", name.escape_ascii());
        }
        if is_sorted {
            assert_eq!(self.view.lookup(dir, b"\x01no such name"), Ok(None));
        }
        shown.sort();
        let nodes: Vec<NodeId> =
            self.tree.children(node).filter(|&child| !self.hides(child)).collect();
        let names: Vec<&[u8]> = nodes.iter().map(|&child| self.tree.name(child)).collect();
        assert_eq!(shown.iter().map(|(name, _)| &name[..]).collect::<Vec<_>>(), names);
        nodes.into_iter().zip(shown.into_iter().map(|(_, slot)| slot)).collect()
    }

    fn node(&mut self, node: NodeId, inode: &ViewInode) {
        let facts = self.tree.facts(node);
        let slot = *self.slots.entry(self.tree.inode_of(node)).or_insert(inode.slot());
        assert_eq!(slot, inode.slot(), "names of one inode have one slot");
        assert_eq!(inode.mode().permissions(), facts.mode().permissions());
        assert_eq!((inode.uid(), inode.gid()), (facts.uid(), facts.gid()));
        assert_eq!((inode.nlink(), inode.mtime()), (facts.nlink(), facts.mtime()));
        self.xattrs(node, inode);
        if facts.is_whiteout() {
            // A file that stands for a whiteout is shown as the file that it is.
            return assert_eq!(inode.file_type(), FileType::Regular);
        }
        assert_eq!(inode.file_type(), facts.file_type());
        assert_eq!(inode.rdev(), facts.rdev());
        match facts.file_type() {
            FileType::Symlink => {
                let target = self.view.target(inode).expect("a target that was read");
                assert_eq!(Some(&target[..]), facts.payload());
            }
            FileType::Regular => self.content(node, inode),
            _ => assert_eq!(inode.size(), facts.size()),
        }
    }

    fn content(&self, node: NodeId, inode: &ViewInode) {
        let facts = self.tree.facts(node);
        assert_eq!(inode.size(), facts.size());
        let external = self.view.external(inode).expect("xattrs that were read");
        assert_eq!(external.as_ref().map(|external| &external.path[..]), facts.payload());
        if let Some(external) = external {
            assert_eq!(external.digest, facts.digest());
        }
        let mut content = Vec::new();
        let mut piece = [0; 700];
        while content.len() < 10_000 {
            let at = u64::try_from(content.len()).expect("fits");
            let len = self.view.read(inode, at, &mut piece).expect("a content that was read");
            content.extend_from_slice(&piece[..len]);
            if len < piece.len() {
                break;
            }
        }
        match facts.content() {
            Some(expected) => assert_eq!(content, expected),
            None => assert!(content.iter().all(|&byte| byte == 0), "there is nothing to read"),
        }
    }

    fn xattrs(&self, node: NodeId, inode: &ViewInode) {
        // Marks of whiteouts, which the tree of version 0 and 1 does without.
        let marks: [&[u8]; 4] = [
            b"trusted.overlay.whiteout",
            b"trusted.overlay.whiteouts",
            b"user.overlay.whiteout",
            b"user.overlay.whiteouts",
        ];
        let is_mark = |key: &[u8]| self.view.info().composefs_version < 2 && marks.contains(&key);
        let mut found = BTreeMap::new();
        let told = self.view.xattr_names(inode, |prefix, rest| {
            found.insert([prefix, rest].concat(), Vec::new());
        });
        assert_eq!(told, Ok(()));
        for (key, value) in &mut found {
            let known = self.view.xattr(inode, key).expect("xattrs that were read");
            *value = known.unwrap_or_else(|| panic!("{} has no value", key.escape_ascii()));
        }
        found.retain(|key, _| !is_mark(key));
        let facts = self.tree.facts(node);
        let expected: BTreeMap<_, _> = facts
            .xattrs()
            .filter(|xattr| !is_mark(xattr.key))
            .map(|xattr| (xattr.key.to_vec(), xattr.value.to_vec()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(self.view.xattr(inode, b"user.no such name"), Ok(None));
    }
}
