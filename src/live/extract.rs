//! A tree becomes a directory.
//!
//! Everything is made in a private directory beside or in the destination, whole and with all its
//! facts, and then gets its place by renaming. A failure removes the private directory, and nothing
//! else was touched until then.

mod descent;
mod destination;
mod error;
mod make;
mod merge;
mod metadata;
mod objects;
mod remove;
mod select;
mod walk;

pub use error::{ExtractError, ExtractErrorKind, Lost, Skipped};
pub use select::{BadPattern, Only};

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::process::{getegid, geteuid};

use crate::num::index;
use crate::progress::Progress;
use crate::store::Basedirs;
use crate::threads::{self, Threads};
use crate::tree::{InodeId, NodeId, Tree};
use descent::Descent;
use destination::{Destination, private_directory};
use error::failed;
use make::{Done, Maker};
use merge::Merger;
use metadata::{Made, User, strip_acls};
use select::Wanted;
use walk::{Job, Walker};

/// What is compared of contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Sizes, and digests where the tree has them.
    #[default]
    Digests,
    /// Sizes alone.
    Sizes,
}

/// What is done with a destination that is not empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is an error.
    #[default]
    Refuse,
    /// Names are replaced, whatever they lead to; directories are entered, and keep other names.
    Merge,
}

/// How a tree is extracted.
#[derive(Clone, Debug, Default)]
pub struct ExtractOptions {
    /// What is compared of contents.
    pub verify: Verify,
    /// What is done with a destination that is not empty.
    pub existing: Existing,
    /// What is extracted, with all below it and the directories above; all if there is none.
    pub only: Option<Only>,
}

/// What came of an extraction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Files whose size alone was compared, as the tree has no digest of them.
    pub unverified: u64,
    /// Whether something belongs to another user in the tree, and this one may not give it away.
    pub owners_ignored: bool,
    /// What the system would not take, in no order that means anything.
    pub skipped: Vec<Skipped>,
}

/// Makes a tree real in a directory.
///
/// A directory that does not exist appears when it is whole; an empty one is filled; any other is an
/// error unless `options` say otherwise. A merge that fails has replaced some names, each by a whole
/// file. All objects are looked for before anything is written.
///
/// # Errors
/// [`ExtractError`]: what was made is removed then.
///
/// # Example
/// ```
/// use cfs::dump::{self, Options};
/// use cfs::live::{ExtractOptions, extract};
/// use cfs::{progress::Progress, store::Basedirs, threads::Threads};
///
/// let text = b"/ 0 40755 1 0 0 0 0.0 - - -\n/hello 5 100644 1 0 0 0 7.0 - world -\n";
/// let tree = dump::parse(text, &Options::default())?.tree;
/// let dir = tempfile::tempdir()?;
/// let made = dir.path().join("made");
/// let (options, progress) = (ExtractOptions::default(), Progress::default());
/// extract(&tree, &made, &options, &Basedirs::default(), Threads::ONE, &progress)?;
/// assert_eq!(std::fs::read(made.join("hello"))?, b"world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn extract(
    tree: &Tree<'_>,
    directory: &Path,
    options: &ExtractOptions,
    basedirs: &Basedirs,
    threads: Threads,
    progress: &Progress,
) -> Result<Extracted, ExtractError> {
    let user = User { uid: geteuid().as_raw(), gid: getegid().as_raw() };
    let wanted = Wanted::new(tree, options.only.as_ref());
    objects::check(tree, &wanted, basedirs, progress)?;
    let maker = Maker { tree, user, basedirs, options, threads, progress };
    let destination = Destination::new(directory, options.existing, user).map_err(of_root)?;
    let mut done = Done::default();
    let made = make_all(&maker, &wanted, &destination, &mut done)
        .and_then(|()| put(&maker, &wanted, &destination, &mut done));
    if let Err(error) = made {
        // The first error is the one to tell.
        let _ = destination.discard();
        return Err(error);
    }
    let is_foreign = |node| {
        let inode = tree.facts(node);
        (inode.uid(), inode.gid()) != (user.uid, user.gid)
    };
    let owners_ignored =
        user.uid != 0 && tree.nodes().any(|node| wanted.has(node) && is_foreign(node));
    let Done { unverified, skipped } = done;
    Ok(Extracted { unverified, owners_ignored, skipped })
}

fn of_root(kind: ExtractErrorKind) -> ExtractError {
    ExtractError::new(NodeId::ROOT, kind)
}

/// Makes everything in the private directory.
fn make_all(
    maker: &Maker<'_>,
    wanted: &Wanted,
    destination: &Destination,
    done: &mut Done,
) -> Result<(), ExtractError> {
    let shared = Shared::new(maker, wanted, destination)?;
    shared.make(maker, done)?;
    let descent = Descent::new(Arc::clone(&destination.staging)).map_err(failed("read"));
    let mut walker = Walker::new(maker.tree, wanted, descent.map_err(of_root)?);
    let next = || walker.job();
    work(maker, &shared, next, done)?;
    shared.remove(destination)
}

/// Gives everything its place.
fn put(
    maker: &Maker<'_>,
    wanted: &Wanted,
    destination: &Destination,
    done: &mut Done,
) -> Result<(), ExtractError> {
    if let Some(name) = &destination.name {
        finish_directory(maker, &destination.staging, NodeId::ROOT, done)?;
        return destination.publish(name).map_err(of_root);
    }
    let mut merger = Merger::new(maker, wanted, destination).map_err(of_root)?;
    let moved = merger.run(done);
    if moved.is_err() && maker.options.existing == Existing::Refuse {
        Merger::undo(destination, maker);
    }
    moved?;
    // What is removed changes the time of the directory it was in.
    destination.discard().map_err(of_root)?;
    strip_acls(destination.home.as_fd());
    finish_directory(maker, &destination.home, NodeId::ROOT, done)
}

fn finish_directory(
    maker: &Maker<'_>,
    dir: &OwnedFd,
    node: NodeId,
    done: &mut Done,
) -> Result<(), ExtractError> {
    let (user, inode, file) = (maker.user, maker.tree.facts(node), dir.as_fd());
    let finished = Made { user, node, inode, file, skipped: &mut done.skipped }.finish();
    finished.map_err(|kind| ExtractError::new(node, kind))
}

/// Files with several names, which are made once under their numbers in a directory of their own.
struct Shared {
    dir: Option<(String, Arc<OwnedFd>)>,
    /// How many wanted names an inode has.
    names: Vec<u32>,
    /// The first name of each inode that has several.
    nodes: BTreeMap<InodeId, NodeId>,
}

impl Shared {
    fn new(
        maker: &Maker<'_>,
        wanted: &Wanted,
        destination: &Destination,
    ) -> Result<Self, ExtractError> {
        let tree = maker.tree;
        let mut names = vec![0u32; tree.inode_count()];
        for node in tree.nodes().filter(|&node| wanted.has(node)) {
            let count = &mut names[index(tree.inode_of(node).number())];
            *count = count.saturating_add(1);
        }
        let mut nodes = BTreeMap::new();
        for node in tree.nodes().filter(|&node| wanted.has(node)) {
            let inode = tree.inode_of(node);
            if names[index(inode.number())] > 1 {
                nodes.entry(inode).or_insert(node);
            }
        }
        if nodes.is_empty() {
            return Ok(Self { dir: None, names, nodes });
        }
        let made = private_directory(&destination.staging, maker.user).map_err(failed("make"));
        let (name, dir) = made.map_err(of_root)?;
        Ok(Self { dir: Some((name, Arc::new(dir))), names, nodes })
    }

    /// The directory in which an inode is that has several names.
    fn dir_of(&self, inode: InodeId) -> Option<&Arc<OwnedFd>> {
        let is_shared = self.names.get(index(inode.number())).is_some_and(|&names| names > 1);
        self.dir.as_ref().filter(|_| is_shared).map(|(_, dir)| dir)
    }

    /// Makes them all.
    fn make(&self, maker: &Maker<'_>, done: &mut Done) -> Result<(), ExtractError> {
        let Some((_, dir)) = &self.dir else { return Ok(()) };
        let nodes: Vec<NodeId> = self.nodes.values().copied().collect();
        let mut pieces = nodes.chunks(16);
        let next = || Ok(pieces.next().map(|nodes| Job::Nodes(Arc::clone(dir), nodes.to_vec())));
        work(maker, self, next, done)
    }

    fn remove(&self, destination: &Destination) -> Result<(), ExtractError> {
        let Some((name, dir)) = &self.dir else { return Ok(()) };
        remove::remove_all_in(dir).map_err(of_root)?;
        let flags = rustix::fs::AtFlags::REMOVEDIR;
        let removed = rustix::fs::unlinkat(&*destination.staging, &**name, flags);
        removed.map_err(failed("remove")).map_err(of_root)
    }
}

/// A piece of work, and what came of it.
struct Slot(Result<Job, ExtractError>, Done);

impl Default for Slot {
    fn default() -> Self {
        Self(Ok(Job::Nothing), Done::default())
    }
}

/// Works on all pieces, on several threads. Of several errors the first one in their order counts.
fn work(
    maker: &Maker<'_>,
    shared: &Shared,
    mut next: impl FnMut() -> Result<Option<Job>, ExtractError> + Send,
    done: &mut Done,
) -> Result<(), ExtractError> {
    let mut failed = false;
    let fill = |slot: &mut Slot| {
        let job = if failed { Ok(None) } else { next() };
        failed = job.is_err();
        let is_more = !matches!(job, Ok(None));
        slot.0 = job.map(Option::unwrap_or_default);
        is_more
    };
    let make = |slot: &mut Slot| {
        if let Ok(Job::Nodes(dir, nodes)) = &slot.0 {
            let made = nodes.iter().try_for_each(|&node| {
                let made = one(maker, shared, dir, node, &mut slot.1);
                made.map_err(|kind| ExtractError::new(node, kind))
            });
            if let Err(error) = made {
                slot.0 = Err(error);
            }
        }
    };
    let consume = |slot: &mut Slot| {
        done.unverified += std::mem::take(&mut slot.1.unverified);
        done.skipped.append(&mut slot.1.skipped);
        match std::mem::replace(&mut slot.0, Ok(Job::Nothing)) {
            Ok(Job::Leave(dir, node)) if node != NodeId::ROOT => {
                match finish_directory(maker, &dir, node, done) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => ControlFlow::Break(error),
                }
            }
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    };
    threads::in_order(maker.threads, fill, make, consume).map_or(Ok(()), Err)
}

/// Makes a node, or another name of one that has several.
fn one(
    maker: &Maker<'_>,
    shared: &Shared,
    dir: &Arc<OwnedFd>,
    node: NodeId,
    done: &mut Done,
) -> Result<(), ExtractErrorKind> {
    let inode = maker.tree.inode_of(node);
    let name = maker.tree.name(node);
    let Some(links) = shared.dir_of(inode) else {
        return maker.make(dir.as_fd(), name, node, done);
    };
    let number = inode.number().to_string();
    if Arc::ptr_eq(links, dir) {
        return maker.make(dir.as_fd(), number.as_bytes(), node, done);
    }
    let made = (links.as_fd(), number.as_bytes());
    let linked = maker.link(made, (dir.as_fd(), name))?;
    // Of the first name it was said already.
    if !linked && shared.nodes.get(&inode) != Some(&node) {
        done.skipped.push(Skipped { node, lost: Lost::Link, why: None });
    }
    Ok(())
}
