//! What the path of an output leads to.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{PidfdFlags, PidfdGetfdFlags};

/// What a path leads to, once symlinks are followed.
#[derive(Debug)]
pub(super) enum Place {
    /// An open file of this process, such as `/dev/stdout` or `/proc/self/fd/3`.
    Descriptor(RawFd),
    /// A device, a FIFO, a file that another process has open: written to, never replaced.
    Straight,
    /// A file, or a name for a new one.
    File {
        /// Its path, which is no symlink.
        path: PathBuf,
        /// The mode of the file that is there.
        mode: Option<Permissions>,
    },
}

/// The most symlinks that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// Follows a path, also to a file that does not exist yet.
pub(super) fn resolve(path: &Path) -> io::Result<Place> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        if let Some(place) = descriptor(&path) {
            return Ok(place);
        }
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Place::File { path, mode: None });
            }
            Err(error) => return Err(error),
            Ok(metadata) if metadata.is_symlink() => {
                path = directory_of(&path).join(fs::read_link(&path)?);
            }
            Ok(metadata) if metadata.is_file() => {
                let mode = Permissions::from_mode(metadata.permissions().mode() & 0o7777);
                return Ok(Place::File { path, mode: Some(mode) });
            }
            Ok(metadata) if metadata.is_dir() => return Err(rustix::io::Errno::ISDIR.into()),
            Ok(_) => return Ok(Place::Straight),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

/// The directory that a path's last name is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// The open file that a path stands for, if it is one of `/proc`.
fn descriptor(path: &Path) -> Option<Place> {
    let directory = fs::canonicalize(directory_of(path)).ok()?;
    if !directory.starts_with("/proc") || !directory.ends_with("fd") {
        return None;
    }
    let own = directory.starts_with(format!("/proc/{}", std::process::id()));
    let number = path.file_name()?.to_str()?.parse().ok().filter(|_| own);
    Some(number.map_or(Place::Straight, Place::Descriptor))
}

/// Opens what a descriptor stands for: the same open file, so that its place in the file and its
/// flags are kept; where that is not allowed, the file anew by its path.
pub(super) fn open_descriptor(number: RawFd, path: &Path) -> io::Result<File> {
    let own = rustix::process::getpid();
    let duplicate = rustix::process::pidfd_open(own, PidfdFlags::empty())
        .and_then(|own| rustix::process::pidfd_getfd(own, number, PidfdGetfdFlags::empty()));
    match duplicate {
        Ok(file) => Ok(File::from(file)),
        Err(rustix::io::Errno::BADF) => Err(rustix::io::Errno::BADF.into()),
        Err(_) => File::options().write(true).truncate(true).open(path),
    }
}
