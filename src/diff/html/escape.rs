//! Text as the parts of a page hold it.

use crate::num::index;

/// Appends text as HTML shows it, in an element or in an attribute in quotes.
pub(super) fn text_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Text as HTML shows it.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text_into(text, &mut out);
    out
}

/// Appends a JSON string. It holds no `<`, and so can neither end the element it stands in nor open
/// a comment there.
pub(super) fn string_into(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '<' => out.push_str("\\u003c"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes in base64, filled up with `=`.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS.get(index(bits >> (18 - 6 * at) & 63)).copied();
            text.push(if index(at) <= chunk.len() {
                char::from(digit.unwrap_or(b'='))
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, string_into, text};

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, digits) in pairs {
            assert_eq!(base64(bytes.as_bytes()), digits);
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(text("<a b='c' d=\"e\">&"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
        let mut out = String::new();
        string_into("</script><!-- \"\\\n\u{1}é", &mut out);
        assert_eq!(out, r#""\u003c/script>\u003c!-- \"\\\n\u0001é""#);
    }
}
