//! Xattrs, read from a descriptor and packed.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{fgetxattr, flistxattr, getxattr, listxattr};
use rustix::io::Errno;

use super::ProblemKind;
use super::options::{Rules, Xattrs};
use crate::num::index;
use crate::tree::Xattr;

/// Room for a list of names, and for a value: the most that Linux gives.
const ROOM: usize = 65_536;
/// Room that most lists and values need no more than. The kernel makes and clears as much room of its
/// own as it is offered, each time.
const USUAL: usize = 1024;

/// Room to read xattrs to.
#[derive(Debug)]
pub(super) struct Buffers {
    list: Vec<u8>,
    value: Vec<u8>,
}

/// What xattrs are read of.
pub(super) enum Of<'a> {
    /// An open file.
    File(BorrowedFd<'a>),
    /// One that is open as a path only, of which the system reads them by the name that `/proc` has
    /// for it: that leads to the file itself, symlinks too.
    Path(BorrowedFd<'a>),
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { list: vec![0; ROOM], value: vec![0; ROOM] }
    }

    /// Appends the xattrs that are wanted. The length of what was appended.
    pub(super) fn read(
        &mut self,
        of: &Of<'_>,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) -> Result<usize, ProblemKind> {
        let start = out.len();
        if rules.options.xattrs == Xattrs::None {
            return Ok(0);
        }
        let path = match of {
            Of::File(_) => String::new(),
            Of::Path(file) => format!("/proc/self/fd/{}", file.as_raw_fd()),
        };
        let listed = with_room(&mut self.list, |list| match of {
            Of::File(file) => flistxattr(file, list),
            Of::Path(_) => listxattr(&path, list),
        });
        let len = match listed {
            Ok(len) => len,
            Err(Errno::OPNOTSUPP) => 0,
            Err(errno) => return Err(ProblemKind::Xattrs(errno)),
        };
        for key in self.list.get(..len).unwrap_or_default().split_inclusive(|byte| *byte == 0) {
            let Ok(name) = CStr::from_bytes_with_nul(key) else { continue };
            if !rules.wants_xattr(name.to_bytes()) {
                continue;
            }
            let got = with_room(&mut self.value, |value| match of {
                Of::File(file) => fgetxattr(file, name, value),
                Of::Path(_) => getxattr(&path, name, value),
            });
            let len = match got {
                Ok(len) => len,
                // It was there a moment ago.
                Err(Errno::NODATA) => return Err(ProblemKind::Changed),
                Err(errno) => return Err(ProblemKind::Xattrs(errno)),
            };
            pack(key, self.value.get(..len).unwrap_or_default(), out);
        }
        Ok(out.len() - start)
    }
}

/// Asks with as much room as is usually enough, and with all there is if it was not.
fn with_room(
    room: &mut [u8],
    ask: impl Fn(&mut [u8]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    match ask(room.get_mut(..USUAL).unwrap_or_default()) {
        Err(Errno::RANGE) => ask(room),
        asked => asked,
    }
}

/// Appends a key, which ends with NUL, and its value.
fn pack(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(value);
}

/// The xattrs that were packed.
pub(super) fn unpack(mut packed: &[u8]) -> Vec<Xattr<'_>> {
    let mut pairs = Vec::new();
    while let Some(end) = memchr::memchr(0, packed) {
        let (key, rest) = packed.split_at(end);
        let Some((len, rest)) = rest.get(1..).and_then(|rest| rest.split_first_chunk()) else {
            break;
        };
        let len = index(u32::from_le_bytes(*len));
        let Some((value, rest)) = rest.split_at_checked(len) else { break };
        pairs.push(Xattr { key, value });
        packed = rest;
    }
    pairs
}
