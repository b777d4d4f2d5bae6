//! The composefs mounts that there are, as the kernel's table tells of them.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statvfs, statx};

use super::image::Image;
use super::kernel::Kernel;
use crate::erofs::ImageInfo;
use crate::sys::{Measured, measured};
use crate::verity::Digest;

/// A composefs mount, as the table tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mounted {
    /// The number that the kernel gave it.
    pub id: u64,
    /// The directory it is on.
    pub dir: PathBuf,
    /// The file it was made of, if the table tells: that path may lead elsewhere by now.
    pub image: Option<PathBuf>,
    /// Who serves it.
    pub server: Server,
    /// Whether nothing can be changed.
    pub read_only: bool,
    /// What the kernel demands of objects; `None` where another program serves.
    pub verity: Option<Demand>,
    /// Directories of objects, in order, if the table tells.
    pub basedirs: Option<Vec<PathBuf>>,
    /// Where changes go, if the table tells.
    pub upperdir: Option<PathBuf>,
    /// Where changes are prepared, if the table tells.
    pub workdir: Option<PathBuf>,
    /// Whether the first layer is not the image.
    has_upper: bool,
}

/// Who serves a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The kernel, by an overlay.
    Kernel,
    /// A program, by FUSE.
    Fuse,
}

/// What the kernel demands of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Nothing,
    /// The digest that the image tells, where it tells one.
    Told,
    /// The digest that the image tells, of all.
    All,
}

/// The composefs mounts in this mount namespace, oldest first.
///
/// # Errors
/// Those of reading `/proc/self/mountinfo`.
pub fn mounted() -> Result<Vec<Mounted>, std::io::Error> {
    std::fs::read("/proc/self/mountinfo").map(|table| from_table(&table))
}

/// The composefs mounts in a table of the form of `/proc/PID/mountinfo`. Lines that are not of that
/// form are passed over.
///
/// An overlay counts as one if it has layers of objects alone, or is called `composefs`, or by an
/// absolute path.
///
/// # Example
/// ```
/// let table = b"66 43 0:40 / /mnt ro,nodev - overlay /a.cfs ro,lowerdir+=/,datadir+=/objects\n";
/// let mounts = cfs::mount::from_table(table);
/// assert_eq!(mounts[0].image.as_deref(), Some("/a.cfs".as_ref()));
/// assert_eq!(mounts[0].basedirs, Some(vec!["/objects".into()]));
/// ```
///
/// # Source
/// proc_pid_mountinfo(5); `ovl_show_options` in Linux `fs/overlayfs/params.c`.
#[must_use]
pub fn from_table(table: &[u8]) -> Vec<Mounted> {
    table.split(|&byte| byte == b'\n').filter_map(from_line).collect()
}

fn from_line(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let dir = path(fields.nth(3)?);
    let own = fields.next()?;
    // A number of optional fields ends with a dash.
    fields.by_ref().find(|field| *field == b"-")?;
    let (kind, source, options) = (fields.next()?, unescape(fields.next()?), fields.next()?);
    let options: Vec<&[u8]> = options.split(|&byte| byte == b',').collect();
    let server = match kind {
        b"overlay" if is_composefs(&source, &options) => Server::Kernel,
        kind if kind.starts_with(b"fuse.composefs") => Server::Fuse,
        _ => return None,
    };
    let mut words = own.split(|&byte| byte == b',').chain(options.iter().copied());
    let read_only = words.any(|word| word == b"ro");
    let value = |name: &str| values(&options, name).next().map(path).filter(|dir| is_known(dir));
    Some(Mounted {
        id,
        dir,
        image: source.starts_with(b"/").then(|| PathBuf::from(OsString::from_vec(source))),
        server,
        read_only,
        verity: (server == Server::Kernel).then(|| demand(&options)),
        basedirs: basedirs(&options),
        upperdir: value("upperdir="),
        workdir: value("workdir="),
        has_upper: values(&options, "upperdir=").next().is_some(),
    })
}

fn is_composefs(source: &[u8], options: &[&[u8]]) -> bool {
    let list = values(options, "lowerdir=").next().unwrap_or_default();
    source == b"composefs"
        || source.starts_with(b"/")
        || values(options, "datadir+=").next().is_some()
        || list.windows(2).any(|pair| pair == b"::")
}

/// The values of all options with a name, which ends in `=`.
fn values<'a>(options: &'a [&'a [u8]], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    options.iter().filter_map(move |option| option.strip_prefix(name.as_bytes()))
}

fn demand(options: &[&[u8]]) -> Demand {
    match values(options, "verity=").next() {
        Some(b"require") => Demand::All,
        Some(b"on") => Demand::Told,
        _ => Demand::Nothing,
    }
}

/// Whether a directory was named in a way that tells others anything.
fn is_known(dir: &Path) -> bool {
    dir.is_absolute() && !dir.starts_with("/proc/self/fd")
}

fn basedirs(options: &[&[u8]]) -> Option<Vec<PathBuf>> {
    let dirs: Vec<PathBuf> = values(options, "datadir+=").map(path).collect();
    (!dirs.is_empty() && dirs.iter().all(|dir| is_known(dir))).then_some(dirs)
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescape(field)))
}

/// Undoes escapes of a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, behind)) = rest.split_first() {
        let octal = (first == b'\\').then(|| behind.get(..3)).flatten();
        let digits = octal.and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    bytes
}

impl Mounted {
    /// The composefs mount that a path leads to the root of; `None` if it leads elsewhere.
    ///
    /// # Errors
    /// Those of looking the path up, and of reading the table.
    pub fn at(path: &Path) -> Result<Option<Self>, std::io::Error> {
        let id = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID)?.stx_mnt_id;
        let canonical = std::fs::canonicalize(path)?;
        let found = mounted()?.into_iter().find(|mounted| mounted.id == id);
        Ok(found.filter(|mounted| mounted.dir == canonical))
    }

    /// The digest by which the kernel has sealed the file that the path of the image leads to now.
    /// `None` if there is none, or if that file cannot be the image any more.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        let image = Image::open(self.image.as_deref()?, &Kernel::default()).ok()?;
        if self.server == Server::Kernel && !self.has_upper && !self.is_like(&image.info) {
            return None;
        }
        match measured(image.fd.as_fd()) {
            Ok(Measured::Sealed(digest)) => Some(digest),
            _ => None,
        }
    }

    /// Whether the mount has the size and the number of inodes that an image tells. An overlay tells
    /// those of its first layer.
    fn is_like(&self, image: &ImageInfo) -> bool {
        let Ok(found) = statvfs(&self.dir) else { return false };
        let blocks = image.len.checked_div(found.f_frsize);
        let inodes = found.f_files.wrapping_sub(found.f_ffree);
        blocks == Some(found.f_blocks) && inodes == image.inode_count
    }
}
