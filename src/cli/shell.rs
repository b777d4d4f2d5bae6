//! Words as a shell takes them.

use std::ffi::OsStr;
use std::fmt::Write;

/// A word, in quotes if it needs them.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=,:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// An argument of any bytes, on one line.
pub(super) fn word(word: &OsStr) -> String {
    match word.to_str().filter(|word| !word.chars().any(char::is_control)) {
        Some(word) => quoted(word),
        None => {
            let mut text = String::from("$'");
            for &byte in word.as_encoded_bytes() {
                match byte {
                    b'\'' | b'\\' => text.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => text.push(char::from(byte)),
                    // Writing to a string cannot fail.
                    _ => _ = write!(text, "\\x{byte:02x}"),
                }
            }
            text.push('\'');
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::word;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        let of = |bytes: &[u8]| word(OsStr::from_bytes(bytes));
        assert_eq!(of(b"--normalize=@portable,xattr:a.b"), "--normalize=@portable,xattr:a.b");
        assert_eq!(of(b"a b"), "'a b'");
        assert_eq!(of(b"*"), "'*'");
        assert_eq!(of(b""), "''");
        assert_eq!(of(b"it's"), r"'it'\''s'");
        assert_eq!(of(b"a\n\xff'"), r"$'a\x0a\xff\''");
    }
}
