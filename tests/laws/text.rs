//! Laws about dump texts.

use std::num::NonZero;

use cfs::dump::{
    self, Assembler, Batch, BatchReader, Diagnostic, Findings, Options, ParseError, Parsed,
    Profile, Severity, Warnings,
};
use cfs::threads::{self, Threads};

use super::Plan;
use super::tree::assert_same as assert_same_tree;

/// Findings of a text whose places are looked at; each costs a look at all of the text before it.
const PLACES: usize = 64;

fn options(profile: Profile) -> Options {
    Options { profile, warnings: Warnings::All, max_errors: 20 }
}

/// A tree or errors.
pub type Outcome<'a> = Result<Parsed<'a>, ParseError>;

fn findings<'o>(outcome: &'o Outcome<'_>) -> &'o Findings {
    match outcome {
        Ok(parsed) => &parsed.findings,
        Err(error) => &error.findings,
    }
}

/// The same tree or none, and the same said about the text.
#[track_caller]
fn assert_same(a: &Outcome<'_>, b: &Outcome<'_>, text: &[u8]) {
    let said = |outcome| {
        let Findings { errors, warnings, warning_counts } = findings(outcome);
        (errors.clone(), warnings.clone(), warning_counts.clone())
    };
    assert_eq!(said(a), said(b), "{}", text.escape_ascii());
    match (a, b) {
        (Ok(a), Ok(b)) => assert_same_tree(&a.tree, &b.tree),
        _ => assert_eq!(a.is_ok(), b.is_ok(), "{}", text.escape_ascii()),
    }
}

/// Any bytes give a tree that keeps all laws, or errors, each with a place in the text.
pub fn dump_accepts_or_points(text: &[u8]) {
    if let Ok(parsed) = readers_agree(text) {
        super::tree_keeps_all_laws(&parsed.tree);
    }
}

/// Scanner and parser make the same of a text, with findings that point into it. What the strict
/// profile takes, the lenient one takes too, with the same tree and warnings.
pub fn readers_agree(text: &[u8]) -> Outcome<'_> {
    let [lenient, strict] = [Profile::Lenient, Profile::Strict].map(|profile| {
        let outcome = dump::parse(text, &options(profile));
        assert_findings_point(text, &outcome);
        assert_same(&outcome, &parsed_line_by_line(text, profile), text);
        outcome
    });
    if strict.is_ok() {
        assert_same(&strict, &lenient, text);
    }
    lenient
}

fn assert_findings_point(text: &[u8], outcome: &Outcome<'_>) {
    let Findings { errors, warnings, warning_counts } = findings(outcome);
    assert_eq!(errors.is_empty(), outcome.is_ok(), "{}", text.escape_ascii());
    assert!(errors.len() <= 20);
    for found in errors.iter().chain(warnings).take(PLACES) {
        assert_points(text, found);
    }
    assert!(errors.iter().all(|found| found.severity() == Severity::Error));
    assert!(warnings.iter().all(|found| found.severity() == Severity::Warning));
    assert_eq!(u64::try_from(warnings.len()), Ok(warning_counts.values().sum()));
}

/// Line, column and offset of a finding are those of one place, and what it spans lies in the line.
#[track_caller]
fn assert_points(text: &[u8], found: &Diagnostic) {
    let at = found.position();
    assert!(at.offset <= text.len(), "{found}\n{}", text.escape_ascii());
    let (before, behind) = text.split_at(at.offset);
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    assert_eq!((at.line, at.column), (line, column), "{found}\n{}", text.escape_ascii());
    let span = behind.get(..found.span_len());
    assert!(span.is_some_and(|span| !span.contains(&b'\n')), "{found}\n{}", text.escape_ascii());
    let words = found.to_string();
    assert!(!words.contains('\n') && !found.expected().is_empty() && !found.found().is_empty());
}

/// The text as the parser reads it, without the scanner, which takes clean lines only.
fn parsed_line_by_line(text: &[u8], profile: Profile) -> Outcome<'_> {
    let mut reader = BatchReader::without_scanner(profile);
    let mut assembler = Assembler::new(text, &options(profile));
    let mut batch = Batch::default();
    for part in dump::parts(text) {
        reader.read(part, &mut batch);
        if assembler.add(&batch).is_break() {
            break;
        }
    }
    assembler.finish()
}

/// Any number of threads reads what one reads.
pub fn threads_read_what_one_thread_reads(text: &[u8]) {
    let one = dump::parse(text, &options(Profile::Lenient));
    for count in 1..=5 {
        let threads = Threads::new(NonZero::new(count).expect("not 0"));
        let many = threads::parse(text, &options(Profile::Lenient), threads);
        assert_same(&one, &many, &text[..text.len().min(1000)]);
    }
}

/// A spelling of a plan, however odd, gives the tree that a builder makes of the plan, with the
/// scanner and without.
pub fn text_says_what_was_planned(plan: &Plan, text: &[u8]) {
    let outcome = dump::parse(text, &options(Profile::Lenient));
    assert_same(&outcome, &parsed_line_by_line(text, Profile::Lenient), text);
    match outcome {
        Ok(parsed) => assert_same_tree(&parsed.tree, &plan.tree()),
        Err(error) => panic!("{error}\n{}", text.escape_ascii()),
    }
}
