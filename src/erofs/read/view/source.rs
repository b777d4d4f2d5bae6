//! Where the bytes of an image come from.

use std::convert::Infallible;

use super::super::super::error::ImageError;
use crate::num::{clamp_index, wide};

/// The bytes of an image, read piece by piece.
pub trait Source {
    /// Why bytes that should be there cannot be read.
    type Error;

    /// Length of the image, in bytes. It never changes.
    fn size(&self) -> u64;

    /// Fills a buffer with the bytes from `at` on, in bytes from the start of the image. They lie
    /// before [`Source::size`].
    ///
    /// # Errors
    /// Those of the source.
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), Self::Error>;
}

/// An image that is in memory.
impl Source for &[u8] {
    type Error = Infallible;

    fn size(&self) -> u64 {
        wide(self.len())
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), Infallible> {
        let bytes = self.get(clamp_index(at)..).and_then(|rest| rest.get(..buffer.len()));
        if let Some(bytes) = bytes {
            buffer.copy_from_slice(bytes);
        }
        Ok(())
    }
}

/// Why a [`View`](super::View) has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError<E> {
    /// The image is corrupt or of an unsupported kind.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image cannot be read.
    #[error("the image cannot be read")]
    Source(#[source] E),
}
