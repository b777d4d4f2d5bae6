//! A tree as it will be built or spelled: what the generator makes.

use std::fmt;

use cfs::dump;
use cfs::tree::{Builder, Facts, Mode, Mtime, NodeId, Tree, Xattr};

/// Entries in an order in which each comes behind its parent; the root is the first.
#[derive(Clone)]
pub struct Plan {
    pub entries: Vec<Planned>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&dump::print(&self.tree())))
    }
}

#[derive(Clone, Debug)]
pub struct Planned {
    /// Index of the directory it is in; its own for the root.
    pub parent: usize,
    pub name: Vec<u8>,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Inode(Inode),
    /// A hard link to another entry, which may be a link too and may come later.
    Link(usize),
}

#[derive(Clone, Debug)]
pub struct Inode {
    pub mode: u16,
    pub size: u64,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub rdev: u32,
    pub sec: i64,
    pub nsec: u32,
    pub payload: Option<Vec<u8>>,
    pub content: Option<Vec<u8>>,
    pub digest: Option<Vec<u8>>,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Inode {
    /// An empty file.
    pub fn new(mode: u16) -> Self {
        Self {
            mode,
            size: 0,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            sec: 0,
            nsec: 0,
            payload: None,
            content: None,
            digest: None,
            xattrs: Vec::new(),
        }
    }

    pub fn is_type(&self, bits: u16) -> bool {
        self.mode & Mode::TYPE_MASK == bits
    }

    pub fn is_whiteout(&self) -> bool {
        self.is_type(0o020_000) && self.rdev == 0
    }

    pub fn is_external(&self) -> bool {
        self.is_type(0o100_000) && self.size > 0 && self.content.is_none()
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            size: self.size,
            nlink: self.nlink,
            uid: self.uid,
            gid: self.gid,
            rdev: self.rdev,
            mtime: Mtime { sec: self.sec, nsec: self.nsec },
            payload: self.payload.as_deref(),
            content: self.content.as_deref(),
            digest: self.digest.as_deref(),
            ..Facts::new(Mode::new(self.mode).expect("a type that there is"))
        }
    }
}

impl Plan {
    pub fn inode(&self, entry: usize) -> &Inode {
        match &self.entries[self.carrier(entry)].what {
            What::Inode(inode) => inode,
            What::Link(_) => unreachable!("a carrier is no link"),
        }
    }

    /// The entry at the end of a chain of links.
    pub fn carrier(&self, mut entry: usize) -> usize {
        while let What::Link(target) = self.entries[entry].what {
            entry = target;
        }
        entry
    }

    /// The names that lead to an entry, from the root.
    pub fn path(&self, mut entry: usize) -> Vec<&[u8]> {
        let mut names = Vec::new();
        while entry != 0 {
            names.push(&*self.entries[entry].name);
            entry = self.entries[entry].parent;
        }
        names.reverse();
        names
    }

    /// Builds the tree, names in the order of the plan.
    pub fn tree(&self) -> Tree<'static> {
        let root = self.inode(0);
        let mut builder = builder(root.facts(), &borrowed(&root.xattrs));
        let mut nodes = vec![NodeId::ROOT];
        for entry in &self.entries[1..] {
            let parent = nodes[entry.parent];
            let node = match &entry.what {
                What::Link(_) => builder.link(parent, &entry.name),
                What::Inode(inode) => {
                    let xattrs = builder.xattrs(&borrowed(&inode.xattrs)).expect("good xattrs");
                    builder.add(parent, &entry.name, &Facts { xattrs, ..inode.facts() })
                }
            };
            nodes.push(node.expect("a good name"));
        }
        for (number, entry) in self.entries.iter().enumerate() {
            if let What::Link(_) = entry.what {
                builder.resolve(nodes[number], nodes[self.carrier(number)]).expect("a file");
            }
        }
        builder.finish().expect("all links are resolved")
    }
}

/// Pairs as a builder takes them.
pub fn borrowed(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<Xattr<'_>> {
    pairs.iter().map(|(key, value)| Xattr { key, value }).collect()
}

/// A builder whose root has xattrs.
pub fn builder(root: Facts<'_>, xattrs: &[Xattr<'_>]) -> Builder<'static> {
    let mut builder = Builder::rootless(b"");
    let xattrs = builder.xattrs(xattrs).expect("good xattrs");
    builder.set_root(&Facts { xattrs, ..root }).expect("the root is a directory");
    builder
}
