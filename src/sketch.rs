//! Trees in a few lines, for tests and examples: no file is looked at and no privilege is needed.
//!
//! [`Sketch`] takes paths, and makes the directories they are in. What is said behind an entry is about
//! that entry; what is not said is as in the calm middle of a distribution: owner 0:0, mode 0755 for a
//! directory, 0644 for a file, 0777 for a symlink, 0600 for a device, time 0, as many links as there are names.
//!
//! With the feature `golden`:
//! ```
//! # #[cfg(feature = "golden")] {
//! use cfs::assert_tree;
//! use cfs::sketch::Sketch;
//!
//! let tree = Sketch::new()
//!     .file("/usr/bin/su", "").mode(0o4755)
//!     .char_device("/dev/tty", 5, 0).mode(0o666).owner(0, 5)
//!     .build()?;
//! assert_tree!(tree, text: "
//!     / * 40755 * 0 0 0 0.0 - - -
//!     /...
//!     /dev * 40755 * 0 0 0 0.0 - - -
//!     /dev/tty 0 20666 1 0 5 1280 0.0 - - -
//! ");
//! # }
//! # Ok::<(), cfs::sketch::SketchError>(())
//! ```

mod error;

use std::collections::BTreeMap;

pub use error::{SketchError, SketchErrorKind};

use crate::canon::canonicalise;
use crate::num::wide;
use crate::tree::{Builder, Facts, Mode, Mtime, NodeId, Tree, Xattr};

/// Builds a tree from paths. See the [module](self).
///
/// # Example
/// ```
/// use cfs::sketch::Sketch;
/// let tree = Sketch::new()
///     .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
///     .file("/usr/bin/su", "").mode(0o4755)
///     .link("/usr/bin/sudo", "/usr/bin/su")
///     .file("/usr/bin/ping", "").xattr("user.note", "v")
///     .external("/usr/lib/libc.so", 2_029_592, "ab/cdef")
///     .symlink("/bin", "usr/bin")
///     .char_device("/dev/tty", 5, 0).mode(0o666).owner(0, 5)
///     .dir("/tmp").mode(0o1777)
///     .whiteout("/usr/games")
///     .build()?;
/// assert_eq!(tree.to_string().lines().last(), Some("/usr/lib/libc.so 2029592 100644 1 0 0 0 0.0 ab/cdef - -"));
/// # Ok::<(), cfs::sketch::SketchError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sketch {
    /// By the names of their paths, so that a directory comes before what is in it.
    entries: BTreeMap<Vec<Vec<u8>>, Entry>,
    /// The entry that was named last; the root at first.
    last: Vec<Vec<u8>>,
    error: Option<SketchError>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// With the type.
    mode: u16,
    /// Whether it was only made because something is in it.
    is_parent: bool,
    link: Option<Vec<Vec<u8>>>,
    size: u64,
    owner: (u32, u32),
    device: u32,
    mtime: Mtime,
    payload: Option<Vec<u8>>,
    content: Option<Vec<u8>>,
    digest: Option<Vec<u8>>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

const DIRECTORY: u16 = 0o040_000;
const REGULAR: u16 = 0o100_000;
const SYMLINK: u16 = 0o120_000;
const PERMISSIONS: u16 = 0o7777;

impl Entry {
    fn new(mode: u16) -> Self {
        Self {
            mode,
            is_parent: false,
            link: None,
            size: 0,
            owner: (0, 0),
            device: 0,
            mtime: Mtime::default(),
            payload: None,
            content: None,
            digest: None,
            xattrs: Vec::new(),
        }
    }

    fn kind(&self) -> u16 {
        self.mode & Mode::TYPE_MASK
    }

    fn is_external(&self) -> bool {
        self.kind() == REGULAR && self.content.is_none() && self.link.is_none()
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new()
    }
}

/// The names of a path.
fn names(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    names.map(<[u8]>::to_vec).collect()
}

impl Sketch {
    /// A tree with a root alone.
    #[must_use]
    pub fn new() -> Self {
        let root = Entry { is_parent: true, ..Entry::new(DIRECTORY | 0o755) };
        Self { entries: BTreeMap::from([(Vec::new(), root)]), last: Vec::new(), error: None }
    }

    /// A directory. What is in a directory makes it too, so that this is needed where it is empty, or
    /// where there is something to say of it.
    #[must_use]
    pub fn dir(self, path: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), Entry::new(DIRECTORY | 0o755))
    }

    /// A file whose content stands in the tree itself.
    #[must_use]
    pub fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        let size = wide(content.len());
        self.add(
            path.as_ref(),
            Entry { size, content: Some(content), ..Entry::new(REGULAR | 0o644) },
        )
    }

    /// A file whose content, of `size` bytes, stands elsewhere: at `payload`, in a store of objects.
    #[must_use]
    pub fn external(self, path: impl AsRef<[u8]>, size: u64, payload: impl AsRef<[u8]>) -> Self {
        let payload = Some(payload.as_ref().to_vec());
        self.add(path.as_ref(), Entry { size, payload, ..Entry::new(REGULAR | 0o644) })
    }

    /// A symlink.
    #[must_use]
    pub fn symlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        let target = target.as_ref().to_vec();
        let size = wide(target.len());
        self.add(
            path.as_ref(),
            Entry { size, payload: Some(target), ..Entry::new(SYMLINK | 0o777) },
        )
    }

    /// A further name of the file at `target`, which may be named later.
    #[must_use]
    pub fn link(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        let link = Some(names(target.as_ref()));
        self.add(path.as_ref(), Entry { link, ..Entry::new(REGULAR) })
    }

    /// A character device.
    #[must_use]
    pub fn char_device(self, path: impl AsRef<[u8]>, major: u32, minor: u32) -> Self {
        self.device(path.as_ref(), 0o020_600, major, minor)
    }

    /// A block device.
    #[must_use]
    pub fn block_device(self, path: impl AsRef<[u8]>, major: u32, minor: u32) -> Self {
        self.device(path.as_ref(), 0o060_600, major, minor)
    }

    /// A whiteout of overlayfs: a character device 0:0.
    #[must_use]
    pub fn whiteout(self, path: impl AsRef<[u8]>) -> Self {
        self.device(path.as_ref(), 0o020_000, 0, 0)
    }

    /// A FIFO.
    #[must_use]
    pub fn fifo(self, path: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), Entry::new(0o010_644))
    }

    /// A socket.
    #[must_use]
    pub fn socket(self, path: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), Entry::new(0o140_755))
    }

    /// The twelve permission bits of the last entry, such as `0o4755`.
    #[must_use]
    pub fn mode(self, permissions: u16) -> Self {
        self.of_last(|entry| match permissions & !PERMISSIONS {
            0 => {
                entry.mode = entry.kind() | permissions;
                Ok(())
            }
            _ => Err(SketchErrorKind::BadMode(permissions)),
        })
    }

    /// User and group of the last entry.
    #[must_use]
    pub fn owner(self, uid: u32, gid: u32) -> Self {
        self.of_last(|entry| {
            entry.owner = (uid, gid);
            Ok(())
        })
    }

    /// Time of the last modification of the last entry: seconds since 1970, and nanoseconds.
    #[must_use]
    pub fn mtime(self, sec: i64, nsec: u32) -> Self {
        self.of_last(|entry| {
            entry.mtime = Mtime { sec, nsec };
            Ok(())
        })
    }

    /// An xattr of the last entry, such as `security.capability`.
    #[must_use]
    pub fn xattr(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let pair = (key.as_ref().to_vec(), value.as_ref().to_vec());
        self.of_last(|entry| {
            entry.xattrs.push(pair);
            Ok(())
        })
    }

    /// The fs-verity digest of the last entry, which is [external](Sketch::external): 32 or 64 bytes.
    #[must_use]
    pub fn digest(self, digest: impl AsRef<[u8]>) -> Self {
        self.of_last(|entry| {
            if !entry.is_external() {
                return Err(SketchErrorKind::NotExternal);
            }
            entry.digest = Some(digest.as_ref().to_vec());
            Ok(())
        })
    }

    fn device(self, path: &[u8], mode: u16, major: u32, minor: u32) -> Self {
        let sketch = self.add(path, Entry::new(mode));
        sketch.of_last(|entry| {
            if major > 0xfff || minor > 0xf_ffff {
                return Err(SketchErrorKind::BadDevice(major, minor));
            }
            // The encoding of Linux, `new_encode_dev`.
            entry.device = minor & 0xff | major << 8 | (minor & !0xff) << 12;
            Ok(())
        })
    }

    fn add(mut self, path: &[u8], entry: Entry) -> Self {
        let names = names(path);
        let known = self.entries.get_mut(&names);
        let refused = match known {
            _ if path.first() != Some(&b'/') => Some(SketchErrorKind::Relative),
            Some(known) if known.is_parent && entry.kind() == DIRECTORY => {
                known.is_parent = false;
                None
            }
            Some(_) => Some(SketchErrorKind::Twice),
            None => {
                self.entries.insert(names.clone(), entry);
                None
            }
        };
        self.last = names;
        if let Some(kind) = refused {
            self.refuse(path, kind);
            return self;
        }
        for len in 1..self.last.len() {
            let above = self.last.get(..len).unwrap_or_default().to_vec();
            let parent = || Entry { is_parent: true, ..Entry::new(DIRECTORY | 0o755) };
            self.entries.entry(above).or_insert_with(parent);
        }
        self
    }

    fn of_last(mut self, change: impl FnOnce(&mut Entry) -> Result<(), SketchErrorKind>) -> Self {
        let Some(entry) = self.entries.get_mut(&self.last) else { return self };
        let changed = match entry.link {
            Some(_) => Err(SketchErrorKind::OfLink),
            None => change(entry),
        };
        if let Err(kind) = changed {
            let path = joined(&self.last);
            self.refuse(&path, kind);
        }
        self
    }

    /// Keeps the first thing that is wrong.
    fn refuse(&mut self, path: &[u8], kind: SketchErrorKind) {
        self.error.get_or_insert_with(|| SketchError::new(path, kind));
    }

    /// The tree, in canonical form.
    ///
    /// # Errors
    /// [`SketchError`]: the first thing that was wrong, with the path it was said of.
    pub fn build(self) -> Result<Tree<'static>, SketchError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let links = links(&self.entries)?;
        let mut builder = Builder::rootless(b"");
        let mut nodes: BTreeMap<&[Vec<u8>], NodeId> = BTreeMap::new();
        let mut waiting = Vec::new();
        for (path, entry) in &self.entries {
            let at = |kind| SketchError::new(&joined(path), kind);
            let of_tree = |error| at(SketchErrorKind::Tree(error));
            let Some((name, above)) = path.split_last() else {
                let facts = facts(&mut builder, entry, 1).map_err(of_tree)?;
                builder.set_root(&facts).map_err(of_tree)?;
                nodes.insert(path, NodeId::ROOT);
                continue;
            };
            let parent = nodes.get(above).copied().filter(|&node| builder.is_directory(node));
            let parent = parent.ok_or_else(|| at(SketchErrorKind::NotDirectory))?;
            let node = match &entry.link {
                Some(target) => {
                    let node = builder.link(parent, name).map_err(of_tree)?;
                    waiting.push((node, path, target));
                    node
                }
                None => {
                    let nlink = links.get(path).copied().unwrap_or(1);
                    let facts = facts(&mut builder, entry, nlink).map_err(of_tree)?;
                    builder.add(parent, name, &facts).map_err(of_tree)?
                }
            };
            nodes.insert(path, node);
        }
        for (node, path, target) in waiting {
            let at = |kind| SketchError::new(&joined(path), kind);
            let target = nodes.get(target.as_slice()).copied();
            let target = target.ok_or_else(|| at(SketchErrorKind::NoTarget))?;
            builder.resolve(node, target).map_err(|error| at(SketchErrorKind::Tree(error)))?;
        }
        let built = builder.finish();
        let mut tree =
            built.map_err(|error| SketchError::new(b"/", SketchErrorKind::Tree(error)))?;
        canonicalise(&mut tree);
        Ok(tree)
    }
}

/// How many names each file has that has several.
fn links(
    entries: &BTreeMap<Vec<Vec<u8>>, Entry>,
) -> Result<BTreeMap<&Vec<Vec<u8>>, u32>, SketchError> {
    let mut links = BTreeMap::new();
    for (path, entry) in entries {
        let Some(target) = &entry.link else { continue };
        let is_file = entries.get(target).is_some_and(|target| target.link.is_none());
        if !is_file {
            return Err(SketchError::new(&joined(path), SketchErrorKind::NoTarget));
        }
        *links.entry(target).or_insert(1) += 1;
    }
    Ok(links)
}

fn joined(names: &[Vec<u8>]) -> Vec<u8> {
    let path: Vec<u8> = names.iter().flat_map(|name| [b"/", name.as_slice()].concat()).collect();
    if path.is_empty() { b"/".to_vec() } else { path }
}

fn facts<'e>(
    builder: &mut Builder<'_>,
    entry: &'e Entry,
    nlink: u32,
) -> Result<Facts<'e>, crate::tree::BuildError> {
    let pairs = entry.xattrs.iter().map(|(key, value)| Xattr { key, value });
    let xattrs = builder.xattrs(&pairs.collect::<Vec<_>>())?;
    // Every type that an entry is made with exists.
    let mode = Mode::new(entry.mode).ok_or(crate::tree::BuildError::RootNotDirectory)?;
    Ok(Facts {
        size: entry.size,
        nlink,
        uid: entry.owner.0,
        gid: entry.owner.1,
        rdev: entry.device,
        mtime: entry.mtime,
        payload: entry.payload.as_deref(),
        content: entry.content.as_deref(),
        digest: entry.digest.as_deref(),
        xattrs,
        ..Facts::new(mode)
    })
}
