//! Source text, as far as the rules need to understand it: where comments and strings are, which
//! paths are named, where functions begin and end.

use std::ops::Range;

/// The source with a space for each byte of a comment and of what is in a string or character.
pub(crate) fn code(source: &str) -> String {
    let mut bytes = source.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (blank, next) = token(&source.as_bytes()[at..], at > 0 && is_word(bytes[at - 1]));
        for byte in &mut bytes[at..][blank] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += next;
    }
    String::from_utf8(bytes).unwrap()
}

/// What to blank of the token at the start of some bytes, and where the next one is.
fn token(rest: &[u8], in_word: bool) -> (Range<usize>, usize) {
    let find = |end: &[u8], from: usize| {
        rest[from..].windows(end.len()).position(|bytes| bytes == end).map(|at| from + at)
    };
    let all = |end: usize| (0..end, end);
    match rest {
        [b'/', b'/', ..] => all(find(b"\n", 0).unwrap_or(rest.len())),
        [b'/', b'*', ..] => all(find(b"*/", 2).map_or(rest.len(), |at| at + 2)),
        [b'r', ..] | [b'b', b'r', ..] if !in_word && raw_string(rest).is_some() => {
            let (start, closing) = raw_string(rest).unwrap_or_default();
            all(find(&closing, start).map_or(rest.len(), |at| at + closing.len()))
        }
        [b'"', ..] => {
            let end = quoted(rest, b'"');
            (1..end - 1, end)
        }
        [b'\'', b'\\', ..] => all(quoted(rest, b'\'')),
        // A lifetime has no quote behind its first character.
        [b'\'', byte, b'\'', ..] if byte.is_ascii() => all(3),
        [b'\'', byte, ..] if !byte.is_ascii() => all(quoted(rest, b'\'')),
        _ => (0..0, 1),
    }
}

/// Where a raw string begins behind its quote, and what ends it.
fn raw_string(rest: &[u8]) -> Option<(usize, Vec<u8>)> {
    let behind = rest.strip_prefix(b"b").unwrap_or(rest).strip_prefix(b"r")?;
    let hashes = behind.iter().take_while(|&&byte| byte == b'#').count();
    let start = rest.len() - behind.len() + hashes + 1;
    (behind.get(hashes) == Some(&b'"'))
        .then(|| (start, [b"\"".to_vec(), vec![b'#'; hashes]].concat()))
}

/// Where a string or character ends that begins here.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line of a byte, counted from 1.
pub(crate) fn line_of(code: &str, at: usize) -> usize {
    1 + code[..at].matches('\n').count()
}

/// The words of some code, with their places.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word_char = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word_char)?;
        let rest = &code[start..];
        let word = &rest[..rest.find(|c| !is_word_char(c)).unwrap_or(rest.len())];
        at = start + word.len();
        Some((start, word))
    })
}

/// Where a brace that opens at a place is closed.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// The code without the modules that are compiled for tests alone.
pub(crate) fn without_tests(code: &str) -> String {
    let mut code = code.to_owned();
    while let Some(start) = code.find("#[cfg(test)]") {
        let open = start + code[start..].find('{').expect("a module follows");
        let end = closing(&code, open) + 1;
        let blank = code[start..end].replace(|c| c != '\n', " ");
        code.replace_range(start..end, &blank);
    }
    code
}

/// A function with a body.
pub(crate) struct Function<'c> {
    pub(crate) name: &'c str,
    /// The first line, counted from 1.
    pub(crate) line: usize,
    /// From the name to the closing brace.
    pub(crate) lines: usize,
}

pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut words = words(code).peekable();
    while let Some((start, word)) = words.next() {
        // A type such as `fn(u8)` has no name.
        let Some(&(at, name)) = words.peek().filter(|(at, _)| word == "fn" && *at == start + 3)
        else {
            continue;
        };
        if let Some(open) = body(code, at) {
            let lines = 1 + code[start..closing(code, open)].matches('\n').count();
            functions.push(Function { name, line: line_of(code, start), lines });
        }
    }
    functions
}

/// Where the body of a function opens, unless it has none.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// A path that some code names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) parts: Vec<String>,
    /// The name it gets, if it gets one.
    pub(crate) alias: Option<String>,
}

/// All paths that some code names: each one of a `use`, and those of two parts or more elsewhere.
pub(crate) fn paths(code: &str) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut rest = code.to_owned();
    let uses: Vec<usize> =
        words(code).filter(|(_, word)| *word == "use").map(|(at, _)| at).collect();
    for at in uses {
        // `use<>` is about lifetimes.
        let end = at + code[at..].find(';').unwrap_or(code.len() - at);
        if code[at + 3..].trim_start().starts_with('<') {
            continue;
        }
        add_tree(line_of(code, at), &[], &code[at + 3..end], &mut paths);
        rest.replace_range(at..end, &" ".repeat(end - at));
    }
    let squeezed = rest.replace(|c: char| !(c.is_alphanumeric() || "_:".contains(c)), " ");
    let mut at = 0;
    for piece in squeezed.split_inclusive(' ') {
        let parts: Vec<String> =
            piece.trim().split("::").filter(|part| !part.is_empty()).map(Into::into).collect();
        if piece.contains("::") {
            paths.push(Path { line: line_of(code, at), parts, alias: None });
        }
        at += piece.len();
    }
    paths
}

/// Adds the paths of a tree such as `a::{b, c::d as e}`.
fn add_tree(line: usize, prefix: &[String], tree: &str, paths: &mut Vec<Path>) {
    let tree = tree.trim();
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, Some(group)),
        None => (tree, None),
    };
    let (head, alias) = match head.split_once(" as ") {
        Some((head, alias)) => (head, Some(alias.trim().to_owned())),
        None => (head, None),
    };
    let own = head.split("::").map(str::trim).filter(|part| !part.is_empty() && *part != "self");
    let parts: Vec<String> = prefix.iter().cloned().chain(own.map(Into::into)).collect();
    let Some(group) = group else {
        return paths.push(Path { line, parts, alias });
    };
    let group = group.strip_suffix('}').expect("a group is closed");
    let mut depth = 0;
    let items = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    for item in items.filter(|item| !item.trim().is_empty()) {
        add_tree(line, &parts, item, paths);
    }
}

/// Where `as` converts a number, and neither names something nor a trait.
pub(crate) fn casts(code: &str) -> Vec<usize> {
    let mut casts = Vec::new();
    let mut in_use = false;
    let mut last = 0;
    for (at, word) in words(code) {
        let begins = word == "use" && !code[at + word.len()..].starts_with('<');
        in_use = begins || in_use && !code[last..at].contains(';');
        last = at;
        let statement = code[..at].rfind([';', '{', '}', '>']).map_or(0, |start| start + 1);
        let names_trait = code[statement..at].contains('<') && !to_number(&code[at + word.len()..]);
        if word == "as" && !in_use && !names_trait {
            casts.push(at);
        }
    }
    casts
}

fn to_number(behind: &str) -> bool {
    let behind = behind.trim_start();
    let word = words(behind).next().map_or("", |(_, word)| word);
    let (kind, bits) = word.split_at(word.len().min(1));
    behind.starts_with(['*', '_', '&'])
        || matches!(kind, "u" | "i" | "f") && (bits == "size" || bits.parse::<u32>().is_ok())
}

#[test]
fn comments_and_strings_are_no_code() {
    let source =
        "a // b\n/* c */ d(\"e \\\" f\", 'g', '\\'', r#\"h \" i\"#, b\"j\", &'k l, b'\\\\') m";
    let code = code(source);
    assert_eq!(code.len(), source.len());
    let found: Vec<&str> = words(&code).map(|(_, word)| word).collect();
    assert_eq!(found, ["a", "d", "b", "k", "l", "b", "m"]);
}

#[test]
fn the_paths_of_a_use_are_found() {
    let code = "use std::{collections::{BTreeMap, hash_map as map}, io::{self, Read}};\nlet a = x::y::z(1);";
    let found: Vec<String> = paths(code).iter().map(|path| path.parts.join("::")).collect();
    let expected = [
        "std::collections::BTreeMap",
        "std::collections::hash_map",
        "std::io",
        "std::io::Read",
        "x::y::z",
    ];
    assert_eq!(found, expected);
    assert_eq!(paths(code)[1].alias.as_deref(), Some("map"));
}

#[test]
fn casts_are_told_from_names() {
    let casts_in = |code| casts(code).len();
    assert_eq!(casts_in("let a = b as u32; let c = d < e as usize; f as *const u8"), 3);
    assert_eq!(casts_in("fn a() -> impl B + use<> { c as u8 }"), 1);
    assert_eq!(casts_in("use a as b; use c::{d as e, f}; <T as Trait>::g()"), 0);
}

#[test]
fn functions_are_measured_from_their_name_to_their_end() {
    let code = "fn a();\nfn b(c: fn(u8), d: [u8; 2]) -> u8 {\n  if e { f }\n}\n";
    let found: Vec<_> = functions(code).iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(found, [("b", 2, 3)]);
}
