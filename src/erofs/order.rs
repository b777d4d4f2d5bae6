//! The order in which reading an image back gives the xattrs of an inode.

use std::borrow::Cow;

use super::area::{Areas, External, Signature};
use super::dir;
use super::disk::name;
use super::jobs::in_turn;
use super::policy::Version;
use super::survey::{Roles, survey};
use crate::num::index;
use crate::tree::{InodeId, Tree};

/// The xattrs of inodes as an image gives them back.
pub(crate) struct ReadBack<'t> {
    tree: &'t Tree<'t>,
    roles: Roles,
    areas: Areas<'t>,
}

/// Key and value.
pub(crate) type Pair<'t> = (Cow<'t, [u8]>, Cow<'t, [u8]>);

impl<'t> ReadBack<'t> {
    pub(crate) fn new(tree: &'t Tree<'t>) -> Self {
        let (roles, policy) = (Roles::new(tree), Version::V0.policy());
        let (areas, _) = survey(tree, policy, &roles, dir::stubs(tree).len(), &in_turn);
        Self { tree, roles, areas }
    }

    /// Inodes with the same signature get back the same xattrs.
    pub(crate) fn signature(&self, id: InodeId) -> Signature {
        let inode = self.tree.inode(id);
        let external = inode.is_external().then(|| External::new(id, &inode));
        let set = self.areas.sets().find(inode.xattr_set(), self.roles.of(id, &inode));
        self.areas.signature(set.unwrap_or_default(), external.as_ref())
    }

    pub(crate) fn xattrs(&self, signature: Signature) -> Vec<Pair<'t>> {
        let Some(set) = self.areas.sets().sets.get(index(signature.set)) else { return Vec::new() };
        // Whiteouts have both marks. Where one stands alone it is an xattr like any other.
        let is_whiteout = set.pairs.iter().any(|(pair, _)| *pair.key == *name::USER_WHITEOUT);
        let order = self.areas.stored_order(signature);
        let stored = order.into_iter().filter_map(|i| set.pairs.get(i));
        stored
            .filter(|(pair, _)| !(is_whiteout && *pair.key == *name::ESCAPED_WHITEOUT))
            .filter_map(|(pair, _)| Some((read_back(pair.key.clone())?, pair.value.clone())))
            .collect()
    }
}

/// The name under which a reader gives an xattr back, `None` if it keeps it to itself on any file.
fn read_back(key: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    const HIDDEN: [&[u8]; 3] = [name::ESCAPED_WHITEOUTS, name::USER_WHITEOUT, name::USER_WHITEOUTS];
    if HIDDEN.contains(&&*key) {
        return None;
    }
    if let Some(rest) = key.strip_prefix(name::ESCAPED) {
        return Some(Cow::Owned([name::OVERLAY, rest].concat()));
    }
    (!key.starts_with(name::OVERLAY)).then_some(key)
}

/// Whether no image can give an xattr back: the writer takes the name for its own marks.
pub(crate) fn is_reserved(key: &[u8], is_whiteout_or_regular: bool) -> bool {
    match key {
        name::USER_WHITEOUT | name::USER_WHITEOUTS => true,
        _ => match key.strip_prefix(name::OVERLAY) {
            Some(b"whiteouts") => true,
            Some(b"whiteout") => is_whiteout_or_regular,
            _ => false,
        },
    }
}
