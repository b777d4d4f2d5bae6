//! What `-o` asks for: the options of a mount, from text and to text.
//!
//! ```text
//! options = option *( "," option )
//! option  = name [ "=" value ]
//! value   = *( "\" any / other than "," ) / DQUOTE *( "\" any / other than DQUOTE ) DQUOTE
//! ```
//!
//! A backslash takes the meaning from the byte behind it. The value of `basedir` is a list with colons
//! in between; in it, a colon of a name is `\:`.

mod error;
mod list;

pub use error::{OptionError, OptionErrorKind};

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::verity::Digest;
use list::{Item, Value};

/// The options of a mount.
///
/// # Example
/// ```
/// use cfs::mount::{MountOptions, Unknown};
/// let mut options = MountOptions::default();
/// options.add(r"ro,basedir=/a:/b\:c,nodev", Unknown::Refuse)?;
/// assert_eq!(options.basedirs, ["/a", "/b:c"].map(std::path::PathBuf::from));
/// assert!(options.read_only && options.flags.nodev);
/// assert_eq!(options.to_list(), r"ro,nodev,basedir=/a,basedir=/b\:c");
/// # Ok::<(), cfs::mount::OptionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountOptions {
    /// Directories of objects, in the order in which they are asked.
    pub basedirs: Vec<PathBuf>,
    /// The digest by which the image must be sealed.
    pub digest: Option<Digest>,
    /// What was said of the digests of objects; see [`MountOptions::object_verity`].
    pub verity: Option<ObjectVerity>,
    /// Where changes go; needs `workdir`.
    pub upperdir: Option<PathBuf>,
    /// Where the kernel prepares changes; on the file system of `upperdir`, and empty.
    pub workdir: Option<PathBuf>,
    /// A user namespace to map owners through, such as `/proc/PID/ns/user`.
    pub idmap: Option<PathBuf>,
    /// Whether nothing can be changed even if there is an `upperdir`.
    pub read_only: bool,
    /// What any mount can be given.
    pub flags: MountFlags,
}

/// What is demanded of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVerity {
    /// Nothing: `noverity`.
    Off,
    /// To be sealed with the digests that the image tells, if the kernel can demand that: `tryverity`.
    Try,
    /// To be sealed with the digests that the image tells, which each file must have: `verity`.
    Require,
}

/// What any mount can be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "they are as independent as they look")]
pub struct MountFlags {
    /// Set-user-ID bits and file capabilities count for nothing.
    pub nosuid: bool,
    /// Devices cannot be opened.
    pub nodev: bool,
    /// `suid` was said. A mount through FUSE, where `nosuid` is the default, then does without.
    pub suid: bool,
    /// `dev` was said. A mount through FUSE, where `nodev` is the default, then does without.
    pub dev: bool,
    /// Nothing can be executed.
    pub noexec: bool,
    /// Symlinks are not followed.
    pub nosymfollow: bool,
    /// Reading a directory does not change its access time.
    pub nodiratime: bool,
    /// When access times change.
    pub atime: Atime,
}

/// When access times change. Without an `upperdir` they never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Atime {
    /// When they are older than the last change, or than a day.
    #[default]
    Relative,
    /// Never.
    Never,
    /// At each access.
    Strict,
}

/// What becomes of options that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are an error.
    Refuse,
    /// They count for nothing, as `mount -s` asks for.
    Ignore,
}

impl MountOptions {
    /// Adds what a list says to what was said before. Of opposites, the last one counts.
    ///
    /// # Errors
    /// The first option that is not as it must be.
    pub fn add(&mut self, list: impl AsRef<OsStr>, unknown: Unknown) -> Result<(), OptionError> {
        let mut rest = list.as_ref().as_bytes();
        if rest.is_empty() {
            return Ok(());
        }
        loop {
            let (item, behind) = list::first(rest)?;
            match self.item(&item) {
                Err(error) if unknown == Unknown::Ignore && error.is_unknown() => {}
                result => result?,
            }
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(()),
            }
        }
    }

    /// Checks that the options fit together.
    ///
    /// # Errors
    /// `digest` with `noverity`; one of `upperdir` and `workdir` alone; no `basedir`.
    pub fn check(&self) -> Result<(), OptionError> {
        use OptionErrorKind as Kind;
        let wrong = |name: &str, kind| Err(OptionError::new(name.as_bytes(), kind));
        match (&self.upperdir, &self.workdir) {
            (Some(_), None) => return wrong("upperdir", Kind::Needs("workdir")),
            (None, Some(_)) => return wrong("workdir", Kind::Needs("upperdir")),
            _ => {}
        }
        if self.digest.is_some() && self.verity == Some(ObjectVerity::Off) {
            return wrong("noverity", Kind::WithDigest);
        }
        if self.basedirs.is_empty() {
            return wrong("basedir", Kind::NoBasedir);
        }
        Ok(())
    }

    /// What is demanded of objects: with a `digest`, all there is.
    #[must_use]
    pub fn object_verity(&self) -> ObjectVerity {
        match (self.digest, self.verity) {
            (Some(_), _) => ObjectVerity::Require,
            (None, said) => said.unwrap_or(ObjectVerity::Off),
        }
    }

    /// Whether the mount can be written to.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.upperdir.is_some() && !self.read_only
    }

    fn item(&mut self, item: &Item<'_>) -> Result<(), OptionError> {
        let known = match item.value {
            Some(value) => self.with_value(item.name, value),
            None => Ok(self.word(item.name)),
        };
        let wrong = |kind| Err(OptionError::new(item.name, kind));
        match known {
            Ok(true) => Ok(()),
            Ok(false) if is_ignored(item) => Ok(()),
            Ok(false) => wrong(reason(item)),
            Err(kind) => wrong(kind),
        }
    }

    /// An option that is a word alone. False if there is none.
    fn word(&mut self, name: &[u8]) -> bool {
        let flags = &mut self.flags;
        match name {
            b"ro" => self.read_only = true,
            b"rw" => self.read_only = false,
            b"verity" => self.verity = Some(ObjectVerity::Require),
            b"tryverity" => self.verity = Some(ObjectVerity::Try),
            b"noverity" => self.verity = Some(ObjectVerity::Off),
            b"nosuid" | b"suid" => {
                flags.suid = name == b"suid";
                flags.nosuid = !flags.suid;
            }
            b"nodev" | b"dev" => {
                flags.dev = name == b"dev";
                flags.nodev = !flags.dev;
            }
            b"noexec" => flags.noexec = true,
            b"exec" => flags.noexec = false,
            b"nosymfollow" => flags.nosymfollow = true,
            b"symfollow" => flags.nosymfollow = false,
            b"nodiratime" => flags.nodiratime = true,
            b"diratime" => flags.nodiratime = false,
            b"noatime" => flags.atime = Atime::Never,
            b"strictatime" => flags.atime = Atime::Strict,
            b"atime" | b"relatime" | b"norelatime" | b"nostrictatime" => {
                flags.atime = Atime::Relative;
            }
            _ => return false,
        }
        true
    }

    /// An option with a value. False if there is none.
    fn with_value(&mut self, name: &[u8], value: Value<'_>) -> Result<bool, OptionErrorKind> {
        match name {
            b"basedir" => {
                for dir in value.pieces() {
                    self.basedirs.push(path(&dir?)?);
                }
            }
            b"digest" => once(&mut self.digest, digest(&value.unescaped()?)?)?,
            b"upperdir" => once(&mut self.upperdir, path(&value.unescaped()?)?)?,
            b"workdir" => once(&mut self.workdir, path(&value.unescaped()?)?)?,
            b"idmap" => once(&mut self.idmap, path(&value.unescaped()?)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The options as a list that says the same, such as for a line of `/etc/fstab` (where spaces must
    /// be written `\040`, and backslashes `\134`, on top of that).
    #[must_use]
    pub fn to_list(&self) -> std::ffi::OsString {
        let mut list = list::Writer::default();
        let verity = self.verity.map(|verity| match verity {
            ObjectVerity::Off => "noverity",
            ObjectVerity::Try => "tryverity",
            ObjectVerity::Require => "verity",
        });
        let atime = match self.flags.atime {
            Atime::Relative => None,
            Atime::Never => Some("noatime"),
            Atime::Strict => Some("strictatime"),
        };
        let words = [
            self.read_only.then_some("ro"),
            self.flags.nosuid.then_some("nosuid"),
            self.flags.nodev.then_some("nodev"),
            self.flags.suid.then_some("suid"),
            self.flags.dev.then_some("dev"),
            self.flags.noexec.then_some("noexec"),
            self.flags.nosymfollow.then_some("nosymfollow"),
            self.flags.nodiratime.then_some("nodiratime"),
            atime,
            verity,
        ];
        words.into_iter().flatten().for_each(|word| list.word(word));
        if let Some(digest) = &self.digest {
            list.value("digest", digest.to_string().as_bytes());
        }
        self.basedirs.iter().for_each(|dir| list.value("basedir", bytes(dir)));
        let paths =
            [("upperdir", &self.upperdir), ("workdir", &self.workdir), ("idmap", &self.idmap)];
        for (name, path) in paths {
            if let Some(path) = path {
                list.value(name, bytes(path));
            }
        }
        list.finish()
    }
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Options for programs that read `/etc/fstab`, and what is so anyway.
fn is_ignored(item: &Item<'_>) -> bool {
    const WORDS: [&str; 17] = [
        "defaults",
        "nofail",
        "_netdev",
        "auto",
        "noauto",
        "user",
        "nouser",
        "users",
        "nousers",
        "owner",
        "noowner",
        "group",
        "nogroup",
        "async",
        "nolazytime",
        "silent",
        "loud",
    ];
    const VALUES: [&str; 4] = ["comment", "user", "uhelper", "helper"];
    let is_one_of = |names: &[&str]| names.iter().any(|name| name.as_bytes() == item.name);
    let is_private = item.name.starts_with(b"x-") || item.name.starts_with(b"X-");
    match item.value {
        _ if is_private => true,
        None => is_one_of(&WORDS) || item.name == b"comment",
        Some(_) => is_one_of(&VALUES),
    }
}

/// Why an option cannot be.
fn reason(item: &Item<'_>) -> OptionErrorKind {
    let takes_path: [&[u8]; 4] = [b"basedir", b"upperdir", b"workdir", b"idmap"];
    match (item.name, item.value) {
        (b"", _) => OptionErrorKind::Empty,
        (b"remount", _) => OptionErrorKind::Remount,
        (b"digest", None) => OptionErrorKind::NoValue("hex digits"),
        (name, None) if takes_path.contains(&name) => OptionErrorKind::NoValue("a path"),
        (name, Some(_)) if MountOptions::default().word(name) => OptionErrorKind::OddValue,
        _ => OptionErrorKind::Unknown,
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), OptionErrorKind> {
    match place.replace(value) {
        Some(_) => Err(OptionErrorKind::Repeated),
        None => Ok(()),
    }
}

fn path(bytes: &[u8]) -> Result<PathBuf, OptionErrorKind> {
    if bytes.is_empty() {
        return Err(OptionErrorKind::EmptyPath);
    }
    if bytes.contains(&0) {
        return Err(OptionErrorKind::Nul);
    }
    Ok(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// All digits of a digest, and nothing else.
fn digest(text: &[u8]) -> Result<Digest, OptionErrorKind> {
    if let Some(&odd) = text.iter().find(|digit| !digit.is_ascii_hexdigit()) {
        return Err(OptionErrorKind::DigestDigit(odd));
    }
    let bytes = const_hex::decode(text).ok();
    let digest = bytes.and_then(|bytes| Digest::from_bytes(&bytes));
    digest.ok_or(OptionErrorKind::DigestLength(text.len()))
}
