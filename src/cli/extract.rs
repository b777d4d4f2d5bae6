//! `cfs extract`.

use super::args::ExtractArgs;
use super::failure::{Answer, Failure};
use super::load::Context;

/// Not there yet.
pub(super) fn run(_context: &Context, _args: &ExtractArgs) -> Result<Answer, Failure> {
    Ok(Answer::Yes)
}
