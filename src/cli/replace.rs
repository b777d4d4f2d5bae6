//! A file that appears, or takes the place of another one, when it is whole.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
use tempfile::TempPath;

use super::place::directory_of;

/// What the names of temporary files begin with.
const PREFIX: &str = ".cfs-";

/// What is left to do when a file is whole.
#[derive(Debug)]
pub(super) struct Replacement {
    path: PathBuf,
    mode: Option<Permissions>,
    /// The name the file has until then; it is removed if that never comes.
    temporary: Option<TempPath>,
}

impl Replacement {
    /// Begins a file that will be at `path`, with the mode of the one that is there.
    ///
    /// Where the filesystem can, the file has no name until it is whole, so that nothing is left
    /// behind however the program ends.
    pub(super) fn begin(path: PathBuf, mode: Option<Permissions>) -> io::Result<(Self, File)> {
        let directory = directory_of(&path);
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = openat(CWD, directory, flags, Mode::from_raw_mode(0o666)) {
            let file = File::from(file);
            if descriptor_path(&file).exists() {
                return Ok((Self { path, mode, temporary: None }, file));
            }
        }
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o666));
        let (file, temporary) = builder.tempfile_in(directory).map_err(plain)?.into_parts();
        Ok((Self { path, mode, temporary: Some(temporary) }, file))
    }

    /// Puts the file in its place.
    pub(super) fn persist(self, file: File) -> io::Result<()> {
        if let Some(mode) = self.mode {
            file.set_permissions(mode)?;
        }
        let temporary = match self.temporary {
            Some(temporary) => temporary,
            None => {
                let given = descriptor_path(&file);
                let name = |path: &std::path::Path| {
                    Ok(linkat(CWD, &given, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
                };
                let mut builder = tempfile::Builder::new();
                let named = builder.prefix(PREFIX).make_in(directory_of(&self.path), name);
                named.map_err(plain)?.into_temp_path()
            }
        };
        temporary.persist(&self.path).map_err(|error| error.error)
    }
}

/// The name that `/proc` gives an open file.
fn descriptor_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The error of the system, without the path that `tempfile` adds to it.
fn plain(error: io::Error) -> io::Error {
    let source = error.get_ref().and_then(|error| error.source());
    let code = source.and_then(|error| error.downcast_ref::<io::Error>()?.raw_os_error());
    code.map_or(error, io::Error::from_raw_os_error)
}
