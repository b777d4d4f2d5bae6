//! All that a program can see of a directory, entry by entry.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, StatxFlags, openat, readlinkat, statx,
};
use rustix::io::Errno;

/// How much of a large file is compared.
const MOST: usize = 64 * 1024 * 1024;

/// Type and permissions, link count, owner, group, size, 512-byte blocks, device, mtime.
type Stat = (u16, u32, u32, u32, u64, u64, (u32, u32), (i64, u32));

/// What is seen of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    stat: Stat,
    target: Option<Vec<u8>>,
    xattrs: Result<BTreeMap<Vec<u8>, Vec<u8>>, Errno>,
    content: Option<Result<Vec<u8>, Errno>>,
    names: Option<Vec<(Vec<u8>, FileType)>>,
    /// Which of the entries met so far was the first of this inode.
    first_name: usize,
}

/// Compares what FUSE shows with what the kernel shows, and tells how many entries that were. Where the
/// kernel refuses to show something, nothing is compared.
#[track_caller]
pub(crate) fn assert_same(fuse: &Path, kernel: &Path) -> usize {
    let (mut fuse_inodes, mut kernel_inodes) = (HashMap::new(), HashMap::new());
    let mut waiting = vec![PathBuf::new()];
    let mut count = 0;
    while let Some(path) = waiting.pop() {
        let Ok(other) = look(kernel, &path, count, &mut kernel_inodes) else { continue };
        let seen = look(fuse, &path, count, &mut fuse_inodes);
        let mut seen = seen.unwrap_or_else(|errno| panic!("{}: {errno}", path.display()));
        if other.xattrs.is_err() {
            // The kernel cannot cope with some names, such as "user.", and then with the file.
            seen.xattrs.clone_from(&other.xattrs);
            seen.content.clone_from(&other.content);
        }
        // Which error it is for a payload that cannot be right is tested where that is known.
        if matches!((&seen.content, &other.content), (Some(Err(_)), Some(Err(_)))) {
            seen.content.clone_from(&other.content);
        }
        assert!(
            seen == other,
            "{}:\n{}\n{}",
            path.as_os_str().as_bytes().escape_ascii(),
            short(&seen),
            short(&other)
        );
        let names = seen.names.unwrap_or_default();
        waiting.extend(names.iter().map(|(name, _)| path.join(OsStr::from_bytes(name))));
        count += 1;
    }
    count
}

/// For messages.
fn short(seen: &Seen) -> String {
    let content = seen.content.as_ref().map(|content| content.as_ref().map(Vec::len));
    let mut told = format!("{:?} {:?} {:?}", seen.stat, content, seen.xattrs);
    if let Some(names) = &seen.names {
        told += &format!(" {} names", names.len());
    }
    if let Some(target) = &seen.target {
        told += &format!(" to {}", target.escape_ascii());
    }
    told.truncate(1000);
    told + &format!(" first name {}", seen.first_name)
}

fn look(
    root: &Path,
    path: &Path,
    number: usize,
    inodes: &mut HashMap<u64, usize>,
) -> Result<Seen, Errno> {
    let path = if path.as_os_str().is_empty() { root.to_owned() } else { root.join(path) };
    let stat = statx(CWD, &path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)?;
    let kind = FileType::from_raw_mode(stat.stx_mode.into());
    let target = || readlinkat(CWD, &path, Vec::new()).map(|target| target.into_bytes());
    Ok(Seen {
        stat: (
            stat.stx_mode,
            stat.stx_nlink,
            stat.stx_uid,
            stat.stx_gid,
            stat.stx_size,
            stat.stx_blocks,
            (stat.stx_rdev_major, stat.stx_rdev_minor),
            // FUSE knows no more nanoseconds than there are in a second.
            (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.min(999_999_999)),
        ),
        target: (kind == FileType::Symlink).then(target).transpose()?,
        xattrs: xattrs(&path),
        content: (kind == FileType::RegularFile).then(|| content(&path)),
        names: (kind == FileType::Directory).then(|| names(&path)).transpose()?,
        first_name: *inodes.entry(stat.stx_ino).or_insert(number),
    })
}

/// The names in a directory with their types, sorted, without `.` and `..`, which are there.
pub(crate) fn names(path: &Path) -> Result<Vec<(Vec<u8>, FileType)>, Errno> {
    let dir = openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let entries = Dir::read_from(&dir)?;
    let entry =
        |entry: rustix::fs::DirEntry| (entry.file_name().to_bytes().to_vec(), entry.file_type());
    let mut all = entries.map(|found| found.map(entry)).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let dots = all.iter().filter(|(name, _)| matches!(&name[..], b"." | b"..")).count();
    assert_eq!(dots, 2, "{}", path.display());
    all.retain(|(name, _)| !matches!(&name[..], b"." | b".."));
    Ok(all)
}

pub(crate) fn content(path: &Path) -> Result<Vec<u8>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let file = openat(CWD, path, flags, Mode::empty())?;
    let mut content = Vec::new();
    let mut room = vec![0; 1 << 20];
    while content.len() < MOST {
        let len = rustix::io::read(&file, &mut room[..])?;
        if len == 0 {
            break;
        }
        content.extend_from_slice(&room[..len]);
    }
    Ok(content)
}

pub(crate) fn xattrs(path: &Path) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Errno> {
    let mut list = vec![0; 1 << 16];
    let len = rustix::fs::llistxattr(path, &mut list[..])?;
    let mut found = BTreeMap::new();
    for name in list[..len].split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 1 << 16];
        let len = rustix::fs::lgetxattr(path, name, &mut value[..])?;
        value.truncate(len);
        found.insert(name.to_vec(), value);
    }
    Ok(found)
}
