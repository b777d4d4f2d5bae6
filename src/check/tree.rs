//! What is suspicious in a tree.

use super::names::{self, Compose};
use super::{Code, Finding};
use crate::dump::Field;
use crate::num::index;
use crate::tree::{FileType, Inode, InodeId, Tree};

/// The longest content that scanning a directory puts in the tree, in bytes.
const INLINE: usize = 64;

/// What depends on more than the tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Modification times after this second are found, counted from 1970; `None` finds none.
    pub now: Option<i64>,
    /// Gives a name its composed Unicode form; `None` compares no forms.
    pub compose: Option<Compose>,
}

/// Finds what is suspicious in a tree, in walk order. Findings have paths and no places.
///
/// # Example
/// ```
/// use cfs::check::{self, Code, Rule};
/// use cfs::dump;
/// let text = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/su 1 104755 1 0 0 0 0.0 - x -\n";
/// let tree = dump::parse(text, &dump::Options::default())?.tree;
/// let found = check::tree(&tree, &check::Options::default());
/// assert_eq!(found[0].rule, Rule::Check(Code::Setuid));
/// assert_eq!(found[0].path.as_deref(), Some(&b"/su"[..]));
/// # Ok::<(), dump::ParseError>(())
/// ```
#[must_use]
pub fn tree(tree: &Tree<'_>, options: &Options) -> Vec<Finding> {
    let facts = Whole::of(tree);
    let mut found = Vec::new();
    let mut walk = tree.walk();
    while let Some(step) = walk.next() {
        let path = walk.path();
        if !tree.is_link(step.node) {
            let inode = tree.facts(step.node);
            let names = facts.names(tree.inode_of(step.node));
            permissions(&inode, path, &mut found);
            content((tree.inode_of(step.node), &inode), path, &facts, &mut found);
            counts(&inode, names, path, options, &mut found);
        }
        if tree.facts(step.node).file_type() == FileType::Directory {
            names::collisions(tree, step.node, path, options.compose, &mut found);
        }
    }
    found
}

/// What only a look at the whole tree tells.
#[derive(Default)]
struct Whole {
    /// External files, and those among them with a digest.
    external: u64,
    with_digest: u64,
    /// The first external file that was met.
    first: Option<InodeId>,
    /// Whether the payload of some file is the path of its digest.
    by_digest: bool,
    /// How many names each inode has.
    names: Vec<u32>,
}

impl Whole {
    fn of(tree: &Tree<'_>) -> Self {
        let mut whole = Self::default();
        for (id, inode) in (0..).map(InodeId::from_number).zip(tree.inodes()) {
            if !inode.is_external() {
                continue;
            }
            whole.external += 1;
            whole.first = whole.first.or(Some(id));
            whole.with_digest += u64::from(inode.digest_bytes().is_some());
            whole.by_digest |= is_by_digest(&inode) == Some(true);
        }
        whole.names.resize(tree.inode_count(), 0);
        for node in tree.nodes() {
            if let Some(count) = whole.names.get_mut(index(tree.inode_of(node).number())) {
                *count = count.saturating_add(1);
            }
        }
        whole
    }

    fn names(&self, inode: InodeId) -> u32 {
        self.names.get(index(inode.number())).copied().unwrap_or(1)
    }
}

/// Whether the payload of a file is the path of its digest; `None` if it does not have both.
fn is_by_digest(inode: &Inode<'_, '_>) -> Option<bool> {
    let (payload, digest) = (inode.payload()?, inode.digest()?);
    let start = payload.iter().take_while(|&&byte| byte == b'/').count();
    Some(payload.get(start..) == Some(digest.object_path().as_bytes()))
}

/// Who may do what with an inode.
fn permissions(inode: &Inode<'_, '_>, path: &[u8], found: &mut Vec<Finding>) {
    let mode = inode.mode().permissions();
    let mut add = |code, message| found.push(Finding::new(code, path, Field::Mode, message));
    match inode.file_type() {
        FileType::Regular => {
            if mode & 0o4000 != 0 {
                add(Code::Setuid, format!("mode {mode:04o} runs as the user {}", inode.uid()));
            }
            if mode & 0o2000 != 0 {
                add(Code::Setgid, format!("mode {mode:04o} runs as the group {}", inode.gid()));
            }
        }
        kind if kind.is_device() && !inode.is_whiteout() => {
            let (major, minor) = device_numbers(inode.rdev());
            let kind = if kind == FileType::BlockDevice { "block" } else { "character" };
            add(Code::Device, format!("the {kind} device {major}:{minor}"));
        }
        _ => {}
    }
    let is_writable = match inode.file_type() {
        FileType::Directory => mode & 0o1002 == 0o0002,
        FileType::Regular => mode & 0o0002 != 0,
        _ => false,
    };
    if is_writable {
        let message = format!("mode {mode:04o} lets everybody write");
        found.push(Finding::new(Code::WorldWritable, path, Field::Mode, message));
    }
}

/// Major and minor number of the 32-bit encoding of Linux.
fn device_numbers(rdev: u32) -> (u32, u32) {
    ((rdev & 0xf_ff00) >> 8, (rdev & 0xff) | ((rdev >> 12) & 0xf_ff00))
}

/// Where the content of a regular file stands.
fn content(
    (id, inode): (InodeId, &Inode<'_, '_>),
    path: &[u8],
    whole: &Whole,
    found: &mut Vec<Finding>,
) {
    let mut add = |code, field, message| found.push(Finding::new(code, path, field, message));
    let inline = inode.content().map_or(0, <[u8]>::len);
    if inode.file_type() == FileType::Regular && inline > INLINE {
        add(Code::InlineLimit, Field::Content, format!("{inline} bytes stand in the tree"));
    }
    if !inode.is_external() {
        return;
    }
    if !inode.has_payload() {
        let message = format!("a file of {} bytes without content", inode.size());
        add(Code::NoPayload, Field::Payload, message);
    }
    if inode.digest_bytes().is_none() {
        let without = whole.external.saturating_sub(whole.with_digest);
        let all = whole.external;
        let (code, message) = match whole.with_digest {
            0 if all == 1 => (Code::NoDigest, "no digest on the only external file".to_owned()),
            0 => (Code::NoDigest, format!("no digest, as on all of {all} external files")),
            _ => {
                (Code::DigestMissing, format!("no digest, as on {without} of {all} external files"))
            }
        };
        // Where none has one, the first file tells for all.
        if code == Code::DigestMissing || whole.first == Some(id) {
            add(code, Field::Digest, message);
        }
    }
    if whole.by_digest && is_by_digest(inode) == Some(false) {
        let message = String::from("not the path of the digest, as other payloads are");
        add(Code::PayloadPath, Field::Payload, message);
    }
}

/// Link count and time.
fn counts(
    inode: &Inode<'_, '_>,
    names: u32,
    path: &[u8],
    options: &Options,
    found: &mut Vec<Finding>,
) {
    if inode.file_type() != FileType::Directory && inode.nlink() != names {
        let noun = if names == 1 { "name" } else { "names" };
        let message = format!("link count {}, and {names} {noun} in the tree", inode.nlink());
        found.push(Finding::new(Code::LinkCount, path, Field::Nlink, message));
    }
    let sec = inode.mtime().sec;
    if let Some(now) = options.now.filter(|&now| sec > now) {
        let message = format!("{} seconds in the future", sec.abs_diff(now));
        found.push(Finding::new(Code::FutureMtime, path, Field::Mtime, message));
    }
}
