//! Makes sentences of a grammar, and spoils them.

use std::collections::BTreeSet;

use super::abnf::{Grammar, Node};

/// Where decisions come from: given bytes, then zeros. Shorter and smaller bytes make shorter
/// sentences.
pub(crate) struct Source<'b>(pub(crate) &'b [u8]);

impl Source<'_> {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % end
    }
}

/// The choices that were made: their number, and the branch.
pub(crate) type Made = BTreeSet<(usize, usize)>;

/// A sentence of a rule.
pub(crate) fn sentence(
    grammar: &Grammar,
    rule: usize,
    source: &mut Source<'_>,
    made: &mut Made,
) -> Vec<u8> {
    let mut writer = Writer { grammar, source, made, text: Vec::new() };
    writer.node(&grammar.rules[rule]);
    writer.text
}

struct Writer<'g, 's, 'b> {
    grammar: &'g Grammar,
    source: &'s mut Source<'b>,
    made: &'s mut Made,
    text: Vec<u8>,
}

impl Writer<'_, '_, '_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Range(first, last) => {
                let offset = self.source.below(usize::from(last - first) + 1);
                self.text.push(first + u8::try_from(offset).expect("less than the range"));
            }
            Node::Bytes(bytes) => self.text.extend(bytes),
            Node::Rule(rule) => {
                let grammar = self.grammar;
                self.node(&grammar.rules[*rule]);
            }
            Node::Sequence(parts) => parts.iter().for_each(|part| self.node(part)),
            Node::Choice(choice, branches) => {
                let branch = self.source.below(branches.len());
                self.made.insert((*choice, branch));
                self.node(&branches[branch]);
            }
            Node::Repeat(choice, node, least, most) => {
                let most = most.unwrap_or(least + 3);
                let count = least + self.source.below(most - least + 1);
                self.made.insert((*choice, usize::from(count > *least)));
                (0..count).for_each(|_| self.node(node));
            }
        }
    }
}

/// Bytes that mean something in a dump, or nearly do.
const TELLING: &[u8] = b" \n\\/.=@-+x2ef0189aAFg\0\r\t\x7f\xff";

/// Changes a text in a place or two, so that it is nearly a sentence.
pub(crate) fn spoil(mut text: Vec<u8>, source: &mut Source<'_>) -> Vec<u8> {
    for _ in 0..=source.below(2) {
        let place = |source: &mut Source<'_>, text: &[u8]| {
            (source.below(256) * 256 + source.below(256)) % (text.len() + 1)
        };
        let at = place(source, &text);
        let to = (at + 1 + source.below(12)).min(text.len());
        match source.below(6) {
            0 => drop(text.splice(at..to.min(at + 1), [TELLING[source.below(TELLING.len())]])),
            1 => text.insert(at, TELLING[source.below(TELLING.len())]),
            2 => drop(text.drain(at..to)),
            3 => text.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << source.below(8)),
            4 => {
                let escape = |byte: &u8| format!("\\x{byte:02x}").into_bytes();
                let escaped = text.get(at).map(escape).unwrap_or_default();
                drop(text.splice(at..to.min(at + 1), escaped));
            }
            _ => {
                let piece = text[at..to].to_vec();
                let there = place(source, &text);
                drop(text.splice(there..there, piece));
            }
        }
    }
    text
}
