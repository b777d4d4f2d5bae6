//! Options of commands that scan directories.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Alg;
use crate::cli::failure::Failure;
use crate::live::{HardLinks, Mtimes, OnChange, ScanOptions, Xattrs};
use crate::store::{Store, StoreOptions, Verity};
use crate::tree::Mtime;
use crate::verity::Algorithm;

/// How a directory is scanned.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options for a directory as SOURCE")]
pub(crate) struct ScanArgs {
    /// Record the time 0 for all
    #[arg(long, conflicts_with_all = ["mtime", "clamp_mtime"])]
    pub(crate) use_epoch: bool,
    /// Leave out block and character devices, whiteouts too
    #[arg(long)]
    pub(crate) skip_devices: bool,
    /// Record no xattrs
    #[arg(long, conflicts_with = "user_xattrs")]
    pub(crate) skip_xattrs: bool,
    /// Record no xattrs but those that begin with "user."
    #[arg(long)]
    pub(crate) user_xattrs: bool,
    /// Record an xattr only if its name matches PATTERN or another one given, such as "security.*"
    #[arg(long, value_name = "PATTERN")]
    pub(crate) xattr_allow: Vec<String>,
    /// Leave out paths that match GLOB, and all below them; paths are relative to the directory, "*"
    /// matches within a name, "**" any number of names; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Record directories on which another file system is mounted as empty
    #[arg(long)]
    pub(crate) one_file_system: bool,
    /// Record this time for all, in seconds since 1970, such as 1700000000 or 1.5
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) mtime: Option<Mtime>,
    /// Record this time for what is newer [default without TIME: SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "TIME", value_parser = time, num_args = 0..=1, require_equals = true,
          conflicts_with = "mtime")]
    pub(crate) clamp_mtime: Option<Option<Mtime>>,
    /// Record the owner TO for FROM, or ID for all that no FROM names; can be repeated
    #[arg(long, value_name = "FROM:TO|ID", value_parser = id)]
    pub(crate) owner: Vec<Id>,
    /// Record the group TO for FROM, or ID for all that no FROM names; can be repeated
    #[arg(long, value_name = "FROM:TO|ID", value_parser = id)]
    pub(crate) group: Vec<Id>,
    /// Files of at most so many bytes stand in the image itself; at most 5000
    #[arg(long, value_name = "BYTES", default_value = "64",
          value_parser = clap::value_parser!(u64).range(..=5000))]
    pub(crate) inline_max: u64,
    /// Give each name of a hard link an inode of its own, as mkcomposefs does, or keep them together
    /// [default: split]
    #[arg(long = "hardlinks", value_name = "HOW")]
    pub(crate) hard_links: Option<Links>,
    /// What to do about a file that changes while it is read: fail, read it again, or take what was
    /// read and warn
    #[arg(long, value_name = "HOW", default_value = "error")]
    pub(crate) on_change: Change,
    /// Believe the digest by which the kernel has sealed a file, and do not read the file
    #[arg(long)]
    pub(crate) trust_kernel_verity: bool,
}

/// What becomes of hard links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Links {
    /// An inode for each name
    Split,
    /// One inode for all names
    Keep,
}

/// What becomes of files that change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Change {
    /// An error
    #[default]
    Error,
    /// Read again, a few times
    Retry,
    /// Read again, a few times, then a warning
    Warn,
}

/// An owner or a group: which one is meant, and what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    from: Option<u32>,
    to: u32,
}

impl ScanArgs {
    /// The options of the library; `command` is the name of the command.
    pub(crate) fn options(&self, command: &'static str, alg: Alg) -> Result<ScanOptions, Failure> {
        let mut options = ScanOptions {
            mtimes: self.mtimes(command)?,
            skip_devices: self.skip_devices,
            ..ScanOptions::default()
        };
        options.xattrs = match (self.skip_xattrs, self.user_xattrs) {
            (true, _) => Xattrs::None,
            (_, true) => Xattrs::User,
            _ => Xattrs::All,
        };
        options.xattr_allow.clone_from(&self.xattr_allow);
        options.exclude.clone_from(&self.exclude);
        options.one_file_system = self.one_file_system;
        options.inline_max = self.inline_max;
        for (ids, map) in [(&self.owner, &mut options.owners), (&self.group, &mut options.groups)] {
            for id in ids {
                match id.from {
                    Some(from) => map.insert(from, id.to),
                    None => map.rest(id.to),
                }
            }
        }
        options.hard_links = match self.hard_links {
            Some(Links::Keep) => HardLinks::Keep,
            _ => HardLinks::Split,
        };
        options.on_change = match self.on_change {
            Change::Error => OnChange::Error,
            Change::Retry => OnChange::Retry,
            Change::Warn => OnChange::Warn,
        };
        options.trust_kernel_verity = self.trust_kernel_verity;
        options.algorithm = alg.into();
        Ok(options)
    }

    fn mtimes(&self, command: &'static str) -> Result<Mtimes, Failure> {
        Ok(match (self.use_epoch, self.mtime, self.clamp_mtime) {
            (true, ..) => Mtimes::Set(Mtime::default()),
            (_, Some(all), _) => Mtimes::Set(all),
            (_, _, Some(Some(last))) => Mtimes::Clamp(last),
            (_, _, Some(None)) => {
                let value = std::env::var("SOURCE_DATE_EPOCH").ok();
                let words = "--clamp-mtime needs a TIME, or SOURCE_DATE_EPOCH in the environment";
                let last = value.and_then(|value| time(&value).ok());
                Mtimes::Clamp(last.ok_or_else(|| Failure::Usage(command, words.to_owned()))?)
            }
            _ => Mtimes::Keep,
        })
    }
}

/// Where the objects of a directory go.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StoreOption {
    /// Store the contents of a directory as objects in DIR, which is made if it does not exist
    #[arg(long, value_name = "DIR", help_heading = "Options for a directory as SOURCE")]
    pub(crate) digest_store: Option<PathBuf>,
    /// Fail if objects cannot be sealed with fs-verity, before anything is read
    #[arg(long, requires = "digest_store", help_heading = "Options for a directory as SOURCE")]
    pub(crate) require_verity: bool,
    /// Compute the digests of objects that are there already, instead of looking at their sizes
    #[arg(long, requires = "digest_store", help_heading = "Options for a directory as SOURCE")]
    pub(crate) verify: bool,
}

impl StoreOption {
    /// The store, if there is one.
    pub(crate) fn create(&self, algorithm: Algorithm) -> Result<Option<Store>, Failure> {
        let Some(path) = &self.digest_store else { return Ok(None) };
        let verity = if self.require_verity { Verity::Required } else { Verity::IfPossible };
        let options = StoreOptions {
            algorithm,
            verity,
            verify_existing: self.verify,
            ..StoreOptions::default()
        };
        Ok(Some(Store::create(path, &options)?))
    }
}

/// Seconds since 1970, with up to nine digits behind a point.
fn time(text: &str) -> Result<Mtime, &'static str> {
    const EXPECTED: &str = "expected seconds since 1970, such as 1700000000 or 1.5";
    let (sec, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let sec = sec.parse().map_err(|_| EXPECTED)?;
    if !is_number || fraction.len() > 9 {
        return Err(EXPECTED);
    }
    let nsec = format!("{fraction:0<9}").parse().map_err(|_| EXPECTED)?;
    Ok(Mtime { sec, nsec })
}

/// `FROM:TO`, or one number for all.
fn id(text: &str) -> Result<Id, &'static str> {
    const EXPECTED: &str = "expected FROM:TO or one number";
    let number = |text: &str| text.parse::<u32>().map_err(|_| EXPECTED);
    match text.split_once(':') {
        Some((from, to)) => Ok(Id { from: Some(number(from)?), to: number(to)? }),
        None => Ok(Id { from: None, to: number(text)? }),
    }
}
