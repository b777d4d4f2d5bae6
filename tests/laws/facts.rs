//! Makes names and inodes.

use super::choose::Choose;
use super::generate::{Oddness, keep_within_cost};
use super::plan::Inode;

/// Keys and values.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A name for an entry: mostly plain, else with any byte, or long, or at odds with `.` and `..`.
pub fn name(choose: &mut impl Choose) -> Vec<u8> {
    match choose.below(12) {
        0..=5 => vec![b'a' + u8::try_from(choose.below(26)).expect("a letter"); 1],
        6 => b"name"[..=choose.below(4)].to_vec(),
        7 => any_name(choose),
        8 => choose
            .pick(&[&b"-"[..], b".a", b"..a", b".-", b"...", b"!", b"=", b"\\", b" "])
            .to_vec(),
        9 => vec![choose.pick(b"x\xff\x01\n"); 255],
        10 => format!("{:x}", choose.byte()).into_bytes(),
        _ => format!("file-{}", choose.byte()).into_bytes(),
    }
}

fn any_name(choose: &mut impl Choose) -> Vec<u8> {
    let byte = |_| match choose.byte() {
        0 | b'/' => b'_',
        byte => byte,
    };
    let name: Vec<u8> = (0..4).map(byte).collect();
    name
}

/// Any file that is no directory.
pub fn file(choose: &mut impl Choose, oddness: Oddness) -> Inode {
    let mut inode = match choose.below(10) {
        0 => Inode::new(0o100_644),
        1 | 2 => inline(choose),
        3 | 4 => external(choose),
        5 => symlink(choose),
        6 => device(choose, 0o020_000),
        7 => device(choose, 0o060_000),
        8 => special(choose, 0o010_000),
        _ => special(choose, 0o140_000),
    };
    numbers(choose, oddness, &mut inode);
    inode.xattrs = xattrs(choose, oddness, &inode);
    if oddness == Oddness::Odd && choose.once_in(3) {
        dropped(choose, &mut inode);
    }
    inode
}

pub fn directory(choose: &mut impl Choose, oddness: Oddness) -> Inode {
    let mut inode = Inode::new(0o40755);
    inode.size = choose.pick(&[27, 0, 4096, u64::MAX]);
    numbers(choose, oddness, &mut inode);
    inode.xattrs = xattrs(choose, oddness, &inode);
    if oddness == Oddness::Odd && choose.once_in(3) {
        dropped(choose, &mut inode);
    }
    inode
}

pub fn inline(choose: &mut impl Choose) -> Inode {
    let len = choose.pick(&[5, 1, 64, 2047, 2048, 2049, 4095, 4096, 4097, 4999, 5000]);
    let size = u64::try_from(len).expect("fits");
    Inode { size, content: Some(bytes(choose, len)), ..Inode::new(0o100_644) }
}

pub fn symlink(choose: &mut impl Choose) -> Inode {
    let len = choose.pick(&[1, 7, 100, 1024, 4031, 4032, 4033, 4063, 4064, 4065, 4094, 4095]);
    let target = without_nul(bytes(choose, len));
    let size = u64::try_from(len).expect("fits");
    Inode { size, payload: Some(target), ..Inode::new(0o120_777) }
}

pub fn external(choose: &mut impl Choose) -> Inode {
    let mut inode = Inode { size: external_size(choose), ..Inode::new(0o100_644) };
    inode.digest = match choose.below(8) {
        0 => None,
        1 => Some(vec![choose.byte(); 64]),
        _ => Some(vec![choose.byte(); 32]),
    };
    inode.payload = match choose.below(10) {
        0 => None,
        1 => Some(without_nul(bytes(choose, 4095))),
        2 => Some(choose.pick(&[&b"-"[..], b"/", b"//x", b"/a", b"../b", b"a b", b"abc"]).to_vec()),
        _ => Some([b"ab/", "cd".repeat(1 + choose.below(31)).as_bytes()].concat()),
    };
    inode
}

/// Sizes about the edges of chunks, and with as many chunks as there may be.
fn external_size(choose: &mut impl Choose) -> u64 {
    const CHUNK: u64 = 1 << 43;
    match choose.below(8) {
        0..=2 => 1 + u64::from(choose.byte()) * 100,
        3 => choose.pick(&[4095, 4096, 4097, 1 << 32, (1 << 32) - 1, (1 << 32) + 1]),
        4 => choose.pick(&[CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]),
        5 => choose.pick(&[1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024]) * CHUNK,
        6 => CHUNK * u64::try_from(1 + choose.below(1024)).expect("fits"),
        _ => 1 << choose.below(54),
    }
}

fn device(choose: &mut impl Choose, bits: u16) -> Inode {
    Inode { rdev: choose.pick(&[259, 1, 0, 0xff, 0x10_0000, u32::MAX]), ..special(choose, bits) }
}

/// A file without data; its SIZE is stored nowhere, but one of many digits makes its inode larger.
fn special(choose: &mut impl Choose, bits: u16) -> Inode {
    let size = if choose.once_in(8) { choose.pick(&[5, 1 << 32, u64::MAX]) } else { 0 };
    Inode { size, ..Inode::new(bits | 0o644) }
}

/// Owner, permissions, link count and time.
pub fn numbers(choose: &mut impl Choose, oddness: Oddness, inode: &mut Inode) {
    if choose.below(3) == 0 {
        return;
    }
    inode.mode = inode.mode & 0o170_000 | choose.pick(&[0o644, 0, 0o755, 0o7777, 0o4711, 0o1777]);
    inode.uid = number(choose);
    inode.gid = number(choose);
    inode.nlink = if choose.below(2) == 0 { 1 } else { number(choose) };
    inode.sec = choose.pick(&[0, 1, 1_700_000_000, -1, i64::MIN, i64::MAX, 1 << 32]);
    inode.nsec = choose.pick(&[0, 0, 1, 999_999_999]);
    if oddness == Oddness::Odd && choose.once_in(16) {
        inode.nsec = choose.pick(&[1_000_000_000, u32::MAX]);
    }
}

fn number(choose: &mut impl Choose) -> u32 {
    choose.pick(&[0, 1, 1000, 65_534, 65_535, 65_536, u32::MAX])
}

/// Facts that no image holds for the type.
fn dropped(choose: &mut impl Choose, inode: &mut Inode) {
    let external = inode.is_external();
    let symlink = inode.is_type(0o120_000);
    let device = inode.is_type(0o020_000) || inode.is_type(0o060_000);
    match choose.below(5) {
        0 if !external && !symlink => inode.payload = Some(b"lost".to_vec()),
        1 if !external => inode.digest = Some(vec![7; choose.pick(&[32, 64])]),
        2 if !inode.is_type(0o100_000) => {
            inode.content = Some(b"lost".to_vec());
            inode.size = 4;
        }
        3 if !device => inode.rdev = 7,
        4 if symlink => inode.size = 100,
        _ => {}
    }
}

const KEYS: [&[u8]; 30] = [
    b"user.a",
    b"user.b",
    b"user.",
    b"security.selinux",
    b"security.capability",
    b"security.",
    b"trusted.a",
    b"trusted.",
    b"system.posix_acl_access",
    b"system.posix_acl_default",
    b"system.posix_acl_accessfoo",
    b"system.nfs4_acl",
    b"lustre.lov",
    b"a",
    b"-",
    b"us\xffr.=\n x",
    b"trusted.overlay",
    b"trusted.overlay.",
    b"trusted.overlay.opaque",
    b"trusted.overlay.redirect",
    b"trusted.overlay.metacopy",
    b"trusted.overlay.whiteoutx",
    b"trusted.overlay.overlay.x",
    b"trusted.overlay.overlay.overlay.x",
    b"user.overlay.opaque",
    b"user.overlay.redirect",
    b"trusted.overlay.whiteout",
    b"trusted.overlay.whiteouts",
    b"user.overlay.whiteout",
    b"user.overlay.whiteouts",
];

/// Keys from here on have a meaning of their own in an image.
const RESERVED: usize = 26;

pub fn xattrs(choose: &mut impl Choose, oddness: Oddness, inode: &Inode) -> Pairs {
    let count = choose.pick(&[0, 0, 0, 1, 1, 2, 3, 6]);
    let mut pairs = Pairs::new();
    for _ in 0..count {
        let odd = oddness == Oddness::Odd && choose.once_in(4);
        let key = match choose.below(16) {
            0 => [b"user.", &[b'k'; 250][..choose.pick(&[250, 249, 1])]].concat(),
            1 => [b"trusted.overlay.", &[b'k'; 239][..]].concat(),
            _ if odd => KEYS[RESERVED + choose.below(KEYS.len() - RESERVED)].to_vec(),
            _ => KEYS[choose.below(RESERVED)].to_vec(),
        };
        let device = key == b"trusted.overlay.whiteout" && inode.is_type(0o100_000);
        if !device && pairs.iter().all(|pair| pair.0 != key) {
            let value = value(choose, key.len());
            pairs.push((key, value));
        }
    }
    keep_within_cost(pairs)
}

fn value(choose: &mut impl Choose, key_len: usize) -> Vec<u8> {
    match choose.below(16) {
        0..=4 => b"v".to_vec(),
        5..=7 => Vec::new(),
        8..=10 => choose.pick(&[&b"x"[..], b"y", b"-", b"\0", b"a=b c\\", b"\xff\n"]).to_vec(),
        11 | 12 => b"system_u:object_r:usr_t:s0\0".to_vec(),
        13 => bytes(choose, 300),
        14 => vec![choose.byte(); 4],
        // The largest that fits.
        _ if choose.once_in(4) => vec![b'v'; 32_767 - 12 - 7 - key_len],
        _ => bytes(choose, 4096),
    }
}

/// About as many xattrs as an inode may refer to.
pub fn many_xattrs(choose: &mut impl Choose) -> Pairs {
    let count = choose.pick(&[128, 126, 127, 129, 130, 131, 255, 300]);
    let prefix = choose.pick(&["user.", "trusted.", "trusted.overlay.", "z"]);
    (0..count).map(|n| (format!("{prefix}{n:03}").into_bytes(), b"m".to_vec())).collect()
}

fn bytes(choose: &mut impl Choose, len: usize) -> Vec<u8> {
    if len == 1 {
        return vec![choose.pick(b"-=\\a \n\xff")];
    }
    let (first, step) = (choose.byte(), choose.byte());
    let mut byte = b'a'.wrapping_add(first);
    let mut next = || {
        byte = byte.wrapping_add(step);
        byte
    };
    (0..len).map(|_| next()).collect()
}

fn without_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'0');
    bytes
}
