//! Laws about what checking finds.

use std::collections::BTreeSet;

use cfs::check::{self, Code, Finding, Place, Rule, Text};
use cfs::dump::{self, Options, Parsed, Warnings};
use cfs::erofs;

/// Findings whose places are looked at; each costs a look at all of the text before it.
const PLACES: usize = 64;

/// Names are folded, so that collisions are found too without a table of Unicode.
fn options() -> check::Options {
    check::Options { now: Some(0), compose: Some(str::to_uppercase) }
}

fn parse(text: &[u8]) -> Option<Parsed<'_>> {
    let all = Options { warnings: Warnings::All, ..Options::default() };
    dump::parse(text, &all).ok()
}

fn checked<'t>(text: &'t [u8], parsed: &Parsed<'t>) -> Text<'t> {
    check::text(text, parsed.clone(), &options())
}

/// What the canonical form mends.
fn is_mended(rule: Rule) -> bool {
    match rule {
        Rule::Check(code) => matches!(code, Code::LineOrder | Code::NotCanonical),
        // Facts that an image holds stay as they are.
        Rule::Text(code) => !matches!(
            code,
            dump::Code::MixedDigests | dump::Code::NsecRange | dump::Code::PathTooLong
        ),
    }
}

/// Any bytes, taken for a text and for an image.
pub fn checking_points_and_mends(bytes: &[u8]) {
    findings_in_a_text_point_and_are_mended(bytes);
    findings_in_an_image_point(bytes);
}

/// Each finding about a text points into it, and the same is found twice. The canonical form has
/// nothing left that it mends; where nothing is found that it mends, it has the same lines, but for SIZE
/// and NLINK of directories.
pub fn findings_in_a_text_point_and_are_mended(text: &[u8]) {
    let Some(parsed) = parse(text) else { return };
    let first = checked(text, &parsed);
    assert_eq!(first.findings, checked(text, &parsed).findings, "{}", text.escape_ascii());
    assert!(first.findings.is_sorted_by_key(|finding| finding.place.start()));
    first.findings.iter().take(PLACES).for_each(|finding| assert_points(text, finding));
    let canonical = &first.canonical;
    let again = parse(canonical).expect("a canonical text is taken");
    let again = checked(canonical, &again);
    assert_eq!(*canonical, again.canonical, "{}", text.escape_ascii());
    let left = again.findings.iter().find(|finding| is_mended(finding.rule));
    assert_eq!(left, None, "{} of {}", canonical.escape_ascii(), text.escape_ascii());
    if !first.findings.iter().any(|finding| is_mended(finding.rule)) {
        assert_same_lines(text, canonical);
    }
    let kept = |findings: &[Finding]| -> BTreeSet<(Rule, Option<Vec<u8>>)> {
        let of_tree = findings.iter().filter(|finding| finding.path.is_some());
        let of_tree = of_tree.filter(|finding| !is_mended(finding.rule));
        // This is told once for all files, at the first, which another one may be in another order.
        let is_of_one = |finding: &&Finding| finding.rule != Rule::Check(Code::NoDigest);
        let path = |finding: &Finding| Some(finding).filter(is_of_one)?.path.clone();
        of_tree.map(|finding| (finding.rule, path(finding))).collect()
    };
    if !first.findings.iter().any(|finding| is_lossy(finding.rule)) {
        assert_eq!(kept(&first.findings), kept(&again.findings), "{}", text.escape_ascii());
    }
}

/// Whether the canonical form has other facts where this is found, or other names for them.
fn is_lossy(rule: Rule) -> bool {
    matches!(rule, Rule::Text(_))
}

#[track_caller]
fn assert_points(text: &[u8], finding: &Finding) {
    let Place::Line { at, len } = finding.place else {
        panic!("{finding:?} has no line in {}", text.escape_ascii());
    };
    let before = text.get(..at.offset).unwrap_or_else(|| panic!("{finding:?} is behind the text"));
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!((at.line, at.column), (lines + 1, at.offset - start + 1), "{finding:?}");
    let marked = text.get(at.offset..at.offset + len);
    let marked = marked.unwrap_or_else(|| panic!("{finding:?} goes beyond the text"));
    assert!(!marked.contains(&b'\n'), "{finding:?} goes beyond its line");
}

/// The same lines, but for SIZE and NLINK of directories.
#[track_caller]
fn assert_same_lines(text: &[u8], canonical: &[u8]) {
    let lines = |text: &[u8]| -> Vec<Vec<Vec<u8>>> {
        let lines = text.split(|&byte| byte == b'\n');
        let fields = |line: &[u8]| line.split(|&byte| byte == b' ').map(<[u8]>::to_vec).collect();
        let mut lines: Vec<Vec<Vec<u8>>> = lines.map(fields).collect();
        for line in lines.iter_mut().filter(|line| line.len() > 3 && line[2].starts_with(b"4")) {
            line[1].clear();
            line[3].clear();
        }
        lines
    };
    assert_eq!(lines(text), lines(canonical), "{}", text.escape_ascii());
}

/// Each finding about an image that can be read lies in it, and the same is found twice.
pub fn findings_in_an_image_point(image: &[u8]) {
    let Ok(tree) = erofs::read(image) else { return };
    let all = || {
        let mut found = check::tree(&tree, &options());
        let more = check::image(image, &found).expect("what reading takes can be looked at");
        more.place(&mut found);
        found.extend(more.findings);
        found
    };
    let (found, len) = (all(), u64::try_from(image.len()).unwrap());
    assert_eq!(found, all());
    for finding in found {
        assert_ne!(finding.place, Place::Whole, "{finding:?}");
        assert!(finding.place.start() < len, "{finding:?} is behind the image");
    }
}

/// Whatever byte of an image differs, the structure that lies there is named.
pub fn every_byte_of_an_image_has_a_name(plan: &super::Plan, step: usize) {
    let tree = plan.tree();
    for version in erofs::Version::ALL {
        let Ok(layout) = erofs::layout(&tree, version) else { continue };
        let image = layout.to_vec();
        for at in (0..image.len() + 1).step_by(step.max(1)) {
            let part = layout.part_at(u64::try_from(at).unwrap());
            assert_eq!(part.structure == "end", at >= image.len(), "{at}: {part:?}");
            if part.structure == "padding" {
                assert_eq!(image[at], 0, "{at} is no padding");
            }
        }
    }
}
