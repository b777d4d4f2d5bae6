//! What is scanned, and how.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::ScanError;
use crate::store::Store;
use crate::tree::Mtime;
use crate::verity::Algorithm;

/// How a directory is scanned. The default records all there is, as mkcomposefs does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScanOptions {
    /// Which times are recorded.
    pub mtimes: Mtimes,
    /// Whether block and character devices are left out; whiteouts are character devices.
    pub skip_devices: bool,
    /// Which xattrs are recorded.
    pub xattrs: Xattrs,
    /// Patterns of xattr names of which one must match, such as `security.*`; none at all for no such
    /// rule.
    pub xattr_allow: Vec<String>,
    /// Files of at most so many bytes stand in the tree itself: 64, and at most 5000.
    pub inline_max: u64,
    /// Patterns of paths that are left out, with all below them. A path is that from the root, without
    /// a slash at its start; `*` matches within a name, `**` any number of names.
    pub exclude: Vec<String>,
    /// Whether directories on which another file system is mounted are recorded as empty.
    pub one_file_system: bool,
    /// Who owns what.
    pub owners: IdMap,
    /// Which group owns what.
    pub groups: IdMap,
    /// What becomes of inodes with several names.
    pub hard_links: HardLinks,
    /// What to do about a file that changes while it is read.
    pub on_change: OnChange,
    /// Whether the digest by which the kernel has sealed a file is believed, so that the file is not
    /// read at all. That is as good as reading it if the kernel can be trusted and keeps the disk from
    /// changing under it; a file system driver of doubtful origin, or a disk that somebody else can
    /// write to while it is mounted, can tell any digest. It is not believed with a store, which
    /// computes what it writes.
    pub trust_kernel_verity: bool,
    /// The hash function of digests.
    pub algorithm: Algorithm,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            mtimes: Mtimes::Keep,
            skip_devices: false,
            xattrs: Xattrs::All,
            xattr_allow: Vec::new(),
            inline_max: 64,
            exclude: Vec::new(),
            one_file_system: false,
            owners: IdMap::default(),
            groups: IdMap::default(),
            hard_links: HardLinks::Split,
            on_change: OnChange::Error,
            trust_kernel_verity: false,
            algorithm: Algorithm::Sha256,
        }
    }
}

/// Which times are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mtimes {
    /// Those of the files.
    #[default]
    Keep,
    /// This one for all.
    Set(Mtime),
    /// This one for files that are newer.
    Clamp(Mtime),
}

impl Mtimes {
    pub(super) fn of(self, mtime: Mtime) -> Mtime {
        match self {
            Self::Keep => mtime,
            Self::Set(all) => all,
            Self::Clamp(last) => mtime.min(last),
        }
    }
}

/// Which xattrs are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Xattrs {
    /// All that the process can see.
    #[default]
    All,
    /// Those that begin with `user.`.
    User,
    /// None.
    None,
}

/// What becomes of inodes with several names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HardLinks {
    /// Each name gets an inode of its own with one link, as mkcomposefs does.
    #[default]
    Split,
    /// They share an inode, whose link count is that of the names in the directory.
    Keep,
}

/// What to do about a file that changes while it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    /// It counts as unreadable.
    #[default]
    Error,
    /// It is read again, a few times; then as [`OnChange::Error`].
    Retry,
    /// It is read again, a few times; then what was read is taken, with the size of just that.
    Warn,
}

/// Owners or groups, as they are recorded.
///
/// # Example
/// ```
/// let mut map = cfs::live::IdMap::default();
/// map.insert(1000, 0);
/// assert_eq!((map.of(1000), map.of(7)), (0, 7));
/// map.rest(3);
/// assert_eq!((map.of(1000), map.of(7)), (0, 3));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMap {
    pairs: Vec<(u32, u32)>,
    rest: Option<u32>,
}

impl IdMap {
    /// Records `to` where a file has `from`. The last one given for a number counts.
    pub fn insert(&mut self, from: u32, to: u32) {
        self.pairs.push((from, to));
    }

    /// Records `to` for all that are not named.
    pub fn rest(&mut self, to: u32) {
        self.rest = Some(to);
    }

    /// What is recorded where a file has `id`.
    #[must_use]
    pub fn of(&self, id: u32) -> u32 {
        let pair = self.pairs.iter().rev().find(|(from, _)| *from == id);
        pair.map(|&(_, to)| to).or(self.rest).unwrap_or(id)
    }
}

/// The longest content that an image can hold in itself.
const MAX_INLINE: u64 = 5000;

/// Options, ready for use.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) options: ScanOptions,
    exclude: Option<GlobSet>,
    xattr_allow: Option<GlobSet>,
    /// Device and inode of the store.
    pub(super) store: Option<(u64, u64)>,
}

impl Rules {
    pub(super) fn new(options: &ScanOptions, store: Option<&Store>) -> Result<Self, ScanError> {
        if options.inline_max > MAX_INLINE {
            return Err(ScanError::Options("at most 5000 bytes can stand in an image itself"));
        }
        let store = store.and_then(|store| rustix::fs::stat(store.path()).ok());
        Ok(Self {
            options: options.clone(),
            exclude: globs(&options.exclude, true)?,
            xattr_allow: globs(&options.xattr_allow, false)?,
            store: store.map(|stat| (stat.st_dev, stat.st_ino)),
        })
    }

    /// Whether paths are looked at.
    pub(super) fn excludes(&self) -> bool {
        self.exclude.is_some()
    }

    /// Whether a path is left out; it begins with a slash.
    pub(super) fn is_excluded(&self, path: &[u8]) -> bool {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        self.exclude.as_ref().is_some_and(|globs| is_match(globs, path))
    }

    /// Whether an xattr is recorded.
    pub(super) fn wants_xattr(&self, key: &[u8]) -> bool {
        (self.options.xattrs == Xattrs::All || key.starts_with(b"user."))
            && self.xattr_allow.as_ref().is_none_or(|globs| is_match(globs, key))
    }
}

fn is_match(globs: &GlobSet, bytes: &[u8]) -> bool {
    globs.is_match(Path::new(OsStr::from_bytes(bytes)))
}

/// The patterns as one; nothing for none.
fn globs(patterns: &[String], is_path: bool) -> Result<Option<GlobSet>, ScanError> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let refused = |error: globset::Error| ScanError::Pattern(error.to_string());
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let mut glob = GlobBuilder::new(pattern);
        set.add(glob.literal_separator(is_path).backslash_escape(true).build().map_err(refused)?);
    }
    set.build().map(Some).map_err(refused)
}
