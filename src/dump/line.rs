//! One line of a dump: its fields, and all rules that need no other line.

mod inode;
mod xattrs;

pub(super) use xattrs::depend_on_type;
pub use xattrs::xattrs_of;

use super::entry::{Body, Entry};
use super::error::{Class, Code, Detail, Field, Issue, Profile};
use super::escape::{unescape, unescaped_len};
use super::lex::{self, Finding, Number, Token};
use super::limits::{MAX_NAME, MAX_PATH};
use super::number;
use crate::num::low16;
use crate::tree::{FileType, Mode};

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// An entry, with all its line-level rules kept.
    Entry(Entry<'a>),
    /// Nothing that can be used.
    Bad {
        /// PATH, still escaped, if at least that is a path.
        path: Option<&'a [u8]>,
        /// Whether other entries may lie below the path: MODE says so, or cannot be read.
        directory: bool,
    },
}

/// Reads a line, given without its line feed.
///
/// Issues are added in the order in which the rules are checked; the first error ends the line, and
/// is then the last issue. An error beside an `Entry` is always `no-final-newline`, the last thing
/// to say about a text, found if the line is not `terminated` by a line feed.
///
/// # Example
/// ```
/// use cfs::dump::{Code, Outcome, Profile, read_line};
/// let mut issues = Vec::new();
/// let line = b"/a 12x 100644 1 0 0 0 0.0 - - -";
/// let outcome = read_line(line, true, Profile::Lenient, &mut issues);
/// assert_eq!(outcome, Outcome::Bad { path: Some(b"/a"), directory: false });
/// assert_eq!((issues[0].code, issues[0].start), (Code::BadNumber, 5));
/// ```
pub fn read_line<'a>(
    line: &'a [u8],
    terminated: bool,
    profile: Profile,
    issues: &mut Vec<Issue>,
) -> Outcome<'a> {
    let mut reader = Reader { line, profile, issues };
    let Ok(entry) = reader.line() else {
        return bad(line);
    };
    if !terminated {
        let end = line.get(line.len()..).unwrap_or_default();
        let finding = Finding::new(Code::NoFinalNewline, Field::Line, end)
            .detail(Detail::Words("the end of the text"));
        // The entry stands, whatever is said about the end of the text.
        let _ = reader.raise(&finding);
    }
    Outcome::Entry(entry)
}

/// Whether a text is in the language of the grammar, and if not, the first byte that is at fault.
///
/// This is `dump-lenient` or `dump-strict` of `grammar/composefs-dump.abnf`, and the two rules that
/// the grammar leaves out: no byte-order mark, no CR at the end of a line. Lengths, ranges and the
/// shape of the tree are not looked at.
///
/// # Errors
/// The offset of the byte, from 0.
///
/// # Example
/// ```
/// use cfs::dump::{Profile, lexical_verdict};
/// let text = b"a 0 100644 1 0 0 0 0.0 - - -\n";
/// assert_eq!(lexical_verdict(text, Profile::Lenient), Ok(()));
/// assert_eq!(lexical_verdict(text, Profile::Strict), Err(0));
/// ```
pub fn lexical_verdict(text: &[u8], profile: Profile) -> Result<(), usize> {
    let (rest, (lines, terminated)) = lex::dump(text).map_err(|_| 0_usize)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(0);
    }
    let mut findings = lines.iter().flat_map(lex::Line::findings);
    if let Some(fault) = findings.find(|finding| finding.is_error(profile)) {
        return Err(place(fault.at, text));
    }
    if !rest.is_empty() || (!terminated && profile == Profile::Strict) {
        return Err(place(rest, text));
    }
    Ok(())
}

/// What a text must not begin with.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a piece of some bytes begins in them.
fn place(piece: &[u8], whole: &[u8]) -> usize {
    piece.as_ptr().addr().saturating_sub(whole.as_ptr().addr()).min(whole.len())
}

/// What is left of a line with an error in it.
fn bad(line: &[u8]) -> Outcome<'_> {
    let path = lex::path(line).ok().map(|(_, path)| path);
    let path = path.filter(|path| path.value.is_some() && long_name(path.raw).is_none());
    let mode = line.split(|&byte| byte == b' ').nth(2).unwrap_or_default();
    let mode_of = |number: Number<'_>| file_type(number::value(number.digits, number.radix)?);
    let known = lex::octal(mode).ok().and_then(|(_, number)| mode_of(number));
    let directory = !mode.starts_with(b"@")
        && known.is_none_or(|known| known.file_type() == FileType::Directory);
    Outcome::Bad { path: path.map(|path| path.raw), directory }
}

/// The low 16 bits of MODE, if their type exists.
fn file_type(mode: u64) -> Option<Mode> {
    Mode::new(low16(mode))
}

/// The length of the first name that is too long.
fn long_name(path: &[u8]) -> Option<usize> {
    let path = unescape(path).unwrap_or_default();
    path.split(|&byte| byte == b'/').map(<[u8]>::len).find(|&len| len > MAX_NAME)
}

/// The line holds an error, which has been reported.
struct Refused;

type Checked<T> = Result<T, Refused>;

/// Turns findings into issues, in the order of the rules.
struct Reader<'a, 'i> {
    line: &'a [u8],
    profile: Profile,
    issues: &'i mut Vec<Issue>,
}

impl<'a> Reader<'a, '_> {
    fn line(&mut self) -> Checked<Entry<'a>> {
        let Ok((_, line)) = lex::line(self.line) else {
            let empty = Detail::Words("an empty line");
            return self
                .refuse(Finding::new(Code::EmptyLine, Field::Line, self.line).detail(empty));
        };
        self.raise_all(&line.findings)?;
        self.path(Field::Path, &line.path)?;
        self.raise_all(line.missing.as_slice())?;
        let path = line.path.raw;
        let body = match line.body {
            lex::Body::Hardlink(link) => self.hardlink(&link)?,
            lex::Body::Entry(tokens) => Body::Inode(self.inode(&tokens)?),
            // Too few fields, which has just been reported.
            lex::Body::Short => return Err(Refused),
        };
        Ok(Entry { path, body })
    }

    /// PATH, or the target of a hard link.
    fn path(&mut self, field: Field, path: &Token<'a>) -> Checked<()> {
        self.raise_all(&path.findings)?;
        let finding = |code| Finding::new(code, field, path.raw);
        if let Some(len) = long_name(path.raw) {
            return self.refuse(finding(Code::NameTooLong).detail(Detail::Length(len)));
        }
        let len = unescaped_len(path.raw);
        self.check(len <= MAX_PATH, finding(Code::PathTooLong).detail(Detail::Length(len)))
    }

    fn hardlink(&mut self, link: &lex::Hardlink<'a>) -> Checked<Body<'a>> {
        let raw = link.mode.raw;
        let mode = self.number(Field::Mode, &link.mode, u64::from(u32::MAX))?;
        let directory = file_type(mode).is_some_and(|it| it.file_type() == FileType::Directory);
        let quote = Some(raw);
        let finding = Finding::new(Code::HardlinkDirectory, Field::Mode, link.sign);
        self.check(!directory, Finding { quote, ..finding })?;
        let typeless = low16(mode) & Mode::TYPE_MASK == 0;
        self.check(!typeless, Finding::new(Code::HardlinkTypeless, Field::Mode, raw))?;
        if !typeless {
            self.mode_bits(mode, raw)?;
        }
        let target = &link.target;
        let given = target.set().is_some();
        self.check(given, Finding::new(Code::HardlinkNoTarget, Field::Payload, target.raw))?;
        self.path(Field::Payload, target)?;
        Ok(Body::Link { target: target.raw })
    }

    /// MODE as 16 bits.
    fn mode_bits(&mut self, mode: u64, raw: &'a [u8]) -> Checked<Mode> {
        let Some(known) = file_type(mode) else {
            return self.refuse(Finding::new(Code::BadMode, Field::Mode, raw));
        };
        let fits = u64::from(known.bits()) == mode;
        self.check(fits, Finding::new(Code::ModeExtraBits, Field::Mode, raw))?;
        Ok(known)
    }

    fn number(&mut self, field: Field, token: &Token<'a, Number<'a>>, max: u64) -> Checked<u64> {
        let number = self.value(token)?;
        let value = number::value(number.digits, number.radix);
        match value.filter(|&value| value <= max) {
            Some(value) => Ok(value),
            None => self.refuse(Finding::new(Code::NumberRange, field, number.raw)),
        }
    }

    /// What a token means, once all is said that there is to say about it.
    fn value<T: Copy>(&mut self, token: &Token<'a, T>) -> Checked<T> {
        self.raise_all(&token.findings)?;
        token.value.ok_or(Refused)
    }

    fn raise_all(&mut self, findings: &[Finding<'a>]) -> Checked<()> {
        findings.iter().try_for_each(|finding| self.raise(finding))
    }

    /// Raises a finding unless all is well.
    fn check(&mut self, well: bool, finding: Finding<'a>) -> Checked<()> {
        if well { Ok(()) } else { self.raise(&finding) }
    }

    /// Raises a finding that is an error in both profiles.
    fn refuse<T>(&mut self, finding: Finding<'a>) -> Checked<T> {
        self.raise(&finding.class(Class::Error))?;
        Err(Refused)
    }

    fn raise(&mut self, finding: &Finding<'a>) -> Checked<()> {
        let quoted = |it: &[u8]| Detail::Quote { start: place(it, self.line), len: it.len() };
        let issue = Issue {
            code: finding.code,
            severity: finding.class.severity(self.profile),
            field: finding.field,
            start: place(finding.at, self.line),
            len: finding.at.len(),
            detail: finding.quote.map_or(finding.detail, quoted),
        };
        self.issues.push(issue);
        if issue.is_error() { Err(Refused) } else { Ok(()) }
    }
}
