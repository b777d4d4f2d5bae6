//! What lists of options say, and which ones say nothing that can be.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use cfs::mount::OptionErrorKind as Kind;
use cfs::mount::{Atime, MountOptions, ObjectVerity, Unknown};
use cfs::verity::{Algorithm, Digest};

use crate::laws;

#[track_caller]
fn parsed(list: impl AsRef<OsStr>) -> MountOptions {
    let mut options = MountOptions::default();
    options.add(list, Unknown::Refuse).unwrap();
    options
}

#[track_caller]
fn refuses(list: impl AsRef<OsStr>, name: &str, kind: Kind) {
    let mut options = MountOptions::default();
    let error = options.add(list, Unknown::Refuse).and_then(|()| options.check()).unwrap_err();
    assert_eq!((error.name(), error.kind()), (name.as_bytes(), &kind), "{error}");
}

#[track_caller]
fn has_basedirs(list: impl AsRef<OsStr>, expected: &[&[u8]]) {
    let expected: Vec<PathBuf> =
        expected.iter().map(|dir| PathBuf::from(OsStr::from_bytes(dir))).collect();
    let found = parsed(list).basedirs;
    assert_eq!(found, expected);
    // Paths are compared by their names; these must be the same bytes.
    let bytes = |dirs: &[PathBuf]| {
        dirs.iter().map(|dir| dir.as_os_str().as_bytes().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&found), bytes(&expected));
}

#[test]
fn basedirs_are_split_at_colons_and_gathered() {
    has_basedirs("basedir=/a", &[b"/a"]);
    has_basedirs("basedir=/a:b/,ro,basedir=/c", &[b"/a", b"b/", b"/c"]);
    has_basedirs(r"basedir=/a\:b:c\\:d", &[b"/a:b", b"c\\", b"d"]);
    has_basedirs(r"basedir=/a\,b\=c=d", &[b"/a,b=c=d"]);
    has_basedirs(r#"basedir="/a,b:/c\"d\:e",ro"#, &[b"/a,b", b"/c\"d:e"]);
    // A quote has a meaning at the start alone.
    has_basedirs("basedir=/a\"b:\"c", &[b"/a\"b", b"\"c"]);
    has_basedirs(OsStr::from_bytes(b"basedir=/\xff \n\\\xfe"), &[b"/\xff \n\xfe"]);
}

#[test]
fn every_word_is_known() {
    let options = parsed(
        "ro,nosuid,nodev,noexec,nosymfollow,nodiratime,noatime,tryverity,upperdir=u,workdir=w,\
         idmap=/proc/1/ns/user,basedir=o",
    );
    assert!(options.read_only && options.flags.nosuid && options.flags.nodev);
    assert!(options.flags.noexec && options.flags.nosymfollow && options.flags.nodiratime);
    assert_eq!(options.flags.atime, Atime::Never);
    assert_eq!(options.verity, Some(ObjectVerity::Try));
    let path = |path: &str| Some(PathBuf::from(path));
    assert_eq!(
        (options.upperdir, options.workdir, options.idmap),
        (path("u"), path("w"), path("/proc/1/ns/user"))
    );
}

#[test]
fn of_opposites_the_last_one_counts() {
    let unset = "ro,rw,noexec,exec,nosymfollow,symfollow,nodiratime,diratime";
    assert_eq!(parsed(unset), MountOptions::default());
    // These two are remembered, for mounts that would do without them by themselves.
    assert_eq!(parsed("nosuid,suid,nodev,dev"), parsed("suid,dev"));
    assert_eq!(parsed("suid,nosuid,dev,nodev"), parsed("nosuid,nodev"));
    let said = parsed("suid,nodev").flags;
    assert!(said.suid && !said.nosuid && said.nodev && !said.dev);
    for words in
        ["noatime,atime", "noatime,relatime", "strictatime,norelatime", "strictatime,nostrictatime"]
    {
        assert_eq!(parsed(words), MountOptions::default(), "{words}");
    }
    assert_eq!(parsed("noatime,strictatime").flags.atime, Atime::Strict);
    let verity = |list: &str| parsed(list).object_verity();
    assert_eq!(verity(""), ObjectVerity::Off);
    assert_eq!(verity("verity,tryverity"), ObjectVerity::Try);
    assert_eq!(verity("tryverity,verity"), ObjectVerity::Require);
    assert_eq!(verity("verity,noverity"), ObjectVerity::Off);
}

#[test]
fn what_is_for_others_counts_for_nothing() {
    let list = "defaults,nofail,_netdev,auto,noauto,user,user=me,nouser,users,nousers,owner,noowner,\
                group,nogroup,async,silent,loud,nolazytime,comment,comment=x,uhelper=u,helper=h,\
                x-systemd.automount,x-a=b\\,c,X-mount.mkdir=0755,x-";
    assert_eq!(parsed(list), MountOptions::default());
}

#[test]
fn digests_have_their_whole_length() {
    let hex = "0123456789abcdefABCDEF0123456789";
    let options = parsed(format!("digest={hex}{hex},basedir=o"));
    assert_eq!(options.digest.unwrap().to_string(), format!("{hex}{hex}").to_lowercase());
    assert_eq!(options.digest.unwrap().algorithm(), Algorithm::Sha256);
    assert_eq!(options.object_verity(), ObjectVerity::Require);
    options.check().unwrap();
    let long = parsed(format!("digest={}", hex.repeat(4)));
    assert_eq!(long.digest.unwrap().algorithm(), Algorithm::Sha512);
    // A weaker word takes nothing from what the digest demands.
    let weaker = parsed(format!("digest={hex}{hex},tryverity"));
    assert_eq!(weaker.object_verity(), ObjectVerity::Require);
    for len in [0, 1, 32, 62, 63, 65, 66, 96, 127, 129, 256] {
        refuses(format!("digest={}", "a".repeat(len)), "digest", Kind::DigestLength(len));
    }
    refuses(format!("digest=0x{}", "a".repeat(62)), "digest", Kind::DigestDigit(b'x'));
    refuses(format!("digest={} ", "a".repeat(64)), "digest", Kind::DigestDigit(b' '));
    refuses(format!("digest=+{}", "a".repeat(63)), "digest", Kind::DigestDigit(b'+'));
}

#[test]
fn what_cannot_be_is_told_with_its_name() {
    refuses("ro,,rw", "", Kind::Empty);
    refuses("ro,", "", Kind::Empty);
    refuses(",", "", Kind::Empty);
    refuses("=x", "", Kind::Empty);
    refuses("ro,basedir=/a,b", "b", Kind::Unknown);
    refuses("Verity", "Verity", Kind::Unknown);
    refuses("fsverity=1", "fsverity", Kind::Unknown);
    refuses("digest", "digest", Kind::NoValue("hex digits"));
    for name in ["basedir", "upperdir", "workdir", "idmap"] {
        refuses(name, name, Kind::NoValue("a path"));
        refuses(format!("{name}="), name, Kind::EmptyPath);
        refuses(format!("{name}=\"\""), name, Kind::EmptyPath);
        refuses(format!("{name}=a\0b"), name, Kind::Nul);
        refuses(format!("{name}=a\\"), name, Kind::LoneBackslash);
        refuses(format!("{name}=\"a"), name, Kind::OpenQuote);
        refuses(format!("{name}=\"a\\\""), name, Kind::OpenQuote);
        refuses(format!("{name}=\"a\"b,ro"), name, Kind::BehindQuote);
    }
    for list in ["a:", ":a", "a::b", ":"] {
        refuses(format!("basedir={list}"), "basedir", Kind::EmptyPath);
    }
    refuses("verity=off", "verity", Kind::OddValue);
    refuses("ro=1", "ro", Kind::OddValue);
    for name in ["upperdir", "workdir", "idmap"] {
        refuses(format!("{name}=a,{name}=a"), name, Kind::Repeated);
    }
    let digest = format!("digest={}", "a".repeat(64));
    refuses(format!("{digest},{digest}"), "digest", Kind::Repeated);
    refuses("remount,ro", "remount", Kind::Remount);
}

#[test]
fn what_does_not_fit_together_is_told() {
    let digest = format!("digest={}", "a".repeat(64));
    refuses("", "basedir", Kind::NoBasedir);
    refuses("basedir=o,upperdir=u", "upperdir", Kind::Needs("workdir"));
    refuses("basedir=o,workdir=u", "workdir", Kind::Needs("upperdir"));
    refuses(format!("basedir=o,{digest},noverity"), "noverity", Kind::WithDigest);
    refuses(format!("basedir=o,noverity,{digest}"), "noverity", Kind::WithDigest);
}

#[test]
fn a_sloppy_mount_passes_over_unknown_options_and_nothing_else() {
    let mut options = MountOptions::default();
    options.add("what=ever,ro,huh", Unknown::Ignore).unwrap();
    assert!(options.read_only);
    for list in ["ro,,rw", "digest=0", "remount", "verity=off"] {
        options.add(list, Unknown::Ignore).unwrap_err();
    }
}

#[test]
fn a_list_says_what_the_options_say() {
    let mut options = parsed("rw,noexec,strictatime,tryverity,basedir=/a:b");
    options.basedirs.push("x:y\\z,\"q\" =".into());
    options.upperdir = Some("up:per,".into());
    options.workdir = Some("\"work".into());
    options.digest = Digest::from_bytes(&[0xab; 32]);
    let expected = format!(
        r#"noexec,strictatime,tryverity,digest={},basedir=/a,basedir=b,basedir=x\:y\\z\,\"q\" =,upperdir=up:per\,,workdir=\"work"#,
        "ab".repeat(32)
    );
    assert_eq!(options.to_list(), expected.as_str());
    assert_eq!(parsed(options.to_list()), options);
}

#[test]
fn any_bytes_give_options_or_an_error() {
    for seed in 1..=3000 {
        laws::options_are_what_their_list_says(&laws::pseudorandom(seed));
        laws::options_are_what_their_list_says(&laws::option_list(&laws::pseudorandom(seed)));
    }
}
