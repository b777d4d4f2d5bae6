//! What the lexer makes of a line: fields with their meaning, and what there is to say about them.

use super::super::error::{Class, Code, Detail, Field, Profile, Severity};

/// Something to say about a piece of the text.
#[derive(Clone, Copy, Debug)]
pub(in crate::dump) struct Finding<'a> {
    pub(in crate::dump) code: Code,
    pub(in crate::dump) class: Class,
    pub(in crate::dump) field: Field,
    /// What to underline.
    pub(in crate::dump) at: &'a [u8],
    /// What to quote, if that is not the same.
    pub(in crate::dump) quote: Option<&'a [u8]>,
    pub(in crate::dump) detail: Detail,
}

impl<'a> Finding<'a> {
    pub(in crate::dump) const fn new(code: Code, field: Field, at: &'a [u8]) -> Self {
        Self { code, class: code.class(), field, at, quote: None, detail: Detail::Span }
    }

    pub(in crate::dump) const fn detail(self, detail: Detail) -> Self {
        Self { detail, ..self }
    }

    pub(in crate::dump) const fn class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    pub(in crate::dump) fn is_error(&self, profile: Profile) -> bool {
        self.class.severity(profile) == Severity::Error
    }

    /// Says that a line ends after so many fields, if it has too few of them.
    pub(super) fn missing_field(given: usize, least: usize, end: &'a [u8]) -> Option<Self> {
        let first = *Field::FIXED.get(given)?;
        let class = if given < least { Class::Error } else { Class::StrictError };
        let finding = Self::new(Code::MissingField, first, end);
        Some(finding.class(class).detail(Detail::Count(given)))
    }

    /// What is wrong with a line as a whole.
    pub(super) fn of_line(raw: &'a [u8]) -> Option<Self> {
        let finding = |code, at: Option<&'a [u8]>, words| {
            Some(Self::new(code, Field::Line, at?).detail(Detail::Words(words)))
        };
        let nul = memchr::memchr(0, raw).and_then(|at| raw.get(at..=at));
        let cr = raw.last_chunk::<1>().filter(|last| *last == b"\r").map(<[u8; 1]>::as_slice);
        finding(Code::NulByte, nul, "a NUL byte")
            .or_else(|| finding(Code::Crlf, cr, "a carriage return before it"))
    }

    /// Whether it is about how a string is written, not about what it stands for.
    pub(in crate::dump) const fn is_about_spelling(&self) -> bool {
        matches!(self.code, Code::BadEscape | Code::EmptyField | Code::UnescapedByte)
    }
}

/// A field as it stands in the line, what it means, and what is odd about it.
#[derive(Clone, Debug)]
pub(in crate::dump) struct Token<'a, T = ()> {
    pub(in crate::dump) raw: &'a [u8],
    /// `None` if there is no saying what it means.
    pub(in crate::dump) value: Option<T>,
    /// In the order in which they are reported; an error is the last one.
    pub(in crate::dump) findings: Vec<Finding<'a>>,
}

impl<'a> Token<'a> {
    /// The field, unless it is a lone `-`, empty or missing.
    pub(in crate::dump) fn set(&self) -> Option<&'a [u8]> {
        Some(self.raw).filter(|raw| !raw.is_empty() && *raw != b"-")
    }
}

impl<'a, T> Token<'a, T> {
    /// Adds a finding, unless there is an error already.
    pub(super) fn push(&mut self, finding: Finding<'a>) {
        if self.value.is_some() {
            self.findings.push(finding);
        }
        if finding.class == Class::Error {
            self.value = None;
        }
    }

    pub(super) fn judge_spelling(&mut self, field: Field, number: Number<'a>) {
        if number.is_odd() {
            self.push(Finding::new(Code::NumberSpelling, field, number.raw));
        }
    }
}

/// A number, still as digits.
#[derive(Clone, Copy, Debug)]
pub(in crate::dump) struct Number<'a> {
    /// Sign and digits.
    pub(in crate::dump) raw: &'a [u8],
    pub(in crate::dump) negative: bool,
    pub(in crate::dump) digits: &'a [u8],
    /// 8 or 10.
    pub(in crate::dump) radix: u64,
}

impl Number<'_> {
    /// Whether the same number has a shorter spelling.
    fn is_odd(&self) -> bool {
        let sign = self.raw.len() > self.digits.len();
        let zero = self.digits.first() == Some(&b'0');
        (sign && !self.negative) || (zero && (self.negative || self.digits.len() > 1))
    }
}

/// MTIME, still as digits.
#[derive(Clone, Copy, Debug)]
pub(in crate::dump) struct Time<'a> {
    pub(in crate::dump) seconds: Number<'a>,
    pub(in crate::dump) nanoseconds: Number<'a>,
}

/// Key and value of an xattr, escaped.
#[derive(Clone, Copy, Debug)]
pub(in crate::dump) struct Pair<'a> {
    pub(in crate::dump) key: &'a [u8],
    pub(in crate::dump) value: &'a [u8],
}

/// A line, lexed.
#[derive(Clone, Debug)]
pub(in crate::dump) struct Line<'a> {
    /// What is wrong with the line as a whole.
    pub(in crate::dump) findings: Vec<Finding<'a>>,
    pub(in crate::dump) path: Token<'a>,
    /// Says that there are too few fields.
    pub(in crate::dump) missing: Option<Finding<'a>>,
    pub(in crate::dump) body: Body<'a>,
}

/// What comes behind PATH.
#[derive(Clone, Debug)]
pub(in crate::dump) enum Body<'a> {
    /// Too few fields to mean anything.
    Short,
    Hardlink(Hardlink<'a>),
    Entry(Box<Entry<'a>>),
}

/// What counts on the line of a hard link.
#[derive(Clone, Debug)]
pub(in crate::dump) struct Hardlink<'a> {
    /// The `@`.
    pub(in crate::dump) sign: &'a [u8],
    pub(in crate::dump) mode: Token<'a, Number<'a>>,
    pub(in crate::dump) target: Token<'a>,
}

/// The fields of an entry.
#[derive(Clone, Debug)]
pub(in crate::dump) struct Entry<'a> {
    pub(in crate::dump) size: Token<'a, Number<'a>>,
    pub(in crate::dump) mode: Token<'a, Number<'a>>,
    pub(in crate::dump) nlink: Token<'a, Number<'a>>,
    pub(in crate::dump) uid: Token<'a, Number<'a>>,
    pub(in crate::dump) gid: Token<'a, Number<'a>>,
    pub(in crate::dump) rdev: Token<'a, Number<'a>>,
    pub(in crate::dump) mtime: Token<'a, Time<'a>>,
    pub(in crate::dump) payload: Token<'a>,
    pub(in crate::dump) content: Token<'a>,
    pub(in crate::dump) digest: Token<'a>,
    pub(in crate::dump) xattrs: Vec<Token<'a, Pair<'a>>>,
    /// All xattrs and the spaces between them.
    pub(in crate::dump) xattrs_raw: &'a [u8],
    pub(in crate::dump) trailing: Option<Finding<'a>>,
}

impl<'a> Line<'a> {
    /// All that was found, whatever the order of the rules.
    pub(in crate::dump) fn findings(&self) -> Vec<Finding<'a>> {
        let body = match &self.body {
            Body::Short => Vec::new(),
            Body::Hardlink(link) => [&link.mode.findings[..], &link.target.findings].concat(),
            Body::Entry(entry) => entry.findings(),
        };
        [&self.findings[..], &self.path.findings, self.missing.as_slice(), &body].concat()
    }
}

impl<'a> Entry<'a> {
    fn findings(&self) -> Vec<Finding<'a>> {
        let xattrs = self.xattrs.iter().flat_map(|xattr| xattr.findings.iter().copied());
        let fixed = [
            &self.size.findings[..],
            &self.mode.findings,
            &self.nlink.findings,
            &self.uid.findings,
            &self.gid.findings,
            &self.rdev.findings,
            &self.mtime.findings,
            &self.payload.findings,
            &self.content.findings,
            &self.digest.findings,
        ];
        fixed.concat().into_iter().chain(xattrs).chain(self.trailing).collect()
    }
}
