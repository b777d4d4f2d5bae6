//! Why a tree was not extracted, and what was lost of one that was.

use rustix::io::Errno;

use crate::content::ContentError;
use crate::tree::NodeId;

/// Why a tree was not extracted, and at which node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ExtractError {
    node: NodeId,
    kind: ExtractErrorKind,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractErrorKind {
    /// Objects cannot be used: all of them, each a [`NoObject`](Self::NoObject), a
    /// [`Refused`](Self::Refused) or a [`WrongSize`](Self::WrongSize). Nothing was written.
    #[error("{} files cannot be made", .0.len())]
    Objects(Vec<ExtractError>),
    /// No directory of objects has it, or the file names none.
    #[error("its object is missing")]
    NoObject,
    /// The object cannot be opened.
    #[error("its object cannot be opened: {0}")]
    Refused(Errno),
    /// The content has another size than the tree says; in bytes.
    #[error("expected a content of {expected} bytes, found {found}")]
    WrongSize {
        /// SIZE.
        expected: u64,
        /// What the object has.
        found: u64,
    },
    /// The content has another digest than the tree says; both in hex digits.
    #[error("expected a content with digest {expected}, found {found}")]
    WrongDigest {
        /// What the tree says.
        expected: String,
        /// What was computed.
        found: String,
    },
    /// The destination is a directory that is not empty.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The destination is something else than a directory.
    #[error("it exists and is no directory")]
    NotDirectory,
    /// Another program put something else in the place of what was made.
    #[error("another program has replaced it meanwhile")]
    Swapped,
    /// A content cannot be copied.
    #[error("its content {0}")]
    Content(ContentError),
    /// The system refused to do something.
    #[error("cannot {0}: {1}")]
    System(&'static str, Errno),
    /// The work was asked to stop.
    #[error("stopped")]
    Stopped,
}

impl ExtractError {
    pub(super) const fn new(node: NodeId, kind: ExtractErrorKind) -> Self {
        Self { node, kind }
    }

    /// The node at fault; the root if it is the destination as a whole.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &ExtractErrorKind {
        &self.kind
    }
}

/// Makes an error of the system one of an operation.
pub(super) fn failed(doing: &'static str) -> impl Fn(Errno) -> ExtractErrorKind {
    move |errno| ExtractErrorKind::System(doing, errno)
}

/// Something of a node that the system would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The node.
    pub node: NodeId,
    /// What is not as the tree says.
    pub lost: Lost,
    /// Why, in the words of the system; nothing where that has none.
    pub why: Option<Errno>,
}

/// What was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// The node itself: a device that only a privileged user may make, or a symlink whose target is
    /// empty or too long.
    Node,
    /// A hard link to what was lost.
    Link,
    /// Owner and group, of a run that may give files away.
    Owner,
    /// The xattr with this name.
    Xattr(Vec<u8>),
    /// The bits that let a program run as its owner or group, which are not those of the tree.
    SetId,
    /// The permissions.
    Mode,
    /// The time of the last modification: the file system keeps another one.
    Mtime,
}
