//! Two images of the specification, built byte by byte, and what it takes to change them.

/// Writes bytes, given in hex, at an offset.
pub(crate) fn put(image: &mut [u8], at: usize, hex: &str) {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    for (place, pair) in image[at..].iter_mut().zip(digits.chunks(2)) {
        *place = u8::try_from(pair[0] * 16 + pair[1]).unwrap();
    }
}

/// Writes a directory block: records of nid and type, then their names.
pub(crate) fn put_names(image: &mut [u8], at: usize, names: &[(u64, u8, &str)]) -> usize {
    let mut block = Vec::new();
    let mut name_at = 12 * names.len();
    for (nid, file_type, name) in names {
        block.extend(nid.to_le_bytes());
        block.extend(u16::try_from(name_at).unwrap().to_le_bytes());
        block.extend([*file_type, 0]);
        name_at += name.len();
    }
    block.extend(names.iter().flat_map(|(_, _, name)| name.bytes()));
    image[at..at + block.len()].copy_from_slice(&block);
    block.len()
}

/// Four blocks with both headers and the root, but without the root's names.
fn start(version: &str, inodes: &str) -> Vec<u8> {
    let mut image = vec![0; 16384];
    put(&mut image, 0x000, "9a6278d0 01000000 00000000");
    put(&mut image, 0x00c, version);
    put(&mut image, 0x400, "e2e1f5e0 00000000 06000000 0c00 2400");
    put(&mut image, 0x410, inodes);
    put(&mut image, 0x418, "0100000000000000 00000000 04000000 00000000 02000000");
    put(
        &mut image,
        0x480,
        "00000600 ed410300 00100000 00000000 03000000 00000000 00000000 00000000",
    );
    put(&mut image, 0x4a0, "ffffefff 00 00000000000000 0e040100");
    image[0x4b0..0x4bf].copy_from_slice(b"overlay.opaquey");
    image
}

/// Adds the whiteouts that the writer puts into the root, but for one nid in between.
fn generated(image: &mut [u8], skipped: std::ops::Range<u64>) -> Vec<(u64, String)> {
    let nids = (38..).filter(|nid| !skipped.contains(nid));
    let names: Vec<_> = nids.zip((0..256).map(|n| format!("{n:02x}"))).collect();
    for (ino, (nid, _)) in (1u32..).zip(&names) {
        let at = usize::try_from(nid * 32).unwrap();
        put(image, at, "00000000 a4210100");
        let ino = ino + u32::from(*nid >= skipped.end && skipped.end > 0);
        image[at + 20..at + 24].copy_from_slice(&ino.to_le_bytes());
    }
    names
}

fn put_root(image: &mut [u8], generated: &[(u64, String)], others: &[(u64, u8, &str)]) {
    let mut names = vec![(36, 2, "."), (36, 2, "..")];
    names.extend(generated.iter().map(|(nid, name)| (*nid, 3, name.as_str())));
    names.extend(others);
    names.sort_by_key(|&(_, _, name)| name);
    put_names(image, 0x3000, &names);
}

/// The image of section 16.1 of the specification: composefs version 0.
pub(crate) fn example() -> Vec<u8> {
    let mut image = start("00000000", "0501000000000000");
    let stubs = generated(&mut image, 0..0);
    put_root(&mut image, &stubs, &[(294, 2, "t"), (298, 7, "u")]);
    // Inode /t.
    put(&mut image, 0x24c0, "04000200 c0410200 46000000 00000000 00000000 01010000");
    put(&mut image, 0x24e0, "ffbfffff 01 00000000000000 a0010000");
    let in_t = [(294, 2, "."), (36, 2, ".."), (300, 1, "ext"), (306, 1, "in"), (306, 1, "ln")];
    put_names(&mut image, 0x24f0, &in_t);
    // Inode /u.
    put(&mut image, 0x2540, "04000000 ffa10100 01000000 00000000 00000000 02010000");
    put(&mut image, 0x2560, "74");
    // Inode /t/ext.
    put(
        &mut image,
        0x2580,
        "09001700 a4810000 8813000000000000 01000000 03010000 e8030000 e8030000",
    );
    put(&mut image, 0x25a0, "0200000000000000 05000000 01000000");
    put(&mut image, 0x25c0, "ffbffd7f 01 00000000000000 a0010000 10042400");
    image[0x25d4..0x25e4].copy_from_slice(b"overlay.metacopy");
    put(
        &mut image,
        0x25e4,
        "00240001 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    );
    put(&mut image, 0x2608, "10040600");
    image[0x260c..0x2622].copy_from_slice(b"overlay.redirect/ab/cd");
    put(&mut image, 0x2624, "ffffffff");
    // Inode /t/in.
    put(&mut image, 0x2640, "04000000 80810200 05000000 00000000 00000000 04010000");
    image[0x2660..0x2665].copy_from_slice(b"hello");
    // Shared xattr.
    put(&mut image, 0x2680, "01010100 6b76");
    image
}

/// The image of section 16.2 of the specification: composefs version 1.
pub(crate) fn example_with_whiteout() -> Vec<u8> {
    let mut image = start("01000000", "0301000000000000");
    let stubs = generated(&mut image, 246..252);
    put_root(&mut image, &stubs, &[(246, 2, "d")]);
    // Inode /d.
    put(&mut image, 0x1ec0, "04001b00 ed410200 2b000000 00000000 00000000 d1000000");
    put(&mut image, 0x1ee0, "dfebefff 00 00000000000000");
    put(&mut image, 0x1eec, "16040100");
    image[0x1ef0..0x1f07].copy_from_slice(b"overlay.overlay.opaquex");
    put(&mut image, 0x1f08, "19040000");
    image[0x1f0c..0x1f25].copy_from_slice(b"overlay.overlay.whiteouts");
    put(&mut image, 0x1f28, "0e010100");
    image[0x1f2c..0x1f3b].copy_from_slice(b"overlay.opaquex");
    put(&mut image, 0x1f3c, "11010000");
    image[0x1f40..0x1f51].copy_from_slice(b"overlay.whiteouts");
    put_names(&mut image, 0x1f54, &[(246, 2, "."), (36, 2, ".."), (300, 1, "gone")]);
    // Inode /d/gone.
    put(&mut image, 0x2580, "00000d00 00800100 00000000 00000000 00000000 02010000");
    put(&mut image, 0x25a0, "effdffff 00 00000000000000 18040000");
    image[0x25b0..0x25c8].copy_from_slice(b"overlay.overlay.whiteout");
    put(&mut image, 0x25c8, "10010000");
    image[0x25cc..0x25dc].copy_from_slice(b"overlay.whiteout");
    image
}

/// The example with some bytes replaced.
pub(crate) fn edited(edits: &[(usize, &str)]) -> Vec<u8> {
    let mut image = example();
    for (at, hex) in edits {
        put(&mut image, *at, hex);
    }
    image
}
