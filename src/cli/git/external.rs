//! What git runs to show how a file changed, instead of its own way.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::describe::{self, Found};
use crate::cli::diff;
use crate::cli::failure::{Answer, Failure};
use crate::cli::load::{Context, Source};
use crate::cli::output::Output;
use crate::cli::report::file_name;
use crate::dump;

/// The file that git names where there is none.
const NOTHING: &str = "/dev/null";

/// What git says of a change.
struct Change<'a> {
    path: &'a OsStr,
    /// File and mode before and after.
    sides: [(&'a Path, &'a OsStr); 2],
    new_path: Option<&'a OsStr>,
    /// Lines about a rename or copy, as git words them.
    what: Option<&'a OsStr>,
}

/// Prints what changed. Nothing is a reason to fail but output that cannot be written: git stops at
/// the first file whose driver fails.
pub(super) fn run(context: &Context, arguments: &[OsString]) -> Result<Answer, Failure> {
    let argument = |at: usize| arguments.get(at).map(OsString::as_os_str);
    let side = |file: usize, mode: usize| {
        let mode = argument(mode).unwrap_or_default();
        argument(file).map(|file| (Path::new(file), mode))
    };
    let path = argument(0).unwrap_or_default();
    let (Some(old), Some(new)) = (side(1, 3), side(4, 6)) else {
        let line = format!("* Unmerged path {}\n", file_name(Path::new(path)));
        Output::stdout()?.write(line.as_bytes())?;
        return Ok(Answer::Yes);
    };
    let change = Change { path, sides: [old, new], new_path: argument(7), what: argument(8) };
    let mut out = Output::stdout()?;
    out.write(change.heading().as_bytes())?;
    let [old, new] = change.sides.map(|(file, _)| file);
    match [old, new].map(|file| Side::read(context, file)) {
        [Side::Found(old), Side::Found(new)] => {
            drop(out);
            diff::of_sources(context, &old.named("OLD"), &new.named("NEW"))?;
        }
        [Side::Found(source), Side::Nothing] => one(context, out, &source, true)?,
        [Side::Nothing, Side::Found(source)] => one(context, out, &source, false)?,
        [old, new] => {
            out.write(&old.words("-", context))?;
            out.write(&new.words("+", context))?;
        }
    }
    Ok(Answer::Yes)
}

/// A file that only one side has: all that is in it.
fn one(context: &Context, mut out: Output, source: &Source, is_old: bool) -> Result<(), Failure> {
    let Some(tree) = describe::tree(context, source) else {
        let sign = if is_old { "-" } else { "+" };
        return out.write(&prefixed(sign, &source.bytes));
    };
    drop(out);
    // The root alone, as the other side has it.
    let none: &[u8] = b"/";
    let mut text = Vec::new();
    let printed: Result<(), Failure> = dump::print_to(&tree, &[none], |piece| {
        text.extend_from_slice(piece);
        Ok(())
    });
    printed?;
    let root = Source::of_dump(text).named("nothing");
    if is_old {
        diff::of_sources(context, source, &root)
    } else {
        diff::of_sources(context, &root, source)
    }
}

enum Side {
    Nothing,
    Found(Box<Source>),
    Other(Vec<u8>),
}

impl Side {
    fn read(context: &Context, path: &Path) -> Self {
        if path == Path::new(NOTHING) {
            return Self::Nothing;
        }
        match describe::find(context, path) {
            Found::Source(source) => Self::Found(source),
            Found::Other(words) => Self::Other(words),
        }
    }

    /// What it is, with a sign before each line.
    fn words(&self, sign: &str, context: &Context) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Other(words) => prefixed(sign, words),
            Self::Found(source) => {
                let entries = describe::tree(context, source).map_or(0, |tree| tree.len());
                prefixed(sign, format!("a tree of {entries} entries\n").as_bytes())
            }
        }
    }
}

fn prefixed(sign: &str, text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let mut all: Vec<u8> = lines.flat_map(|line| [sign.as_bytes(), line].concat()).collect();
    if !all.ends_with(b"\n") && !all.is_empty() {
        all.push(b'\n');
    }
    all
}

impl Change<'_> {
    /// The lines above a change, as git writes them.
    fn heading(&self) -> String {
        let name = |path: &OsStr| file_name(Path::new(path));
        let new = self.new_path.unwrap_or(self.path);
        let mut text = format!("diff a/{} b/{}\n", name(self.path), name(new));
        if let Some(what) = self.what {
            text.push_str(what.to_string_lossy().trim_end());
            text.push('\n');
            return text;
        }
        let [(old_file, old_mode), (new_file, new_mode)] = self.sides;
        let (old_mode, new_mode) = (old_mode.to_string_lossy(), new_mode.to_string_lossy());
        if old_file == Path::new(NOTHING) {
            text.push_str(&format!("new file mode {new_mode}\n"));
        } else if new_file == Path::new(NOTHING) {
            text.push_str(&format!("deleted file mode {old_mode}\n"));
        } else if old_mode != new_mode {
            text.push_str(&format!("old mode {old_mode}\nnew mode {new_mode}\n"));
        }
        text
    }
}
