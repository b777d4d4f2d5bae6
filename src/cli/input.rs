//! Bytes of a source: from a file or standard input, decompressed.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::path::Path;

use super::decompress::{self, Compression};
use super::failure::Failure;
use super::output::Target;
use super::report::{Trouble, file_name};
use crate::num::{clamp_index, wide};
use crate::sys::Map;

/// What was read.
#[derive(Debug)]
pub(super) struct Input {
    /// Name of the file, for messages.
    pub(super) name: String,
    /// Its bytes, decompressed.
    pub(super) bytes: Bytes,
}

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Bytes {
    /// In memory of our own.
    Read(Vec<u8>),
    /// In the page cache.
    Mapped(Map),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// Reads a source whole; `-` is standard input. `max` is the most bytes it may have, compressed or
/// not. If it is the file that `target` writes to, it can be written to from now on.
pub(super) fn read(path: &Path, max: Option<u64>, target: &Target) -> Result<Input, Failure> {
    let name = file_name(path);
    let file = open(path).map_err(|error| Failure::io("open", &name, &error))?;
    let bytes = read_file(file, &name, max, target)?;
    let bytes = match Compression::of(&bytes) {
        None => bytes,
        Some(compression) => expand(compression, &bytes, &name, max)?,
    };
    Ok(Input { name, bytes })
}

/// Opens a file, or standard input if it is named `-`.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if path.as_os_str() == "-" {
        return io::stdin().as_fd().try_clone_to_owned().map(File::from);
    }
    File::open(path)
}

/// The first bytes of a file, enough to tell whether it is compressed.
pub(super) fn starts(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(16).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The trouble with a directory where a file is wanted.
pub(super) fn is_directory(name: &str) -> Trouble {
    Trouble::new(format!("cannot read {name}: it is a directory")).about(name)
}

fn read_file(
    mut file: File,
    name: &str,
    max: Option<u64>,
    target: &Target,
) -> Result<Bytes, Failure> {
    let failed = |error: io::Error| Failure::io("read", name, &error);
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(is_directory(name).hint("name an image or a dump text").into());
    }
    let max = max.unwrap_or(u64::MAX);
    if metadata.is_file() && metadata.len() > max {
        return Err(too_large(name, max).into());
    }
    if let Some(map) = map(&mut file, &metadata, target) {
        return Ok(Bytes::Mapped(map));
    }
    let mut bytes = Vec::new();
    // A file tells how much memory it will take, unless it is limited.
    if metadata.is_file() {
        file.read_to_end(&mut bytes).map_err(failed)?;
    } else {
        file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    }
    within(bytes, name, max)
}

/// Files of fewer bytes are read, which costs less than mapping them.
const WORTH_MAPPING: u64 = 1 << 20;

/// Maps a file that is worth it, read from its start, and not written to.
fn map(file: &mut File, metadata: &Metadata, target: &Target) -> Option<Map> {
    let is_worth = metadata.is_file() && metadata.len() >= WORTH_MAPPING;
    if !is_worth || file.stream_position().ok()? > 0 || target.is_file(metadata) {
        return None;
    }
    Map::new(file, clamp_index(metadata.len())).ok()
}

fn expand(
    compression: Compression,
    bytes: &[u8],
    name: &str,
    max: Option<u64>,
) -> Result<Bytes, Failure> {
    let limit = max.map_or(u64::MAX, |max| max.saturating_add(1));
    match decompress::decompress(compression, bytes, limit) {
        Ok(bytes) => within(bytes, name, max.unwrap_or(u64::MAX)),
        Err(why) => {
            let message = format!("cannot decompress {name}: {why}");
            Err(Trouble::new(message).about(name).into())
        }
    }
}

/// The bytes, if they are no more than allowed.
fn within(bytes: Vec<u8>, name: &str, max: u64) -> Result<Bytes, Failure> {
    if wide(bytes.len()) <= max { Ok(Bytes::Read(bytes)) } else { Err(too_large(name, max).into()) }
}

fn too_large(name: &str, max: u64) -> Trouble {
    Trouble::new(format!("cannot read {name}: it has more than {max} bytes"))
        .about(name)
        .hint("raise --max-input to read it all the same")
}
