//! Xattr texts as sets of a tree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::line::xattrs_of;
use super::scan::slot;
use super::values::plain;
use crate::tree::{BuildError, Builder, Xattr, XattrSet};

/// A key or a value, unescaped.
type Value<'a> = Cow<'a, [u8]>;

/// The sets of a text by their text, so that each is unescaped once.
#[derive(Debug)]
pub(super) struct Sets<'a> {
    last: (&'a [u8], XattrSet),
    recent: Vec<(&'a [u8], XattrSet)>,
    all: BTreeMap<&'a [u8], XattrSet>,
}

impl<'a> Sets<'a> {
    const RECENT: usize = 256;

    pub(super) fn new() -> Self {
        let none: (&[u8], XattrSet) = (b"", XattrSet::EMPTY);
        Self { last: none, recent: vec![none; Self::RECENT], all: BTreeMap::new() }
    }

    #[inline]
    pub(super) fn get(
        &mut self,
        builder: &mut Builder<'a>,
        text: &'a [u8],
    ) -> Result<XattrSet, BuildError> {
        if text == self.last.0 {
            return Ok(self.last.1);
        }
        if text.is_empty() {
            return Ok(XattrSet::EMPTY);
        }
        let slot = slot(text, Self::RECENT);
        let known = self.recent.get(slot).filter(|known| known.0 == text).map(|known| known.1);
        let set = match known {
            Some(set) => set,
            None => self.look_up(builder, text)?,
        };
        self.last = (text, set);
        if let Some(place) = self.recent.get_mut(slot) {
            *place = self.last;
        }
        Ok(set)
    }

    fn look_up(
        &mut self,
        builder: &mut Builder<'a>,
        text: &'a [u8],
    ) -> Result<XattrSet, BuildError> {
        if let Some(&set) = self.all.get(text) {
            return Ok(set);
        }
        let mut pairs: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        let mut places: BTreeMap<Value<'a>, usize> = BTreeMap::new();
        for (key, value) in xattrs_of(text) {
            let (key, value) = (plain(key), plain(value));
            // The last value of a key counts, where the key came first.
            match places.get(&key) {
                Some(&place) => {
                    if let Some(pair) = pairs.get_mut(place) {
                        pair.1 = value;
                    }
                }
                None => {
                    places.insert(key.clone(), pairs.len());
                    pairs.push((key, value));
                }
            }
        }
        let pairs: Vec<Xattr<'_>> = pairs.iter().map(|(key, value)| Xattr { key, value }).collect();
        let set = builder.xattrs(&pairs)?;
        self.all.insert(text, set);
        Ok(set)
    }
}
