//! Where paths lead to.

use std::borrow::Cow;

use super::error::Code;
use super::escape::unescape;
use super::values::{Escapes, plain};
use crate::tree::{Builder, NodeId};

/// The path that a line, or a field with a path, begins with, as a tree spells it: without escapes, with
/// a slash at its start and no other than it needs.
pub(crate) fn path_of(line: &[u8]) -> Cow<'_, [u8]> {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let path = unescape(line.get(..end).unwrap_or_default()).unwrap_or_default();
    let is_plain = path.first() == Some(&b'/')
        && (path.len() == 1 || path.last() != Some(&b'/'))
        && !path.windows(2).any(|pair| pair == b"//");
    if is_plain {
        return path;
    }
    let mut plain = Vec::with_capacity(path.len() + 1);
    for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
        plain.push(b'/');
        plain.extend_from_slice(name);
    }
    Cow::Owned(if plain.is_empty() { b"/".to_vec() } else { plain })
}

/// Where a path leads to.
pub(super) struct Place<'p> {
    pub(super) parent: NodeId,
    pub(super) name: Cow<'p, [u8]>,
}

/// Finds the parents of paths: nearly always above the entry before.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    last: &'a [u8],
    /// The nodes on `last`: length of their path as spelled there.
    levels: Vec<(usize, NodeId)>,
}

impl<'a> Paths<'a> {
    pub(super) fn new() -> Self {
        Self { last: b"", levels: vec![(0, NodeId::ROOT)] }
    }

    /// Takes note of the node of a path, whose parent was just found.
    #[inline]
    pub(super) fn entered(&mut self, path: &'a [u8], node: NodeId) {
        self.last = path;
        if node != NodeId::ROOT {
            self.levels.push((path.len(), node));
        }
    }

    /// Parent and name; `None` for the root.
    #[inline]
    pub(super) fn place(
        &mut self,
        builder: &mut Builder<'_>,
        path: &'a [u8],
        escapes: Escapes,
    ) -> Result<Option<Place<'a>>, Code> {
        if let Some(slash) = memchr::memrchr(b'/', path)
            && let Some((above, name)) = path.split_at_checked(slash)
            && let Some(name) = name.get(1..).filter(|name| !name.is_empty())
        {
            while self.levels.last().is_some_and(|&(len, _)| len > slash) {
                self.levels.pop();
            }
            if let Some(&(len, parent)) = self.levels.last()
                && len == slash
                && self.last.get(..slash) == Some(above)
                && !builder.is_empty()
            {
                let name = escapes.undo(name);
                if escapes == Escapes::None || !name.contains(&b'/') {
                    return Ok(Some(Place { parent, name }));
                }
            }
        }
        self.place_from_root(builder, path)
    }

    /// Goes down from the root, name by name.
    fn place_from_root(
        &mut self,
        builder: &mut Builder<'_>,
        path: &'a [u8],
    ) -> Result<Option<Place<'a>>, Code> {
        self.levels.truncate(1);
        self.last = path;
        let mut at = NodeId::ROOT;
        let mut name: Option<(Cow<'a, [u8]>, usize)> = None;
        let mut end = 0usize;
        for raw in path.split(|&byte| byte == b'/') {
            let behind = end + raw.len();
            for piece in pieces(plain(raw)) {
                if builder.is_empty() {
                    return Err(Code::NoRoot);
                }
                if let Some((above, len)) = name.replace((piece, behind)) {
                    at = builder.child(at, &above).ok_or(Code::ParentMissing)?;
                    if !builder.is_directory(at) {
                        return Err(Code::ParentNotDirectory);
                    }
                    self.levels.push((len, at));
                }
            }
            end = behind + 1;
        }
        Ok(name.map(|(name, _)| Place { parent: at, name }))
    }
}

/// The names in a component of a path, which an escaped slash cuts further.
fn pieces(name: Cow<'_, [u8]>) -> Vec<Cow<'_, [u8]>> {
    if !name.contains(&b'/') {
        return if name.is_empty() { Vec::new() } else { vec![name] };
    }
    let names = name.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    names.map(|name| Cow::Owned(name.to_vec())).collect()
}

/// The node at the path of a hard link's target.
pub(super) fn find(builder: &mut Builder<'_>, path: &[u8]) -> Option<NodeId> {
    let path = plain(path);
    let mut names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    names.try_fold(NodeId::ROOT, |at, name| builder.child(at, name))
}

/// Whether a path is spelled as a writer spells it, as far as that can be seen without looking at its
/// names one by one: no escapes, one slash before each name, and no name that begins with a dot.
#[inline]
pub(super) fn is_plain_path(path: &[u8]) -> bool {
    let Some((&first, names)) = path.split_first() else { return false };
    let unusual = path.iter().zip(names).fold(false, |found, (&byte, &next)| {
        found | (next == b'\\') | (byte == b'/') & ((next == b'/') | (next == b'.') | (next == 0))
    });
    let ends_in_name = names.is_empty() || names.last() != Some(&b'/');
    first == b'/' && ends_in_name && !unusual
}
