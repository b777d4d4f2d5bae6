//! Bytes of a source: from a file or standard input, decompressed.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use super::decompress::{self, Compression};
use super::failure::Failure;
use super::report::{Trouble, file_name};

/// What was read.
#[derive(Debug)]
pub(super) struct Input {
    /// Name of the file, for messages.
    pub(super) name: String,
    /// Its bytes, decompressed.
    pub(super) bytes: Vec<u8>,
}

/// Reads a source whole; `-` is standard input. `max` is the most bytes it may have, compressed or
/// not.
pub(super) fn read(path: &Path, max: Option<u64>) -> Result<Input, Failure> {
    let name = file_name(path);
    let file = open(path).map_err(|error| Failure::io("open", &name, &error))?;
    let bytes = read_file(file, &name, max)?;
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

/// The trouble with a directory where a file is wanted.
pub(super) fn is_directory(name: &str) -> Trouble {
    Trouble::new(format!("cannot read {name}: it is a directory")).about(name)
}

/// Reads into one piece of memory that is as large as the file says it is.
fn read_file(mut file: File, name: &str, max: Option<u64>) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| Failure::io("read", name, &error);
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(is_directory(name).hint("name an image or a dump text").into());
    }
    let Some(max) = max else {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        return Ok(bytes);
    };
    let mut bytes = Vec::new();
    if metadata.is_file() && metadata.len() <= max {
        file.read_to_end(&mut bytes).map_err(failed)?;
    } else {
        file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    }
    within(bytes, name, max)
}

fn expand(
    compression: Compression,
    bytes: &[u8],
    name: &str,
    max: Option<u64>,
) -> Result<Vec<u8>, Failure> {
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
fn within(bytes: Vec<u8>, name: &str, max: u64) -> Result<Vec<u8>, Failure> {
    if crate::num::wide(bytes.len()) <= max {
        return Ok(bytes);
    }
    let message = format!("cannot read {name}: it has more than {max} bytes");
    Err(Trouble::new(message).about(name).hint("raise --max-input to read it all the same").into())
}
