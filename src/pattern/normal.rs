//! What is left open of every entry, whatever a golden says.

use super::open::{Open, type_digits};
use crate::diff::Attribute;
use crate::dump::{Place, escape_into};
use crate::tree::FileType;

/// What is left open of every entry: attributes by the names that `cfs diff --ignore` knows, and
/// profiles, which are several at once.
///
/// # Example
/// ```
/// use cfs::pattern::Normal;
/// let normal = Normal::from_words(["mtime", "xattr:user."])?;
/// assert_eq!(Normal::from_words(["@portable"])?, Normal::from_words(["mtime", "selinux"])?);
/// assert_eq!(Normal::from_words(["colour"]).unwrap_err().word, "colour");
/// # Ok::<(), cfs::pattern::UnknownWord>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normal {
    attributes: crate::diff::Attributes,
    all_xattrs: bool,
    xattrs: Vec<Vec<u8>>,
}

/// A word that names nothing that a golden can leave open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a golden cannot leave open \"{word}\"")]
pub struct UnknownWord {
    /// The word.
    pub word: String,
}

/// Attributes that a golden can leave open.
const ATTRIBUTES: [Attribute; 12] = [
    Attribute::Content,
    Attribute::Target,
    Attribute::Device,
    Attribute::Size,
    Attribute::Mode,
    Attribute::Owner,
    Attribute::Xattr,
    Attribute::Mtime,
    Attribute::Digest,
    Attribute::Payload,
    Attribute::Nlink,
    Attribute::DirectorySize,
];

/// The label of SELinux.
const SELINUX: &str = "security.selinux";

/// Each profile, and the words it stands for.
pub const PROFILES: [(&str, &[&str]); 4] = [
    ("@portable", &["mtime", "selinux"]),
    ("@unprivileged", &["mtime", "owner", "xattr:security.", "xattr:trusted."]),
    ("@access", &["mtime", "size", "content", "digest", "payload", "nlink", "dirsize"]),
    (
        "@layout",
        &[
            "mtime", "size", "content", "digest", "payload", "nlink", "dirsize", "mode", "owner",
            "device", "target", "xattr",
        ],
    ),
];

impl Normal {
    /// What some words stand for: names of attributes, `xattr:KEY` for all xattrs whose keys begin
    /// with KEY, `selinux`, and the names of [`PROFILES`].
    ///
    /// # Errors
    /// [`UnknownWord`] for the first word that is none of them.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, UnknownWord> {
        let mut normal = Self::default();
        for word in words {
            match PROFILES.iter().find(|(name, _)| *name == word) {
                Some((_, words)) => words.iter().try_for_each(|word| normal.add(word))?,
                None => normal.add(word)?,
            }
        }
        Ok(normal)
    }

    /// All words there are, for a hint.
    #[must_use]
    pub fn known_words() -> String {
        let names = ATTRIBUTES.map(Attribute::name).join(", ");
        let profiles = PROFILES.map(|(name, _)| name).join(", ");
        format!("there are {names}, xattr:KEY, selinux, and the profiles {profiles}")
    }

    fn add(&mut self, word: &str) -> Result<(), UnknownWord> {
        let unknown = || UnknownWord { word: word.to_owned() };
        let key = if word == "selinux" { Some(SELINUX) } else { word.strip_prefix("xattr:") };
        if let Some(key) = key {
            let key = key.strip_suffix('*').unwrap_or(key);
            if key.is_empty() || key.contains('\0') {
                return Err(unknown());
            }
            self.xattrs.push(key.as_bytes().to_vec());
            return Ok(());
        }
        let attribute = Attribute::from_name(word).filter(|found| ATTRIBUTES.contains(found));
        let attribute = attribute.ok_or_else(unknown)?;
        self.all_xattrs |= attribute == Attribute::Xattr;
        self.attributes = self.attributes.with(attribute.into());
        Ok(())
    }

    /// Whether nothing is left open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is left open of an entry of this type.
    pub(super) fn open(&self, kind: FileType) -> Open {
        let regular = kind == FileType::Regular;
        let symlink = kind == FileType::Symlink;
        let content = regular && self.has(Attribute::Content);
        let target = symlink && self.has(Attribute::Target);
        let size = match kind {
            FileType::Directory => self.has(Attribute::DirectorySize),
            FileType::Symlink => target,
            FileType::Regular => self.has(Attribute::Size),
            _ => false,
        };
        let facts = [
            (Open::SIZE, size),
            (Open::PERMISSIONS, self.has(Attribute::Mode)),
            (Open::NLINK, self.has(Attribute::Nlink)),
            (Open::UID, self.has(Attribute::Owner)),
            (Open::GID, self.has(Attribute::Owner)),
            (Open::RDEV, kind.is_device() && self.has(Attribute::Device)),
            (Open::MTIME, self.has(Attribute::Mtime)),
            (Open::PAYLOAD, content || target || regular && self.has(Attribute::Payload)),
            (Open::CONTENT, content),
            (Open::DIGEST, content || regular && self.has(Attribute::Digest)),
        ];
        let open = facts.into_iter().filter(|(_, open)| *open);
        open.fold(Open::NONE, |all, (fact, _)| all.with(fact))
    }

    fn has(&self, attribute: Attribute) -> bool {
        self.attributes.contains(attribute)
    }

    /// Whether xattrs with this key are left open.
    pub(super) fn frees(&self, key: &[u8]) -> bool {
        self.all_xattrs || self.xattrs.iter().any(|prefix| key.starts_with(prefix))
    }

    /// Whether any xattrs are.
    pub(super) fn frees_xattrs(&self) -> bool {
        self.all_xattrs || !self.xattrs.is_empty()
    }

    /// The fields that say so in a line.
    pub(super) fn tokens(&self) -> Vec<Vec<u8>> {
        if self.all_xattrs {
            return vec![b"*".to_vec()];
        }
        let token = |prefix: &Vec<u8>| {
            let mut token = Vec::new();
            escape_into(prefix, Place::XattrKey, &mut token);
            token.push(b'*');
            token
        };
        self.xattrs.iter().map(token).collect()
    }

    /// MODE that leaves the permissions open.
    pub(super) fn mode(kind: FileType) -> String {
        format!("{}*", type_digits(kind))
    }
}
