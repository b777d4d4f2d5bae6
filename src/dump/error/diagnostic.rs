//! Findings in words.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::super::escape::unescaped_len;
use super::{Code, Detail, Field, Issue, Position, Severity};
use crate::num::wide;

/// How many bytes of a dump a message quotes.
const QUOTED: usize = 40;

/// A finding that knows its place in the text and its words.
///
/// `Display` is one line, `LINE:COLUMN: error[CODE]: FIELD: expected …, found …`; a command puts the
/// name of the file before it.
///
/// # Example
/// ```
/// use cfs::dump::{Code, Detail, Diagnostic, Field, Issue, Severity};
/// let line = b"/a 12x 100644 1 0 0 0 0.0 - - -";
/// let issue = Issue {
///     code: Code::BadNumber,
///     severity: Severity::Error,
///     field: Field::Size,
///     start: 5,
///     len: 1,
///     detail: Detail::Quote { start: 3, len: 3 },
/// };
/// let diagnostic = Diagnostic::new(&issue, line, 2, 31);
/// assert_eq!(diagnostic.position().offset, 36);
/// assert_eq!(
///     diagnostic.to_string(),
///     "2:6: error[bad-number]: SIZE: expected a decimal number, found \"12x\""
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    code: Code,
    severity: Severity,
    field: Field,
    position: Position,
    span_len: usize,
    expected: Cow<'static, str>,
    found: Box<str>,
}

impl Diagnostic {
    /// Gives an issue its place and its words. `line` is the line without its line feed, the
    /// `number`th of the text, counted from 1, and begins at byte `offset`.
    #[must_use]
    pub fn new(issue: &Issue, line: &[u8], number: usize, offset: usize) -> Self {
        let position = Position {
            line: number,
            column: issue.start.saturating_add(1),
            offset: offset.saturating_add(issue.start),
        };
        Self {
            code: issue.code,
            severity: issue.severity,
            field: issue.field,
            position,
            span_len: issue.len,
            expected: expected(issue),
            found: found(issue, line).into_boxed_str(),
        }
    }

    /// The same finding at another place: it begins and ends at these bytes of the line, counted from
    /// 0, which begins at byte `offset`.
    pub(crate) fn moved(mut self, span: std::ops::Range<usize>, offset: usize) -> Self {
        self.position.column = span.start.saturating_add(1);
        self.position.offset = offset.saturating_add(span.start);
        self.span_len = span.len();
        self
    }

    /// What is wrong, as a code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether the dump is refused for it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The field it is about.
    #[must_use]
    pub fn field(&self) -> Field {
        self.field
    }

    /// The first byte that cannot be right.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// How many bytes from there to underline; 0 at the end of a line.
    #[must_use]
    pub fn span_len(&self) -> usize {
        self.span_len
    }

    /// What should stand there, in words.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What stands there, in words or quoted.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What to do about it, if there is something short to say.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        hint(self.code, self.field)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column, .. } = self.position;
        write!(f, "{line}:{column}: {}[{}]: ", self.severity.name(), self.code.name())?;
        if self.field != Field::Line {
            write!(f, "{}: ", self.field.name())?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for Diagnostic {}

/// What stands in the line.
fn found(issue: &Issue, line: &[u8]) -> String {
    let piece = |start: usize, len: usize| {
        let rest = line.get(start..).unwrap_or_default();
        rest.get(..len).unwrap_or(rest)
    };
    let span = |start, len| quoted(piece(start, len));
    match issue.detail {
        Detail::Span => match issue.code {
            Code::ByteOrderMark => "a byte-order mark".to_owned(),
            Code::RootDuplicate => "a second one".to_owned(),
            Code::RootNotDirectory => {
                let mode = line.split(|&byte| byte == b' ').nth(2).unwrap_or_default();
                format!("the mode {}", quoted(mode))
            }
            Code::MixedDigests => {
                format!("one of {} digits", unescaped_len(piece(issue.start, issue.len)))
            }
            _ => span(issue.start, issue.len),
        },
        Detail::Quote { start, len } => span(start, len),
        Detail::Words(words) => words.to_owned(),
        Detail::Byte(byte) => format!("the byte 0x{byte:02x}"),
        Detail::Lengths { declared, .. } if issue.field == Field::Size => declared.to_string(),
        Detail::Length(len) | Detail::Lengths { found: len, .. } => bytes(wide(len)),
        Detail::Count(count) => count.to_string(),
        Detail::Earlier(line) => {
            format!("{}, given on line {line}", span(issue.start, issue.len))
        }
    }
}

fn bytes(len: u64) -> String {
    if len == 1 { "1 byte".to_owned() } else { format!("{len} bytes") }
}

/// The start of a piece of the text, in quotes, with odd bytes escaped as the text itself does.
fn quoted(span: &[u8]) -> String {
    if span.is_empty() {
        return "nothing".to_owned();
    }
    let mut text = String::from("\"");
    for &byte in span {
        if text.len() > QUOTED {
            text.push('…');
            break;
        }
        match byte {
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => _ = write!(text, "\\x{byte:02x}"),
        }
    }
    text.push('"');
    text
}

/// What should stand there.
fn expected(issue: &Issue) -> Cow<'static, str> {
    match (issue.code, issue.detail) {
        (Code::ContentSize, Detail::Lengths { declared, .. }) => {
            format!("{}, as SIZE says", bytes(declared)).into()
        }
        (Code::SymlinkSize, Detail::Lengths { found, .. }) => {
            format!("{found}, the length of the target").into()
        }
        (Code::UnescapedByte, Detail::Byte(byte)) => format!("the escape \\x{byte:02x}").into(),
        (Code::BadNumber, _) => expected_number(issue.field).into(),
        (Code::NumberRange, _) => expected_range(issue.field).into(),
        (code, _) => expected_words(code).into(),
    }
}

fn expected_number(field: Field) -> &'static str {
    match field {
        Field::Mode => "an octal number",
        Field::Mtime => "seconds, a dot and nanoseconds",
        _ => "a decimal number",
    }
}

fn expected_range(field: Field) -> &'static str {
    match field {
        Field::Size => "at most 18446744073709551615",
        Field::Mode => "at most 177777",
        Field::Mtime => "seconds that fit 64 bits and at most 999999999 nanoseconds",
        _ => "at most 4294967295",
    }
}

fn expected_words(code: Code) -> &'static str {
    match code {
        Code::ByteOrderMark => "the line of the root",
        Code::NulByte => "text without NUL bytes",
        Code::Crlf => "a line that ends in a line feed alone",
        Code::EmptyLine => "an entry",
        Code::NoFinalNewline => "a line feed",
        Code::MissingField => "eleven fields",
        Code::TrailingSpace => "the end of the line",
        Code::EmptyField => "\"-\" or a value",
        Code::BadEscape => r"\\, \n, \r, \t, or \x and two hex digits",
        Code::UnescapedByte => "an escape such as \\x7f",
        Code::PathEmpty => "a path",
        Code::PathNul => "a path without NUL",
        Code::PathRelative => "a path that begins with \"/\"",
        Code::PathDoubleSlash => "a path with single slashes",
        Code::PathTrailingSlash => "a path that ends in a name",
        Code::PathDot => "names other than \".\" and \"..\"",
        Code::NameTooLong => "names of at most 255 bytes",
        Code::PathTooLong => "a path of at most 4095 bytes",
        Code::NoRoot => "the root \"/\" as the first entry",
        Code::RootDuplicate => "the root once",
        Code::RootNotDirectory => "a directory as the root",
        Code::ParentMissing => "a path whose parent was given before",
        Code::ParentNotDirectory => "a path whose parent is a directory",
        Code::DuplicatePath => "a path that was not given before",
        Code::BadNumber | Code::NumberRange => "a number",
        Code::NumberSpelling => "digits without plus sign or leading zeros",
        Code::NsecRange => "at most 999999999 nanoseconds",
        Code::BadMode | Code::HardlinkTypeless => "a file type and permissions, such as 100644",
        Code::ModeExtraBits => "at most 177777, which is 16 bits",
        Code::SizeTooBig => "at most 9007199254740992 bytes",
        Code::SizeIgnored => "0 for a device, FIFO or socket",
        Code::SymlinkSize => "the length of the target",
        Code::RdevIgnored => "0 for what is not a device",
        Code::SymlinkNoTarget => "the target of a symlink",
        Code::PayloadNul => "a value without NUL",
        Code::PayloadTooLong => "at most 4095 bytes",
        Code::PayloadIgnored => "\"-\", as this file keeps no payload",
        Code::ContentSize => "as many bytes as SIZE says",
        Code::ContentTooLong => "at most 5000 bytes",
        Code::ContentIgnored => "\"-\" for what is not a regular file",
        Code::BadDigest => "\"-\", 64 or 128 hex digits",
        Code::DigestCase => "lower-case hex digits",
        Code::DigestIgnored => "\"-\", as this file keeps no digest",
        Code::XattrNoEquals => "KEY=VALUE",
        Code::XattrKeyEmpty => "a key before \"=\"",
        Code::XattrKeyNul => "a key without NUL",
        Code::XattrKeyTooLong => "a key of at most 255 bytes",
        Code::XattrTooBig => "xattrs of at most 32767 bytes in all",
        Code::XattrDuplicate => "every key once",
        Code::XattrReserved => "a key that an image can carry",
        Code::HardlinkDirectory => "the mode of anything but a directory",
        Code::HardlinkNoTarget => "the path of a hard link's target",
        Code::HardlinkMissing => "the path of an entry",
        Code::HardlinkSelf => "a path other than the link's own",
        Code::HardlinkToDirectory => "the path of anything but a directory",
        Code::HardlinkCycle => "hard links that lead to an entry",
        Code::HardlinkChain => "the path of an entry that is no hard link",
        Code::TooManyEntries => "at most 268434431 entries",
        Code::CarrierMoved => "the inode at the first of its names",
        Code::MixedDigests => "digests of one length",
    }
}

fn hint(code: Code, field: Field) -> Option<&'static str> {
    Some(match code {
        Code::MissingField => hint_of_missing(field),
        Code::ByteOrderMark => "save the text without a byte-order mark",
        Code::NulByte => "in CONTENT and in the value of an xattr, write \\x00",
        Code::Crlf => "convert the line ends to single line feeds",
        Code::NoFinalNewline => "end the last line with a line feed",
        Code::BadEscape => "write a backslash itself as \\\\",
        Code::EmptyField => "write an unset field as \"-\"",
        Code::NoRoot => "begin with a line such as \"/ 0 40755 2 0 0 0 0.0 - - -\"",
        Code::ParentMissing => "give a directory before what is in it",
        Code::BadMode => "write the file type too: 100644 for a file, 40755 for a directory",
        Code::ContentSize | Code::SymlinkSize => "count the bytes after unescaping",
        Code::ContentTooLong => "keep the content as an object, named in PAYLOAD and DIGEST",
        Code::SymlinkNoTarget | Code::HardlinkNoTarget => {
            "name the target in PAYLOAD, the ninth field"
        }
        Code::HardlinkTypeless | Code::HardlinkDirectory => "give the mode of the target",
        Code::HardlinkMissing => "a target has a line of its own, before or after the link's",
        Code::HardlinkToDirectory => "a directory has one name; use a symlink",
        Code::HardlinkCycle => "make one of the links an entry of its own",
        Code::HardlinkChain => "name the entry that carries the inode",
        Code::XattrNoEquals => "separate fields by one space; a space in a value is \\x20",
        Code::XattrTooBig => "they count 12, and each one 7 more than its key and value",
        Code::XattrDuplicate => "the later value counts",
        Code::XattrReserved => "a whiteout is a character device with RDEV 0",
        Code::NumberSpelling | Code::DigestCase | Code::UnescapedByte => {
            "`cfs dump` writes the canonical spelling"
        }
        _ => return None,
    })
}

/// What to write where fields are missing from `first` on.
fn hint_of_missing(first: Field) -> &'static str {
    match first {
        Field::Payload => "write the target of a link, or \"-\"",
        Field::Content | Field::Digest => "write an unset field as \"-\"",
        _ => "they are PATH SIZE MODE NLINK UID GID RDEV MTIME PAYLOAD CONTENT DIGEST",
    }
}
