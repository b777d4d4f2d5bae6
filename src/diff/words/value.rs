//! Values of xattrs, in the words of the tool that prints them.

use super::{acl, capability, printable, selinux};
use crate::diff::compare::XattrChange;

/// Characters of a value that are told.
const MAX_VALUE: usize = 60;

/// The value of an xattr as text: SELinux labels, capabilities and access control lists as their tools
/// write them, all else in quotes.
///
/// ```
/// assert_eq!(cfs::diff::xattr_words(b"user.k", b"v\0"), r#""v\x00""#);
/// ```
#[must_use]
pub fn xattr_value(key: &[u8], value: &[u8]) -> String {
    let known = match key {
        b"security.selinux" => selinux::label(value),
        b"security.capability" => capability::text(value),
        b"system.posix_acl_access" | b"system.posix_acl_default" => {
            acl::entries(value).map(|entries| entries.join(","))
        }
        _ => None,
    };
    known.unwrap_or_else(|| plain(value))
}

/// A value that no tool has words for, in quotes, and cut if it is long.
fn plain(value: &[u8]) -> String {
    let text = printable(value);
    match text.char_indices().nth(MAX_VALUE) {
        None => format!("\"{text}\""),
        Some((at, _)) => {
            let start = text.get(..at).unwrap_or_default();
            format!("\"{start}…\" ({} bytes)", value.len())
        }
    }
}

/// A change of an xattr, without the name.
pub(in super::super) fn xattr_change(change: &XattrChange<'_>) -> String {
    let key = change.key;
    match (change.old, change.new) {
        (Some(old), Some(new)) => {
            let known = match key {
                b"security.selinux" => selinux::change(old, new),
                b"system.posix_acl_access" | b"system.posix_acl_default" => acl::change(old, new),
                _ => None,
            };
            known.unwrap_or_else(|| {
                let (told_old, told_new) = (xattr_value(key, old), xattr_value(key, new));
                if told_old == told_new {
                    // What no tool shows, such as a NUL at the end.
                    return format!("{} → {}", plain(old), plain(new));
                }
                format!("{told_old} → {told_new}")
            })
        }
        (None, Some(new)) => format!("added, {}", xattr_value(key, new)),
        (Some(old), None) => format!("removed, was {}", xattr_value(key, old)),
        (None, None) => String::new(),
    }
}
