//! Lists on standard output.

use super::failure::Failure;
use super::output::Output;
use crate::dump::{Place, escape_into};

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a line feed; names are escaped.
    LineFeed,
    /// With NUL; names are as they are.
    Nul,
}

impl Ending {
    /// What `-z` says.
    pub(super) fn of(null: bool) -> Self {
        if null { Self::Nul } else { Self::LineFeed }
    }
}

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 * 1024;

/// Lines that are being written.
#[derive(Debug)]
pub(super) struct Lines {
    out: Output,
    ending: Ending,
    text: Vec<u8>,
}

impl Lines {
    /// Lines for an output.
    pub(super) fn new(out: Output, ending: Ending) -> Self {
        Self { out, ending, text: Vec::with_capacity(2 * PIECE) }
    }

    /// Adds bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.text.extend_from_slice(bytes);
        if self.text.len() < PIECE {
            return Ok(());
        }
        self.flush()
    }

    /// Adds a name or a path.
    pub(super) fn name(&mut self, name: &[u8]) -> Result<(), Failure> {
        match self.ending {
            Ending::Nul => self.raw(name),
            Ending::LineFeed => {
                escape_into(name, Place::Path, &mut self.text);
                Ok(())
            }
        }
    }

    /// Ends a line.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.raw(match self.ending {
            Ending::LineFeed => b"\n",
            Ending::Nul => b"\0",
        })
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let written = self.out.write(&self.text);
        self.text.clear();
        written
    }
}
