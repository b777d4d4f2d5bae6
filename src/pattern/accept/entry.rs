//! Lines of entries: new ones, and those of which some facts are others now.

use super::super::fill::Values;
use super::super::normal::Normal;
use super::super::open::{Open, Token, type_digits};
use crate::diff::{Attribute, Attributes};
use crate::dump::line_into;
use crate::tree::{FileType, NodeId, Tree};

/// Fields before the xattrs.
const FIXED: usize = 11;
const MODE: usize = 2;
const PAYLOAD: usize = 8;

/// A field that is written anew; its number in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Size,
    Mode,
    Nlink,
    Uid,
    Gid,
    Rdev,
    Mtime,
    Payload,
    Content,
    Digest,
    Xattrs,
}

impl Fact {
    const ALL: [Self; 11] = [
        Self::Size,
        Self::Mode,
        Self::Nlink,
        Self::Uid,
        Self::Gid,
        Self::Rdev,
        Self::Mtime,
        Self::Payload,
        Self::Content,
        Self::Digest,
        Self::Xattrs,
    ];

    /// What leaves it open.
    const fn open(self) -> Open {
        match self {
            Self::Size => Open::SIZE,
            Self::Mode => Open::MODE,
            Self::Nlink => Open::NLINK,
            Self::Uid => Open::UID,
            Self::Gid => Open::GID,
            Self::Rdev => Open::RDEV,
            Self::Mtime => Open::MTIME,
            Self::Payload => Open::PAYLOAD,
            Self::Content => Open::CONTENT,
            Self::Digest => Open::DIGEST,
            Self::Xattrs => Open::NONE,
        }
    }

    fn number(self) -> usize {
        let at = Self::ALL.iter().position(|fact| *fact == self);
        at.map_or(FIXED, |at| at + 1)
    }
}

/// Which fields of a line are written anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits(Vec<Fact>);

impl Edits {
    pub(super) fn set(&mut self, fact: Fact, anew: bool) {
        if anew {
            self.0.push(fact);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is not open where the line of a hard link becomes that of an inode.
    pub(super) fn of_link() -> Self {
        Self(Fact::ALL.to_vec())
    }

    /// What makes a line say what is given.
    pub(super) fn between(said: &Values<'_>, given: &Values<'_>, open: Open) -> Self {
        let (a, b) = (&said.facts, &given.facts);
        let differ: Attributes = said.differ(given);
        let mut edits = Self::default();
        let facts = [
            (Fact::Size, a.size != b.size),
            (Fact::Mode, a.mode != b.mode),
            (Fact::Nlink, a.nlink != b.nlink),
            (Fact::Uid, a.uid != b.uid),
            (Fact::Gid, a.gid != b.gid),
            (Fact::Rdev, a.rdev != b.rdev),
            (Fact::Mtime, a.mtime != b.mtime),
            (Fact::Payload, a.payload != b.payload),
            (Fact::Content, a.content != b.content),
            (Fact::Digest, a.digest != b.digest),
            (Fact::Xattrs, differ.contains(Attribute::Xattr)),
        ];
        for (fact, differs) in facts {
            let is_open = fact.open() != Open::NONE && open.has(fact.open());
            edits.set(fact, differs && !is_open);
        }
        edits
    }
}

/// The fields of the line of a node, as a pattern says it: a `*` that is meant is escaped.
fn fields(tree: &Tree<'_>, node: NodeId, path: &[u8], link: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut line = Vec::new();
    line_into(tree, node, path, link, &mut line);
    let field = |(number, field): (usize, &[u8])| match field {
        b"*" => br"\x2a".to_vec(),
        [key @ .., b'=', b'*'] if number >= FIXED && !key.contains(&b'=') => {
            [key, br"=\x2a"].concat()
        }
        field => field.to_vec(),
    };
    line.split(|&byte| byte == b' ').enumerate().map(field).collect()
}

/// The line of a name that has none.
pub(super) fn literal(
    tree: &Tree<'_>,
    node: NodeId,
    path: &[u8],
    link: Option<&[u8]>,
    normal: &Normal,
) -> Vec<u8> {
    let line = fields(tree, node, path, link).join(&b' ');
    with_normal(line, tree, node, normal)
}

/// A line with fields written anew. A `*` stays.
pub(super) fn rewritten(
    raw: &[u8],
    tree: &Tree<'_>,
    found: NodeId,
    path: &[u8],
    edits: &Edits,
) -> Vec<u8> {
    let given = fields(tree, found, path, None);
    let raw: Vec<&[u8]> = raw.split(|&byte| byte == b' ').collect();
    let mut line: Vec<Vec<u8>> = (0..FIXED)
        .map(|number| match raw.get(number).copied().unwrap_or_default() {
            b"" => b"-".to_vec(),
            field => field.to_vec(),
        })
        .collect();
    let was_link = raw.get(MODE).is_some_and(|mode| mode.starts_with(b"@"));
    for &fact in edits.0.iter().filter(|fact| **fact != Fact::Xattrs) {
        let number = fact.number();
        let (Some(place), Some(value)) = (line.get_mut(number), given.get(number)) else {
            continue;
        };
        match place.as_slice() {
            b"*" if !(was_link && fact == Fact::Payload) => {}
            mode if fact == Fact::Mode && mode.ends_with(b"*") && mode.len() > 1 => {
                *place = Normal::mode(tree.facts(found).file_type()).into_bytes();
            }
            _ => value.clone_into(place),
        }
    }
    let tokens = raw.get(FIXED..).unwrap_or_default();
    if edits.0.contains(&Fact::Xattrs) {
        line.extend(xattrs(tokens, tree, found, given.get(FIXED..).unwrap_or_default()));
    } else {
        line.extend(tokens.iter().map(|token| token.to_vec()));
    }
    line.join(&b' ')
}

/// The fields behind DIGEST, so that they say what is found.
fn xattrs(tokens: &[&[u8]], tree: &Tree<'_>, found: NodeId, given: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let inode = tree.facts(found);
    let pairs: Vec<_> = inode.xattrs().zip(given).collect();
    let find = |key: &[u8]| pairs.iter().find(|(pair, _)| pair.key == key);
    let (mut line, mut prefixes, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for &raw in tokens {
        let key = match Token::of(raw) {
            Token::Prefix(prefix) => {
                prefixes.push((prefix, raw.to_vec()));
                continue;
            }
            Token::Other => continue,
            Token::AnyValue(key) | Token::Pair(key, _) => key,
        };
        let Some((pair, anew)) = find(&key).filter(|_| !said.contains(&key)) else { continue };
        let is_same = match Token::of(raw) {
            Token::Pair(_, value) => value == pair.value,
            _ => true,
        };
        line.push(if is_same { raw.to_vec() } else { (*anew).clone() });
        said.push(key);
    }
    for (pair, anew) in &pairs {
        let is_open = prefixes.iter().any(|(prefix, _)| pair.key.starts_with(prefix));
        if !is_open && !said.iter().any(|key| key == pair.key) {
            line.push((*anew).clone());
        }
    }
    line.extend(prefixes.into_iter().map(|(_, raw)| raw));
    line
}

/// A line with what is to be left open beside what it leaves open.
pub(super) fn with_normal(
    line: Vec<u8>,
    tree: &Tree<'_>,
    found: NodeId,
    normal: &Normal,
) -> Vec<u8> {
    if normal.is_empty() {
        return line;
    }
    let kind: FileType = tree.facts(found).file_type();
    let open = normal.open(kind);
    let mut fields: Vec<Vec<u8>> = line.split(|&byte| byte == b' ').map(<[u8]>::to_vec).collect();
    while fields.len() < FIXED {
        fields.push(b"-".to_vec());
    }
    let is_link = fields.get(MODE).is_some_and(|mode| mode.starts_with(b"@"));
    for fact in Fact::ALL.into_iter().filter(|fact| fact.open() != Open::NONE) {
        let number = fact.number();
        let Some(place) = fields.get_mut(number) else { continue };
        if open.has(fact.open()) && !(is_link && number == PAYLOAD) {
            *place = b"*".to_vec();
        }
    }
    if let Some(mode) = fields.get_mut(MODE)
        && open.has(Open::PERMISSIONS)
        && !mode.ends_with(b"*")
    {
        let sign = if is_link { "@" } else { "" };
        *mode = format!("{sign}{}*", type_digits(kind)).into_bytes();
    }
    if normal.frees_xattrs() {
        free_xattrs(&mut fields, normal);
    }
    fields.join(&b' ')
}

fn free_xattrs(fields: &mut Vec<Vec<u8>>, normal: &Normal) {
    let tokens = normal.tokens();
    let mut number = 0;
    fields.retain(|field| {
        number += 1;
        let key = match Token::of(field) {
            Token::AnyValue(key) | Token::Pair(key, _) | Token::Prefix(key) => key,
            Token::Other => return true,
        };
        number <= FIXED || tokens.contains(field) || !normal.frees(&key)
    });
    for token in tokens {
        if !fields.get(FIXED..).unwrap_or_default().contains(&token) {
            fields.push(token);
        }
    }
}
