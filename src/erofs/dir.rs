//! The names of a directory as an image lists them: with `.` and `..`, and in the root the devices
//! `00` to `ff`; sorted, and cut into chunks.

use super::disk::{BLOCK_SIZE, Dirent};
use crate::tree::{NodeId, Tree};

/// The most bytes of a last chunk that is stored behind the inode.
pub(super) const MAX_TAIL: usize = BLOCK_SIZE / 2;

/// What a name in a directory leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Node(NodeId),
    /// A device that the writer adds to the root, by number.
    Stub(u8),
    This,
    Parent,
}

/// A place in the sorted names of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    child: u32,
    stub: u16,
    dots: u8,
}

/// The sorted names of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'l> {
    pub(super) tree: &'l Tree<'l>,
    pub(super) directory: NodeId,
    /// Numbers of the devices to add, sorted; empty but for the root.
    pub(super) stubs: &'l [u8],
}

impl<'l> Names<'l> {
    pub(super) fn start(&self) -> Cursor {
        Cursor { child: self.directory.number().saturating_add(1), stub: 0, dots: 0 }
    }

    /// The name at a cursor, which then moves on. `None` at the end.
    #[inline]
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<(&'l [u8], Target)> {
        if usize::from(cursor.stub) < self.stubs.len() {
            return self.next_of_three(cursor);
        }
        let dots: (&[u8], Target) = match cursor.dots {
            0 => (b".", Target::This),
            1 => (b"..", Target::Parent),
            _ => return self.next_child(cursor),
        };
        let child = NodeId::from_number(cursor.child);
        if child < self.tree.end(self.directory) && self.tree.name(child) < dots.0 {
            return self.next_child(cursor);
        }
        cursor.dots += 1;
        Some(dots)
    }

    #[inline]
    fn next_child(&self, cursor: &mut Cursor) -> Option<(&'l [u8], Target)> {
        let child = NodeId::from_number(cursor.child);
        if child >= self.tree.end(self.directory) {
            return None;
        }
        cursor.child = self.tree.end(child).number();
        Some((self.tree.name(child), Target::Node(child)))
    }

    /// The smallest of the next child, the next of `.` and `..`, and the next device.
    fn next_of_three(&self, cursor: &mut Cursor) -> Option<(&'l [u8], Target)> {
        let mut behind = *cursor;
        let child = self.next_child(&mut behind);
        let dots: Option<(&[u8], Target)> = match cursor.dots {
            0 => Some((b".", Target::This)),
            1 => Some((b"..", Target::Parent)),
            _ => None,
        };
        let stub = self.stubs.get(usize::from(cursor.stub));
        let stub = stub.map(|&n| (stub_name(n), Target::Stub(n)));
        let first = [child, dots, stub].into_iter().flatten().min_by_key(|&(name, _)| name)?;
        match first.1 {
            Target::Node(_) => cursor.child = behind.child,
            Target::Stub(_) => cursor.stub += 1,
            Target::This | Target::Parent => cursor.dots += 1,
        }
        Some(first)
    }
}

/// How the names of a directory are cut into chunks of at most a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Chunks that fill a block each.
    pub(super) blocks: u32,
    /// Bytes of the last chunk, if it is stored behind the inode.
    pub(super) tail: usize,
}

impl Cut {
    /// SIZE of the directory.
    pub(super) fn size(self) -> u64 {
        use crate::num::wide;
        u64::from(self.blocks) * wide(BLOCK_SIZE) + wide(self.tail)
    }
}

/// Cuts names into chunks as they come.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    closed: u32,
    sum: usize,
}

impl Cutter {
    /// Adds a name; true if it starts a new chunk.
    #[inline]
    pub(super) fn add(&mut self, name: &[u8]) -> bool {
        let cost = size_of::<Dirent>() + name.len();
        let full = self.sum + cost > BLOCK_SIZE;
        if full {
            self.closed += 1;
            self.sum = 0;
        }
        self.sum += cost;
        full
    }

    pub(super) fn finish(self) -> Cut {
        match self.sum {
            tail @ ..=MAX_TAIL => Cut { blocks: self.closed, tail },
            _ => Cut { blocks: self.closed + 1, tail: 0 },
        }
    }
}

/// SIZE of a directory in an image: the bytes of its list of names.
pub(crate) fn directory_size(tree: &Tree<'_>, directory: NodeId) -> u64 {
    let all: Vec<u8>;
    let stubs: &[u8] = if directory == NodeId::ROOT {
        all = stubs(tree);
        &all
    } else {
        &[]
    };
    let names = Names { tree, directory, stubs };
    let (mut cursor, mut cutter) = (names.start(), Cutter::default());
    while let Some((name, _)) = names.next(&mut cursor) {
        cutter.add(name);
    }
    cutter.finish().size()
}

/// The devices to add to the root: `00` to `ff`, less the names it has.
pub(super) fn stubs(tree: &Tree<'_>) -> Vec<u8> {
    let mut missing = [true; 256];
    for child in tree.children(NodeId::ROOT) {
        if let Some(number) = stub_number(tree.name(child)) {
            missing[usize::from(number)] = false;
        }
    }
    (0..=u8::MAX).filter(|&number| missing[usize::from(number)]).collect()
}

fn stub_number(name: &[u8]) -> Option<u8> {
    let digit = |byte: u8| HEX.iter().position(|&hex| hex == byte);
    match *name {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

static STUB_NAMES: [[u8; 2]; 256] = {
    let mut names = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        names[n] = [HEX[n / 16], HEX[n % 16]];
        n += 1;
    }
    names
};

fn stub_name(number: u8) -> &'static [u8] {
    &STUB_NAMES[usize::from(number)]
}
