//! The marks by which an overlay finds contents and whiteouts: xattrs of the image.
//!
//! An overlay that root mounts reads `trusted.overlay.…`, one that a user mounts reads
//! `user.overlay.…`. What is to be seen through one more overlay is escaped: as
//! `trusted.overlay.overlay.…`.

use super::Code;
use crate::erofs;

/// The xattrs of an overlay that an inode has, with the starts of their values.
pub(super) struct Marks(pub(super) erofs::Marks);

/// What an inode is to an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    Directory,
    /// A regular file whose content is not in the image.
    External,
    /// Any other regular file.
    File,
    Other,
}

const METACOPY: &[u8] = b"trusted.overlay.metacopy";
const REDIRECT: &[u8] = b"trusted.overlay.redirect";
const OPAQUE: &[u8] = b"trusted.overlay.opaque";
/// The mark of a whiteout, and that of a directory with some, as an overlay of root shows them.
const WHITEOUT: &[u8] = b"trusted.overlay.overlay.whiteout";
const WHITEOUTS: &[u8] = b"trusted.overlay.overlay.whiteouts";
const ESCAPED_OPAQUE: &[u8] = b"trusted.overlay.overlay.opaque";
/// The same for overlays that users mount.
const USER_WHITEOUT: &[u8] = b"user.overlay.whiteout";
const USER_WHITEOUTS: &[u8] = b"user.overlay.whiteouts";
const USER_OPAQUE: &[u8] = b"user.overlay.opaque";

/// Takes what is found: a code and words.
type Found<'f> = &'f mut dyn FnMut(Code, String);

impl Marks {
    fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.contains_key(name)
    }

    /// Whether an inode with these marks is a whiteout, in versions 0 and 1.
    pub(super) fn are_of_whiteout(&self, kind: Kind) -> bool {
        matches!(kind, Kind::External | Kind::File) && self.has(WHITEOUT)
    }

    /// Compares the marks with what the inode is and holds.
    pub(super) fn check(&self, kind: Kind, version: u32, has_whiteouts: bool, found: Found<'_>) {
        self.stray(kind, version, found);
        self.content(kind, found);
        // Later versions keep whiteouts as they are, and mark nothing.
        if version >= 2 {
            return;
        }
        match kind {
            Kind::Root | Kind::Directory => self.directory(version, has_whiteouts, found),
            Kind::External | Kind::File => self.file(found),
            Kind::Other => {}
        }
        if kind == Kind::Root && self.get(OPAQUE) != Some(b"y") {
            found(Code::RootNotOpaque, "no trusted.overlay.opaque of \"y\"".into());
        }
    }

    /// Finds marks that an overlay acts on, or ignores, where none should be.
    fn stray(&self, kind: Kind, version: u32, found: Found<'_>) {
        for name in self.0.keys().filter(|name| is_own(name)) {
            let has_place = match name.as_slice() {
                OPAQUE => kind == Kind::Root && version < 2,
                // Either without the other has a code of its own.
                METACOPY | REDIRECT => kind == Kind::External,
                _ => false,
            };
            if !has_place {
                let name = name.escape_ascii();
                found(Code::StrayMark, format!("{name} where no image has one"));
            }
        }
    }

    /// Looks at where the content of a file is said to stand.
    fn content(&self, kind: Kind, found: Found<'_>) {
        if kind != Kind::External {
            return;
        }
        let (metacopy, redirect) = (self.get(METACOPY), self.get(REDIRECT));
        match (metacopy, redirect) {
            (None, Some(_)) => {
                found(Code::MetacopyMissing, "a redirect without a metacopy".into());
            }
            (None, None) => {
                let words = "no content, and no metacopy that says so".to_owned();
                found(Code::MetacopyMissing, words);
            }
            (Some(_), None) => {
                found(Code::RedirectMissing, "a metacopy without a redirect".into());
            }
            (Some(_), Some(_)) => {}
        }
        if redirect.is_some_and(|value| !value.starts_with(b"/")) {
            found(Code::BadRedirect, "a redirect that begins with no slash".into());
        }
        if metacopy.is_some_and(|value| !is_metacopy(value)) {
            found(Code::BadMetacopy, "a metacopy that the kernel does not take".into());
        }
    }

    /// Looks at both marks of a whiteout.
    fn file(&self, found: Found<'_>) {
        match (self.has(WHITEOUT), self.has(USER_WHITEOUT)) {
            (true, false) => {
                found(Code::UserMarks, "a whiteout without user.overlay.whiteout".into());
            }
            (false, true) => {
                found(Code::UserMarks, "user.overlay.whiteout on what is no whiteout".into());
            }
            _ => {}
        }
    }

    /// Compares the marks of a directory with what is in it.
    fn directory(&self, version: u32, has_whiteouts: bool, found: Found<'_>) {
        let needs_opaque = version == 1;
        let is_opaque = |name| !needs_opaque || self.get(name) == Some(b"x");
        match (has_whiteouts, self.has(WHITEOUTS)) {
            (true, false) => {
                found(Code::WhiteoutsUnmarked, "whiteouts without their mark".into());
            }
            (true, true) if !is_opaque(ESCAPED_OPAQUE) => {
                let words = "whiteouts without trusted.overlay.overlay.opaque of \"x\"";
                found(Code::WhiteoutsUnmarked, words.into());
            }
            (false, true) => {
                found(Code::WhiteoutsAbsent, "a mark for whiteouts, and none there".into());
            }
            _ => {}
        }
        match (has_whiteouts, self.has(USER_WHITEOUTS)) {
            (true, false) => {
                found(Code::UserMarks, "whiteouts without user.overlay.whiteouts".into());
            }
            (true, true) if !is_opaque(USER_OPAQUE) => {
                let words = "whiteouts without user.overlay.opaque of \"x\"";
                found(Code::UserMarks, words.into());
            }
            (false, true) => {
                found(Code::UserMarks, "user.overlay.whiteouts, and no whiteout there".into());
            }
            _ => {}
        }
    }
}

/// Whether a name belongs to the overlay of the image itself: it is neither escaped nor a user's.
fn is_own(name: &[u8]) -> bool {
    name.strip_prefix(b"trusted.overlay.").is_some_and(|rest| !rest.starts_with(b"overlay."))
}

/// Whether the kernel takes a value of metacopy.
fn is_metacopy(value: &[u8]) -> bool {
    match value {
        [] => true,
        [0, len, 0, algorithm, digest @ ..] => {
            let wanted = match algorithm {
                1 => 32,
                2 => 64,
                _ => return false,
            };
            digest.len() == wanted && usize::from(*len) == value.len()
        }
        _ => false,
    }
}
