//! Which program this is, and what it was asked to do.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches};

use super::args::{
    CatArgs, Cli, Command, Common, CompletionsArgs, DumpArgs, LsArgs, ManArgs, MkimageArgs,
    ObjectsArgs, VerityArgs,
};

/// A program as it was started.
#[derive(Debug)]
pub(super) struct Program {
    /// What it calls itself in messages: `cfs`, or `cfs-NAME`.
    pub(super) name: String,
    /// The command that every run has, for a link named `cfs-NAME`.
    fixed: Option<String>,
    syntax: clap::Command,
}

impl Program {
    /// The program that the name of a file stands for. `cfs-NAME` runs the command NAME, anything
    /// else is `cfs` itself.
    pub(super) fn named(path: &OsStr) -> Self {
        let name = Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or_default();
        let command = name.strip_prefix("cfs-").unwrap_or_default();
        match standalone(command) {
            Some(syntax) => Self { name: name.into(), fixed: Some(command.into()), syntax },
            None => Self { name: String::from("cfs"), fixed: None, syntax: Cli::command() },
        }
    }

    /// What the arguments ask for.
    ///
    /// # Errors
    /// A mistake in usage, or a text that was asked for, such as the help.
    pub(super) fn parse(
        &mut self,
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<(Common, Command), clap::Error> {
        let args = std::iter::once(OsString::from(&self.name)).chain(args);
        let matches = self.syntax.try_get_matches_from_mut(args)?;
        match &self.fixed {
            None => Cli::from_arg_matches(&matches).map(|cli| (cli.common, cli.command)),
            Some(name) => {
                Ok((Common::from_arg_matches(&matches)?, fixed_command(name, &matches)?))
            }
        }
    }

    /// A mistake in usage that the syntax cannot tell; `command` is the name of the command.
    pub(super) fn misuse(&mut self, command: &str, words: &str) -> clap::Error {
        self.syntax.build();
        let kind = clap::error::ErrorKind::ArgumentConflict;
        match self.syntax.find_subcommand_mut(command) {
            Some(syntax) => syntax.error(kind, words),
            None => self.syntax.error(kind, words),
        }
    }
}

/// The syntax of the program `cfs-NAME`, if there is a command NAME.
pub(super) fn standalone(command: &str) -> Option<clap::Command> {
    let syntax = Cli::command();
    let version = syntax.get_version().unwrap_or_default().to_owned();
    let name = format!("cfs-{command}");
    let syntax = syntax.find_subcommand(command)?.clone().version(version);
    Some(Common::augment_args(syntax).name(name.clone()).bin_name(name))
}

/// The arguments of the program `cfs-NAME`.
fn fixed_command(name: &str, matches: &ArgMatches) -> Result<Command, clap::Error> {
    match name {
        "dump" => DumpArgs::from_arg_matches(matches).map(Command::Dump),
        "mkimage" => MkimageArgs::from_arg_matches(matches).map(Command::Mkimage),
        "ls" => LsArgs::from_arg_matches(matches).map(Command::Ls),
        "objects" => ObjectsArgs::from_arg_matches(matches).map(Command::Objects),
        "cat" => CatArgs::from_arg_matches(matches).map(Command::Cat),
        "verity" => VerityArgs::from_arg_matches(matches).map(Command::Verity),
        "completions" => CompletionsArgs::from_arg_matches(matches).map(Command::Completions),
        _ => ManArgs::from_arg_matches(matches).map(Command::Man),
    }
}
