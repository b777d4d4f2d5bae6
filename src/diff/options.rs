//! What is compared.

use super::attribute::Attributes;

/// What is compared, and what is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Attributes that are ignored. What differs in them is [counted](super::Diff::ignored).
    pub ignore: Attributes,
    /// Which xattrs are ignored.
    pub xattrs: XattrRule,
    /// Whether it counts that an entry is there at all: added, deleted and moved ones are ignored
    /// otherwise.
    pub names: Names,
    /// Whether [`Attributes::NOISE`] is compared too.
    pub noise: Noise,
}

/// Whether added, deleted and moved entries count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// They do.
    #[default]
    Compared,
    /// They are counted as ignored.
    Ignored,
}

/// Whether [`Attributes::NOISE`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noise {
    /// It does not, and nothing is said of it.
    #[default]
    Hidden,
    /// It does, as all else.
    Shown,
}

/// Which xattrs are compared. A pattern is a key; a `*` at its end stands for any rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum XattrRule {
    /// All.
    #[default]
    All,
    /// All but those that one of these patterns fits.
    Except(Vec<Vec<u8>>),
    /// Those that one of these patterns fits.
    Only(Vec<Vec<u8>>),
}

impl XattrRule {
    /// Whether xattrs with this key are compared.
    pub(super) fn compares(&self, key: &[u8]) -> bool {
        let fits = |patterns: &[Vec<u8>]| patterns.iter().any(|pattern| fits(pattern, key));
        match self {
            Self::All => true,
            Self::Except(patterns) => !fits(patterns),
            Self::Only(patterns) => fits(patterns),
        }
    }
}

fn fits(pattern: &[u8], key: &[u8]) -> bool {
    match pattern.strip_suffix(b"*") {
        Some(start) => key.starts_with(start),
        None => key == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::XattrRule;

    #[test]
    fn a_star_at_the_end_stands_for_any_rest() {
        let rule = XattrRule::Except(vec![b"security.*".to_vec(), b"user.a".to_vec()]);
        let ignored =
            [&b"security.ima"[..], b"security.", b"user.a"].map(|key| !rule.compares(key));
        assert_eq!(ignored, [true; 3]);
        let compared = [&b"user.ab"[..], b"securit", b"user.a*"].map(|key| rule.compares(key));
        assert_eq!(compared, [true; 3]);
        assert!(XattrRule::Only(vec![b"user.*".to_vec()]).compares(b"user.x"));
        assert!(!XattrRule::Only(Vec::new()).compares(b"user.x"));
    }
}
