//! The grammar of a dump text: one function for each rule of `grammar/composefs-dump.abnf`.
//!
//! A rule and its function have the same name, and nothing else here is visible outside. Fields are
//! lexed one by one, and a bad one does not stop the rest: what is wrong with it lies in its
//! [`Token`] as [`Finding`]s, for the caller to weigh. A finding of class `StrictError` is what
//! tells the two start rules of the grammar apart.

mod token;

pub(super) use token::{Body, Entry, Finding, Hardlink, Line, Number, Pair, Time, Token};

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_till1, take_while1};
use nom::character::complete::{char, digit1, oct_digit1, one_of};
use nom::combinator::{consumed, eof, not, opt, peek, recognize, verify};
use nom::error::{Error, ErrorKind};
use nom::multi::{count, many_m_n, many0, many0_count, many1_count, separated_list1};
use nom::number::complete::u8 as one_byte;
use nom::sequence::{preceded, separated_pair, terminated};
use nom::{Err, IResult, Parser};

use super::error::{Class, Code, Detail, Field};
use super::escape::{escape_at, is_graphic, unescape};
use super::paths::is_plain_path;

/// What a parser leaves, and what it made of the rest.
pub(super) type Parsed<'a, T> = IResult<&'a [u8], T>;

/// A parser of this grammar.
trait Lexer<'a, T>: Parser<&'a [u8], Output = T, Error = Error<&'a [u8]>> {}

impl<'a, T, P: Parser<&'a [u8], Output = T, Error = Error<&'a [u8]>>> Lexer<'a, T> for P {}

// ---- the text and its lines ---------------------------------------------------------------------

/// `dump-strict`, `dump-lenient`: lines, and whether a line feed ends the last one.
pub(super) fn dump(i: &[u8]) -> Parsed<'_, (Vec<Line<'_>>, bool)> {
    let end = opt(char('\n')).map(|end| end.is_some());
    (separated_list1(char('\n'), line), end).parse(i)
}

/// `line-strict`, `line-lenient`: an entry or a hard link, up to the line feed.
pub(super) fn line(i: &[u8]) -> Parsed<'_, Line<'_>> {
    let (rest, raw) = take_till1(|byte| byte == b'\n')(i)?;
    let (_, mut line) = alt((hardlink, entry)).parse(raw)?;
    line.findings = Finding::of_line(raw).into_iter().collect();
    Ok((rest, line))
}

/// `hardlink-strict`, `hardlink-lenient`: a line with an `@` before MODE. Only PATH, MODE and the
/// target are looked at.
pub(super) fn hardlink(i: &[u8]) -> Parsed<'_, Line<'_>> {
    let (rest, path) = path(i)?;
    let (rest, _) = (space, any, space).parse(rest)?;
    let (rest, sign) = tag("@")(rest)?;
    let (rest, mode) = mode(rest)?;
    let (rest, skipped) = many_m_n(0, 5, preceded(space, any)).parse(rest)?;
    let (rest, target) = opt(preceded(space, target)).parse(rest)?;
    let (rest, more) = many0_count(preceded(space, any)).parse(rest)?;
    let given = 3 + skipped.len() + usize::from(target.is_some()) + more;
    let missing = Finding::missing_field(given, 9, rest);
    let body = match target {
        Some(target) => Body::Hardlink(Hardlink { sign, mode, target }),
        None => Body::Short,
    };
    Ok((rest, Line { findings: Vec::new(), path, missing, body }))
}

/// `entry-strict`, `entry-lenient`: a line that carries an inode.
pub(super) fn entry(i: &[u8]) -> Parsed<'_, Line<'_>> {
    let (rest, path) = path(i)?;
    let (end, more) = many0_count(preceded(space, any)).parse(rest)?;
    let missing = Finding::missing_field(1 + more, 8, end);
    if missing.is_some_and(|finding| finding.class == Class::Error) {
        return Ok((end, Line { findings: Vec::new(), path, missing, body: Body::Short }));
    }
    let (rest, fields) = fields(rest)?;
    Ok((rest, Line { findings: Vec::new(), path, missing, body: Body::Entry(Box::new(fields)) }))
}

/// What follows PATH, which is known to be eight fields or more in all.
fn fields(i: &[u8]) -> Parsed<'_, Entry<'_>> {
    let (i, size) = preceded(space, size).parse(i)?;
    let (i, mode) = preceded(space, mode).parse(i)?;
    let (i, nlink) = preceded(space, nlink).parse(i)?;
    let (i, uid) = preceded(space, uid).parse(i)?;
    let (i, gid) = preceded(space, gid).parse(i)?;
    let (i, rdev) = preceded(space, rdev).parse(i)?;
    let (i, mtime) = preceded(space, mtime).parse(i)?;
    let (i, payload) = given_or_missing(payload, i)?;
    let (i, content) = given_or_missing(content, i)?;
    let (i, digest) = given_or_missing(digest, i)?;
    let (i, (with_space, xattrs)) = consumed(many0(preceded(space, xattr))).parse(i)?;
    let (i, last) = opt(recognize(space)).parse(i)?;
    let trailing = last.map(|last| {
        Finding::new(Code::TrailingSpace, Field::Line, last).detail(Detail::Words("a space"))
    });
    let xattrs_raw = with_space.get(1..).unwrap_or_default();
    let entry = Entry {
        size,
        mode,
        nlink,
        uid,
        gid,
        rdev,
        mtime,
        payload,
        content,
        digest,
        xattrs,
        xattrs_raw,
        trailing,
    };
    Ok((i, entry))
}

fn given_or_missing<'a>(field: impl Lexer<'a, Token<'a>>, i: &'a [u8]) -> Parsed<'a, Token<'a>> {
    let (rest, given) = opt(preceded(space, field)).parse(i)?;
    let missing = || Token { raw: rest, value: Some(()), findings: Vec::new() };
    Ok((rest, given.unwrap_or_else(missing)))
}

fn space(i: &[u8]) -> Parsed<'_, char> {
    char(' ')(i)
}

/// `any`: a field that is not looked at.
pub(super) fn any(i: &[u8]) -> Parsed<'_, &[u8]> {
    take_till(|byte| matches!(byte, b' ' | b'\n' | 0))(i)
}

/// A field, whatever is in it.
fn field(i: &[u8]) -> Parsed<'_, &[u8]> {
    take_till(|byte| matches!(byte, b' ' | b'\n'))(i)
}

// ---- paths --------------------------------------------------------------------------------------

/// `path-strict`, `path-lenient`: PATH.
pub(super) fn path(i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, raw) = field(i)?;
    let mut token = string(Field::Path, raw);
    if raw.is_empty() {
        token.push(Finding::new(Code::PathEmpty, Field::Path, raw));
    }
    token.judge_path(Field::Path, Class::Error);
    Ok((rest, token))
}

/// `target-strict`, `target-lenient`: PAYLOAD of a hard link. A lone `-` counts as a path here.
pub(super) fn target(i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, raw) = field(i)?;
    let mut token = string(Field::Payload, raw);
    token.judge_path(Field::Payload, Class::StrictError);
    Ok((rest, token))
}

/// `name`: a component of a path other than `.` and `..`.
pub(super) fn name(i: &[u8]) -> Parsed<'_, &[u8]> {
    let more = || many0_count(alt((plain, dot)));
    alt((recognize((many_m_n(0, 2, dot), plain, more())), recognize((count(dot, 3), more()))))
        .parse(i)
}

/// `slash`: a slash, escaped or not.
pub(super) fn slash(i: &[u8]) -> Parsed<'_, u8> {
    verify(byte, |byte| *byte == b'/').parse(i)
}

/// `dot`: a dot, escaped or not.
pub(super) fn dot(i: &[u8]) -> Parsed<'_, u8> {
    verify(byte, |byte| *byte == b'.').parse(i)
}

/// `plain`: any other byte of a name.
pub(super) fn plain(i: &[u8]) -> Parsed<'_, u8> {
    verify(byte, |byte| !matches!(byte, b'/' | b'.' | 0)).parse(i)
}

/// The slashes before the first component; for each component whether it is `.` or `..`, and the
/// slashes behind it.
type Components = (usize, Vec<(bool, usize)>);

fn components(i: &[u8]) -> Parsed<'_, Components> {
    let component = alt((name.map(|_| false), many_m_n(1, 2, dot).map(|_| true)));
    (many0_count(slash), many0((component, many0_count(slash)))).parse(i)
}

impl<'a> Token<'a> {
    /// Finds what is wrong with a path that holds no bad escape.
    fn judge_path(&mut self, field: Field, trailing: Class) {
        if self.value.is_none() || is_plain_path(self.raw) {
            return;
        }
        let Ok(([], (leading, components))) = components(self.raw) else {
            return self.push(Finding::new(Code::PathNul, field, self.raw));
        };
        let is_root = leading == 1 && components.is_empty();
        let behind = components.last().map_or(leading, |&(_, slashes)| slashes);
        let inner = components.iter().any(|&(_, slashes)| slashes > 1);
        let checks = [
            (leading == 0, Code::PathRelative, Class::StrictError),
            (behind > 0 && !is_root, Code::PathTrailingSlash, trailing),
            (leading > 1 || inner, Code::PathDoubleSlash, Class::StrictError),
            (components.iter().any(|&(dots, _)| dots), Code::PathDot, Class::Error),
        ];
        for (_, code, class) in checks.into_iter().filter(|&(wrong, ..)| wrong) {
            self.push(Finding::new(code, field, self.raw).class(class));
        }
    }
}

// ---- numbers ------------------------------------------------------------------------------------

/// `size`: SIZE.
pub(super) fn size(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Size, uint, i)
}

/// `mode`: MODE, behind the `@` if there is one.
pub(super) fn mode(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Mode, octal, i)
}

/// `nlink`: NLINK.
pub(super) fn nlink(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Nlink, uint, i)
}

/// `uid`: UID.
pub(super) fn uid(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Uid, uint, i)
}

/// `gid`: GID.
pub(super) fn gid(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Gid, uint, i)
}

/// `rdev`: RDEV.
pub(super) fn rdev(i: &[u8]) -> Parsed<'_, Token<'_, Number<'_>>> {
    number(Field::Rdev, uint, i)
}

/// `mtime`: MTIME.
pub(super) fn mtime(i: &[u8]) -> Parsed<'_, Token<'_, Time<'_>>> {
    let (rest, raw) = field(i)?;
    let time = (terminated(seconds, char('.')), uint)
        .map(|(seconds, nanoseconds)| Time { seconds, nanoseconds });
    let mut token = digits(Field::Mtime, time, raw);
    if let Some(Time { seconds, nanoseconds }) = token.value {
        token.judge_spelling(Field::Mtime, seconds);
        token.judge_spelling(Field::Mtime, nanoseconds);
    }
    Ok((rest, token))
}

/// `seconds`: the part of MTIME before the dot.
pub(super) fn seconds(i: &[u8]) -> Parsed<'_, Number<'_>> {
    signed(one_of("+-"), digit1, 10, i)
}

/// `uint`: a decimal number.
pub(super) fn uint(i: &[u8]) -> Parsed<'_, Number<'_>> {
    signed(char('+'), digit1, 10, i)
}

/// `octal`: an octal number.
pub(super) fn octal(i: &[u8]) -> Parsed<'_, Number<'_>> {
    signed(char('+'), oct_digit1, 8, i)
}

fn signed<'a>(
    sign: impl Lexer<'a, char>,
    digits: impl Lexer<'a, &'a [u8]>,
    radix: u64,
    i: &'a [u8],
) -> Parsed<'a, Number<'a>> {
    let number = |(raw, (sign, digits))| Number { raw, negative: sign == Some('-'), digits, radix };
    consumed((opt(sign), digits)).map(number).parse(i)
}

fn number<'a>(
    of: Field,
    parser: impl Lexer<'a, Number<'a>>,
    i: &'a [u8],
) -> Parsed<'a, Token<'a, Number<'a>>> {
    let (rest, raw) = field(i)?;
    let mut token = digits(of, parser, raw);
    if let Some(number) = token.value {
        token.judge_spelling(of, number);
    }
    Ok((rest, token))
}

/// A whole field as numbers, or the first byte that fits none.
fn digits<'a, T>(field: Field, mut parser: impl Lexer<'a, T>, raw: &'a [u8]) -> Token<'a, T> {
    let bad = match parser.parse(raw) {
        Ok(([], value)) => return Token { raw, value: Some(value), findings: Vec::new() },
        Ok((rest, _)) => rest,
        Err(Err::Error(error) | Err::Failure(error)) => error.input,
        Err(Err::Incomplete(_)) => raw,
    };
    let at = bad.get(..1).unwrap_or(bad);
    let finding = Finding { quote: Some(raw), ..Finding::new(Code::BadNumber, field, at) };
    Token { raw, value: None, findings: vec![finding] }
}

// ---- strings ------------------------------------------------------------------------------------

/// `payload-strict`, `payload-lenient`: PAYLOAD.
pub(super) fn payload(i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, mut token) = optional(Field::Payload, i)?;
    if !token.raw.is_empty() && text(token.raw).is_err() {
        token.push(Finding::new(Code::PayloadNul, Field::Payload, token.raw));
    }
    Ok((rest, token))
}

/// `content-strict`, `content-lenient`: CONTENT.
pub(super) fn content(i: &[u8]) -> Parsed<'_, Token<'_>> {
    optional(Field::Content, i)
}

/// `digest-strict`, `digest-lenient`: DIGEST.
pub(super) fn digest(i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, mut token) = optional(Field::Digest, i)?;
    let Some(raw) = token.set() else { return Ok((rest, token)) };
    let (odd, digits) = many0_count(digest_digit).parse(raw)?;
    let bad = Finding::new(Code::BadDigest, Field::Digest, raw);
    if !odd.is_empty() {
        token.push(Finding { quote: Some(odd), ..bad });
    } else if !matches!(digits, 64 | 128) {
        token.push(bad.detail(Detail::Count(digits)));
    } else if unescape(raw).is_ok_and(|hex| hex.iter().any(u8::is_ascii_uppercase)) {
        token.push(Finding::new(Code::DigestCase, Field::Digest, raw));
    }
    Ok((rest, token))
}

/// `digest-digit`: a hex digit of DIGEST, escaped or not.
pub(super) fn digest_digit(i: &[u8]) -> Parsed<'_, u8> {
    verify(byte, u8::is_ascii_hexdigit).parse(i)
}

/// `xattr`: key, equals sign, value. Nothing at the end of a line is no xattr.
pub(super) fn xattr(i: &[u8]) -> Parsed<'_, Token<'_, Pair<'_>>> {
    let (rest, raw) = preceded(peek(not(alt((eof, tag("\n"))))), field).parse(i)?;
    let Ok(([], (key, value))) = separated_pair(key, char('='), value).parse(raw) else {
        let finding = Finding::new(Code::XattrNoEquals, Field::Xattr, raw);
        return Ok((rest, Token { raw, value: None, findings: vec![finding] }));
    };
    let pair = Pair { key: key.raw, value: value.raw };
    let mut token = Token { raw, value: Some(pair), findings: Vec::new() };
    let (spelling, rules): (Vec<_>, Vec<_>) =
        key.findings.into_iter().partition(Finding::is_about_spelling);
    for finding in spelling.into_iter().chain(value.findings).chain(rules) {
        token.push(finding);
    }
    Ok((rest, token))
}

/// `key`: all before the first raw `=`.
pub(super) fn key(i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, raw) = take_till(|byte| matches!(byte, b'=' | b' ' | b'\n'))(i)?;
    let mut token = string(Field::Xattr, raw);
    if raw.is_empty() {
        token.push(Finding::new(Code::XattrKeyEmpty, Field::Xattr, raw));
    } else if text(raw).is_err() {
        token.push(Finding::new(Code::XattrKeyNul, Field::Xattr, raw));
    }
    Ok((rest, token))
}

/// `value`: all behind it, further equals signs too.
pub(super) fn value(i: &[u8]) -> Parsed<'_, Token<'_>> {
    field.map(|raw| string(Field::Xattr, raw)).parse(i)
}

/// `text`: a string without NUL.
pub(super) fn text(i: &[u8]) -> Parsed<'_, &[u8]> {
    let has_nul = |raw: &[u8]| unescape(raw).is_ok_and(|bytes| bytes.contains(&0));
    verify(data, |raw: &[u8]| !has_nul(raw)).parse(i)
}

/// `data`: any string.
pub(super) fn data(i: &[u8]) -> Parsed<'_, &[u8]> {
    recognize(many1_count(alt((recognize(escape), take_while1(is_raw))))).parse(i)
}

/// `escape`: a backslash and what it makes of the bytes behind it.
pub(super) fn escape(i: &[u8]) -> Parsed<'_, u8> {
    match escape_at(i) {
        Some((byte, len)) => take(len).map(|_| byte).parse(i),
        None => Err(Err::Error(Error::new(i, ErrorKind::Escaped))),
    }
}

/// A byte that stands for itself, or an escape.
fn byte(i: &[u8]) -> Parsed<'_, u8> {
    alt((verify(one_byte, |byte| is_raw(*byte)), escape)).parse(i)
}

const fn is_raw(byte: u8) -> bool {
    !matches!(byte, 0 | b'\n' | b' ' | b'\\')
}

/// PAYLOAD, CONTENT or DIGEST.
fn optional(of: Field, i: &[u8]) -> Parsed<'_, Token<'_>> {
    let (rest, raw) = field(i)?;
    let mut token = string(of, raw);
    if raw.is_empty() {
        token.push(Finding::new(Code::EmptyField, of, raw));
    }
    Ok((rest, token))
}

/// A whole field as a string: what is raw that should not be, and the first bad escape.
fn string(field: Field, raw: &[u8]) -> Token<'_> {
    let mut token = Token { raw, value: Some(()), findings: Vec::new() };
    let bad = opt(data).parse(raw).map_or(raw, |(rest, _)| rest);
    let good = raw.get(..raw.len() - bad.len()).unwrap_or(raw);
    if let Some(at) = good.iter().position(|&byte| !is_graphic(byte)) {
        let span = raw.get(at..=at).unwrap_or_default();
        let byte = span.first().map_or(Detail::Span, |&byte| Detail::Byte(byte));
        token.push(Finding::new(Code::UnescapedByte, field, span).detail(byte));
    }
    match bad {
        [] => {}
        [b'\\', ..] => token.push(Finding::new(Code::BadEscape, field, escape_span(bad))),
        _ => token.push(Finding::new(Code::NulByte, field, bad.get(..1).unwrap_or(bad))),
    }
    token
}

/// The bytes of what was meant as an escape.
fn escape_span(raw: &[u8]) -> &[u8] {
    let len = if raw.get(1) == Some(&b'x') { 4 } else { 2 };
    raw.get(..len).unwrap_or(raw)
}
