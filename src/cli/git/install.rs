//! What git is told, once.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::git;
use crate::cli::args::{Driver, GitInstallArgs, GitScope, GitUninstallArgs};
use crate::cli::failure::{Answer, Failure};
use crate::cli::load::Context;
use crate::cli::output::{Content, Output, Target};
use crate::cli::report::{Trouble, file_name};
use crate::cli::shell;

/// The attributes of images and dumps.
pub(super) const ATTRIBUTES: [&str; 2] =
    ["*.cfs -text diff=cfs", "*.dump -text diff=cfs-dump merge=cfs-dump"];

/// What is configured, with `cfs` for the program.
const SETTINGS: [(&str, &str); 6] = [
    ("diff.cfs.textconv", "cfs -q git textconv"),
    ("diff.cfs.cachetextconv", "true"),
    ("diff.cfs-dump.xfuncname", XFUNCNAME),
    ("diff.cfs-dump.wordRegex", WORD),
    ("merge.cfs-dump.name", "dumps as trees, by path and field"),
    ("merge.cfs-dump.driver", MERGE),
];
/// The heading of a hunk is the directory it is in.
const XFUNCNAME: &str = "^(/[^ ]*) [0-9]+ 4[0-7]{4} ";
/// A field, or key and value of an xattr.
const WORD: &str = "[^ =]+|[ =]";
const MERGE: &str = "cfs git merge -L %L -P %P --our-name %X --their-name %Y %A %O %B";
/// Set for the external driver alone.
const EXTERNAL: (&str, &str) = ("diff.cfs.command", "cfs -q git diff");

/// Configures git.
pub(super) fn install(context: &Context, args: &GitInstallArgs) -> Result<Answer, Failure> {
    let program = program();
    for (key, value) in SETTINGS {
        set(args.scope, key, &with_program(value, &program))?;
    }
    if args.driver == Driver::External {
        set(args.scope, EXTERNAL.0, &with_program(EXTERNAL.1, &program))?;
    } else {
        unset(args.scope, EXTERNAL.0)?;
    }
    let path = attributes_file(args.scope)?;
    let added = add_lines(&path)?;
    let what = match added {
        0 => "had all lines already".to_owned(),
        1 => "got 1 line".to_owned(),
        count => format!("got {count} lines"),
    };
    context.report.note(&format!("git is configured; {} {what}", file_name(&path)));
    Ok(Answer::Yes)
}

/// Takes the configuration back.
pub(super) fn uninstall(args: &GitUninstallArgs) -> Result<Answer, Failure> {
    let keys = SETTINGS.iter().map(|(key, _)| *key).chain([EXTERNAL.0]);
    keys.into_iter().try_for_each(|key| unset(args.scope, key))?;
    Ok(Answer::Yes)
}

fn scope(scope: GitScope) -> &'static OsStr {
    OsStr::new(if scope.global { "--global" } else { "--local" })
}

fn set(of: GitScope, key: &str, value: &str) -> Result<(), Failure> {
    let args =
        ["config".as_ref(), scope(of), "--replace-all".as_ref(), key.as_ref(), value.as_ref()];
    git(&args)?.map(drop).ok_or_else(|| {
        let trouble = Trouble::new(format!("git could not set {key}"));
        trouble.hint("run it in a repository, or with --global").into()
    })
}

/// Unsets a key, whether it was set or not.
fn unset(of: GitScope, key: &str) -> Result<(), Failure> {
    git(&["config".as_ref(), scope(of), "--unset-all".as_ref(), key.as_ref()]).map(drop)
}

/// What starts this program in a shell: its name, if that leads to it, else its path.
fn program() -> String {
    let Ok(own) = std::env::current_exe().and_then(fs::canonicalize) else {
        return String::from("cfs");
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = std::env::split_paths(&path).map(|dir| dir.join("cfs")).find(|path| path.is_file());
    if first.and_then(|first| fs::canonicalize(first).ok()).as_ref() == Some(&own) {
        return String::from("cfs");
    }
    shell::quoted(&own.to_string_lossy())
}

fn with_program(value: &str, program: &str) -> String {
    match value.strip_prefix("cfs ") {
        // git takes `%` for its own in a merge driver.
        Some(rest) if value == MERGE => format!("{} {rest}", program.replace('%', "%%")),
        Some(rest) => format!("{program} {rest}"),
        None => value.to_owned(),
    }
}

/// The file that attributes stand in.
fn attributes_file(of: GitScope) -> Result<PathBuf, Failure> {
    if !of.global {
        let top = git(&["rev-parse".as_ref(), "--show-toplevel".as_ref()])?;
        let top = top.ok_or_else(|| {
            let trouble = Trouble::new("there is no work tree here to put .gitattributes in");
            Failure::from(trouble.hint("run it in a repository, or with --global"))
        })?;
        return Ok(path_of(&top).join(".gitattributes"));
    }
    let key = ["config", "--global", "--type=path", "--get", "core.attributesFile"];
    if let Some(path) = git(&key.map(OsStr::new))? {
        return Ok(path_of(&path));
    }
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let folder = folder.ok_or_else(|| Trouble::new("neither HOME nor XDG_CONFIG_HOME is set"))?;
    Ok(folder.join("git/attributes"))
}

fn path_of(line: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(line.strip_suffix(b"\n").unwrap_or(line)))
}

/// Adds the lines that a file has not, and tells how many.
fn add_lines(path: &Path) -> Result<usize, Failure> {
    let failed = |action, error: &_| Failure::io(action, &file_name(path), error);
    let mut text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed("read", &error)),
    };
    let has = |line: &str| text.split(|&byte| byte == b'\n').any(|it| it == line.as_bytes());
    let missing: Vec<&str> = ATTRIBUTES.into_iter().filter(|line| !has(line)).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for line in &missing {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed("write", &error))?;
    }
    let mut out = Output::create(&Target::Path(path.to_owned()), Content::Text)?;
    out.write(&text)?;
    out.finish()?;
    Ok(missing.len())
}
