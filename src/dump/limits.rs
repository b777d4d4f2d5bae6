//! How long things may be in a text, in bytes.

/// A name.
pub(super) const MAX_NAME: usize = 255;

/// A whole path; a longer one is taken with a warning.
pub(super) const MAX_PATH: usize = 4095;

/// PAYLOAD, whatever it is of.
pub(super) const MAX_PAYLOAD: usize = 4095;

/// CONTENT of anything but a symlink.
pub(super) const MAX_CONTENT: usize = 5000;

/// SIZE of an external file.
pub(super) const MAX_EXTERNAL: u64 = 1 << 53;
