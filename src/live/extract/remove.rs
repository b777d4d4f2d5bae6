//! Removing what was made, however deep, without following anything.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, fchmod, unlinkat};
use rustix::io::Errno;

use super::descent::Descent;
use super::error::{ExtractErrorKind, failed};

/// Removes all that is in a directory.
pub(super) fn remove_all_in(top: &Arc<OwnedFd>) -> Result<(), ExtractErrorKind> {
    let mut descent = Descent::new(Arc::clone(top)).map_err(failed("read"))?;
    let mut waiting = vec![empty(top)?];
    let mut names: Vec<CString> = Vec::new();
    while let Some(directories) = waiting.last_mut() {
        if let Some(name) = directories.pop() {
            let dir = descent.enter(name.as_bytes()).map_err(failed("open"))?;
            waiting.push(empty(&dir)?);
            names.push(name);
            continue;
        }
        waiting.pop();
        if let Some(name) = names.pop() {
            descent.leave()?;
            unlinkat(&**descent.current()?, &*name, AtFlags::REMOVEDIR)
                .map_err(failed("remove"))?;
        }
    }
    Ok(())
}

/// Removes the files in a directory, and names the directories that are left.
fn empty(dir: &OwnedFd) -> Result<Vec<CString>, ExtractErrorKind> {
    fchmod(dir, Mode::from_raw_mode(0o700)).map_err(failed("remove"))?;
    let mut directories = Vec::new();
    for entry in Dir::read_from(dir).map_err(failed("list"))? {
        let entry = entry.map_err(failed("list"))?;
        let name = entry.file_name();
        if [c".", c".."].contains(&name) {
            continue;
        }
        if entry.file_type() != FileType::Directory {
            match unlinkat(dir, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => continue,
                Err(Errno::ISDIR) => {}
                Err(errno) => return Err(ExtractErrorKind::System("remove", errno)),
            }
        }
        directories.push(name.to_owned());
    }
    Ok(directories)
}
