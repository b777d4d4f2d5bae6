//! Every row of `fixtures/dump/cases.tsv`: what is taken, what is said about it and where, and what
//! the reference's dump of the image is.

mod support;

use cfs::canon;
use cfs::dump::{self, Diagnostic, Options, Profile, Severity, Warnings};
use cfs::erofs::{self, Version, layout};
use support::{fixture, read, sha256};

struct Case {
    id: String,
    input: Vec<u8>,
    /// What the reference makes of it.
    reference: String,
    recommended: String,
}

fn cases() -> Vec<Case> {
    let table = read(&fixture("dump/cases.tsv"));
    let lines = table.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let rows = lines.filter(|line| !line.starts_with(b"#") && !line.starts_with(b"id\t"));
    rows.map(|row| {
        let columns: Vec<&[u8]> = row.split(|&byte| byte == b'\t').collect();
        assert_eq!(columns.len(), 7, "{}", row.escape_ascii());
        let text = |n: usize| String::from_utf8(columns[n].to_vec()).unwrap();
        Case { id: text(0), input: decode(columns[1]), reference: text(2), recommended: text(5) }
    })
    .collect()
}

/// Undoes the table's own notation.
fn decode(coded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    decode_into(coded, &mut bytes, false);
    bytes
}

/// Decodes up to the end, or to the `\}` that ends a repetition; returns what is left.
fn decode_into<'c>(mut coded: &'c [u8], bytes: &mut Vec<u8>, nested: bool) -> &'c [u8] {
    const ROOT: &[u8] = b" 40755 2 0 0 0 0.0 - - -\n";
    while let Some((&byte, rest)) = coded.split_first() {
        coded = rest;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&code, rest) = coded.split_first().expect("the notation is whole");
        coded = rest;
        match code {
            b'\\' => bytes.push(b'\\'),
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'r' => bytes.push(b'\r'),
            b'x' => {
                let digits = std::str::from_utf8(&coded[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                coded = &coded[2..];
            }
            b'R' => bytes.extend_from_slice(&[b"/ 4096", ROOT].concat()),
            b'Z' => bytes.extend_from_slice(&[b"/ 0", ROOT].concat()),
            b'{' => {
                let star = coded.iter().position(|&byte| byte == b'*').unwrap();
                let count = std::str::from_utf8(&coded[..star]).unwrap().parse().unwrap();
                let mut once = Vec::new();
                coded = decode_into(&coded[star + 1..], &mut once, true);
                bytes.extend_from_slice(&once.repeat(count));
            }
            b'}' if nested => return coded,
            other => panic!("unknown notation \\{}", other.escape_ascii()),
        }
    }
    coded
}

#[test]
fn there_are_486_cases() {
    assert_eq!(cases().len(), 486);
}

/// `error CODE@L:C` or `ok warn CODE@L:C ...`, as the table writes it.
fn outcome(text: &[u8], profile: Profile) -> String {
    let options = Options { profile, warnings: Warnings::All, ..Options::default() };
    let at = |d: &Diagnostic| {
        format!("{}@{}:{}", d.code().name(), d.position().line, d.position().column)
    };
    match dump::parse(text, &options) {
        Err(error) => {
            let first = &error.findings.errors[0];
            assert_eq!(first.severity(), Severity::Error);
            format!("error {}", at(first))
        }
        Ok(parsed) => {
            let warnings: Vec<String> = parsed.findings.warnings.iter().map(at).collect();
            if warnings.is_empty() {
                "ok".into()
            } else {
                format!("ok warn {}", warnings.join(" "))
            }
        }
    }
}

/// The outcomes a row recommends, lenient and strict, and the canonical form if it differs from the
/// reference's.
fn recommended(row: &str) -> (&str, &str, Option<&str>) {
    let (mut lenient, mut strict, mut canonical) = (None, None, None);
    for part in row.split(" ; ") {
        if let Some(outcome) = part.strip_prefix("compat: ") {
            lenient = Some(outcome);
        } else if let Some(outcome) = part.strip_prefix("strict: ") {
            strict = Some(outcome);
        } else if let Some(text) = part.strip_prefix("canonical ") {
            canonical = Some(text);
        } else {
            (lenient, strict) = (Some(part), Some(part));
        }
    }
    (lenient.unwrap(), strict.unwrap(), canonical)
}

#[test]
fn each_case_has_the_recommended_outcome() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (lenient, strict, _) = recommended(&case.recommended);
        for (profile, expected) in [(Profile::Lenient, lenient), (Profile::Strict, strict)] {
            let found = outcome(&case.input, profile);
            if found != expected {
                wrong.push(format!("{} {profile:?}: expected {expected}, found {found}", case.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} outcomes differ", wrong.join("\n"), wrong.len());
}

/// A digest of 128 digits, which the reference cuts to 64. Here it stays whole.
const SHA512: &str = "D011";

/// The text that the reference prints of the image, for the default version and for version 0.
fn reference_texts(case: &Case, canonical: Option<&str>) -> Option<[Vec<u8>; 2]> {
    let text = |coded: &str| match coded.trim() {
        "=" => case.input.clone(),
        coded => decode(coded.strip_prefix("=> ").unwrap().as_bytes()),
    };
    if case.id == SHA512 {
        return Some([case.input.clone(), case.input.clone()]);
    }
    if let Some(canonical) = canonical {
        return Some([text(canonical), text(canonical)]);
    }
    let said = case.reference.strip_prefix("ok ")?;
    let mut parts = said.split(" ; ").map(str::trim);
    let default = parts.next()?;
    let version_0 = parts.find_map(|part| part.strip_prefix("version 0: "));
    Some([text(default), text(version_0.unwrap_or(default))])
}

/// Compares a text with one of the table, which gives long ones as
/// `START ... (LENGTH bytes, sha256 HEX)`.
fn assert_text(text: &[u8], expected: &[u8], case: &str) {
    let shown = |text: &[u8]| text.escape_ascii().to_string();
    let Some(cut) = expected.windows(5).position(|bytes| bytes == b"... (") else {
        return assert_eq!(shown(text), shown(expected), "{case}");
    };
    assert_eq!(shown(&text[..cut]), shown(&expected[..cut]), "{case}");
    let said = format!("... ({} bytes, sha256 {})", text.len(), sha256(text));
    assert_eq!(said, String::from_utf8_lossy(&expected[cut..]), "{case}");
}

#[test]
fn the_image_of_each_case_reads_back_as_the_reference_prints_it() {
    let mut compared = 0;
    for case in cases() {
        let (_, _, canonical) = recommended(&case.recommended);
        let Ok(parsed) = dump::parse(&case.input, &Options::default()) else { continue };
        let Some([default, version_0]) = reference_texts(&case, canonical) else { continue };
        let mut tree = parsed.tree;
        let chosen = Version::choose(&tree, Version::V0, Version::V1);
        for (version, expected) in [(chosen, &default), (Version::V0, &version_0)] {
            if canonical.is_some() && version != chosen {
                continue;
            }
            let image = layout(&tree, version).unwrap().to_vec();
            let dumped = dump::print(&erofs::read(&image).unwrap());
            assert_text(&dumped, expected, &format!("{}: {version:?}", case.id));
            compared += 1;
        }
        canon::canonicalise(&mut tree);
        let canonical = dump::print(&tree);
        let image = layout(&tree, Version::V0).unwrap().to_vec();
        assert_eq!(dump::print(&erofs::read(&image).unwrap()), canonical, "{}", case.id);
    }
    assert!(compared > 400, "{compared}");
}
