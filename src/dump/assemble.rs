//! Entries into a tree, with the rules that hold between lines.

use std::ops::ControlFlow;

use super::batch::{Batch, Item};
use super::entry::{Body, Entry, Fields};
use super::error::{Code, Detail, Field};
use super::line::BYTE_ORDER_MARK;
use super::links::{self, PendingLink};
use super::paths::{Paths, Place};
use super::report::{Line, Report, issue};
use super::sets::Sets;
use super::values::{Escapes, Values};
use super::{Options, ParseError, Parsed};
use crate::num::index;
use crate::tree::{BuildError, Builder, Facts, Mode, NodeId};

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
                Item::Note => {}
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
        if self.builder.is_empty() && !self.report.has_errors() {
            let text = self.report.text().get(..0).unwrap_or_default();
            self.report.add(Line { number: 1, text }, &issue(Code::NoRoot, Field::Path, 0, 0));
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
            Err(code) => {
                let line = Line { number, text: self.report.line_at(entry.path) };
                let mut found = issue(code, Field::Path, 0, entry.path.len());
                if code == Code::DuplicatePath
                    && let Some(earlier) = self.report.line_of(entry.path)
                    && earlier < number
                {
                    found.detail = Detail::Earlier(earlier);
                }
                self.report.add(line, &found);
                if matches!(code, Code::NoRoot | Code::RootNotDirectory) {
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
    ) -> Result<NodeId, Code> {
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

    fn root(&mut self, entry: &Entry<'a>) -> Result<NodeId, Code> {
        if !self.builder.is_empty() {
            return Err(Code::RootDuplicate);
        }
        let Body::Inode(fields) = &entry.body else {
            return Err(Code::RootNotDirectory);
        };
        let mut values = Values::default();
        let set = self.xattrs.get(&mut self.builder, fields.xattrs).map_err(refusal)?;
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
    ) -> Result<NodeId, Code> {
        let set = self.xattrs.get(&mut self.builder, fields.xattrs).map_err(refusal)?;
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

/// What is wrong with a line whose entry the tree refuses.
fn refusal(error: BuildError) -> Code {
    match error {
        BuildError::Duplicate => Code::DuplicatePath,
        BuildError::ParentNotDirectory => Code::ParentNotDirectory,
        BuildError::RootNotDirectory => Code::RootNotDirectory,
        BuildError::NameTooLong(_) => Code::NameTooLong,
        BuildError::DotName => Code::PathDot,
        _ => Code::TooManyEntries,
    }
}
