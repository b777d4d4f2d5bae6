//! What checking can find, beside what parsing finds: codes, levels, explanations.

use crate::dump::Severity;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing, and often meant so.
    Note,
    /// Legal, and most likely a mistake.
    Warning,
    /// Something is broken.
    Error,
}

impl Level {
    /// `note`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
        }
    }
}

/// Defines [`Code`] from one table: what it says, its name, its level, its explanation.
macro_rules! codes {
    ($($(#[doc = $says:literal])+ $code:ident, $name:literal, $level:ident, $why:literal;)+) => {
        /// What was found, as a short name that never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $says])+ $code,)+
        }

        impl Code {
            /// All codes, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The name in messages, such as `setuid`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// How much it matters unless somebody decides otherwise.
            #[must_use]
            pub const fn level(self) -> Level {
                match self {
                    $(Self::$code => Level::$level,)+
                }
            }

            /// What is found, why it matters and how to mend it, in two to four sentences.
            #[must_use]
            pub const fn explain(self) -> &'static str {
                match self {
                    $(Self::$code => $why,)+
                }
            }
        }
    };
}

codes! {
    /// Some external files have a digest, and this one has none.
    DigestMissing, "digest-missing", Warning,
    "Some external files have a digest and others have none. The content of those without one is \
     not verified when it is read, and a mount that requires verity refuses them. Compute the \
     digests of all files with `cfs verity digest`, or leave all of them out.";
    /// No external file has a digest.
    NoDigest, "no-digest", Note,
    "No external file has a digest, so nothing verifies what objects hold. That is right where \
     something else protects them. To have contents verified, write digests into DIGEST.";
    /// PAYLOAD is not the path that the digest stands for, and it is for other files.
    PayloadPath, "payload-path", Warning,
    "PAYLOAD is not the path that an object of this digest has, two hex digits, a slash and the \
     rest, while it is for other files. Whoever keeps objects under their digests will not find \
     this one. Write the path of the digest, or check that the digest is that of the file.";
    /// An external file has no payload.
    NoPayload, "no-payload", Warning,
    "A regular file has a SIZE above 0, and neither content nor the path of a backing file. It \
     reads as zeros when it is mounted. Write PAYLOAD or CONTENT, or a SIZE of 0.";
    /// A file that runs as its owner.
    Setuid, "setuid", Note,
    "An executable has the setuid bit: whoever runs it acts as its owner. Programs such as su \
     need that, and every other one is a way to become root. Look whether it is meant.";
    /// A file that runs as its group.
    Setgid, "setgid", Note,
    "A file has the setgid bit: whoever runs it acts as its group. Look whether it is meant. \
     Directories with the bit are not listed; there it only says which group new files get.";
    /// A device.
    Device, "device", Note,
    "A block or character device. Whoever may open it reaches the hardware, past all file \
     permissions, unless the mount has nodev. Images usually leave devices to devtmpfs: \
     `cfs mkimage --skip-devices` leaves them out of a directory's image.";
    /// Everybody may write.
    WorldWritable, "world-writable", Warning,
    "Everybody may write to a file, or to a directory without the sticky bit, where everybody may \
     then replace what others put there. An image itself cannot be written, but an overlay above \
     it or an extracted copy can. Remove the bit 0002, or for a directory add 1000.";
    /// NLINK is not the number of names.
    LinkCount, "link-count", Note,
    "NLINK of a file is not the number of names that the tree has for it. Either a name is \
     missing, such as a hard link from outside of what was scanned, or the count was copied from \
     elsewhere. Programs that archive hard links wait for names that never come. Directories are \
     not compared, as their count is computed anew.";
    /// Names in a directory differ by case alone.
    CaseCollision, "case-collision", Warning,
    "Two names in a directory differ by upper and lower case alone. On a file system that ignores \
     case, such as those of macOS and Windows, one replaces the other. Rename one of them.";
    /// Names in a directory differ by Unicode form alone.
    UnicodeCollision, "unicode-collision", Warning,
    "Two names in a directory show the same characters, encoded in different Unicode forms, such \
     as an accented letter once as one code point and once as two. People cannot tell them apart, \
     and some file systems take them for one name. Rename one of them.";
    /// A content that would better be an object.
    InlineLimit, "inline-limit", Note,
    "A content of more than 64 bytes stands in the tree itself. The reference tools and this one \
     put only smaller ones there when they scan a directory. A larger content is neither shared \
     between images nor verified on its own. Keep it as an object, named in PAYLOAD and DIGEST.";
    /// The lines of a text are not in the canonical order.
    LineOrder, "line-order", Warning,
    "Lines are not in the canonical order: depth first, a directory before what is in it, names \
     sorted by bytes. The image is the same, but texts of the same tree differ, which clutters \
     what a reviewer sees. `cfs check --fix` writes the canonical form.";
    /// A line is not spelled as the canonical form does.
    NotCanonical, "not-canonical", Warning,
    "A line is not what the canonical form of the tree has there: a size or link count of a \
     directory, the order of xattrs, a spelling, or a fact that no image keeps. Texts of the same \
     tree then differ. `cfs check --fix` writes the canonical form.";
    /// A time that is still to come.
    FutureMtime, "future-mtime", Warning,
    "The time of the last modification lies behind the one that was asked about. Tools such as \
     make act oddly on such files, and a clock or a unit was probably wrong. Set the times anew, \
     or clamp them with `cfs mkimage --clamp-mtime`.";
    /// Bytes of an image cannot be what they should be.
    DamagedImage, "damaged-image", Error,
    "The image cannot be read: a structure is not what it should be at the byte that is named. \
     The image was cut short, changed, or made by something that is no composefs tool. Make it \
     anew, and compare digests with `cfs verity image`.";
    /// An image of a kind that this program does not read.
    UnsupportedImage, "unsupported-image", Error,
    "The image uses a version or a feature of EROFS that this program does not read. It may be \
     sound, but nothing about it was checked. Look at it with the tools of erofs-utils.";
    /// Writing the tree of the image again gives other bytes.
    RebuildDiffers, "rebuild-differs", Warning,
    "Writing the tree of the image again, in the version that it says it has, gives other bytes \
     from the named offset on. The image was made by another tool, or changed since, or its dump \
     had what no image gives back, such as a later name of a hard link that carries the inode. What \
     it shows may be right, but its digest cannot be had again from a dump of it.";
    /// A file without content and without metacopy.
    MetacopyMissing, "metacopy-missing", Error,
    "The content of a file is not in the image, and nothing says so (trusted.overlay.metacopy). An \
     overlay then shows zeros in place of the content, whatever trusted.overlay.redirect says of \
     where it stands. Make the image anew.";
    /// A metacopy without redirect.
    RedirectMissing, "redirect-missing", Error,
    "A file says that it does not have its content itself (trusted.overlay.metacopy), but not \
     where it stands (trusted.overlay.redirect). An overlay cannot open it. Make the image anew.";
    /// A metacopy that the kernel does not take.
    BadMetacopy, "bad-metacopy", Error,
    "The value of trusted.overlay.metacopy is neither empty nor a header of four bytes, 0, its \
     length, 0 and the hash function, with a digest of 32 or 64 bytes. The kernel refuses to open \
     the file. Make the image anew.";
    /// A redirect that leads nowhere.
    BadRedirect, "bad-redirect", Error,
    "The value of trusted.overlay.redirect does not begin with a slash. An overlay looks content \
     up in the layers of objects only by an absolute path, so the file cannot be opened. Make the \
     image anew.";
    /// The root is not opaque.
    RootNotOpaque, "root-not-opaque", Warning,
    "The root has no trusted.overlay.opaque of \"y\". Names of the layers of objects below then \
     show through in the root of the mount. The reference always writes it; make the image anew.";
    /// A directory with whiteouts does not say so.
    WhiteoutsUnmarked, "whiteouts-unmarked", Error,
    "A directory holds files that are marked as whiteouts, but lacks the marks that make an \
     overlay look for them: trusted.overlay.overlay.whiteouts, and in version 1 also \
     trusted.overlay.overlay.opaque of \"x\". The files then show up as empty ones. Make the image \
     anew.";
    /// A directory without whiteouts says that it has some.
    WhiteoutsAbsent, "whiteouts-absent", Warning,
    "A directory is marked as one that holds whiteouts, and holds none. That costs look-ups and \
     hides nothing. Make the image anew.";
    /// The marks for overlays of users are not as they should be.
    UserMarks, "user-marks", Warning,
    "The marks by which an overlay that a user mounts (userxattr) finds whiteouts are not as the \
     tree needs them: user.overlay.whiteout on the whiteout, user.overlay.whiteouts on its \
     directory, and in version 1 also user.overlay.opaque of \"x\". What is hidden from root then \
     shows up for users, or the other way round. Make the image anew.";
    /// A mark of an overlay stands where none should be.
    StrayMark, "stray-mark", Warning,
    "An inode has an xattr trusted.overlay.… that no composefs image has there: an overlay may act \
     on it, and reading the image back loses it. Only external files have a redirect and a metacopy, \
     and only the root is opaque; xattrs of the tree itself are escaped, as \
     trusted.overlay.overlay.…. Make the image anew from a dump of the tree that is meant.";
    /// An object cannot be found.
    ObjectMissing, "object-missing", Error,
    "No directory that was named has the object a file's content is kept as. The file cannot be \
     read when the image is mounted. `cfs store missing` lists all of them; fetch them, or add \
     them with `cfs store add`.";
    /// An object is not what it should be.
    ObjectWrong, "object-wrong", Error,
    "The object a file's content is kept as is not the right one: it has another size or digest, \
     is no regular file, or cannot be read. Remove it and add it again; `cfs store verify` checks \
     all objects.";
}

impl Code {
    /// The code of a name.
    ///
    /// ```
    /// use cfs::check::Code;
    /// assert_eq!(Code::from_name("setuid"), Some(Code::Setuid));
    /// assert_eq!(Code::from_name("suid"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}
