//! Sources that are compressed.

use std::fmt;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use std::io::{self, Read};

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// Why bytes cannot be decompressed.
#[derive(Debug)]
pub(super) enum Error {
    /// They end too early.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    Truncated,
    /// They are damaged; the words of the decoder.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    Corrupt(String),
    /// They are compressed in a way this build knows nothing of.
    #[cfg(not(all(feature = "gzip", feature = "zstd")))]
    Unsupported,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            Self::Truncated => f.write_str("the compressed data ends too early"),
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            Self::Corrupt(words) => write!(f, "the compressed data is damaged: {words}"),
            #[cfg(not(all(feature = "gzip", feature = "zstd")))]
            Self::Unsupported => f.write_str("this build cannot; decompress it first"),
        }
    }
}

impl Compression {
    /// How these bytes are compressed, told by their first ones.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Decompresses all frames or members, up to `limit` bytes.
pub(super) fn decompress(
    compression: Compression,
    bytes: &[u8],
    limit: u64,
) -> Result<Vec<u8>, Error> {
    match compression {
        Compression::Gzip => gzip(bytes, limit),
        Compression::Zstd => zstd(bytes, limit),
    }
}

#[cfg(feature = "gzip")]
fn gzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    let mut expanded = Vec::new();
    read_all(flate2::bufread::MultiGzDecoder::new(bytes), limit, &mut expanded)?;
    Ok(expanded)
}

#[cfg(not(feature = "gzip"))]
fn gzip(_: &[u8], _: u64) -> Result<Vec<u8>, Error> {
    Err(Error::Unsupported)
}

#[cfg(feature = "zstd")]
fn zstd(mut bytes: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    let mut expanded = Vec::new();
    while !bytes.is_empty() && crate::num::wide(expanded.len()) < limit {
        bytes = zstd_frame(bytes, limit, &mut expanded)?;
    }
    Ok(expanded)
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: &[u8], _: u64) -> Result<Vec<u8>, Error> {
    Err(Error::Unsupported)
}

/// Decompresses the first frame; returns what is behind it.
#[cfg(feature = "zstd")]
fn zstd_frame<'b>(
    mut bytes: &'b [u8],
    limit: u64,
    expanded: &mut Vec<u8>,
) -> Result<&'b [u8], Error> {
    use ruzstd::decoding::StreamingDecoder;
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    let mut decoder = match StreamingDecoder::new(&mut bytes) {
        Ok(decoder) => decoder,
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
            length,
            ..
        })) => return bytes.get(crate::num::index(length)..).ok_or(Error::Truncated),
        Err(error) => return Err(Error::Corrupt(error.to_string())),
    };
    let left = limit.saturating_sub(crate::num::wide(expanded.len()));
    read_all(&mut decoder, left, expanded)?;
    let (told, found) =
        (decoder.decoder.get_checksum_from_data(), decoder.decoder.get_calculated_checksum());
    if decoder.decoder.is_finished() && told.is_some() && told != found {
        return Err(Error::Corrupt(String::from("the checksum does not match")));
    }
    Ok(bytes)
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn read_all(decoder: impl Read, limit: u64, expanded: &mut Vec<u8>) -> Result<(), Error> {
    match decoder.take(limit).read_to_end(expanded) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::Truncated),
        Err(error) => Err(Error::Corrupt(error.to_string())),
    }
}
