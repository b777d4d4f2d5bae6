//! `grammar/composefs-dump.abnf` and the parser, held against each other.

#[path = "grammar/abnf.rs"]
mod abnf;
#[path = "grammar/matcher.rs"]
mod matcher;
#[path = "grammar/sentences.rs"]
mod sentences;

use std::collections::{BTreeMap, BTreeSet};

use abnf::{Grammar, Node};
use cfs::dump::{Code, Profile, lexical_verdict, read_line};
use proptest::prelude::*;
use sentences::{Made, Source, sentence, spoil};

const LEXER: &str = include_str!("../src/dump/lex.rs");

fn grammar() -> Grammar {
    Grammar::read(include_str!("../grammar/composefs-dump.abnf"))
}

const START: [(&str, Profile); 2] =
    [("dump-strict", Profile::Strict), ("dump-lenient", Profile::Lenient)];

/// The function of a rule; `None` for a set of bytes.
fn function_of(rule: &str) -> Option<String> {
    let stem = rule.strip_suffix("-strict").or(rule.strip_suffix("-lenient")).unwrap_or(rule);
    rule.starts_with(|c: char| c.is_ascii_lowercase()).then(|| stem.replace('-', "_"))
}

/// The functions of the lexer that are seen outside, each with the rules that its first line of
/// documentation names.
fn functions() -> BTreeMap<String, BTreeSet<String>> {
    let mut functions = BTreeMap::new();
    let mut rules = BTreeSet::new();
    let mut documented = false;
    for line in LEXER.lines() {
        if let Some(doc) = line.strip_prefix("/// ") {
            if !documented {
                let names = doc.split_once("`: ").map_or("", |(names, _)| names);
                rules = names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            }
            documented = true;
            continue;
        }
        if let Some(function) = line.strip_prefix("pub(super) fn ") {
            let name = function.split(['(', '<']).next().expect("a name");
            functions.insert(name.to_owned(), std::mem::take(&mut rules));
        }
        documented = false;
    }
    functions
}

/// The two rules about a text that the grammar leaves to the parser.
fn is_refused_as_a_whole(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    text.starts_with(b"\xef\xbb\xbf") || lines.any(|line| line.ends_with(b"\r"))
}

/// Both must say the same of a text, in both profiles.
#[track_caller]
fn grammar_and_parser_agree(grammar: &Grammar, text: &[u8]) {
    for (start, profile) in START {
        let sentence = matcher::matches(grammar, grammar.rule(start), text);
        let verdict = lexical_verdict(text, profile);
        let expected = sentence && !is_refused_as_a_whole(text);
        assert_eq!(verdict.is_ok(), expected, "{start}, {verdict:?}: {}", text.escape_ascii());
        assert!(verdict.err().is_none_or(|at| at <= text.len()), "{verdict:?} is outside");
    }
}

/// Bytes for a [`Source`], the same ones for the same seed.
fn entropy(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..4000).map(byte).collect()
}

#[test]
fn every_rule_is_a_function_of_the_lexer_and_every_function_a_rule() {
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in &grammar().names {
        if let Some(function) = function_of(rule) {
            expected.entry(function).or_default().insert(rule.clone());
        }
    }
    assert_eq!(functions(), expected);
}

#[test]
fn every_rule_is_used() {
    let grammar = grammar();
    let mut used: BTreeSet<usize> = START.iter().map(|(name, _)| grammar.rule(name)).collect();
    let mut todo: Vec<&Node> = used.iter().map(|&rule| &grammar.rules[rule]).collect();
    while let Some(node) = todo.pop() {
        match node {
            Node::Rule(rule) if used.insert(*rule) => todo.push(&grammar.rules[*rule]),
            Node::Sequence(nodes) | Node::Choice(_, nodes) => todo.extend(nodes),
            Node::Repeat(_, node, ..) => todo.push(node),
            _ => {}
        }
    }
    let unused = (0..grammar.names.len()).filter(|rule| !used.contains(rule));
    assert_eq!(unused.map(|rule| &grammar.names[rule]).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn sentences_of_every_alternative_are_read_as_the_grammar_says() {
    let grammar = grammar();
    let mut made = Made::new();
    for seed in 0..1500 {
        for (start, _) in START {
            let entropy = entropy(seed);
            let text = sentence(&grammar, grammar.rule(start), &mut Source(&entropy), &mut made);
            assert!(
                matcher::matches(&grammar, grammar.rule(start), &text),
                "{}",
                text.escape_ascii()
            );
            grammar_and_parser_agree(&grammar, &text);
        }
    }
    for (choice, &(branches, rule)) in grammar.choices.iter().enumerate() {
        for branch in 0..branches {
            let name = &grammar.names[rule];
            assert!(made.contains(&(choice, branch)), "branch {branch} of a choice in {name}");
        }
    }
}

#[test]
fn spoiled_sentences_are_refused_where_the_grammar_refuses_them() {
    let grammar = grammar();
    let (mut refused, mut taken) = (0, 0);
    for seed in 0..4000 {
        let entropy = entropy(seed);
        let (first, second) = entropy.split_at(3000);
        let start = grammar.rule(START[usize::from(entropy[0] & 1)].0);
        let text = sentence(&grammar, start, &mut Source(first), &mut Made::new());
        let text = spoil(text, &mut Source(second));
        grammar_and_parser_agree(&grammar, &text);
        *(if matcher::matches(&grammar, start, &text) { &mut taken } else { &mut refused }) += 1;
    }
    assert!(refused > 500 && taken > 500, "{refused} refused, {taken} taken");
}

#[test]
fn the_shortest_texts_are_read_as_the_grammar_says() {
    let grammar = grammar();
    for text in [&b""[..], b"\n", b" ", b"\n\n", b"/", b"/\n", b"\0", b"\r\n", b"\xef\xbb\xbf"] {
        grammar_and_parser_agree(&grammar, text);
    }
    let line = b"/ 0 40755 2 0 0 0 0.0 - - -";
    for byte in 0..=255_u8 {
        for at in 0..=line.len() {
            let mut text = line.to_vec();
            text.insert(at, byte);
            grammar_and_parser_agree(&grammar, &text);
            text.push(b'\n');
            grammar_and_parser_agree(&grammar, &text);
        }
    }
}

/// The codes that say no more than what the grammar says.
const LEXICAL: &[Code] = &[
    Code::NulByte,
    Code::Crlf,
    Code::EmptyLine,
    Code::NoFinalNewline,
    Code::MissingField,
    Code::TrailingSpace,
    Code::EmptyField,
    Code::BadEscape,
    Code::PathEmpty,
    Code::PathNul,
    Code::PathRelative,
    Code::PathDoubleSlash,
    Code::PathTrailingSlash,
    Code::PathDot,
    Code::BadNumber,
    Code::PayloadNul,
    Code::XattrNoEquals,
    Code::XattrKeyEmpty,
    Code::XattrKeyNul,
];

/// A line is refused for what the lexer finds, or for more; and never for less.
#[track_caller]
fn reader_and_lexer_agree(text: &[u8], profile: Profile) {
    let (body, ended) = text.strip_suffix(b"\n").map_or((text, false), |body| (body, true));
    let lines: Vec<&[u8]> = body.split(|&byte| byte == b'\n').collect();
    let errors = lines.iter().enumerate().filter_map(|(number, line)| {
        let mut issues = Vec::new();
        read_line(line, ended || number + 1 < lines.len(), profile, &mut issues);
        for issue in &issues {
            assert!(issue.start + issue.len <= line.len(), "{issue:?}: {}", line.escape_ascii());
        }
        issues.last().filter(|issue| issue.is_error()).map(|issue| issue.code)
    });
    let errors: Vec<Code> = errors.collect();
    let lexical = lexical_verdict(text, profile);
    let says = format!("{profile:?}, {lexical:?}, {errors:?}: {}", text.escape_ascii());
    if !text.starts_with(b"\xef\xbb\xbf") {
        assert!(lexical.is_ok() || !errors.is_empty(), "{says}");
    }
    assert!(lexical.is_err() || !errors.iter().any(|code| LEXICAL.contains(code)), "{says}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoiled_sentences_of_any_source(
        strict: bool,
        choices in proptest::collection::vec(any::<u8>(), 0..600),
        changes in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let grammar = grammar();
        let start = grammar.rule(START[usize::from(!strict)].0);
        let text = sentence(&grammar, start, &mut Source(&choices), &mut Made::new());
        let text = spoil(text, &mut Source(&changes));
        grammar_and_parser_agree(&grammar, &text);
        for (_, profile) in START {
            reader_and_lexer_agree(&text, profile);
        }
    }
}
