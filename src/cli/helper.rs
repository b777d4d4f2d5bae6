//! `mount.composefs`: what mount(8) runs for `mount -t composefs`.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::args::Common;
use super::failure::words;
use super::load::Context;
use super::mount::{Request, options, trouble};
use super::report::{Trouble, file_name};
use crate::mount::{MountError, MountErrorKind, Unknown};

/// The name of the program.
const NAME: &str = "mount.composefs";

/// Whether a program that was started by this path is this one.
pub(super) fn is_named(path: &OsStr) -> bool {
    Path::new(path).file_name() == Some(OsStr::new(NAME))
}

/// Exit statuses of mount(8).
const USAGE: u8 = 1;
const SYSTEM: u8 = 2;
const FAILED: u8 = 32;

/// Mount an image, for mount(8)
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_help = "\
The options are those of `cfs mount -o`. Exit status, as that of mount(8): 0 done, 1 usage or missing \
privileges, 2 trouble with the system, 32 the image cannot be mounted.")]
struct HelperArgs {
    /// The image
    source: PathBuf,
    /// The directory to mount it on
    target: PathBuf,
    /// Options of the mount; can be repeated
    #[arg(short = 'o', value_name = "OPTIONS")]
    options: Vec<OsString>,
    /// Pass over options that are not known
    #[arg(short = 's')]
    sloppy: bool,
    /// Do everything but the mount
    #[arg(short = 'f')]
    fake: bool,
    /// Write no /etc/mtab, which is so anyway
    #[arg(short = 'n')]
    _no_mtab: bool,
    /// Mount in the mount namespace that this file stands for
    #[arg(short = 'N', value_name = "FILE")]
    namespace: Option<PathBuf>,
    /// composefs, or composefs.SUBTYPE
    #[arg(short = 't', value_name = "TYPE", value_parser = file_system)]
    _kind: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The syntax of the command line.
pub(super) fn syntax() -> clap::Command {
    HelperArgs::command()
}

fn file_system(name: &str) -> Result<String, &'static str> {
    match name.strip_prefix("composefs") {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => Ok(name.to_owned()),
        _ => Err("expected composefs"),
    }
}

/// Runs the program.
pub(super) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = [OsString::from(NAME)].into_iter().chain(args);
    let args = match HelperArgs::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let context = Context::new(NAME, Vec::new(), &args.common);
    match mount(&context, &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, trouble)) => {
            context.report.trouble(&trouble);
            ExitCode::from(status)
        }
    }
}

fn mount(context: &Context, args: &HelperArgs) -> Result<(), (u8, Trouble)> {
    let unknown = if args.sloppy { Unknown::Ignore } else { Unknown::Refuse };
    let usage = |error: crate::mount::OptionError| (USAGE, Trouble::new(error.to_string()));
    let options = options(Vec::new(), &args.options, unknown).map_err(usage)?;
    options.check().map_err(usage)?;
    if let Some(namespace) = &args.namespace {
        enter(namespace)?;
    }
    let request = Request { image: &args.source, dir: &args.target, options, fake: args.fake };
    request.mount(context).map_err(|error| (status(&error), trouble(&request, &error)))
}

/// Goes on in another mount namespace, in which all paths are then looked up.
fn enter(path: &Path) -> Result<(), (u8, Trouble)> {
    let open = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let entered =
        open.and_then(|fd| move_into_link_name_space(fd.as_fd(), Some(LinkNameSpaceType::Mount)));
    entered.map_err(|errno| {
        let name = file_name(path);
        let words = words(&errno);
        let trouble = Trouble::new(format!("cannot enter the mount namespace {name}: {words}"));
        (SYSTEM, trouble.about(&name))
    })
}

fn status(error: &MountError) -> u8 {
    match error.kind() {
        MountErrorKind::Option(_) | MountErrorKind::Privileges(_) => USAGE,
        MountErrorKind::Lacks(_) => SYSTEM,
        _ => FAILED,
    }
}
