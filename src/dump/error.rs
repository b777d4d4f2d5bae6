//! What can be wrong with a dump, and where: codes, fields, severities, positions.
//!
//! A finding is made as an [`Issue`], which costs no allocation and knows only its line. Those that
//! are shown become a [`Diagnostic`], which owns its words and knows its place in the text.

mod diagnostic;

pub use diagnostic::Diagnostic;

/// How a dump is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Takes what the reference takes, and warns of all that is dropped, rewritten or guessed.
    #[default]
    Lenient,
    /// Refuses all that would be dropped, rewritten or guessed. Odd spellings stay warnings.
    Strict,
}

/// Whether a finding makes the dump unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The dump is refused.
    Error,
    /// The dump is taken, with the meaning that the reference gives it.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// How severe a code is, before a [`Profile`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An error in both profiles.
    Error,
    /// An error in the strict profile, a warning in the lenient one.
    StrictError,
    /// A warning in both profiles.
    Warning,
    /// `Error` or `StrictError`, depending on the case.
    ByCase,
}

impl Class {
    /// The severity in a profile; `ByCase` counts as `Error`.
    ///
    /// ```
    /// use cfs::dump::{Class, Profile, Severity};
    /// assert_eq!(Class::StrictError.severity(Profile::Lenient), Severity::Warning);
    /// assert_eq!(Class::StrictError.severity(Profile::Strict), Severity::Error);
    /// ```
    #[must_use]
    pub const fn severity(self, profile: Profile) -> Severity {
        match (self, profile) {
            (Self::Warning, _) | (Self::StrictError, Profile::Lenient) => Severity::Warning,
            (Self::Error | Self::ByCase, _) | (Self::StrictError, Profile::Strict) => {
                Severity::Error
            }
        }
    }
}

/// Defines [`Code`] from one table: what it says, its name, its class.
macro_rules! codes {
    ($($(#[doc = $says:literal])+ $code:ident, $name:literal, $class:ident;)+) => {
        /// What is wrong, as a short name that never changes its meaning.
        ///
        /// [`explain`](super::explain) says more about each of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $says])+ $code,)+
        }

        impl Code {
            /// All codes, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The name in messages, such as `bad-number`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// How severe it is.
            #[must_use]
            pub const fn class(self) -> Class {
                match self {
                    $(Self::$code => Class::$class,)+
                }
            }
        }
    };
}

codes! {
    /// The text begins with a byte-order mark.
    ByteOrderMark, "byte-order-mark", Error;
    /// A raw NUL.
    NulByte, "nul-byte", Error;
    /// The last byte of a line is CR.
    Crlf, "crlf", Error;
    /// A line of no bytes.
    EmptyLine, "empty-line", Error;
    /// The last line has no line feed.
    NoFinalNewline, "no-final-newline", StrictError;
    /// Fewer fields than an entry has; an error if one is missing that means something.
    MissingField, "missing-field", ByCase;
    /// A space at the end of the line.
    TrailingSpace, "trailing-space", StrictError;
    /// PAYLOAD, CONTENT or DIGEST of no bytes.
    EmptyField, "empty-field", StrictError;
    /// A backslash that begins no escape.
    BadEscape, "bad-escape", Error;
    /// A raw byte that a writer would escape.
    UnescapedByte, "unescaped-byte", Warning;
    /// PATH of no bytes.
    PathEmpty, "path-empty", Error;
    /// A path with an escaped NUL.
    PathNul, "path-nul", Error;
    /// A path that does not begin with a slash.
    PathRelative, "path-relative", StrictError;
    /// Two slashes in a row.
    PathDoubleSlash, "path-double-slash", StrictError;
    /// A slash at the end; an error in PATH, a matter of spelling in the target of a hard link.
    PathTrailingSlash, "path-trailing-slash", ByCase;
    /// A name that is `.` or `..`.
    PathDot, "path-dot", Error;
    /// A name over 255 bytes.
    NameTooLong, "name-too-long", Error;
    /// A path over 4095 bytes.
    PathTooLong, "path-too-long", StrictError;
    /// The root is not the first entry, or there is no entry at all.
    NoRoot, "no-root", Error;
    /// A second root.
    RootDuplicate, "root-duplicate", Error;
    /// A root that is no directory.
    RootNotDirectory, "root-not-directory", Error;
    /// The parent was not given before.
    ParentMissing, "parent-missing", Error;
    /// The parent is no directory.
    ParentNotDirectory, "parent-not-directory", Error;
    /// The path was given before.
    DuplicatePath, "duplicate-path", Error;
    /// Not a number.
    BadNumber, "bad-number", Error;
    /// A number with a plus sign, a leading zero, or `-0`.
    NumberSpelling, "number-spelling", Warning;
    /// A number over what its field holds.
    NumberRange, "number-range", Error;
    /// A billion nanoseconds or more.
    NsecRange, "nsec-range", StrictError;
    /// MODE without a file type that exists.
    BadMode, "bad-mode", Error;
    /// MODE with bits above the lowest 16.
    ModeExtraBits, "mode-extra-bits", StrictError;
    /// An external file over 2^53 bytes.
    SizeTooBig, "size-too-big", Error;
    /// SIZE of a device, FIFO or socket that is not 0.
    SizeIgnored, "size-ignored", Warning;
    /// SIZE of a symlink that is not the length of its target.
    SymlinkSize, "symlink-size", StrictError;
    /// RDEV of something that is no device.
    RdevIgnored, "rdev-ignored", StrictError;
    /// A symlink without target.
    SymlinkNoTarget, "symlink-no-target", Error;
    /// PAYLOAD with an escaped NUL.
    PayloadNul, "payload-nul", Error;
    /// PAYLOAD over 4095 bytes.
    PayloadTooLong, "payload-too-long", Error;
    /// PAYLOAD where none is kept.
    PayloadIgnored, "payload-ignored", StrictError;
    /// CONTENT of another length than SIZE says.
    ContentSize, "content-size", Error;
    /// CONTENT over 5000 bytes.
    ContentTooLong, "content-too-long", Error;
    /// CONTENT of something that is no regular file.
    ContentIgnored, "content-ignored", StrictError;
    /// Not a digest.
    BadDigest, "bad-digest", Error;
    /// A digest in upper case.
    DigestCase, "digest-case", Warning;
    /// DIGEST where none is kept.
    DigestIgnored, "digest-ignored", StrictError;
    /// An xattr without `=`.
    XattrNoEquals, "xattr-no-equals", Error;
    /// An xattr with no key.
    XattrKeyEmpty, "xattr-key-empty", Error;
    /// An xattr key with an escaped NUL.
    XattrKeyNul, "xattr-key-nul", Error;
    /// An xattr key over 255 bytes.
    XattrKeyTooLong, "xattr-key-too-long", Error;
    /// More bytes of xattrs than an inode holds.
    XattrTooBig, "xattr-too-big", Error;
    /// An xattr key for the second time.
    XattrDuplicate, "xattr-duplicate", StrictError;
    /// An xattr that an image cannot carry; an error where it would turn a file into a device.
    XattrReserved, "xattr-reserved", ByCase;
    /// A hard link line whose MODE is that of a directory.
    HardlinkDirectory, "hardlink-directory", Error;
    /// A hard link line whose MODE has no file type.
    HardlinkTypeless, "hardlink-typeless", StrictError;
    /// A hard link without target.
    HardlinkNoTarget, "hardlink-no-target", Error;
    /// The target of a hard link does not exist.
    HardlinkMissing, "hardlink-missing", Error;
    /// A hard link to itself.
    HardlinkSelf, "hardlink-self", Error;
    /// A hard link to a directory.
    HardlinkToDirectory, "hardlink-to-directory", Error;
    /// Hard links that lead in a circle.
    HardlinkCycle, "hardlink-cycle", Error;
    /// A hard link to a hard link.
    HardlinkChain, "hardlink-chain", Warning;
    /// More entries than a tree can number.
    TooManyEntries, "too-many-entries", Error;
    /// In the canonical form another name of the inode comes first.
    CarrierMoved, "carrier-moved", Warning;
    /// SHA-256 and SHA-512 digests in one tree.
    MixedDigests, "mixed-digests", Warning;
}

impl Code {
    /// The code of a name.
    ///
    /// ```
    /// use cfs::dump::Code;
    /// assert_eq!(Code::from_name("bad-number"), Some(Code::BadNumber));
    /// assert_eq!(Code::from_name("good-number"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// The part of a line that a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The line as a whole.
    Line,
    /// Path of the entry.
    Path,
    /// Size in bytes.
    Size,
    /// File type and permissions, in octal.
    Mode,
    /// Link count.
    Nlink,
    /// Owner.
    Uid,
    /// Group.
    Gid,
    /// Device number.
    Rdev,
    /// Time of the last modification.
    Mtime,
    /// Target of a link, or path of the backing file.
    Payload,
    /// Content that stands in the dump.
    Content,
    /// fs-verity digest of the backing file.
    Digest,
    /// One extended attribute.
    Xattr,
}

impl Field {
    /// The eleven fixed fields, in their order.
    pub const FIXED: [Self; 11] = [
        Self::Path,
        Self::Size,
        Self::Mode,
        Self::Nlink,
        Self::Uid,
        Self::Gid,
        Self::Rdev,
        Self::Mtime,
        Self::Payload,
        Self::Content,
        Self::Digest,
    ];

    /// The name in messages: `SIZE`; `line` for the line as a whole.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Path => "PATH",
            Self::Size => "SIZE",
            Self::Mode => "MODE",
            Self::Nlink => "NLINK",
            Self::Uid => "UID",
            Self::Gid => "GID",
            Self::Rdev => "RDEV",
            Self::Mtime => "MTIME",
            Self::Payload => "PAYLOAD",
            Self::Content => "CONTENT",
            Self::Digest => "DIGEST",
            Self::Xattr => "XATTR",
        }
    }
}

/// A place in a dump text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes (not characters), counted from 1.
    pub column: usize,
    /// Bytes from the start of the text, counted from 0.
    pub offset: usize,
}

/// What a finding found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// The bytes that the issue spans.
    Span,
    /// Other bytes of the line, such as the whole number that holds a bad digit.
    Quote {
        /// Index of the first byte in the line.
        start: usize,
        /// How many bytes.
        len: usize,
    },
    /// Words of our own.
    Words(&'static str),
    /// One byte.
    Byte(u8),
    /// So many bytes.
    Length(usize),
    /// A length that differs from a declared one, both in bytes.
    Lengths {
        /// What SIZE says.
        declared: u64,
        /// The length.
        found: usize,
    },
    /// So many fields.
    Count(usize),
    /// The bytes that the issue spans, which were given on this line before; counted from 1.
    Earlier(usize),
}

/// A finding in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong.
    pub code: Code,
    /// Whether that refuses the dump; the profile has decided.
    pub severity: Severity,
    /// Where in the line.
    pub field: Field,
    /// Index in the line of the first byte that cannot be right.
    pub start: usize,
    /// How many bytes to underline; 0 at the end of a line.
    pub len: usize,
    /// What was found.
    pub detail: Detail,
}

impl Issue {
    /// Whether it refuses the dump.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
