//! What images need of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::cli::args::Reading;
use crate::cli::failure::Failure;
use crate::cli::load::{Context, Form, Source};
use crate::cli::output::Target;
use crate::store::Listing;
use crate::tree::{Inode, Tree};
use crate::verity::Digest;

/// An image, or a dump that stands for one.
#[derive(Debug)]
pub(super) struct Image<'s> {
    /// Name of the file.
    pub(super) name: &'s str,
    tree: Tree<'s>,
}

/// Reads sources.
pub(super) fn read(
    context: &Context,
    paths: &[PathBuf],
    reading: Reading,
) -> Result<Vec<Source>, Failure> {
    paths.iter().map(|path| Source::read(context, path, reading, &Target::Stdout)).collect()
}

/// The trees of sources.
pub(super) fn trees<'s>(
    context: &Context,
    sources: &'s [Source],
) -> Result<Vec<Image<'s>>, Failure> {
    let image = |source: &'s Source| {
        Ok(Image { name: &source.name, tree: source.tree(context, Form::Given)? })
    };
    sources.iter().map(image).collect()
}

/// What an image needs to lie at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct Need<'t> {
    /// Where, in the store; without a slash at its start.
    pub(in crate::cli) payload: &'t [u8],
    /// Which of the images.
    pub(super) image: usize,
    /// Bytes it must have.
    pub(super) size: u64,
    /// The digest it must have, if the image says so.
    pub(super) digest: Option<Digest>,
}

/// What an inode of an image needs, if its content is an object.
pub(in crate::cli) fn need<'t>(inode: &Inode<'t, '_>, image: usize) -> Option<Need<'t>> {
    let payload = inode.payload().filter(|_| inode.is_external())?;
    // Slashes at its start count for nothing.
    let start = payload.iter().take_while(|&&byte| byte == b'/').count();
    let payload = payload.get(start..).filter(|payload| !payload.is_empty())?;
    let (size, digest) = (inode.size(), inode.digest());
    Some(Need { payload, image, size, digest })
}

/// All that images need, sorted by path; equal needs of one image once.
pub(super) fn needs<'t>(images: &'t [Image<'_>]) -> Vec<Need<'t>> {
    let mut needs = Vec::new();
    for (image, Image { tree, .. }) in images.iter().enumerate() {
        for inode in tree.inodes() {
            needs.extend(need(&inode, image));
        }
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}

/// The needs of each path.
pub(super) fn by_path<'n, 't>(needs: &'n [Need<'t>]) -> impl Iterator<Item = &'n [Need<'t>]> {
    needs.chunk_by(|a, b| a.payload == b.payload)
}

/// A file of an image that uses an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Which of the images.
    pub(super) image: usize,
    /// Its path there.
    pub(super) path: Vec<u8>,
}

/// The files that use some objects, in the order of images and their walks.
pub(super) fn uses<'t>(
    images: &'t [Image<'_>],
    objects: &BTreeSet<&[u8]>,
) -> BTreeMap<&'t [u8], Vec<Use>> {
    let mut uses: BTreeMap<_, Vec<Use>> = BTreeMap::new();
    if objects.is_empty() {
        return uses;
    }
    for (image, Image { tree, .. }) in images.iter().enumerate() {
        let mut walk = tree.walk();
        while let Some(step) = walk.next() {
            let need = need(&tree.facts(step.node), image);
            if let Some(payload) = need.map(|need| need.payload).filter(|p| objects.contains(p)) {
                uses.entry(payload).or_default().push(Use { image, path: walk.path().to_vec() });
            }
        }
    }
    uses
}

/// The foreign files of a store that no image uses.
pub(super) fn foreign<'l>(
    listing: &'l Listing,
    needs: &'l [Need<'_>],
) -> impl Iterator<Item = &'l [u8]> {
    // Of a directory, one file that is used will do.
    let is_used = |path: &[u8]| {
        let at = needs.partition_point(|need| need.payload < path);
        needs.get(at).is_some_and(|need| {
            need.payload == path || path.ends_with(b"/") && need.payload.starts_with(path)
        })
    };
    let foreign = listing.foreign.iter().map(Vec::as_slice);
    foreign.filter(move |path| !is_used(path))
}
