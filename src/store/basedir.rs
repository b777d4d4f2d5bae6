//! Reading objects, of one directory or several.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;

/// Directories of objects, in the order in which they are asked.
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let objects = dir.path().join("objects");
/// std::fs::create_dir_all(objects.join("ab"))?;
/// std::fs::write(objects.join("ab/cdef"), "content")?;
/// std::fs::write(dir.path().join("secret"), "not for you")?;
/// let basedirs = cfs::store::Basedirs::open([&objects]).map_err(|(_, errno)| errno)?;
/// assert!(basedirs.object(b"/ab/cdef")?.is_some());
/// assert!(basedirs.object(b"ab/other")?.is_none());
/// assert!(basedirs.object(b"../secret").is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Basedirs(Vec<OwnedFd>);

impl Basedirs {
    /// Opens directories. None at all is fine for a tree that needs no object.
    ///
    /// # Errors
    /// The first directory that cannot be opened, and the error of the system.
    pub fn open(
        paths: impl IntoIterator<Item = impl AsRef<Path>>,
    ) -> Result<Self, (PathBuf, Errno)> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path: &Path| {
            openat(CWD, path, flags, Mode::empty()).map_err(|errno| (path.to_owned(), errno))
        };
        let opened: Result<_, _> = paths.into_iter().map(|path| open(path.as_ref())).collect();
        opened.map(Self)
    }

    /// Opens an object by its payload, for reading: the first regular file at that path. Slashes at
    /// its start count for nothing, as in an image. `None` if no directory has it.
    ///
    /// # Errors
    /// Those of the system if no directory has it and one refused to look, above all `EXDEV` for a
    /// path that leads out of it and `EACCES`.
    pub fn object(&self, payload: &[u8]) -> Result<Option<File>, Errno> {
        let start = payload.iter().take_while(|&&byte| byte == b'/').count();
        let path = payload.get(start..).unwrap_or_default();
        let mut refused = None;
        for dir in &self.0 {
            match regular_file(dir, path) {
                Ok(Some(file)) => return Ok(Some(file)),
                // What is there is no object: a directory or a symlink in its place, or nothing.
                Ok(None) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => {}
                Err(errno) => refused = refused.or(Some(errno)),
            }
        }
        refused.map_or(Ok(None), Err)
    }
}

/// Opens a regular file below a directory. Nothing else is read, and nothing is waited for.
fn regular_file(dir: &OwnedFd, path: &[u8]) -> Result<Option<File>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(dir, path, flags, Mode::empty(), resolve)?;
    let is_regular = FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::RegularFile;
    Ok(is_regular.then(|| File::from(file)))
}
