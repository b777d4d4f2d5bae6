//! Which program this is, and what it was asked to do.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches};

use super::args::{
    CatArgs, CheckArgs, Cli, Command, Common, CompletionsArgs, DiffArgs, DumpArgs, ExtractArgs,
    GitArgs, GoldenArgs, LsArgs, ManArgs, MkimageArgs, MountArgs, MountsArgs, ObjectsArgs,
    PatchArgs, StoreArgs, UmountArgs, VerityArgs,
};

/// A program as it was started.
#[derive(Debug)]
pub(super) struct Program {
    /// What it calls itself in messages: `cfs`, or `cfs-NAME`.
    pub(super) name: String,
    run: Run,
    syntax: clap::Command,
}

/// Which command a program runs.
#[derive(Debug)]
enum Run {
    /// The one that the first argument names.
    Any,
    /// Always this one, which exists.
    Fixed(String),
    /// Always this one, which does not exist.
    Unknown(String),
}

impl Program {
    /// The program that the name of a file stands for, or else the program `built`. `cfs-NAME` runs
    /// the command NAME.
    pub(super) fn named(path: &OsStr, built: &str) -> Self {
        let name = Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or_default();
        let name = if name == "cfs" || name.starts_with("cfs-") { name } else { built };
        let Some(command) = name.strip_prefix("cfs-") else {
            return Self { name: name.into(), run: Run::Any, syntax: Cli::command() };
        };
        match standalone(command) {
            Some(syntax) => Self { name: name.into(), run: Run::Fixed(command.into()), syntax },
            None => {
                let run = Run::Unknown(command.into());
                Self { name: String::from("cfs"), run, syntax: Cli::command() }
            }
        }
    }

    /// What the arguments ask for.
    ///
    /// # Errors
    /// A mistake in usage, or a text that was asked for, such as the help.
    pub(super) fn parse(
        &mut self,
        args: impl Iterator<Item = OsString>,
    ) -> Result<(Common, Command), clap::Error> {
        let mut typed = vec![OsString::from(&self.name)];
        if let Run::Unknown(command) = &self.run {
            typed.push(command.into());
        }
        typed.extend(args);
        let matches = self.syntax.try_get_matches_from_mut(typed)?;
        match &self.run {
            Run::Fixed(name) => {
                Ok((Common::from_arg_matches(&matches)?, fixed_command(name, &matches)?))
            }
            _ => Cli::from_arg_matches(&matches).map(|cli| (cli.common, cli.command)),
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
    let name = format!("cfs-{command}");
    let syntax = Cli::command().find_subcommand(command)?.clone();
    let common = Common::augment_args(clap::Command::new(""));
    let syntax = syntax.version(env!("CARGO_PKG_VERSION")).args(common.get_arguments().cloned());
    Some(syntax.display_name(name.clone()).bin_name(name))
}

/// The arguments of the program `cfs-NAME`.
fn fixed_command(name: &str, matches: &ArgMatches) -> Result<Command, clap::Error> {
    match name {
        "dump" => DumpArgs::from_arg_matches(matches).map(Command::Dump),
        "mkimage" => MkimageArgs::from_arg_matches(matches).map(Command::Mkimage),
        "ls" => LsArgs::from_arg_matches(matches).map(Command::Ls),
        "objects" => ObjectsArgs::from_arg_matches(matches).map(Command::Objects),
        "cat" => CatArgs::from_arg_matches(matches).map(Command::Cat),
        "extract" => ExtractArgs::from_arg_matches(matches).map(Command::Extract),
        "mount" => MountArgs::from_arg_matches(matches).map(Command::Mount),
        "umount" => UmountArgs::from_arg_matches(matches).map(Command::Umount),
        "mounts" => MountsArgs::from_arg_matches(matches).map(Command::Mounts),
        "check" => CheckArgs::from_arg_matches(matches).map(Command::Check),
        "diff" => DiffArgs::from_arg_matches(matches).map(Command::Diff),
        "patch" => PatchArgs::from_arg_matches(matches).map(Command::Patch),
        "git" => GitArgs::from_arg_matches(matches).map(Command::Git),
        "golden" => GoldenArgs::from_arg_matches(matches).map(Command::Golden),
        "store" => StoreArgs::from_arg_matches(matches).map(Command::Store),
        "verity" => VerityArgs::from_arg_matches(matches).map(Command::Verity),
        "completions" => CompletionsArgs::from_arg_matches(matches).map(Command::Completions),
        _ => ManArgs::from_arg_matches(matches).map(Command::Man),
    }
}
