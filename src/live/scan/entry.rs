//! What is known of names, packed: a scan holds all of them before it makes a tree.

use crate::num::{clamp_index, index, wide};
use crate::tree::Mtime;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An inode whose facts stand in the entry.
    Own,
    /// A directory of this number.
    Directory(u32),
    /// An inode of this number that has several names.
    Linked(u32),
    /// Nothing: it is left out, is gone or cannot be read.
    Nothing,
}

/// A name, and its facts unless they stand elsewhere.
///
/// The bytes stand one after another in the arena of the batch: name, xattrs, payload, content,
/// digest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) what: What,
    /// File type and permissions, 16 bits.
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) rdev: u32,
    pub(super) mtime: Mtime,
    pub(super) size: u64,
    start: u64,
    xattrs: u32,
    payload: u16,
    content: u16,
    name: u8,
    digest: u8,
}

/// Names of one directory that are read by one thread.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) arena: Vec<u8>,
}

/// A piece of an entry's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Xattrs,
    Payload,
    Content,
    Digest,
}

/// The byte strings of an entry; empty for none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strings<'b> {
    pub(super) name: &'b [u8],
    pub(super) xattrs: &'b [u8],
    pub(super) payload: &'b [u8],
    pub(super) content: &'b [u8],
    pub(super) digest: &'b [u8],
}

impl Batch {
    /// Begins an entry. Its parts follow in their order.
    pub(super) fn begin(&mut self, name: &[u8]) {
        let start = wide(self.arena.len());
        self.arena.extend_from_slice(name);
        self.entries.push(Entry {
            what: What::Nothing,
            mode: 0,
            uid: 0,
            gid: 0,
            rdev: 0,
            mtime: Mtime::default(),
            size: 0,
            start,
            xattrs: 0,
            payload: 0,
            content: 0,
            // No file system has longer names, and the builder checks them.
            name: u8::try_from(name.len()).unwrap_or(u8::MAX),
            digest: 0,
        });
    }

    /// The entry that was begun last.
    pub(super) fn last(&mut self) -> Option<&mut Entry> {
        self.entries.last_mut()
    }

    /// Forgets all of the entry that was begun last but its name.
    pub(super) fn restart(&mut self) {
        if let Some(entry) = self.entries.last_mut() {
            (entry.xattrs, entry.payload, entry.content, entry.digest) = (0, 0, 0, 0);
            entry.what = What::Nothing;
            self.arena.truncate(clamp_index(entry.start) + usize::from(entry.name));
        }
    }

    /// Says that the last bytes of the arena are this part of the entry that was begun last. Only
    /// xattrs can be longer than 65,535 bytes.
    pub(super) fn end_part(&mut self, part: Part, len: usize) {
        let Some(entry) = self.entries.last_mut() else { return };
        let short = u16::try_from(len).unwrap_or(u16::MAX);
        match part {
            Part::Xattrs => entry.xattrs = u32::try_from(len).unwrap_or(u32::MAX),
            Part::Payload => entry.payload = short,
            Part::Content => entry.content = short,
            Part::Digest => entry.digest = u8::try_from(len).unwrap_or(u8::MAX),
        }
    }

    /// Appends a part to the entry that was begun last.
    pub(super) fn push(&mut self, part: Part, bytes: &[u8]) {
        self.arena.extend_from_slice(bytes);
        self.end_part(part, bytes.len());
    }

    /// The byte strings of an entry.
    pub(super) fn strings(&self, entry: &Entry) -> Strings<'_> {
        let mut rest = self.arena.get(clamp_index(entry.start)..).unwrap_or_default();
        let mut next = |len: usize| {
            let (part, behind) = rest.split_at_checked(len).unwrap_or_default();
            rest = behind;
            part
        };
        Strings {
            name: next(usize::from(entry.name)),
            xattrs: next(index(entry.xattrs)),
            payload: next(usize::from(entry.payload)),
            content: next(usize::from(entry.content)),
            digest: next(usize::from(entry.digest)),
        }
    }

    /// A batch of this entry alone.
    pub(super) fn copy(&self, entry: &Entry) -> Self {
        let strings = self.strings(entry);
        let mut copy = Self::default();
        copy.begin(strings.name);
        copy.push(Part::Xattrs, strings.xattrs);
        copy.push(Part::Payload, strings.payload);
        copy.push(Part::Content, strings.content);
        copy.push(Part::Digest, strings.digest);
        if let Some(last) = copy.last() {
            *last = Entry { start: last.start, ..*entry };
        }
        copy
    }

    /// Where the digest of an entry stands in the arena.
    pub(super) fn digest_place(&mut self, number: usize) -> &mut [u8] {
        let Some(entry) = self.entries.get(number) else { return &mut [] };
        let before = usize::from(entry.name) + index(entry.xattrs);
        let before = before + usize::from(entry.payload) + usize::from(entry.content);
        let start = clamp_index(entry.start) + before;
        self.arena.get_mut(start..start + usize::from(entry.digest)).unwrap_or_default()
    }
}
