//! Laws of the options of a mount.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use cfs::mount::{MountOptions, Unknown};

use super::choose::{Bytes, Choose};

/// Any bytes give options or an error. Options say of themselves what gives the same options, and
/// says so of itself.
pub fn options_are_what_their_list_says(list: &[u8]) {
    for unknown in [Unknown::Refuse, Unknown::Ignore] {
        let mut options = MountOptions::default();
        match options.add(OsStr::from_bytes(list), unknown) {
            Ok(()) => is_what_its_list_says(&options),
            Err(error) => assert!(error.name().len() <= list.len(), "{error}"),
        }
    }
}

fn is_what_its_list_says(options: &MountOptions) {
    let list = options.to_list();
    let mut again = MountOptions::default();
    again.add(&list, Unknown::Refuse).unwrap_or_else(|error| panic!("{}: {error}", list.display()));
    assert_eq!(&again, options, "{}", list.display());
    // Paths that compare as equal may be spelled in two ways.
    assert_eq!(again.to_list(), list);
    let paths = options.basedirs.iter().chain(&options.upperdir).chain(&options.workdir);
    for path in paths.chain(&options.idmap) {
        let bytes = path.as_os_str().as_bytes();
        assert!(!bytes.is_empty() && !bytes.contains(&0), "{}", path.display());
    }
}

/// A list that mostly consists of what lists consist of.
pub fn option_list(choices: &[u8]) -> Vec<u8> {
    const WORDS: [&str; 26] = [
        "basedir=",
        "upperdir=",
        "workdir=",
        "idmap=",
        "digest=",
        "verity",
        "tryverity",
        "noverity",
        "ro",
        "rw",
        "nosuid",
        "suid",
        "dev",
        "noatime",
        "nofail",
        "x-a=b",
        "remount",
        "a/b",
        ":",
        "=",
        "\\",
        "\"",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "\\:",
        "\\,",
        "\u{7f}",
    ];
    let choose = &mut Bytes(choices);
    let mut list = Vec::new();
    for _ in 0..choose.below(12) {
        for _ in 0..=choose.below(3) {
            list.extend(choose.pick(&WORDS).as_bytes());
        }
        if !choose.once_in(8) {
            list.push(b',');
        }
        if choose.once_in(16) {
            list.push(choose.byte());
        }
    }
    if list.last() == Some(&b',') && !choose.once_in(8) {
        list.pop();
    }
    list
}
