//! The command lines of `cfs mount`, `cfs umount` and `cfs mounts`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Mount an image, with the contents of its files from directories of objects
#[derive(Debug, Args)]
#[command(after_help = "\
Options of -o, with commas in between:
  basedir=DIR[:DIR...]   as --basedir; a colon in a name is written \\:
  digest=HEX             mount only an image that is sealed with this digest; implies verity
  verity                 every file must have a digest, and its object be sealed with it
  tryverity              the same, if the kernel knows how to demand it
  noverity               demand nothing of objects, which is the default
  upperdir=DIR,workdir=DIR
                         where changes go; without these two the mount is read-only
  ro, rw                 read-only even with upperdir, or not
  idmap=FILE             map owners through this user namespace, such as /proc/PID/ns/user
  nosuid, nodev, noexec, nosymfollow, noatime, relatime, strictatime, nodiratime, and opposites
Those of /etc/fstab for others (nofail, _netdev, noauto, user, x-..., comment=...) count for nothing. \
Backslash takes the meaning from the byte behind it, as in basedir=/a\\,b; a value may stand in double \
quotes.

Without digest=, nothing holds the image itself to anything: verity alone proves the contents of files, \
but not their names, modes and owners, nor which content belongs to which name.
With verity, an object that is not sealed (\"cfs store seal\") cannot be opened. That holds for \
tryverity too.

Through FUSE, every content whose digest the image tells is verified when it is opened: by the kernel if \
its object is sealed, else by hashing it each time. With verity, a file without a digest cannot be \
opened. digest= also takes an image that is not sealed; it is then read into memory, hashed, and served \
from there. Who may write to an unsealed object of more than 128 KiB can still change it while it is \
open. The mount is read-only, and has nosuid and nodev unless suid and dev are said. A plain user \
needs fusermount3. It ends with \"cfs umount\" (or umount, fusermount3 -u), or when the program that \
serves it gets a SIGTERM. If that program is killed, all files are \"Transport endpoint is not \
connected\" until the mount is ended.

Examples:
  cfs mount image.cfs /mnt --basedir=objects
  cfs mount image.cfs /mnt --basedir=objects -o nodev,nosuid,digest=$(cat image.digest)
  cfs mount image.cfs /mnt --basedir=objects -o upperdir=upper,workdir=work
  cfs umount /mnt
  cfs mount --fuse image.cfs ~/mnt --basedir=objects

As /sbin/mount.composefs, this program serves mount(8). In /etc/fstab:
  /srv/image.cfs /mnt composefs ro,nofail,basedir=/srv/objects 0 0
and as a mount unit of systemd, mnt.mount:
  [Mount]
  What=/srv/image.cfs
  Where=/mnt
  Type=composefs
  Options=ro,basedir=/srv/objects")]
pub(crate) struct MountArgs {
    /// The image
    pub(crate) image: PathBuf,
    /// The directory to mount it on
    pub(crate) dir: PathBuf,
    /// Take the contents of files from this directory of objects, taken as it is; can be repeated, the
    /// first that has an object is taken. Those of -o come after these
    #[arg(long, value_name = "DIR")]
    pub(crate) basedir: Vec<PathBuf>,
    /// Options of the mount; can be repeated
    #[arg(short = 'o', value_name = "OPTIONS")]
    pub(crate) options: Vec<OsString>,
    /// Do everything but the mount: build it, and do not attach it
    #[arg(short = 'f', long)]
    pub(crate) fake: bool,
    #[cfg(feature = "fuse")]
    #[command(flatten)]
    pub(crate) fuse: FuseArgs,
}

/// How to mount through FUSE.
#[cfg(feature = "fuse")]
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FuseArgs {
    /// Mount through FUSE, which any user can; "auto" does only without the privileges for a mount by
    /// the kernel alone
    #[arg(
        long = "fuse",
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_value = "never",
        default_missing_value = "always"
    )]
    pub(crate) when: When,
    /// Serve a FUSE mount until it ends, instead of leaving that to a program in the background
    #[arg(long)]
    pub(crate) foreground: bool,
    /// Take contents as they are, and hash none; for FUSE mounts
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// When to mount through FUSE.
#[cfg(feature = "fuse")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    /// Without the privileges for a mount by the kernel alone
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Unmount composefs mounts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs umount /mnt
  cfs umount --lazy /mnt

What is mounted there last must be a composefs mount, of this or another program. umount(8) does the \
same for any mount.")]
pub(crate) struct UmountArgs {
    /// Directories that images are mounted on
    #[arg(required = true, value_name = "DIR")]
    pub(crate) dirs: Vec<PathBuf>,
    /// Take the mount away now, and free it when nobody uses it any more
    #[arg(short, long)]
    pub(crate) lazy: bool,
}

/// List the composefs mounts that there are
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs mounts
  cfs mounts --json | jq -r '.mounts[].dir'

Columns are DIR, IMAGE, ro or rw, what is demanded of objects, and the digest by which the kernel has \
sealed the file that IMAGE names now; \"unknown\" if that file is not there or not sealed.
Exits with 1 if there is none.")]
pub(crate) struct MountsArgs {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
