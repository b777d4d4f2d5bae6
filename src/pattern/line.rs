//! One line of a pattern, and the line of a dump that stands for it.

use std::ops::Range;

use super::open::{Open, OpenXattrs, Token, leaves_permissions};
use crate::dump::{Field, path_of, unescaped_len};

/// A line with something in the place of what is open.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) text: Vec<u8>,
    pub(super) open: Open,
    pub(super) xattrs: OpenXattrs,
    /// Where each field begins in the line that was given and in this one, and its lengths there.
    places: Vec<[Range<usize>; 2]>,
}

impl Filled {
    /// Whether anything is open.
    pub(super) fn is_open(&self) -> bool {
        self.open != Open::NONE || !self.xattrs.is_empty()
    }

    /// Where bytes of this line stand in the one that was given. Of a field that was filled, all of it
    /// is meant.
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        let behind = |[_, filled]: &&[Range<usize>; 2]| span.start <= filled.end;
        let Some([given, filled]) = self.places.iter().find(behind).or(self.places.last()) else {
            return span;
        };
        if given.len() != filled.len() {
            return given.clone();
        }
        let start = given.start + span.start.saturating_sub(filled.start);
        start..start + span.len()
    }
}

/// Puts something in the place of what is open. `has_names` tells whether a path must be a directory.
pub(super) fn fill(line: &[u8], has_names: impl Fn(&[u8]) -> bool) -> Filled {
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let mut filled = Filled::default();
    let is_link = fields.get(2).is_some_and(|mode| mode.starts_with(b"@"));
    let mut at = 0;
    for (number, &field) in fields.iter().enumerate() {
        let value: Option<Vec<u8>> = match Field::FIXED.get(number) {
            Some(&kind) if is_link => Some(link_value(kind, field)),
            Some(&kind) => {
                filled.open = filled.open.with(opened(kind, field));
                Some(value(kind, &fields, field, &has_names))
            }
            None if is_link => Some(field.to_vec()),
            None => filled.xattr(field),
        };
        let start = filled.text.len() + usize::from(number > 0);
        if let Some(value) = value {
            if number > 0 {
                filled.text.push(b' ');
            }
            filled.text.extend_from_slice(&value);
            filled.places.push([at..at + field.len(), start..start + value.len()]);
        }
        at += field.len() + 1;
    }
    filled
}

impl Filled {
    /// What stands for a field behind DIGEST, if anything does.
    fn xattr(&mut self, field: &[u8]) -> Option<Vec<u8>> {
        match Token::of(field) {
            Token::Prefix(prefix) => {
                self.xattrs.prefixes.push(prefix);
                return None;
            }
            Token::AnyValue(key) => self.xattrs.values.push(key),
            // The later value counts.
            Token::Pair(key, _) => self.xattrs.values.retain(|open| *open != key),
            Token::Other => {}
        }
        Some(field.to_vec())
    }
}

/// What a field leaves open.
fn opened(kind: Field, field: &[u8]) -> Open {
    match kind {
        Field::Mode if leaves_permissions(field) => Open::PERMISSIONS,
        _ if field == b"*" => Open::of_field(kind),
        _ => Open::NONE,
    }
}

/// MODE of a hard link; its other fields are not looked at. Its target must be told.
fn link_value(kind: Field, field: &[u8]) -> Vec<u8> {
    match (kind, field) {
        (Field::Mode, b"@*") => b"@100644".to_vec(),
        (Field::Mode, [b'@', mode @ ..]) if leaves_permissions(mode) => {
            [b"@", mode.strip_suffix(b"*").unwrap_or(mode), b"000"].concat()
        }
        (Field::Payload, b"*") => b"-".to_vec(),
        _ => field.to_vec(),
    }
}

fn value(
    kind: Field,
    fields: &[&[u8]],
    field: &[u8],
    has_names: impl Fn(&[u8]) -> bool,
) -> Vec<u8> {
    let of =
        |number: usize| fields.get(number).copied().filter(|field| !matches!(*field, b"-" | b"*"));
    match kind {
        Field::Mode if leaves_permissions(field) => {
            [field.strip_suffix(b"*").unwrap_or(field), b"000"].concat()
        }
        _ if field != b"*" => field.to_vec(),
        // No path is left open.
        Field::Path => Vec::new(),
        Field::Size => {
            let content = of(9).map(unescaped_len);
            let len = content.unwrap_or(usize::from(of(8).or(of(10)).is_some()));
            len.to_string().into_bytes()
        }
        Field::Mode => {
            let path = path_of(fields.first().copied().unwrap_or_default());
            // A FIFO may have anything that a file of any other type may have.
            if *path == *b"/" || has_names(&path) { b"40755".to_vec() } else { b"10644".to_vec() }
        }
        Field::Nlink | Field::Uid | Field::Gid | Field::Rdev => b"0".to_vec(),
        Field::Mtime => b"0.0".to_vec(),
        Field::Content | Field::Digest => b"-".to_vec(),
        Field::Line | Field::Payload | Field::Xattr => field.to_vec(),
    }
}
