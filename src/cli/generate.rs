//! `cfs completions` and `cfs man`: what follows from the syntax of the command line.

use std::fs;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::failure::{Answer, Failure};
use super::helper;
use super::output::Output;
use super::pages::PAGES;
use super::program::standalone;
use super::report::file_name;

/// Prints the script that completes a program's arguments in a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Answer, Failure> {
    let command = args.program.strip_prefix("cfs-");
    let syntax = match command {
        Some(command) => standalone(command),
        None => (args.program == "cfs").then(Cli::command),
    };
    let Some(mut syntax) = syntax else {
        let words = format!("there is no program {}: name cfs, cfs-dump, …", args.program);
        return Err(Failure::Usage("completions", words));
    };
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut syntax, &args.program, &mut script);
    Output::stdout()?.write(&script)?;
    Ok(Answer::Yes)
}

/// Writes a man page for `cfs`, for each command, for the programs of their own, and about subjects:
/// those of section 7, beside a directory named `man1`.
pub(super) fn man(args: &ManArgs) -> Result<Answer, Failure> {
    let directory = &args.dir;
    let failed = |error| Failure::io("write man pages to", &file_name(directory), &error);
    fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
    clap_mangen::generate_to(helper::syntax(), directory).map_err(failed)?;
    let beside = match directory.file_name() {
        Some(name) if name == "man1" => directory.with_file_name("man7"),
        _ => directory.clone(),
    };
    fs::create_dir_all(&beside).map_err(failed)?;
    for page in &PAGES {
        fs::write(beside.join(format!("{}.7", page.name)), page.roff()).map_err(failed)?;
    }
    Ok(Answer::Yes)
}
