//! Damages texts and images.

use super::choose::Choose;

const TOKENS: [&[u8]; 24] = [
    b" ",
    b"\n",
    b"/",
    b"//",
    b"-",
    b"--",
    b"=",
    b"@",
    b"\\",
    b"\\x",
    b"\\x00",
    b"\\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b"+",
    b"0",
    b"18446744073709551616",
    b"40755",
    b"100644",
    b".",
    b"..",
    b"user.a=b",
];

/// Changes a few places of a text.
pub fn spoil_text(text: &mut Vec<u8>, choose: &mut impl Choose) {
    for _ in 0..=choose.below(4) {
        let at = choose.below(text.len() + 1);
        let end = (at + choose.pick(&[1, 2, 5, 30])).min(text.len());
        match choose.below(8) {
            0 => _ = text.splice(at..at, choose.pick(&TOKENS).iter().copied()),
            1 => _ = text.splice(at..end, choose.pick(&TOKENS).iter().copied()),
            2 => _ = text.drain(at..end),
            3 => text[at..end].iter_mut().take(1).for_each(|byte| *byte = choose.byte()),
            4 => copy_line(text, at, choose),
            5 | 6 => copy_field(text, choose),
            _ => text.truncate(at),
        }
    }
}

/// Puts a copy of a line behind another.
fn copy_line(text: &mut Vec<u8>, at: usize, choose: &mut impl Choose) {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let Some(line) = lines.get(choose.below(lines.len().max(1))) else { return };
    let line = line.to_vec();
    let place =
        text[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |n| at + n + 1);
    _ = text.splice(place..place, line);
}

/// Puts a field, or all xattrs, of one line in the place of those of another.
fn copy_field(text: &mut Vec<u8>, choose: &mut impl Choose) {
    let mut lines: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let (from, to) = (choose.below(lines.len()), choose.below(lines.len()));
    let field = choose.below(12);
    let cut = |line: &[u8]| {
        let mut fields: Vec<Vec<u8>> =
            line.splitn(12, |&byte| byte == b' ').map(<[u8]>::to_vec).collect();
        fields.resize(12, Vec::new());
        fields
    };
    let (source, mut target) = (cut(&lines[from]), cut(&lines[to]));
    target[field].clone_from(&source[field]);
    if target[11].is_empty() {
        target.truncate(11);
    }
    lines[to] = target.join(&b' ');
    *text = lines.join(&b'\n');
}

/// Changes a few numbers of an image, mostly where there are any.
pub fn spoil_image(image: &mut Vec<u8>, choose: &mut impl Choose) {
    for _ in 0..=choose.below(4) {
        if image.len() < 8 {
            return;
        }
        let mut at = choose.below(image.len() - 8);
        if choose.below(4) > 0 {
            // Images are mostly zero, and the inodes that the writer adds are all alike.
            let first = if choose.below(2) == 0 { 1024 } else { 9000.min(image.len() - 8) };
            at = (first..at.max(first)).rev().find(|&at| image[at] != 0).unwrap_or(at);
        }
        match choose.below(8) {
            0 | 1 => image[at] ^= 1 << choose.below(8),
            2 => image[at] = choose.byte(),
            3 => image[at] = 0xff,
            4 => image[at] = 0,
            5 => image[at] = image[at].wrapping_add(1),
            6 => {
                let word = choose.pick(&[0, 1, 36, 37, 4096, 4097, u32::MAX, 1 << 31, 0x1000_0000]);
                let at = at & !3;
                image[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
            }
            _ => copy_piece(image, at, choose),
        }
    }
    if choose.once_in(16) {
        image.truncate(choose.below(image.len()));
    }
}

/// Lets a piece of an image stand in another place too.
fn copy_piece(image: &mut [u8], at: usize, choose: &mut impl Choose) {
    let len = choose.pick(&[8, 12, 32, 64]).min(image.len() - at);
    let from = choose.below(image.len() - len) & !3;
    image.copy_within(from..from + len, at & !3);
}
