//! Whether two sources are the same, on three levels.

use super::Diff;

/// Whether two trees are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeVerdict {
    /// Nothing differs.
    Same,
    /// Nothing differs but what was ignored.
    SameButIgnored,
    /// Something differs.
    Different,
}

impl TreeVerdict {
    /// What a comparison says of the trees.
    #[must_use]
    pub fn of(diff: &Diff<'_>) -> Self {
        match (diff.changes.is_empty(), diff.ignored.is_empty()) {
            (false, _) => Self::Different,
            (true, false) => Self::SameButIgnored,
            (true, true) => Self::Same,
        }
    }

    /// The name, such as `same`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::SameButIgnored => "same-but-ignored",
            Self::Different => "different",
        }
    }
}

/// Whether two sources are the same: as trees, as images, as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The trees.
    pub tree: TreeVerdict,
    /// In which formats the images of both are the same; `None` if that was not found out.
    pub images: Option<Vec<&'static str>>,
    /// Whether the two files are the same bytes.
    pub bytes: bool,
    /// All of it in words.
    pub words: String,
}

impl Verdict {
    /// The verdict on two trees of which nothing more is known.
    #[must_use]
    pub fn of_trees(diff: &Diff<'_>) -> Self {
        let tree = TreeVerdict::of(diff);
        let words = tree_words(diff);
        Self { tree, images: None, bytes: false, words }
    }
}

/// What there is to say of the trees.
#[must_use]
pub fn tree_words(diff: &Diff<'_>) -> String {
    match TreeVerdict::of(diff) {
        TreeVerdict::Same => "same tree".into(),
        TreeVerdict::Different => "trees differ".into(),
        TreeVerdict::SameButIgnored => {
            let told = |(name, _)| if name == "elsewhere" { "other paths" } else { name };
            let names: Vec<&str> = diff.ignored.iter().map(told).collect();
            format!("equal except for what was ignored: {}", names.join(", "))
        }
    }
}
