//! The commands: what the programs `cfs`, `cfs-dump` and `cfs-mkimage` share.
//!
//! A program is one call of [`run`]. Results go to standard output, all else to standard error. The
//! exit status is 0 for done, 1 for no, 2 for trouble; a closed pipe is no trouble.
//!
//! | Module | Does |
//! |---|---|
//! | `args`, `program` | the command line as it is typed; which command a program runs |
//! | `input`, `decompress`, `scan`, `load` | a source as bytes, as a tree, with what there is to say of it |
//! | `lookup` | a path in a tree |
//! | `output`, `place`, `replace`, `text`, `shell` | results, whole or not at all; words for a shell |
//! | `report`, `failure` | messages; how a command ends |
//! | `progress`, `signals` | what is shown while long work goes on, and what ends it early |
//! | `pages` | man pages about more than a command |
//! | `helper` | the program `mount.composefs` |
//! | `dump`, `mkimage`, `ls`, `objects`, `cat`, `extract`, `check`, `diff`, `patch`, `git`, `golden`, `store`, `mount`, `mounts`, `verity`, `generate` | a command each |

mod args;
mod cat;
mod check;
mod decompress;
mod diff;
mod dump;
mod extract;
mod failure;
mod generate;
mod git;
mod golden;
mod helper;
mod input;
mod load;
mod lookup;
mod ls;
mod mkimage;
mod mount;
mod mounts;
mod objects;
mod output;
mod pages;
mod patch;
mod place;
mod program;
mod progress;
mod replace;
mod report;
mod scan;
#[cfg(feature = "fuse")]
mod serve;
mod shell;
mod signals;
mod store;
mod text;
mod verity;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Command, VerityCommand};
use failure::{Answer, Failure};
use load::Context;
use program::Program;

pub use crate::sys::LargePages;

/// Exit statuses beside success.
const NO: u8 = 1;
const TROUBLE: u8 = 2;

/// Runs a program: `args` are its arguments, of which the first is the name it was started by. A
/// name `cfs-NAME` runs the command NAME; `mount.composefs` is what mount(8) runs; any other name but
/// `cfs` stands for `built`, the name of the program that was built.
///
/// # Example
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     cfs::cli::run("cfs", std::env::args_os())
/// }
/// ```
pub fn run(built: &str, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_default();
    if helper::is_named(&name) {
        return helper::run(args);
    }
    let mut program = Program::named(&name, built);
    let typed: Vec<OsString> = args.collect();
    let (common, command) = match program.parse(typed.iter().cloned()) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    let context = Context::new(&program.name, typed, &common);
    let trouble_status = match &command {
        Command::Git(args) if git::is_merge(args) => git::MERGE_TROUBLE,
        _ => TROUBLE,
    };
    match execute(&context, command) {
        Ok(Answer::Yes) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(NO),
        Err(Failure::Reported) => ExitCode::from(trouble_status),
        Err(Failure::Trouble(trouble)) => {
            context.report.trouble(&trouble);
            ExitCode::from(trouble_status)
        }
        Err(Failure::Signal(signal)) => {
            signals::die_of(signal);
            ExitCode::from(TROUBLE)
        }
        Err(Failure::Usage(command, words)) => usage(&program.misuse(command, &words)),
    }
}

/// Prints the help that was asked for, or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell if this fails.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(TROUBLE) } else { ExitCode::SUCCESS }
}

fn execute(context: &Context, command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Dump(args) => dump::run(context, args),
        Command::Mkimage(args) => mkimage::run(context, args),
        Command::Ls(args) => ls::run(context, &args),
        Command::Objects(args) => objects::run(context, &args),
        Command::Cat(args) => cat::run(context, &args),
        Command::Extract(args) => extract::run(context, &args),
        Command::Check(args) => check::run(context, &args),
        Command::Diff(args) => diff::run(context, &args),
        Command::Patch(args) => patch::run(context, args),
        Command::Git(args) => git::run(context, &args),
        Command::Golden(args) => golden::run(context, &args),
        Command::Store(args) => store::run(context, &args),
        Command::Mount(args) => mount::run(context, args),
        Command::Umount(args) => mount::unmount(context, &args),
        Command::Mounts(args) => mounts::run(&args),
        Command::Verity(args) => match args.command {
            VerityCommand::Digest(args) => verity::digest(context, &args),
            VerityCommand::Image(args) => verity::image(context, &args),
            VerityCommand::Measure(args) => verity::measure(context, &args),
            VerityCommand::Enable(args) => verity::enable(context, &args),
        },
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    }
}
