//! `cfs git`: what git is told, and what it runs.

mod describe;
mod external;
mod install;
mod merge;

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::args::{GitArgs, GitCommand, GitTextconvArgs};
use super::failure::{Answer, Failure};
use super::load::Context;
use super::output::Output;
use super::report::Trouble;

/// The exit status that tells git of trouble, which is not that of conflicts.
pub(super) const MERGE_TROUBLE: u8 = 129;

/// Runs one of the commands.
pub(super) fn run(context: &Context, args: &GitArgs) -> Result<Answer, Failure> {
    match &args.command {
        GitCommand::Install(args) => install::install(context, args),
        GitCommand::Uninstall(args) => install::uninstall(args),
        GitCommand::Attributes => {
            let lines = install::ATTRIBUTES.map(|line| format!("{line}\n")).concat();
            Output::stdout()?.write(lines.as_bytes())?;
            Ok(Answer::Yes)
        }
        GitCommand::Textconv(args) => textconv(context, args),
        GitCommand::Diff(args) => external::run(context, &args.arguments),
        GitCommand::Merge(args) => merge::run(context, args),
    }
}

/// Whether git takes exit statuses as those of a merge driver.
pub(super) fn is_merge(args: &GitArgs) -> bool {
    matches!(args.command, GitCommand::Merge(_))
}

/// Prints a file as text. Whatever the file is, that is no reason to fail: git would show nothing at
/// all then.
fn textconv(context: &Context, args: &GitTextconvArgs) -> Result<Answer, Failure> {
    let mut out = Output::stdout()?;
    describe::as_text(context, &args.file, |piece| out.write(piece))?;
    Ok(Answer::Yes)
}

/// Runs git, and gives what it printed, if it succeeded.
fn git(args: &[&OsStr]) -> Result<Option<Vec<u8>>, Failure> {
    let ran = Command::new("git").args(args).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    match ran {
        Ok(ran) if ran.status.success() => Ok(Some(ran.stdout)),
        Ok(_) => Ok(None),
        Err(error) => {
            let trouble =
                Trouble::new(format!("cannot run git: {}", super::failure::words(&error)));
            Err(trouble.hint("install git, or add the lines of cfs-git(7) by hand").into())
        }
    }
}
