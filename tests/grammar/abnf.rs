//! Reads ABNF (RFC 5234) over bytes: what composefs-dump.abnf uses of it.

use std::collections::BTreeMap;

/// What a rule, or a part of one, stands for.
#[derive(Debug)]
pub(crate) enum Node {
    /// One byte of a range.
    Range(u8, u8),
    /// These bytes.
    Bytes(Vec<u8>),
    /// Another rule, by its number.
    Rule(usize),
    /// All of them, one behind the other.
    Sequence(Vec<Node>),
    /// One of them. The number is that of the choice in the grammar.
    Choice(usize, Vec<Node>),
    /// So many of it. The number is that of the choice in the grammar.
    Repeat(usize, Box<Node>, usize, Option<usize>),
}

/// A grammar.
#[derive(Debug)]
pub(crate) struct Grammar {
    pub(crate) names: Vec<String>,
    pub(crate) rules: Vec<Node>,
    /// For each choice the number of its branches, and the rule it stands in. A repetition is a
    /// choice between the least number and more, if there can be more.
    pub(crate) choices: Vec<(usize, usize)>,
}

/// The rules of RFC 5234, appendix B.1, that are used.
const CORE: &str = "
SP = %x20
LF = %x0A
DIGIT = %x30-39
HEXDIG = DIGIT / %x41-46 / %x61-66
";

impl Grammar {
    /// Reads a grammar, and adds the core rules.
    pub(crate) fn read(text: &str) -> Self {
        let lines: Vec<String> = logical_lines(&format!("{text}{CORE}"));
        let split = |line: &String| {
            let (name, definition) = line.split_once('=').expect("a rule has an equals sign");
            (name.trim().to_owned(), definition.to_owned())
        };
        let (names, definitions): (Vec<_>, Vec<_>) = lines.iter().map(split).unzip();
        let numbers: BTreeMap<_, _> = names.iter().cloned().zip(0..).collect();
        assert_eq!(numbers.len(), names.len(), "a rule is defined twice");
        let mut choices = Vec::new();
        let rules = definitions.iter().enumerate().map(|(rule, definition)| {
            Reader { rest: definition, numbers: &numbers, choices: &mut choices, rule }.whole()
        });
        let rules = rules.collect();
        Self { names, rules, choices }
    }

    /// The number of a rule.
    pub(crate) fn rule(&self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).expect("the grammar has this rule")
    }
}

/// Lines without comments, each continued line joined to the one it continues.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(without_comment).filter(|line| !line.trim().is_empty()) {
        match lines.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    &line[..end.unwrap_or(line.len())]
}

struct Reader<'t> {
    rest: &'t str,
    numbers: &'t BTreeMap<String, usize>,
    choices: &'t mut Vec<(usize, usize)>,
    rule: usize,
}

impl Reader<'_> {
    fn whole(mut self) -> Node {
        let node = self.alternation();
        assert_eq!(self.rest.trim(), "", "the rule goes on behind its end");
        node
    }

    fn alternation(&mut self) -> Node {
        let mut branches = vec![self.concatenation()];
        while self.eat('/') {
            branches.push(self.concatenation());
        }
        match branches.len() {
            1 => branches.remove(0),
            count => Node::Choice(self.choice(count), branches),
        }
    }

    fn concatenation(&mut self) -> Node {
        let mut parts = vec![self.repetition()];
        while !matches!(self.peek(), None | Some('/' | ')' | ']')) {
            parts.push(self.repetition());
        }
        if parts.len() == 1 { parts.remove(0) } else { Node::Sequence(parts) }
    }

    fn repetition(&mut self) -> Node {
        if self.eat('[') {
            let node = self.alternation();
            assert!(self.eat(']'), "an option has no end");
            return Node::Repeat(self.choice(2), Box::new(node), 0, Some(1));
        }
        let least = self.number();
        let (least, most) = match (least, self.eat('*')) {
            (Some(count), false) => (count, Some(count)),
            (None, false) => return self.element(),
            (least, true) => (least.unwrap_or(0), self.number()),
        };
        let node = Box::new(self.element());
        let branches = if most == Some(least) { 1 } else { 2 };
        Node::Repeat(self.choice(branches), node, least, most)
    }

    fn element(&mut self) -> Node {
        match self.peek().expect("an element") {
            '(' => {
                assert!(self.eat('('));
                let node = self.alternation();
                assert!(self.eat(')'), "a group has no end");
                node
            }
            '"' => self.literal(),
            '%' => self.bytes(),
            _ => {
                let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '-');
                Node::Rule(*self.numbers.get(&name).unwrap_or_else(|| panic!("no rule {name}")))
            }
        }
    }

    /// A quoted string. Letters would match in either case, so none are allowed.
    fn literal(&mut self) -> Node {
        assert!(self.eat('"'));
        let (text, rest) = self.rest.split_once('"').expect("a string ends");
        assert!(!text.contains(|c: char| c.is_ascii_alphabetic()), "{text}: write letters as %x");
        self.rest = rest;
        Node::Bytes(text.as_bytes().to_vec())
    }

    /// `%x41`, `%x41-46`, `%x41.42`.
    fn bytes(&mut self) -> Node {
        let text = self.take_while(|c| c.is_ascii_alphanumeric() || "%-.".contains(c));
        let hex = text.strip_prefix("%x").expect("bytes are in hex");
        let byte = |digits: &str| u8::from_str_radix(digits, 16).expect("two hex digits");
        match hex.split_once('-') {
            Some((first, last)) => Node::Range(byte(first), byte(last)),
            None => Node::Bytes(hex.split('.').map(byte).collect()),
        }
    }

    fn number(&mut self) -> Option<usize> {
        self.peek().filter(char::is_ascii_digit)?;
        Some(self.take_while(|c| c.is_ascii_digit()).parse().expect("a number"))
    }

    fn choice(&mut self, branches: usize) -> usize {
        self.choices.push((branches, self.rule));
        self.choices.len() - 1
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.rest = &self.rest[c.len_utf8()..];
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        self.peek();
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }
}
