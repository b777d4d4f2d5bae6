//! What is legal in a tree, a text or an image, and most likely not meant.
//!
//! [`tree`] looks at a tree, wherever it is from; [`text`] at a text that was parsed, and at its tree;
//! [`image`] at what only an image has. Each gives [`Finding`]s. What makes a text unusable is found by
//! [`dump::parse`](crate::dump::parse()), and what makes an image unreadable by
//! [`erofs::read`](crate::erofs::read); [`Rule`] has one name for all of it.
//!
//! Nothing here judges by the day: whether a time is still to come is compared with one that the
//! caller gives.

mod code;
mod form;
mod image;
mod marks;
mod names;
mod near;
mod text;
mod tree;

pub use code::{Code, Level};
pub use image::{Image, image};
pub use names::Compose;
pub use text::{Text, carriers, place, text};
pub use tree::{Options, tree};

use crate::dump::{self, Field, Position, Severity};
use crate::num::wide;

/// What a finding is about: a code of parsing or of checking. No two have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What parsing finds.
    Text(dump::Code),
    /// What checking finds.
    Check(Code),
}

impl Rule {
    /// All rules: those of parsing, then those of checking.
    pub fn all() -> impl Iterator<Item = Self> {
        let text = dump::Code::ALL.iter().copied().map(Self::Text);
        text.chain(Code::ALL.iter().copied().map(Self::Check))
    }

    /// The rule of a name.
    ///
    /// ```
    /// use cfs::check::{Code, Rule};
    /// use cfs::dump;
    /// assert_eq!(Rule::from_name("bad-digest"), Some(Rule::Text(dump::Code::BadDigest)));
    /// assert_eq!(Rule::from_name("device"), Some(Rule::Check(Code::Device)));
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let text = dump::Code::from_name(name).map(Self::Text);
        text.or_else(|| Code::from_name(name).map(Self::Check))
    }

    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text(code) => code.name(),
            Self::Check(code) => code.name(),
        }
    }

    /// How much it matters unless somebody decides otherwise; a text is read leniently.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Text(code) => match code.class().severity(dump::Profile::Lenient) {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
            },
            Self::Check(code) => code.level(),
        }
    }

    /// The first sentence of the explanation, without its full stop.
    #[must_use]
    pub fn summary(self) -> &'static str {
        let all = self.explain();
        all.split_once(". ").map_or(all, |(first, _)| first)
    }

    /// The rules whose names are close to what somebody typed, nearest first: with a word that
    /// begins as one of it, or a few letters away from it.
    ///
    /// ```
    /// use cfs::check::Rule;
    /// let names = |typed| Rule::near(typed).iter().map(|rule| rule.name()).collect::<Vec<_>>();
    /// assert_eq!(names("suid"), ["setuid"]);
    /// assert_eq!(names("symlink"), ["symlink-size", "symlink-no-target"]);
    /// assert!(names("quux").is_empty());
    /// ```
    #[must_use]
    pub fn near(typed: &str) -> Vec<Self> {
        near::near(typed)
    }

    /// What is found, why it matters and how to mend it.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Text(code) => dump::explain(code),
            Self::Check(code) => code.explain(),
        }
    }
}

/// Where a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the source as a whole.
    Whole,
    /// In a line of a text.
    Line {
        /// The first byte.
        at: Position,
        /// How many bytes of the line are meant.
        len: usize,
    },
    /// At a byte of an image, counted from its start.
    Byte(u64),
    /// At the inode of an image with this number, `nid`, and at this byte.
    Inode {
        /// The number.
        nid: u64,
        /// The byte, counted from the start of the image.
        offset: u64,
    },
}

impl Place {
    /// The first byte, counted from the start of the source.
    ///
    /// ```
    /// assert_eq!(cfs::check::Place::Byte(1024).start(), 1024);
    /// ```
    #[must_use]
    pub fn start(self) -> u64 {
        match self {
            Self::Whole => 0,
            Self::Line { at, .. } => wide(at.offset),
            Self::Byte(offset) | Self::Inode { offset, .. } => offset,
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub rule: Rule,
    /// How much it matters.
    pub level: Level,
    /// Path in the tree, if it is about one.
    pub path: Option<Vec<u8>>,
    /// The part of a line that it is about.
    pub field: Field,
    /// Where, as far as it is known.
    pub place: Place,
    /// In words: lower case, no full stop.
    pub message: String,
    /// What to do about it, if there is something short to say.
    pub hint: Option<&'static str>,
}

impl Finding {
    /// A finding about a path, with the level that its code has, and no place yet.
    fn new(code: Code, path: &[u8], field: Field, message: impl Into<String>) -> Self {
        Self {
            rule: Rule::Check(code),
            level: code.level(),
            path: Some(path.to_vec()),
            field,
            place: Place::Whole,
            message: message.into(),
            hint: None,
        }
    }

    /// A finding about a source as a whole, or about a place in it that no path leads to.
    #[must_use]
    pub fn of_source(code: Code, place: Place, message: String) -> Self {
        let (rule, level) = (Rule::Check(code), code.level());
        Self { rule, level, path: None, field: Field::Line, place, message, hint: None }
    }

    /// A finding about an object that the file at a path needs.
    #[must_use]
    pub fn of_object(code: Code, path: &[u8], message: String) -> Self {
        Self::new(code, path, Field::Payload, message)
    }
}

impl From<&dump::Diagnostic> for Finding {
    fn from(found: &dump::Diagnostic) -> Self {
        let field = match found.field() {
            Field::Line => String::new(),
            field => format!("{}: ", field.name()),
        };
        Self {
            rule: Rule::Text(found.code()),
            level: found.severity().into(),
            path: None,
            field: found.field(),
            place: Place::Line { at: found.position(), len: found.span_len() },
            message: format!("{field}expected {}, found {}", found.expected(), found.found()),
            hint: found.hint(),
        }
    }
}
