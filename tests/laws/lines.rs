//! Lines of every kind with one field replaced by each of many odd values.

/// A good line of each kind, to stand behind a root, a directory and a file.
const LINES: [&[u8]; 11] = [
    b"/a 0 100644 1 0 0 0 0.0 - - -",
    b"/a 5 100644 1 0 0 0 1700000000.5 ab/cd - 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    b"/a 5 100644 1 0 0 0 0.0 - 12\\x204 - user.a=1",
    b"/d/a 27 40755 2 0 0 0 0.0 - - - trusted.overlay.whiteout=",
    b"/a 1 120777 1 0 0 0 0.0 t - -",
    b"/a 0 20644 1 0 0 259 0.0 - - - user.a=1",
    b"/a 0 20644 1 0 0 0 0.0 - - -",
    b"/a 0 60644 1 65536 65536 259 -1.999999999 - - -",
    b"/a 0 10644 1 0 0 0 0.0 - - -",
    b"/a 0 140644 1 0 0 0 0.0 - - -",
    b"/d/a 0 @100644 1 0 0 0 0.0 /f - -",
];

const VALUES: [&[u8]; 92] = [
    b"",
    b"-",
    b"--",
    b"\\x2d",
    b"/",
    b"//",
    b"/a",
    b"a",
    b"/a/",
    b"//a",
    b"/d//a",
    b"/d",
    b"/d/",
    b"/d/b",
    b"/.",
    b"/..",
    b"/.a",
    b"/..a",
    b"/d/.",
    b"/d/..",
    b"/d/../a",
    b"/\\x2e",
    b"/d\\x2fa",
    b"/f/a",
    b"/n/a",
    b"/a\\x00b",
    b"/a\\nb",
    b"/a=b",
    b"/a\tb",
    b"/a\rb",
    b"/a\xff",
    b"/a\x7f",
    b"/a\\",
    b"/a\\x4",
    b"/a\\q",
    b"f",
    b"/f",
    b"0",
    b"1",
    b"9",
    b"00",
    b"07",
    b"010",
    b"+1",
    b"+0",
    b"-0",
    b"-1",
    b"5",
    b"4",
    b"05",
    b"0x5",
    b"1:",
    b"1/",
    b"12345678",
    b"1234567:",
    b"1234567/",
    b"123456789",
    b"65535",
    b"65536",
    b"4294967295",
    b"4294967296",
    b"99999999999",
    b"9007199254740992",
    b"9007199254740993",
    b"999999999999999999",
    b"1000000000000000000",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999",
    b"40755",
    b"100644",
    b"0100644",
    b"300644",
    b"644",
    b"177777",
    b"@100644",
    b"@40755",
    b"@0",
    b"100648",
    b"0.0",
    b"1.1000000000",
    b"1.4294967296",
    b".5",
    b"5.",
    b"1.05",
    b"-0.0",
    b"1.-1",
    b"-9223372036854775808.0",
    b"9223372036854775808.0",
    b"=",
    b"user.a=2",
    b"trusted.overlay.whiteout=",
];

/// Values that are long, or contain more than one field.
fn long_values() -> Vec<Vec<u8>> {
    let path = |len: usize| [b"/".as_slice(), &vec![b'x'; len]].concat();
    let deep = |len: usize| [b"/d".as_slice(), &b"/x".repeat(len)].concat();
    let mut values = vec![path(255), path(256), deep(2046), deep(2047), deep(2048)];
    values.extend([4095, 4096, 5000, 5001].map(|len| vec![b'v'; len]));
    values.extend([63, 64, 65, 127, 128, 129].map(|len| vec![b'a'; len]));
    values.push(vec![b'A'; 64]);
    values.push([b"g".to_vec(), b"a".repeat(63)].concat());
    for text in
        ["user.a=1 user.a=2", "user.a=1 ", "user.a", "user.a= user.b=", " ", "user.\\x3d=\\x3d ="]
    {
        values.push(text.as_bytes().to_vec());
    }
    values
}

/// Texts of a few lines, one of them with one field, or two, replaced.
pub fn odd_lines() -> impl Iterator<Item = Vec<u8>> {
    let root = b"/ 4096 40755 2 0 0 0 0.0 - - -\n/d 27 40755 2 0 0 0 0.0 - - - user.a=1\n/f 0 100644 1 0 0 0 0.0 - - -\n";
    let values: Vec<Vec<u8>> =
        VALUES.iter().map(|value| value.to_vec()).chain(long_values()).collect();
    let texts = LINES.into_iter().flat_map(move |line| {
        let with = |place: usize, value: &[u8]| {
            let mut fields: Vec<&[u8]> = line.splitn(12, |&byte| byte == b' ').collect();
            fields.resize(12.max(fields.len()), b"");
            fields[place] = value;
            let length = if fields[11].is_empty() { 11 } else { 12 };
            [&root[..], &fields[..length].join(&b' '), b"\n"].concat()
        };
        let each = |place| values.iter().map(move |value| (place, value));
        (0..12).flat_map(each).map(|(place, value)| with(place, value)).collect::<Vec<_>>()
    });
    texts.chain(known_from_another_line())
}

/// Each line behind each other one with the same xattrs, which a reader may know by then.
fn known_from_another_line() -> impl Iterator<Item = Vec<u8>> {
    const XATTRS: [&[u8]; 7] = [
        b"user.a=1",
        b"trusted.overlay.whiteout=",
        b"trusted.overlay.whiteou\\x74=",
        b"user.overlay.whiteout=",
        b"trusted.overlay.whiteouts=",
        b"user.a=1 user.a=2",
        b"user.a=\xff",
    ];
    const BEFORE: &[u8] = b"\
/ 4096 40755 2 0 0 0 0.0 - - -
/d 27 40755 2 0 0 0 0.0 - - -
/f 0 100644 1 0 0 0 0.0 - - -
";
    let at = |path: &[u8], line: &[u8], xattrs: &[u8]| {
        let mut fields: Vec<&[u8]> = line.splitn(12, |&byte| byte == b' ').collect();
        fields.truncate(11);
        fields[0] = path;
        fields.push(xattrs);
        fields.join(&b' ')
    };
    let pairs = LINES.into_iter().flat_map(|one| LINES.into_iter().map(move |other| (one, other)));
    pairs.flat_map(move |(one, other)| {
        let lines = |xattrs| [at(b"/1", one, xattrs), at(b"/2", other, xattrs), Vec::new()];
        XATTRS.map(|xattrs| [BEFORE, &lines(xattrs).join(&b'\n')].concat())
    })
}
