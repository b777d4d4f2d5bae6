//! Names of rules that somebody may have meant.

use super::Rule;

/// The rules with a word that begins as one of what was typed, or that differ from it in a few letters; nearest first.
pub(super) fn near(typed: &str) -> Vec<Rule> {
    let words = |name: &str| name.split(['-', '_', ' ']).map(str::to_owned).collect::<Vec<_>>();
    let typed = typed.to_ascii_lowercase();
    let typed_words = words(&typed);
    let begins = |word: &String| {
        typed_words.iter().any(|typed| typed.len() > 2 && word.starts_with(typed.as_str()))
    };
    let shares = |name: &str| words(name).iter().any(begins);
    let most = typed.len().div_ceil(3);
    let mut found: Vec<(usize, Rule)> = Rule::all()
        .map(|rule| (distance(&typed, rule.name()), rule))
        .filter(|(far, rule)| *far <= most || shares(rule.name()))
        .collect();
    found.sort_by_key(|&(far, _)| far);
    found.into_iter().map(|(_, rule)| rule).collect()
}

/// How many letters must be added, removed or replaced to make one word of another.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut before = i;
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(to.bytes()) {
            let replaced = before.saturating_add(usize::from(a != b));
            before = *cell;
            left = replaced.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("suid", "setuid"), 2);
    }
}
