//! Sets of xattrs for a tree that is being built.

use super::super::error::BuildError;
use super::super::store::{MAX_SPAN, Span};
use super::super::xattr::{Xattr, XattrSet};
use super::Builder;

/// The longest key of an xattr, in bytes.
const MAX_KEY: usize = 255;

/// A key of an xattr that a [`Builder`] has kept: many sets can have it without keeping it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(Span);

impl Builder<'_> {
    /// Adds a set of xattrs, for [`Facts::xattrs`](crate::tree::Facts::xattrs), in the order given.
    ///
    /// # Errors
    /// `BadXattrKey`, `TooLong`, `TooMany`.
    pub fn xattrs(&mut self, pairs: &[Xattr<'_>]) -> Result<XattrSet, BuildError> {
        let mut keys: Vec<&[u8]> = pairs.iter().map(|pair| pair.key).collect();
        keys.sort_unstable();
        let twice = keys.windows(2).any(|two| two.first() == two.get(1));
        if twice || keys.iter().any(|key| key.is_empty() || key.contains(&0)) {
            return Err(BuildError::BadXattrKey);
        }
        // A set is added whole or not at all, so nothing is kept before all is checked.
        let too_long = |pair: &&Xattr<'_>| pair.key.len() > MAX_KEY || pair.value.len() > MAX_SPAN;
        if let Some(pair) = pairs.iter().find(too_long) {
            let long = if pair.key.len() > MAX_KEY { pair.key.len() } else { pair.value.len() };
            return Err(BuildError::TooLong(long));
        }
        for pair in pairs {
            let value = self.store.keep(pair.value).ok_or(BuildError::TooLong(pair.value.len()))?;
            let key = self.store.keep(pair.key).ok_or(BuildError::TooLong(pair.key.len()))?;
            self.xattrs.push(key, value);
        }
        self.xattrs.close().ok_or(BuildError::TooMany)
    }

    /// Keeps the key that two pieces make, for [`Builder::set_of_keys`].
    pub(crate) fn key(&mut self, prefix: &[u8], suffix: &[u8]) -> Result<Key, BuildError> {
        let len = prefix.len() + suffix.len();
        if len == 0 || suffix.contains(&0) {
            return Err(BuildError::BadXattrKey);
        }
        let span = match prefix {
            _ if len > MAX_KEY => None,
            [] => self.store.keep(suffix),
            _ => self.store.keep(&[prefix, suffix].concat()),
        };
        span.map(Key).ok_or(BuildError::TooLong(len))
    }

    /// Adds a set of xattrs whose keys are known to differ, in the order given.
    pub(crate) fn set_of_keys<'v>(
        &mut self,
        pairs: impl IntoIterator<Item = (Key, &'v [u8])>,
    ) -> Result<XattrSet, BuildError> {
        for (Key(key), value) in pairs {
            let value = self.store.keep(value).ok_or(BuildError::TooLong(value.len()))?;
            self.xattrs.push(key, value);
        }
        self.xattrs.close().ok_or(BuildError::TooMany)
    }
}
