//! Entries into a tree, with the rules that hold between lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::batch::{Batch, Item};
use super::entry::{Body, Entry, Fields};
use super::error::{Code, Detail, Field, Issue, Profile};
use super::escape::unescape;
use super::line::{BYTE_ORDER_MARK, xattrs_of};
use super::links::{self, PendingLink};
use super::report::Report;
use super::scan::slot;
use super::{Options, ParseError, Parsed};
use crate::num::index;
use crate::tree::{BuildError, Builder, Facts, Mode, NodeId, Xattr, XattrSet};

/// A line, for a finding about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: &'a [u8],
}

/// Builds the tree of a text from the [batches](Batch) of its parts, in order.
#[derive(Debug)]
pub struct Assembler<'a> {
    builder: Builder<'a>,
    paths: Paths<'a>,
    xattrs: Sets<'a>,
    links: Vec<PendingLink<'a>>,
    report: Report<'a>,
    lines: usize,
    bytes: usize,
    /// Length of the last digest.
    digest_len: usize,
}

/// Why a line did not get into the tree.
enum Refused {
    Issue(Code),
    TooMany,
}

impl<'a> Assembler<'a> {
    /// An assembler for a text.
    #[must_use]
    pub fn new(text: &'a [u8], options: &Options) -> Self {
        let mut builder = Builder::rootless(text);
        builder.sample_payloads();
        Self {
            builder,
            paths: Paths::new(),
            xattrs: Sets::new(),
            links: Vec::new(),
            report: Report::new(text, options.warnings, options.max_errors),
            lines: 0,
            bytes: text.len(),
            digest_len: 0,
        }
    }

    /// Adds the lines of the next part of the text. Breaks if there were so many errors that it is
    /// no use to go on.
    pub fn add(&mut self, batch: &Batch<'a>) -> ControlFlow<()> {
        if self.lines == 0 {
            self.reserve(batch);
        }
        let mut issues = batch.issues.iter().peekable();
        for (i, item) in batch.items.iter().enumerate() {
            self.lines += 1;
            let number = self.lines;
            if number == 1 && self.starts_with_mark() {
                while issues.next_if(|found| index(found.item) == i).is_some() {}
                continue;
            }
            while let Some(found) = issues.next_if(|found| index(found.item) == i) {
                self.report.add(Line { number, text: found.line }, &found.issue);
            }
            match item {
                Item::Clean(entry) => self.entry(number, entry, Escapes::None),
                Item::Entry(entry) => self.entry(number, entry, Escapes::Some),
                Item::Bad { path, directory } => self.register(*path, *directory),
            }
            if self.report.is_full() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Reports a byte-order mark. What follows it in the line is not looked at.
    fn starts_with_mark(&mut self) -> bool {
        let text = self.report.text();
        if !text.starts_with(BYTE_ORDER_MARK) {
            return false;
        }
        let line = Line { number: 1, text: self.report.line_at(text) };
        let mark = issue(Code::ByteOrderMark, Field::Line, 0, BYTE_ORDER_MARK.len());
        self.report.add(line, &mark);
        self.register(None, true);
        true
    }

    /// Makes room for as many entries as there will be if all parts are like the first.
    fn reserve(&mut self, first: &Batch<'a>) {
        let lines = first.items.len();
        let parts = self.bytes / first.bytes.max(1) + 1;
        // An entry takes at least 24 bytes of text.
        let most = self.bytes / 24 + 1;
        self.builder.reserve((lines * parts + lines * parts / 16).min(most));
    }

    /// Resolves hard links and finishes the tree.
    ///
    /// # Errors
    /// [`ParseError`] if there was an error in any line or between them.
    pub fn finish(mut self) -> Result<Parsed<'a>, ParseError> {
        if self.lines == 0 {
            self.report.add(Line { number: 1, text: b"" }, &issue(Code::NoRoot, Field::Path, 0, 0));
        }
        links::resolve(&mut self.builder, &self.links, &mut self.report);
        if self.report.has_errors() {
            return Err(ParseError { findings: self.report.finish() });
        }
        match self.builder.finish() {
            Ok(tree) => Ok(Parsed { tree, findings: self.report.finish() }),
            Err(_) => Err(ParseError { findings: self.report.finish() }),
        }
    }

    #[inline]
    fn entry(&mut self, number: usize, entry: &Entry<'a>, escapes: Escapes) {
        match self.insert(number, entry, escapes) {
            Ok(node) => self.paths.entered(entry.path, node),
            Err(refused) => {
                let code = match refused {
                    Refused::Issue(code) => code,
                    Refused::TooMany => Code::TooManyEntries,
                };
                let line = Line { number, text: self.report.line_at(entry.path) };
                self.report.add(line, &issue(code, Field::Path, 0, entry.path.len()));
                if matches!(code, Code::NoRoot) {
                    self.register(Some(entry.path), false);
                }
            }
        }
    }

    #[inline]
    fn insert(
        &mut self,
        number: usize,
        entry: &Entry<'a>,
        escapes: Escapes,
    ) -> Result<NodeId, Refused> {
        let Some(place) = self.paths.place(&mut self.builder, entry.path, escapes)? else {
            return self.root(entry);
        };
        match &entry.body {
            Body::Inode(fields) => self.inode(number, entry.path, &place, fields, escapes),
            Body::Link { target } => {
                let node = self.builder.link(place.parent, &place.name).map_err(refusal)?;
                self.links.push(PendingLink { node, line: number, path: entry.path, target });
                Ok(node)
            }
        }
    }

    fn root(&mut self, entry: &Entry<'a>) -> Result<NodeId, Refused> {
        if !self.builder.is_empty() {
            return Err(Refused::Issue(Code::RootDuplicate));
        }
        let Body::Inode(fields) = &entry.body else {
            return Err(Refused::Issue(Code::RootNotDirectory));
        };
        let mut values = Values::default();
        let set = self.xattrs.get(&mut self.builder, fields.xattrs)?;
        let facts = values.facts(fields, set, Escapes::Some);
        self.builder.set_root(&facts).map_err(refusal)?;
        Ok(NodeId::ROOT)
    }

    #[inline]
    fn inode(
        &mut self,
        number: usize,
        path: &'a [u8],
        place: &Place<'a>,
        fields: &Fields<'a>,
        escapes: Escapes,
    ) -> Result<NodeId, Refused> {
        let set = self.xattrs.get(&mut self.builder, fields.xattrs)?;
        let mut values = Values::default();
        let facts = values.facts(fields, set, escapes);
        let digest_len = facts.digest.map_or(0, <[u8]>::len);
        let node = self.builder.add(place.parent, &place.name, &facts).map_err(refusal)?;
        if digest_len != self.digest_len && digest_len > 0 {
            self.mixed_digests(number, path, fields, digest_len);
        }
        Ok(node)
    }

    /// Warns of the first digest whose length differs from those before.
    #[cold]
    fn mixed_digests(&mut self, number: usize, path: &'a [u8], fields: &Fields<'a>, len: usize) {
        let before = std::mem::replace(&mut self.digest_len, len);
        if before == 0 {
            return;
        }
        let text = self.report.line_at(path);
        let digest = fields.digest.unwrap_or_default();
        let start = self.report.column_in(text, digest);
        let mixed = issue(Code::MixedDigests, Field::Digest, start, digest.len());
        self.report.add(Line { number, text }, &mixed);
    }

    /// Registers the path of a line with an error, so that what lies below raises no second one.
    fn register(&mut self, path: Option<&'a [u8]>, directory: bool) {
        let bits = if directory { 0o40755 } else { 0o100_644 };
        let (Some(mode), Some(root_mode)) = (Mode::new(bits), Mode::new(0o40755)) else { return };
        if self.builder.is_empty() && self.builder.set_root(&Facts::new(root_mode)).is_err() {
            return;
        }
        let Some(path) = path else { return };
        let place = self.paths.place(&mut self.builder, path, Escapes::Some);
        if let Ok(Some(place)) = place
            && let Ok(node) = self.builder.add(place.parent, &place.name, &Facts::new(mode))
        {
            self.paths.entered(path, node);
        }
    }
}

/// A finding of the tree about the bytes of a line that it spans.
pub(super) fn issue(code: Code, field: Field, start: usize, len: usize) -> Issue {
    let severity = code.class().severity(Profile::Lenient);
    Issue { code, severity, field, start, len, detail: Detail::Span }
}

fn refusal(error: BuildError) -> Refused {
    Refused::Issue(match error {
        BuildError::Duplicate => Code::DuplicatePath,
        BuildError::ParentNotDirectory => Code::ParentNotDirectory,
        BuildError::RootNotDirectory => Code::RootNotDirectory,
        BuildError::NameTooLong(_) => Code::NameTooLong,
        BuildError::DotName => Code::PathDot,
        _ => return Refused::TooMany,
    })
}

/// The values of an entry that had to be unescaped or decoded.
#[derive(Default)]
struct Values<'v> {
    payload: Option<Cow<'v, [u8]>>,
    content: Option<Cow<'v, [u8]>>,
    digest: Option<DigestBytes>,
}

struct DigestBytes {
    bytes: [u8; 64],
    len: usize,
}

impl<'v> Values<'v> {
    #[inline]
    fn facts<'s>(
        &'s mut self,
        fields: &Fields<'v>,
        xattrs: XattrSet,
        escapes: Escapes,
    ) -> Facts<'s> {
        self.payload = fields.payload.map(|payload| escapes.undo(payload));
        self.content = fields.content.map(plain);
        self.digest = fields.digest.and_then(|digest| DigestBytes::new(&escapes.undo(digest)));
        Facts {
            mode: fields.mode,
            size: fields.size,
            nlink: fields.nlink,
            uid: fields.uid,
            gid: fields.gid,
            rdev: fields.rdev,
            mtime: fields.mtime,
            payload: self.payload.as_deref(),
            content: self.content.as_deref(),
            digest: self.digest.as_ref().and_then(|digest| digest.bytes.get(..digest.len)),
            xattrs,
        }
    }
}

impl DigestBytes {
    #[inline]
    fn new(digits: &[u8]) -> Option<Self> {
        let mut digest = Self { bytes: [0; 64], len: digits.len() / 2 };
        const_hex::decode_to_slice(digits, digest.bytes.get_mut(..digest.len)?).ok()?;
        Some(digest)
    }
}

/// Whether PATH, PAYLOAD and DIGEST may hold escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    None,
    Some,
}

impl Escapes {
    #[inline]
    fn undo(self, raw: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::None => Cow::Borrowed(raw),
            Self::Some => plain(raw),
        }
    }
}

/// A string of an entry, which is known to unescape.
#[inline]
fn plain(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    unescape(raw).unwrap_or(Cow::Borrowed(raw))
}

/// The sets of a text by their text, so that each is unescaped once.
#[derive(Debug)]
struct Sets<'a> {
    last: (&'a [u8], XattrSet),
    recent: Vec<(&'a [u8], XattrSet)>,
    all: BTreeMap<&'a [u8], XattrSet>,
}

impl<'a> Sets<'a> {
    const RECENT: usize = 256;

    fn new() -> Self {
        let none: (&[u8], XattrSet) = (b"", XattrSet::EMPTY);
        Self { last: none, recent: vec![none; Self::RECENT], all: BTreeMap::new() }
    }

    #[inline]
    fn get(&mut self, builder: &mut Builder<'a>, text: &'a [u8]) -> Result<XattrSet, Refused> {
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

    fn look_up(&mut self, builder: &mut Builder<'a>, text: &'a [u8]) -> Result<XattrSet, Refused> {
        if let Some(&set) = self.all.get(text) {
            return Ok(set);
        }
        let mut pairs: Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)> = Vec::new();
        let mut places: BTreeMap<Cow<'a, [u8]>, usize> = BTreeMap::new();
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
        let pairs: Vec<Xattr<'_>> =
            pairs.iter().map(|(key, value)| Xattr { key, value }).collect();
        let set = builder.xattrs(&pairs).map_err(refusal)?;
        self.all.insert(text, set);
        Ok(set)
    }
}

/// Where a path leads to.
struct Place<'p> {
    parent: NodeId,
    name: Cow<'p, [u8]>,
}

/// Finds the parents of paths: nearly always above the entry before.
#[derive(Debug)]
struct Paths<'a> {
    last: &'a [u8],
    /// The nodes on `last`: length of their path as spelled there.
    levels: Vec<(usize, NodeId)>,
}

impl<'a> Paths<'a> {
    fn new() -> Self {
        Self { last: b"", levels: vec![(0, NodeId::ROOT)] }
    }

    /// Takes note of the node of a path, whose parent was just found.
    #[inline]
    fn entered(&mut self, path: &'a [u8], node: NodeId) {
        self.last = path;
        if node != NodeId::ROOT {
            self.levels.push((path.len(), node));
        }
    }

    /// Parent and name; `None` for the root.
    #[inline]
    fn place(
        &mut self,
        builder: &mut Builder<'_>,
        path: &'a [u8],
        escapes: Escapes,
    ) -> Result<Option<Place<'a>>, Refused> {
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
    ) -> Result<Option<Place<'a>>, Refused> {
        self.levels.truncate(1);
        self.last = path;
        let mut at = NodeId::ROOT;
        let mut name: Option<(Cow<'a, [u8]>, usize)> = None;
        let mut end = 0usize;
        for raw in path.split(|&byte| byte == b'/') {
            let behind = end + raw.len();
            for piece in pieces(plain(raw)) {
                if builder.is_empty() {
                    return Err(Refused::Issue(Code::NoRoot));
                }
                if let Some((above, len)) = name.replace((piece, behind)) {
                    at = builder.child(at, &above).ok_or(Refused::Issue(Code::ParentMissing))?;
                    if !builder.is_directory(at) {
                        return Err(Refused::Issue(Code::ParentNotDirectory));
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
