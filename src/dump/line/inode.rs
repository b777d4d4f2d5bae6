//! The rules of a line that carries an inode.

use super::super::entry::Fields;
use super::super::error::{Code, Detail, Field};
use super::super::escape::unescaped_len;
use super::super::lex::{Entry, Finding, Number, Time, Token};
use super::super::limits::{MAX_CONTENT, MAX_EXTERNAL, MAX_PAYLOAD};
use super::super::number::{signed, value};
use super::{Checked, Reader};
use crate::num::wide;
use crate::tree::{FileType, Mode, Mtime};

/// Nanoseconds from here on are a second.
const NSEC_END: u32 = 1_000_000_000;

/// What the rules about a file type need to know of an inode.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) size: u64,
    pub(super) file_type: FileType,
    pub(super) rdev: u32,
    /// Length of CONTENT; 0 if there is none.
    content_len: usize,
}

impl Known {
    /// A regular file whose content stands elsewhere.
    fn is_external(self) -> bool {
        self.file_type == FileType::Regular && self.size > 0 && self.content_len == 0
    }
}

impl<'a> Reader<'a, '_> {
    pub(super) fn inode(&mut self, tokens: &Entry<'a>) -> Checked<Fields<'a>> {
        let size = self.number(Field::Size, &tokens.size, u64::MAX)?;
        let mode = self.mode(&tokens.mode)?;
        let fields = Fields {
            size,
            mode,
            nlink: self.number32(Field::Nlink, &tokens.nlink)?,
            uid: self.number32(Field::Uid, &tokens.uid)?,
            gid: self.number32(Field::Gid, &tokens.gid)?,
            rdev: self.number32(Field::Rdev, &tokens.rdev)?,
            mtime: self.mtime(&tokens.mtime)?,
            payload: tokens.payload.set(),
            content: tokens.content.set(),
            digest: tokens.digest.set(),
            xattrs: tokens.xattrs_raw,
        };
        self.spelling(&tokens.payload)?;
        self.content(size, &tokens.content)?;
        self.spelling(&tokens.digest)?;
        let content_len = fields.content.map_or(0, unescaped_len);
        let known = Known { size, file_type: mode.file_type(), rdev: fields.rdev, content_len };
        self.payload(&tokens.payload)?;
        self.digest(known, &tokens.digest)?;
        self.raise_all(tokens.trailing.as_slice())?;
        self.xattrs(known, &tokens.xattrs)?;
        self.symlink(known, tokens)?;
        self.dropped(known, tokens)?;
        Ok(fields)
    }

    fn mode(&mut self, token: &Token<'a, Number<'a>>) -> Checked<Mode> {
        let mode = self.number(Field::Mode, token, u64::from(u32::MAX))?;
        self.mode_bits(mode, token.raw)
    }

    fn number32(&mut self, field: Field, token: &Token<'a, Number<'a>>) -> Checked<u32> {
        let number = self.number(field, token, u64::from(u32::MAX))?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn mtime(&mut self, token: &Token<'a, Time<'a>>) -> Checked<Mtime> {
        let Time { seconds, nanoseconds } = self.value(token)?;
        let finding = |code, number: Number<'a>| Finding::new(code, Field::Mtime, number.raw);
        let Some(sec) = signed(seconds.negative, seconds.digits) else {
            return self.refuse(finding(Code::NumberRange, seconds));
        };
        let nsec = value(nanoseconds.digits, 10).and_then(|nsec| u32::try_from(nsec).ok());
        let Some(nsec) = nsec else {
            return self.refuse(finding(Code::NumberRange, nanoseconds));
        };
        self.check(nsec < NSEC_END, finding(Code::NsecRange, nanoseconds))?;
        Ok(Mtime { sec, nsec })
    }

    /// What is wrong with how a string is written.
    fn spelling(&mut self, token: &Token<'a>) -> Checked<()> {
        let mut findings = token.findings.iter().filter(|finding| finding.is_about_spelling());
        findings.try_for_each(|finding| self.raise(finding))
    }

    /// What is wrong with what a string stands for.
    fn meaning(&mut self, token: &Token<'a>) -> Checked<()> {
        let mut findings = token.findings.iter().filter(|finding| !finding.is_about_spelling());
        findings.try_for_each(|finding| self.raise(finding))
    }

    /// CONTENT; if it is missing or empty it has a length too.
    fn content(&mut self, size: u64, token: &Token<'a>) -> Checked<()> {
        self.spelling(token)?;
        let found = unescaped_len(token.raw);
        let fits = token.raw == b"-" || wide(found) == size;
        let finding = Finding::new(Code::ContentSize, Field::Content, token.raw);
        self.check(fits, finding.detail(Detail::Lengths { declared: size, found }))
    }

    fn payload(&mut self, token: &Token<'a>) -> Checked<()> {
        self.meaning(token)?;
        let len = unescaped_len(token.raw);
        let finding = Finding::new(Code::PayloadTooLong, Field::Payload, token.raw);
        self.check(len <= MAX_PAYLOAD, finding.detail(Detail::Length(len)))
    }

    /// DIGEST; an external file cannot do with an empty one.
    fn digest(&mut self, known: Known, token: &Token<'a>) -> Checked<()> {
        self.meaning(token)?;
        let usable = !token.raw.is_empty() || !known.is_external();
        self.check(usable, Finding::new(Code::BadDigest, Field::Digest, token.raw))
    }

    fn symlink(&mut self, known: Known, tokens: &Entry<'a>) -> Checked<()> {
        if known.file_type != FileType::Symlink {
            return Ok(());
        }
        let target = tokens.payload.raw;
        let given = tokens.payload.set().is_some();
        self.check(given, Finding::new(Code::SymlinkNoTarget, Field::Payload, target))?;
        let found = unescaped_len(target);
        let detail = Detail::Lengths { declared: known.size, found };
        self.check(wide(found) == known.size, size(Code::SymlinkSize, tokens).detail(detail))
    }

    /// What the file type does not keep, and what is too much of what it keeps.
    fn dropped(&mut self, known: Known, tokens: &Entry<'a>) -> Checked<()> {
        let content = Finding::new(Code::ContentTooLong, Field::Content, tokens.content.raw)
            .detail(Detail::Length(known.content_len));
        let symlink = known.file_type == FileType::Symlink;
        let external = known.is_external();
        self.check(symlink || known.content_len <= MAX_CONTENT, content)?;
        let rdev = Finding::new(Code::RdevIgnored, Field::Rdev, tokens.rdev.raw);
        self.check(known.rdev == 0 || known.file_type.is_device(), rdev)?;
        let regular = known.file_type == FileType::Regular;
        let content = Finding::new(Code::ContentIgnored, Field::Content, tokens.content.raw);
        self.check(regular || known.content_len == 0, content)?;
        let too_big = external && known.size > MAX_EXTERNAL;
        self.check(!too_big, size(Code::SizeTooBig, tokens))?;
        let payload = Finding::new(Code::PayloadIgnored, Field::Payload, tokens.payload.raw);
        self.check(symlink || external || tokens.payload.set().is_none(), payload)?;
        let digest = Finding::new(Code::DigestIgnored, Field::Digest, tokens.digest.raw);
        self.check(external || tokens.digest.set().is_none(), digest)?;
        let sized = regular || symlink || known.file_type == FileType::Directory;
        self.check(sized || known.size == 0, size(Code::SizeIgnored, tokens))
    }
}

fn size<'a>(code: Code, tokens: &Entry<'a>) -> Finding<'a> {
    Finding::new(code, Field::Size, tokens.size.raw)
}
