//! What can be wrong with the options of a mount.

/// Which option is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option {}: {kind}", shown(name))]
pub struct OptionError {
    name: Vec<u8>,
    kind: OptionErrorKind,
}

/// Longer names are cut in messages.
const SHOWN: usize = 60;

fn shown(name: &[u8]) -> String {
    let start = name.get(..SHOWN).map_or(name, |start| start);
    let rest = if start.len() < name.len() { "…" } else { "" };
    format!("{}{rest}", start.escape_ascii())
}

impl OptionError {
    pub(super) fn new(name: &[u8], kind: OptionErrorKind) -> Self {
        Self { name: name.to_vec(), kind }
    }

    /// The name of the option, as it was written.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &OptionErrorKind {
        &self.kind
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.kind == OptionErrorKind::Unknown
    }
}

/// What is wrong, in words that follow the name of an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionErrorKind {
    /// Nothing stands between two commas.
    #[error("expected a name, found nothing")]
    Empty,
    /// There is no such option.
    #[error("is not known (a comma in a value is written \"\\,\")")]
    Unknown,
    /// The value is missing.
    #[error("expected \"=\" and {0}, found no value")]
    NoValue(&'static str),
    /// There is a value where none can be.
    #[error("expected no value, found one")]
    OddValue,
    /// It is there already.
    #[error("is given more than once")]
    Repeated,
    /// A digest is too short or too long.
    #[error("expected 64 hex digits (SHA-256) or 128 (SHA-512), found {0}")]
    DigestLength(usize),
    /// A byte is no hex digit.
    #[error("expected hex digits, found \"{}\"", [*.0].escape_ascii())]
    DigestDigit(u8),
    /// A path has no bytes.
    #[error("expected a path, found nothing")]
    EmptyPath,
    /// A path has a NUL.
    #[error("expected a path, found a NUL byte in it")]
    Nul,
    /// A value ends in a backslash.
    #[error("expected a byte behind the backslash, found the end of the value")]
    LoneBackslash,
    /// A quote has no end.
    #[error("expected a closing quote, found the end")]
    OpenQuote,
    /// Something stands behind a quote.
    #[error("expected a comma behind the closing quote")]
    BehindQuote,
    /// The mount that is there cannot be changed.
    #[error("a composefs mount cannot be changed: unmount it and mount it again")]
    Remount,
    /// Another option must be there too.
    #[error("needs the option {0} too")]
    Needs(&'static str),
    /// `noverity` stands beside `digest`.
    #[error("cannot be together with \"digest\", which is about objects too")]
    WithDigest,
    /// There is no directory of objects.
    #[error(
        "expected a directory of objects, found none (an empty one will do if no file needs any)"
    )]
    NoBasedir,
}
