//! How a command ends.

use std::fmt::Display;
use std::io;

use super::report::Trouble;

/// What a command has to say with its exit status, when there was no trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done: status 0.
    Yes,
    /// Not what was asked for, and that is known for sure: status 1.
    No,
}

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody reads the output any more, which is no trouble.
    ClosedPipe,
    /// There was trouble, and all has been said about it.
    Reported,
    /// There was trouble.
    Trouble(Box<Trouble>),
    /// This signal came, and all that was half done is gone.
    Signal(i32),
    /// The arguments of the command with this name do not fit together.
    Usage(&'static str, String),
}

impl Failure {
    /// The trouble that an operation on a file met: `cannot read FILE: No such file or directory`.
    pub(super) fn io(action: &str, file: &str, error: &io::Error) -> Self {
        Trouble::new(format!("cannot {action} {file}: {}", words(error))).about(file).into()
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(Box::new(trouble))
    }
}

/// The words of an error up to the number that the kernel gives to its own.
pub(super) fn words(error: &impl Display) -> String {
    let words = error.to_string();
    match words.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => words,
    }
}
