//! Texts that are often the same, each kept once.

use hashbrown::HashTable;
use xxhash_rust::xxh64::xxh64;

use crate::num::{clamp_index, index, wide};

/// Texts with numbers, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// The texts, each with a newline at its end.
    lines: String,
    ends: Vec<u64>,
    numbers: HashTable<u32>,
}

impl Pool {
    /// The number of a text, which holds no newline.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let hash = xxh64(text.as_bytes(), 0);
        if let Some(&number) = self.numbers.find(hash, |&number| self.get(number) == text) {
            return number;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.lines.push_str(text);
        self.ends.push(wide(self.lines.len()));
        self.lines.push('\n');
        let (lines, ends) = (&self.lines, &self.ends);
        let hasher = |&number: &u32| xxh64(line(lines, ends, number).as_bytes(), 0);
        self.numbers.insert_unique(hash, number, hasher);
        number
    }

    fn get(&self, number: u32) -> &str {
        line(&self.lines, &self.ends, number)
    }

    /// All texts, each with a newline at its end.
    pub(super) fn lines(&self) -> &str {
        &self.lines
    }
}

fn line<'l>(lines: &'l str, ends: &[u64], number: u32) -> &'l str {
    let at = index(number);
    let before = at.checked_sub(1).and_then(|before| ends.get(before));
    let start = before.map_or(0, |&end| clamp_index(end) + 1);
    let end = ends.get(at).map_or(start, |&end| clamp_index(end));
    lines.get(start..end).unwrap_or_default()
}

#[test]
fn equal_texts_have_the_same_number() {
    let mut pool = Pool::default();
    let texts: Vec<String> = (0..100).map(|at| format!("text {}", at % 40)).collect();
    let numbers: Vec<u32> = texts.iter().map(|text| pool.number(text)).collect();
    assert!(numbers.iter().enumerate().all(|(at, &number)| index(number) == at % 40));
    assert_eq!(pool.number(""), 40);
    assert_eq!((pool.number(""), pool.lines().lines().count()), (40, 41));
}
