//! The object store: a directory of backing files, each under the hex digits of its fs-verity digest,
//! as `xx/rest`.
//!
//! [`Store::writer`] adds objects, [`Store::check`] looks at one, [`Store::list`] at all of them, and
//! [`Store::sweep`] removes those that nobody needs.
//!
//! > **Invariant:** what stands under a name of an object has that digest: it was computed from the
//! > very bytes that were written, and they were synced before they got their name.
//!
//! A program that is killed leaves nothing: a temporary file has no name, or, where the file system
//! cannot have that, a name that begins with `.cfs-object-` and a lock that dies with the program.
//! Any number of programs may write to a store at the same time. While one does, it holds a shared
//! lock on the directory, so that no object is removed that it counts on.
//!
//! Objects are readable for all, 0644, because images are shared; who may reach them is up to the
//! mode of the store's own directory, which is made with 0755 less the umask and never changed.

mod basedir;
mod error;
mod list;
mod object;
mod seal;
mod sweep;
mod temporary;
mod writer;

pub use basedir::Basedirs;
pub use error::{Mismatch, StoreError, StoreErrorKind};
pub use list::Listing;
pub use object::{Expected, Object};
pub use sweep::Sweep;
pub use writer::{Added, Count, Source, Writer};

use std::fs::DirBuilder;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::verity::{Algorithm, Digest};

/// Where a store keeps an object: two hex digits, `/`, and the rest, lower case.
///
/// # Example
/// ```
/// use cfs::verity::{Algorithm, digest};
/// let empty = digest(Algorithm::Sha256, b"");
/// assert!(cfs::store::object_path(&empty).starts_with("3d/248ca542"));
/// ```
#[must_use]
pub fn object_path(digest: &Digest) -> String {
    digest.object_path()
}

/// The digest of the object that a store keeps at a path; `None` if no object can be there.
///
/// # Example
/// ```
/// let digest = cfs::verity::digest(cfs::verity::Algorithm::Sha512, b"");
/// let path = cfs::store::object_path(&digest);
/// assert_eq!(cfs::store::object_digest(path.as_bytes()), Some(digest));
/// assert_eq!(cfs::store::object_digest(path.to_uppercase().as_bytes()), None);
/// ```
#[must_use]
pub fn object_digest(path: &[u8]) -> Option<Digest> {
    let (two, rest) = path.split_at_checked(2)?;
    let digits = [two, rest.strip_prefix(b"/")?].concat();
    let is_hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let bytes = const_hex::decode(digits).ok().filter(|_| is_hex)?;
    Digest::from_bytes(&bytes)
}

/// What becomes of objects that cannot be sealed with fs-verity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verity {
    /// They are stored all the same, and counted.
    #[default]
    IfPossible,
    /// They are an error.
    Required,
}

/// How a store is written to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The hash function of new objects; SHA-256 unless set.
    pub algorithm: Algorithm,
    /// What becomes of objects that cannot be sealed.
    pub verity: Verity,
    /// Whether the content of an object that exists already is read and compared, instead of its size
    /// alone. What the kernel measures is always compared.
    pub verify_existing: bool,
    /// Gives temporary files names even where they could do without, as some file systems want.
    #[doc(hidden)]
    pub named_temporaries: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            verity: Verity::IfPossible,
            verify_existing: false,
            named_temporaries: false,
        }
    }
}

/// A directory of objects.
///
/// # Example
/// ```
/// use cfs::progress::Progress;
/// use cfs::store::{Source, Store, StoreOptions, object_path};
/// use cfs::threads::Threads;
///
/// let dir = tempfile::tempdir()?;
/// let store = Store::create(dir.path().join("objects"), &StoreOptions::default())?;
/// let mut writer = store.writer();
/// let digest = writer.add(Source::Bytes(b"hello"), Threads::ONE, &Progress::default())?;
/// let added = writer.finish()?;
/// assert_eq!((added.new.objects, added.new.bytes), (1, 5));
/// assert_eq!(std::fs::read(store.path().join(object_path(&digest)))?, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    options: StoreOptions,
    root: OnceLock<OwnedFd>,
    /// Whether the file system was asked to seal a file, and cannot.
    cannot_seal: AtomicBool,
    /// Writers there are, which share the descriptors that the process may have.
    writers: AtomicUsize,
}

impl Store {
    /// Opens a store that exists. Nothing is written until an object is added.
    ///
    /// # Errors
    /// [`StoreErrorKind::Open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self::new(path.as_ref(), &StoreOptions::default());
        store.opened(open_directory(&store.path))?;
        Ok(store)
    }

    /// A store that is made, with the directories above it, when the first object is added; at once if
    /// the options require fs-verity, which is then tried.
    ///
    /// # Errors
    /// [`StoreErrorKind::NoVerity`] if it is required and the file system has none;
    /// [`StoreErrorKind::Write`] and [`StoreErrorKind::Open`] if the store cannot be made then.
    pub fn create(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self, StoreError> {
        let store = Self::new(path.as_ref(), options);
        if options.verity == Verity::Required {
            store.try_verity()?;
        }
        Ok(store)
    }

    /// Makes the directory of a store that no object was added to.
    ///
    /// # Errors
    /// [`StoreErrorKind::Write`] and [`StoreErrorKind::Open`] if that cannot be.
    pub fn make(&self) -> Result<(), StoreError> {
        self.made().map(|_| ())
    }

    fn new(path: &Path, options: &StoreOptions) -> Self {
        Self {
            path: path.to_owned(),
            options: *options,
            root: OnceLock::new(),
            cannot_seal: AtomicBool::new(false),
            writers: AtomicUsize::new(0),
        }
    }

    /// The path by which the store was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether files were found to be impossible to seal with fs-verity where the store lies.
    #[must_use]
    pub fn cannot_seal(&self) -> bool {
        self.cannot_seal.load(Ordering::Relaxed)
    }

    /// The directory, which is made if it does not exist.
    fn made(&self) -> Result<BorrowedFd<'_>, StoreError> {
        if let Some(root) = self.root.get() {
            return Ok(root.as_fd());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o755).create(&self.path).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            self.error(StoreErrorKind::Write(errno))
        })?;
        self.opened(open_directory(&self.path))
    }

    /// The directory, if there is one.
    fn root(&self) -> Result<BorrowedFd<'_>, StoreError> {
        match self.root.get() {
            Some(root) => Ok(root.as_fd()),
            None => self.opened(open_directory(&self.path)),
        }
    }

    fn opened(&self, root: Result<OwnedFd, Errno>) -> Result<BorrowedFd<'_>, StoreError> {
        let root = root.map_err(|errno| self.error(StoreErrorKind::Open(errno)))?;
        Ok(self.root.get_or_init(|| root).as_fd())
    }

    /// An error of the store itself.
    fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(&self.path, kind)
    }

    /// An error of an object.
    fn object_error(&self, digest: &Digest, kind: StoreErrorKind) -> StoreError {
        StoreError::new(self.path.join(digest.object_path()), kind)
    }
}

/// Opens the directory of a store, for reading it and for syncing its file system.
fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
