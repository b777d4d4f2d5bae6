//! Lists of options as bytes: where each one ends, and what its escapes stand for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::error::{OptionError, OptionErrorKind};

/// An option as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: Option<Value<'a>>,
}

/// A value as it is written, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a>(&'a [u8]);

/// The first option of a list, and what stands behind the comma after it.
pub(super) fn first(list: &[u8]) -> Result<(Item<'_>, Option<&[u8]>), OptionError> {
    let end = list.iter().position(|byte| matches!(byte, b'=' | b','));
    let (name, rest) = list.split_at(end.unwrap_or(list.len()));
    match rest.split_first() {
        Some((b'=', rest)) => {
            let (value, behind) = value(rest).map_err(|kind| OptionError::new(name, kind))?;
            Ok((Item { name, value: Some(value) }, behind))
        }
        Some((_, rest)) => Ok((Item { name, value: None }, Some(rest))),
        None => Ok((Item { name, value: None }, None)),
    }
}

/// The value that a text begins with, and what stands behind the comma after it.
fn value(text: &[u8]) -> Result<(Value<'_>, Option<&[u8]>), OptionErrorKind> {
    let (value, rest) = match text.split_first() {
        Some((b'"', inside)) => {
            let end = unescaped(inside, b'"').ok_or(OptionErrorKind::OpenQuote)?;
            let (value, rest) = inside.split_at(end);
            (value, rest.get(1..).unwrap_or_default())
        }
        _ => text.split_at(unescaped(text, b',').unwrap_or(text.len())),
    };
    match rest.split_first() {
        Some((b',', rest)) => Ok((Value(value), Some(rest))),
        Some(_) => Err(OptionErrorKind::BehindQuote),
        None => Ok((Value(value), None)),
    }
}

/// Where a byte stands for the first time without a backslash in front of it.
fn unescaped(text: &[u8], wanted: u8) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let found = !escaped && byte == wanted;
        escaped = !escaped && byte == b'\\';
        found
    })
}

impl<'a> Value<'a> {
    /// What the value stands for.
    pub(super) fn unescaped(self) -> Result<Vec<u8>, OptionErrorKind> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.iter();
        while let Some(&byte) = rest.next() {
            let byte = if byte == b'\\' { rest.next().copied() } else { Some(byte) };
            bytes.push(byte.ok_or(OptionErrorKind::LoneBackslash)?);
        }
        Ok(bytes)
    }

    /// What the pieces between its colons stand for.
    pub(super) fn pieces(self) -> impl Iterator<Item = Result<Vec<u8>, OptionErrorKind>> + 'a {
        let mut rest = Some(self.0);
        std::iter::from_fn(move || {
            let text = rest?;
            let end = unescaped(text, b':');
            let piece = text.get(..end.unwrap_or(text.len()))?;
            rest = end.and_then(|end| text.get(end.saturating_add(1)..));
            Some(Value(piece).unescaped())
        })
    }
}

/// Writes a list.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn word(&mut self, word: &str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        self.0.extend(word.as_bytes());
    }

    pub(super) fn value(&mut self, name: &str, value: &[u8]) {
        self.word(name);
        self.0.push(b'=');
        for &byte in value {
            let is_colon_of_list = name == "basedir" && byte == b':';
            if is_colon_of_list || matches!(byte, b'\\' | b',' | b'"') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
    }

    pub(super) fn finish(self) -> OsString {
        OsString::from_vec(self.0)
    }
}
