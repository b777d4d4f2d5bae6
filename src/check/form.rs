//! Whether the lines of a text are those of the canonical form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::text::{Line, lines};
use super::{Code, Finding, Place};
use crate::dump::{Field, path_of};

/// Finds the lines that are not those of the canonical text of the same tree: at most one finding about
/// the order and one about the spelling of each. SIZE and NLINK of directories may be any, and where
/// something was `said` of a field, it is not said again.
pub(super) fn form(text: &[u8], canonical: &[u8], said: &[Finding]) -> Vec<Finding> {
    let said = Said::new(said);
    let mut found = Vec::new();
    let mut pairs = lines(text).zip(lines(canonical));
    let mut last = Cow::default();
    for (line, wanted) in pairs.by_ref() {
        if line.text == wanted.text {
            last = Cow::Borrowed(wanted.text);
            continue;
        }
        if path_of(line.text) == path_of(wanted.text) {
            found.extend(spelling(&line, wanted.text, &said));
            last = Cow::Borrowed(wanted.text);
            continue;
        }
        // From here on, the canonical form has the same lines in another order.
        let rest: Vec<_> = std::iter::once((line, wanted)).chain(pairs).collect();
        disordered(&rest, path_of(&last), &said, &mut found);
        break;
    }
    found
}

/// Looks at lines that are paired with those that should stand there, behind the line of a path.
fn disordered<'t>(
    pairs: &[(Line<'t>, Line<'t>)],
    behind: Cow<'t, [u8]>,
    said: &Said,
    found: &mut Vec<Finding>,
) {
    let wanted: BTreeMap<_, _> =
        pairs.iter().map(|(_, wanted)| (path_of(wanted.text), wanted.text)).collect();
    let mut highest = behind;
    for (line, _) in pairs {
        let path = path_of(line.text);
        if is_before(&path, &highest) {
            let message = format!("behind {}, which sorts after it", quoted(&highest));
            let place = line.place(Field::Path);
            found.push(about(Code::LineOrder, path.to_vec(), Field::Path, place, message));
        } else {
            highest.clone_from(&path);
        }
        if let Some(wanted) = wanted.get(&path).filter(|&&wanted| wanted != line.text) {
            found.extend(spelling(line, wanted, said));
        }
    }
}

/// Whether a path comes before another one in a canonical text: name by name.
fn is_before(path: &[u8], other: &[u8]) -> bool {
    let names = |path| <[u8]>::split(path, |&byte: &u8| byte == b'/');
    names(path).lt(names(other))
}

fn about(code: Code, path: Vec<u8>, field: Field, place: Place, message: String) -> Finding {
    let of_source = Finding::of_source(code, place, message);
    Finding { path: Some(path), field, ..of_source }
}

/// Where something was said before: bytes of the text, sorted.
struct Said(Vec<usize>);

impl Said {
    fn new(said: &[Finding]) -> Self {
        let offset = |finding: &Finding| match finding.place {
            Place::Line { at, .. } => Some(at.offset),
            _ => None,
        };
        let mut offsets: Vec<usize> = said.iter().filter_map(offset).collect();
        offsets.sort_unstable();
        Self(offsets)
    }

    /// Whether something was said of a place.
    fn of(&self, place: Place) -> bool {
        let Place::Line { at, len } = place else { return false };
        let next = self.0.partition_point(|&offset| offset < at.offset);
        self.0.get(next).is_some_and(|&offset| offset <= at.offset.saturating_add(len))
    }
}

/// The fields of a line before its xattrs.
const FIXED: usize = Field::FIXED.len();

/// Finds the first field that the canonical line of the same path spells otherwise.
fn spelling(line: &Line<'_>, wanted: &[u8], said: &Said) -> Option<Finding> {
    let fields = |line| <[u8]>::split(line, |&byte: &u8| byte == b' ');
    let mode = |line| fields(line).nth(2).unwrap_or_default();
    let (mode, wanted_mode) = (mode(line.text), mode(wanted));
    // That another name carries the inode is said as such.
    if mode.starts_with(b"@") != wanted_mode.starts_with(b"@") {
        return None;
    }
    let is_directory = wanted_mode.len() == 5 && wanted_mode.starts_with(b"4");
    let is_any = |field| is_directory && matches!(field, Field::Size | Field::Nlink);
    let all_fixed = Field::FIXED.iter().copied();
    let pairs = fields(line.text).chain(std::iter::repeat(&b""[..])).zip(fields(wanted));
    for (field, (found, wanted)) in all_fixed.zip(pairs).filter(|(_, (a, b))| a != b) {
        let place = line.place(field);
        if !is_any(field) && !said.of(place) {
            let message =
                format!("{}: expected {}, found {}", field.name(), quoted(wanted), quoted(found));
            return Some(canonical(line, field, place, message));
        }
    }
    xattrs(line, fields(line.text).skip(FIXED), fields(wanted).skip(FIXED), said)
}

/// Finds the first xattr that is not the one of the canonical line.
fn xattrs<'l>(
    line: &Line<'_>,
    found: impl Iterator<Item = &'l [u8]> + Clone,
    wanted: impl Iterator<Item = &'l [u8]> + Clone,
    said: &Said,
) -> Option<Finding> {
    if found.clone().eq(wanted.clone()) {
        return None;
    }
    let is_same = |(a, b): &(&[u8], &[u8])| a == b;
    let same = found.clone().zip(wanted.clone()).take_while(is_same).count();
    let len = |fields: &mut dyn Iterator<Item = &'l [u8]>| -> usize {
        fields.map(|field| field.len().saturating_add(1)).sum()
    };
    let all = len(&mut found.clone());
    let start = line.text.len().saturating_sub(all);
    if said.of(line.part(start, all)) {
        return None;
    }
    let start = start.saturating_add(1).saturating_add(len(&mut found.clone().take(same)));
    let here = found.clone().nth(same).unwrap_or_default();
    let sorted = |fields: &mut dyn Iterator<Item = &'l [u8]>| {
        let mut fields: Vec<&[u8]> = fields.collect();
        fields.sort_unstable();
        fields
    };
    let is_order = sorted(&mut found.clone()) == sorted(&mut wanted.clone());
    let wanted = wanted.clone().nth(same).map_or_else(|| "the end of the line".into(), quoted);
    let order = if is_order { " first, as an image gives xattrs back" } else { "" };
    let message = format!("XATTR: expected {wanted}{order}, found {}", quoted(here));
    Some(canonical(line, Field::Xattr, line.part(start, here.len()), message))
}

fn canonical(line: &Line<'_>, field: Field, place: Place, message: String) -> Finding {
    about(Code::NotCanonical, path_of(line.text).into_owned(), field, place, message)
}

/// The most characters that a message quotes.
const QUOTED: usize = 40;

/// Bytes of a line, cut if they are many.
fn quoted(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("\"{}…\"", text.get(..end).unwrap_or_default()),
        None => format!("\"{text}\""),
    }
}
