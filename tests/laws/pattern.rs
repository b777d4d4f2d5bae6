//! Laws about patterns.

use cfs::diff::{self, Diff};
use cfs::dump::{self, Options};
use cfs::pattern::{Normal, Pattern, fresh};
use cfs::tree::Tree;

use super::choose::Choose;
use super::tree::canonical;

/// The tree of a text in canonical form, if it holds no error.
pub fn tree_of(text: &[u8]) -> Option<Tree<'_>> {
    let parsed = dump::parse(text, &Options::default()).ok()?;
    Some(canonical(&parsed.tree))
}

/// Any bytes are a pattern, or an error that points inside them.
pub fn pattern_accepts_or_points(text: &[u8]) {
    match Pattern::parse(text) {
        Ok(pattern) => {
            for found in &pattern.findings().warnings {
                assert!(found.position().offset <= text.len(), "{found}");
            }
        }
        Err(error) => {
            assert!(!error.findings.errors.is_empty(), "{}", text.escape_ascii());
            let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
            for found in &error.findings.errors {
                let at = found.position();
                let line = lines.get(at.line - 1).copied().unwrap_or_default();
                assert!(at.column - 1 <= line.len(), "{found}\n{}", text.escape_ascii());
                let start = line.as_ptr().addr() - text.as_ptr().addr();
                assert_eq!(at.offset, start + at.column - 1, "{found}\n{}", text.escape_ascii());
                assert!(at.column - 1 + found.span_len() <= line.len(), "{found}");
            }
        }
    }
}

fn is_as(tree: &Tree<'_>, text: &[u8], normal: &Normal) -> bool {
    let shown = text.escape_ascii();
    let pattern = Pattern::parse(text).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    let expected = pattern.expected(tree, normal);
    let options = diff::Options::default();
    let found: Diff<'_> = expected.diff(tree, &options);
    found.changes().is_empty()
}

/// What accepts a tree says what it is, accepts it without a change, and leaves open what was open.
/// What says it already changes no byte.
pub fn accepted_is_what_is_said(text: &[u8], tree: &Tree<'_>, normal: &Normal) {
    let Ok(pattern) = Pattern::parse(text) else { return };
    let nothing = Normal::default();
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let matched = is_as(tree, text, &nothing);
    let accepted = pattern.accept(tree, &nothing);
    let all = [text, &accepted.text, &dump::print(tree)].map(shown).join("\n--\n");
    assert!(is_as(tree, &accepted.text, &nothing), "accepted, and not as it is said:\n{all}");
    if matched {
        assert_eq!(accepted.text, text, "as it is said, and changed:\n{all}");
    }
    let again = Pattern::parse(&accepted.text).expect("a pattern").accept(tree, &nothing);
    assert_eq!(again.text, accepted.text, "accepted twice:\n{all}");
    assert!(is_as(tree, &accepted.text, normal), "{all}");
    let opened = pattern.accept(tree, normal);
    let all = [text, &opened.text, &dump::print(tree)].map(shown).join("\n--\n");
    assert!(is_as(tree, &opened.text, &nothing), "opened, and not as it is said:\n{all}");
    let again = Pattern::parse(&opened.text).expect("a pattern").accept(tree, normal);
    assert_eq!(shown(&again.text), shown(&opened.text), "opened twice:\n{all}");
    if is_as(tree, text, normal) {
        assert_eq!((accepted.added, accepted.removed), (0, 0), "{all}");
    }
}

/// A dump says what its tree is, and so does a new pattern of it, whatever that leaves open.
pub fn dump_is_its_own_pattern(tree: &Tree<'_>, normal: &Normal) {
    let nothing = Normal::default();
    let text = dump::print(tree);
    assert!(is_as(tree, &text, &nothing), "{}", text.escape_ascii());
    let made = fresh(tree, &nothing).text;
    assert!(is_as(tree, &made, &nothing), "{}", made.escape_ascii());
    let read = Pattern::parse(&made).expect("a pattern");
    assert_eq!(read.accept(tree, &nothing).text, made);
    // A `*` that is meant is no open field, so it is a dump of the same tree.
    assert_eq!(tree_of(&made).as_ref(), Some(tree));
    let opened = fresh(tree, normal).text;
    assert!(is_as(tree, &opened, &nothing), "{}", opened.escape_ascii());
}

/// A few of the ways to leave something open of every entry.
pub fn normal(choose: &mut impl Choose) -> Normal {
    let words = choose.pick(&[
        "@layout",
        "@portable",
        "@access",
        "@unprivileged",
        "mtime",
        "mode,owner",
        "xattr:user.,selinux",
        "content,size",
        "target,device",
        "xattr",
        "digest,payload,nlink,dirsize",
    ]);
    Normal::from_words(words.split(',')).expect("words that there are")
}

/// A pattern made of a dump, with some of it left open.
pub fn opened(text: &[u8], choose: &mut impl Choose) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let mut fields: Vec<Vec<u8>> =
            line.split(|&byte| byte == b' ').map(<[u8]>::to_vec).collect();
        for field in fields.iter_mut().skip(1) {
            if choose.once_in(4) {
                open(field);
            }
        }
        if fields.len() >= 11 && choose.once_in(4) {
            fields.push(choose.pick(&[&b"*"[..], b"user.*", b"security.selinux*"]).to_vec());
        }
        let path = fields[0].clone();
        lines.push(fields.join(&b' '));
        if choose.once_in(6) {
            let slash = if path == b"/" { &b""[..] } else { &path };
            lines.push([slash, b"/..."].concat());
        }
        if choose.once_in(8) {
            lines.push(choose.pick(&[&b""[..], b"# a note"]).to_vec());
        }
    }
    // What is below is said by the line above it.
    if choose.once_in(2) {
        let mut at = 0;
        while at < lines.len() {
            if let Some(directory) = lines[at].strip_suffix(b"/...").map(<[u8]>::to_vec) {
                let below = [&directory[..], b"/"].concat();
                lines.retain(|line| {
                    !line.starts_with(&below) || line.ends_with(b"/...") || line.starts_with(b"/ ")
                });
            }
            at += 1;
        }
    }
    lines.join(&b'\n')
}

fn open(field: &mut Vec<u8>) {
    let kinds = ["10", "20", "40", "60", "100", "120", "140"];
    let kind = |field: &[u8]| {
        let digits = field.get(..field.len().checked_sub(4)?)?;
        kinds.iter().find(|kind| kind.as_bytes() == digits)
    };
    match field.iter().position(|&byte| byte == b'=') {
        Some(at) => field.splice(at + 1.., *b"*").for_each(drop),
        None => match kind(field) {
            Some(kind) if field.len().is_multiple_of(2) => *field = format!("{kind}*").into_bytes(),
            _ if field.starts_with(b"/") => {}
            _ if field.starts_with(b"@") => *field = b"@*".to_vec(),
            _ => *field = b"*".to_vec(),
        },
    }
}
