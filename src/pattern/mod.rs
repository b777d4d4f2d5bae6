//! Dumps with parts left open: what a golden file says of a tree.
//!
//! A pattern is a dump in which a field may be `*`, the directory `/d` may be followed by a line
//! `/d/...` for anything below it, and lines may be empty or begin with `#`. Every dump is one.
//! [`Pattern::expected`] fills what is open from a tree, so that a comparison of the two tells what is
//! not as the pattern says; [`Pattern::accept`] writes the pattern anew so that the tree is.
//!
//! **Laws:** a tree is as its dump says, and as any pattern says that accepted it; accepting a tree that
//! is as the pattern says changes no byte.
//! **Invariant:** what is open is filled before anything is compared, so that there is one comparison, that
//! of [`diff`](mod@crate::diff).

mod accept;
mod display;
mod fill;
mod line;
mod normal;
mod open;
mod read;
mod steps;

pub use accept::{Accepted, fresh};
pub use fill::Expected;
pub use normal::{Normal, PROFILES, UnknownWord};

use open::{Open, OpenXattrs};

use crate::dump::{Findings, Options, ParseError};
use crate::tree::{NodeId, Tree};

/// A dump with parts left open. See the [module](self).
#[derive(Clone, Debug)]
pub struct Pattern<'a> {
    text: &'a [u8],
    lines: Vec<Line<'a>>,
    /// What is said, with something in the place of what is open.
    tree: Tree<'static>,
    /// Of each node of the tree.
    marks: Vec<Mark>,
    xattrs: Vec<OpenXattrs>,
    findings: Findings,
}

/// A line of a pattern, with its line feed.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    raw: &'a [u8],
    says: Says,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Nothing.
    Note,
    /// What this node is.
    Entry(NodeId),
    /// That anything may be below this node.
    Below(NodeId),
}

/// What is open of a node.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    open: Open,
    /// Index into the xattrs that are open.
    xattrs: usize,
    /// Whether anything may be below it.
    below: bool,
    /// Index of its line.
    line: usize,
}

impl<'a> Pattern<'a> {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`ParseError`], with places in the pattern: what is wrong with it as a dump, and lines `/d/...`
    /// of what is no directory of the pattern.
    ///
    /// # Example
    /// ```
    /// use cfs::pattern::{Normal, Pattern};
    /// use cfs::{diff, dump};
    /// let pattern = Pattern::parse(b"\
    /// ## what a service needs
    /// / * 40* * 0 0 0 * - - - *
    /// /etc * 40755 * 0 0 0 * - - - *
    /// /etc/...
    /// ")?;
    /// let text = b"/ 0 40700 3 0 0 0 1.0 - - -\n/etc 0 40755 2 0 0 0 2.0 - - -\n/etc/a 0 100644 1 0 0 0 3.0 - - -\n";
    /// let tree = dump::parse(text, &dump::Options::default())?.tree;
    /// let expected = pattern.expected(&tree, &Normal::default());
    /// assert!(expected.diff(&tree, &diff::Options::default()).changes().is_empty());
    /// # Ok::<(), dump::ParseError>(())
    /// ```
    pub fn parse(text: &'a [u8]) -> Result<Self, ParseError> {
        read::read(text, &Options::default())
    }

    /// As [`Pattern::parse`], with options about what is refused and reported.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn parse_with(text: &'a [u8], options: &Options) -> Result<Self, ParseError> {
        read::read(text, options)
    }

    /// What there is to say about lines in which nothing is open: warnings only.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    fn mark(&self, node: NodeId) -> Mark {
        let mark = self.marks.get(crate::num::index(node.number()));
        mark.copied().unwrap_or_default()
    }

    fn open_xattrs(&self, mark: Mark) -> &OpenXattrs {
        // Each mark has an index of this pattern.
        &self.xattrs[mark.xattrs.min(self.xattrs.len() - 1)]
    }
}
