//! Tells whether bytes are a sentence of a grammar, by following all ways of reading them at once.

use std::collections::{BTreeSet, HashMap};

use super::abnf::{Grammar, Node};

/// Whether `text` is a sentence of a rule.
pub(crate) fn matches(grammar: &Grammar, rule: usize, text: &[u8]) -> bool {
    let mut matcher = Matcher { grammar, text, known: HashMap::new() };
    matcher.rule(rule, 0).contains(&text.len())
}

/// Where a piece of the grammar may end.
type Ends = BTreeSet<usize>;

struct Matcher<'g> {
    grammar: &'g Grammar,
    text: &'g [u8],
    known: HashMap<(usize, usize), Ends>,
}

impl Matcher<'_> {
    fn rule(&mut self, rule: usize, at: usize) -> Ends {
        if let Some(ends) = self.known.get(&(rule, at)) {
            return ends.clone();
        }
        let grammar = self.grammar;
        let ends = self.node(&grammar.rules[rule], at);
        self.known.insert((rule, at), ends.clone());
        ends
    }

    fn node(&mut self, node: &Node, at: usize) -> Ends {
        match node {
            Node::Range(first, last) => {
                let fits = self.text.get(at).is_some_and(|byte| (first..=last).contains(&byte));
                fits.then_some(at + 1).into_iter().collect()
            }
            Node::Bytes(bytes) => {
                let fits = self.text[at..].starts_with(bytes);
                fits.then_some(at + bytes.len()).into_iter().collect()
            }
            Node::Rule(rule) => self.rule(*rule, at),
            Node::Sequence(parts) => {
                parts.iter().fold(Ends::from([at]), |ends, part| self.step(part, &ends))
            }
            Node::Choice(_, branches) => {
                branches.iter().flat_map(|branch| self.node(branch, at)).collect()
            }
            Node::Repeat(_, node, least, most) => self.repeat(node, *least, *most, at),
        }
    }

    fn step(&mut self, node: &Node, from: &Ends) -> Ends {
        from.iter().flat_map(|&at| self.node(node, at)).collect()
    }

    fn repeat(&mut self, node: &Node, least: usize, most: Option<usize>, at: usize) -> Ends {
        let mut front = Ends::from([at]);
        for _ in 0..least {
            front = self.step(node, &front);
        }
        let mut ends = front.clone();
        let mut left = most.map(|most| most - least);
        while !front.is_empty() && left != Some(0) {
            front = self.step(node, &front).difference(&ends).copied().collect();
            ends.extend(&front);
            left = left.map(|left| left - 1);
        }
        ends
    }
}
