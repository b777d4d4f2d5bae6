//! `cfs diff`: what changed between two sources.

mod hunks;
mod select;
pub(in crate::cli) mod verdict;
mod within;

use anstyle::{AnsiColor, Style};
use clap::Parser;

use super::args::{Cli, Command, DiffArgs};
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Kind, Source};
use super::output::{Output, Target};
use super::report::{Trouble, is_colored, width_of};
use super::scan::Scanning;
use super::shell;
use crate::changes;
use crate::diff::{self, Diff, TreeVerdict, html, printable, text};
use crate::erofs;
use crate::live::HardLinks;
use crate::num::{index, wide};
use crate::tree::{NodeId, Tree};

const NAME: &str = "diff";

/// A source and its tree.
struct Side<'s> {
    source: &'s Source,
    tree: &'s Tree<'s>,
}

/// Compares two sources, and prints what changed.
pub(super) fn run(context: &Context, args: &DiffArgs) -> Result<Answer, Failure> {
    if args.old.as_os_str() == "-" && args.new.as_os_str() == "-" {
        let words = "standard input can only be read once";
        return Err(Failure::Usage(NAME, words.to_owned()));
    }
    let (old, new) = (read(context, args, &args.old)?, read(context, args, &args.new)?);
    compare(context, args, &old, &new)
}

/// Compares two sources that have been read, and prints what changed as it is printed by default.
pub(super) fn of_sources(context: &Context, old: &Source, new: &Source) -> Result<(), Failure> {
    let typed = Cli::try_parse_from(["cfs", NAME, &old.name, &new.name]);
    match typed.map(|cli| cli.command) {
        Ok(Command::Diff(args)) => compare(context, &args, old, new).map(drop),
        // That is how it is typed.
        _ => Ok(()),
    }
}

fn compare(
    context: &Context,
    args: &DiffArgs,
    old: &Source,
    new: &Source,
) -> Result<Answer, Failure> {
    let options = select::options(args)?;
    let same_bytes = is_file(old) && is_file(new) && *old.bytes == *new.bytes;
    let old_tree = old.tree(context, Form::Canonical)?;
    let new_tree = new.tree(context, Form::Canonical)?;
    let only = within::Only::new(&args.path)?;
    let parts = only.as_ref().map(|only| (only.part(&old_tree), only.part(&new_tree)));
    let mut found = match &parts {
        Some((old, new)) => diff::diff(old, new, &options),
        None => diff::diff(&old_tree, &new_tree, &options),
    };
    if let Some(only) = &only {
        let all = diff::diff(&old_tree, &new_tree, &options);
        let (before, after) = (only.inside(&old_tree), only.inside(&new_tree));
        let is_in = |inside: &[bool], node: Option<NodeId>| {
            node.is_none_or(|node| inside.get(index(node.number())) == Some(&true))
        };
        let elsewhere = all.changes().iter();
        let elsewhere = elsewhere.filter(|it| !(is_in(&before, it.old) && is_in(&after, it.new)));
        found.ignored_mut().elsewhere(wide(elsewhere.count()));
    }
    let sides = [Side { source: old, tree: &old_tree }, Side { source: new, tree: &new_tree }];
    print(context, args, &found, &sides, same_bytes)?;
    let is_same =
        if args.exact { same_bytes } else { TreeVerdict::of(&found) != TreeVerdict::Different };
    Ok(if is_same { Answer::Yes } else { Answer::No })
}

fn is_file(source: &Source) -> bool {
    source.kind != Kind::Dir
}

fn read(context: &Context, args: &DiffArgs, path: &std::path::Path) -> Result<Source, Failure> {
    let mut options = args.scan.options(NAME, args.digest_alg)?;
    if args.scan.hard_links.is_none() {
        options.hard_links = HardLinks::Keep;
    }
    let source = Source::read(context, path, args.reading, &Target::Stdout)?;
    Ok(source.scanned(Scanning { options, store: None }))
}

fn print(
    context: &Context,
    args: &DiffArgs,
    found: &Diff<'_>,
    sides: &[Side<'_>; 2],
    same_bytes: bool,
) -> Result<(), Failure> {
    let form = args.form;
    let mut out = Pieces::new(Output::stdout()?);
    if form.stat {
        out.write(text::stat(found, width_of(std::io::stdout())).as_bytes())?;
    } else if form.name_status || form.null {
        text::names(found, form.null, |piece| out.write(piece))?;
    } else if form.patch {
        let is_colored = is_colored(context.color, &std::io::stdout());
        hunks::write(args, found, sides, is_colored, |piece| out.write(piece.as_bytes()))?;
    } else {
        let verdict = verdict::verdict(context, found, sides, same_bytes)?;
        if form.json {
            let [old, new] = sides.each_ref().map(|side| described(context, side));
            changes::document(found, &verdict, [&old?, &new?], |piece| out.write(piece))?;
        } else if form.markdown || form.html {
            let [old, new] = sides.each_ref().map(|side| printable(side.source.name.as_bytes()));
            let command = &command(args);
            if form.markdown {
                out.write(diff::markdown::markdown(found, &verdict, command).as_bytes())?;
            } else {
                let origin = html::Origin { old: &old, new: &new, command };
                html::write(found, &verdict, &origin, |piece| out.write(piece.as_bytes()))?;
            }
        } else {
            let layout = layout(context, args.list);
            text::write(found, &verdict, &layout, |piece| out.write(piece.as_bytes()))?;
        }
    }
    out.finish()
}

/// The command that shows all that differs, entry by entry, as a shell takes it.
fn command(args: &DiffArgs) -> String {
    let mut words: Vec<String> = ["cfs", "diff", "-l"].map(String::from).into();
    words.extend(args.semantic.then(|| "--semantic".into()));
    words.extend(args.all.then(|| "--all".into()));
    for (name, values) in [("--ignore", &args.ignore), ("--only", &args.only)] {
        let typed = (!values.is_empty()).then(|| format!("{name}={}", values.join(",")));
        words.extend(typed.map(|word| shell::word(word.as_ref())));
    }
    words.extend(args.path.iter().map(|glob| shell::word(format!("--path={glob}").as_ref())));
    words.extend([&args.old, &args.new].map(|path| shell::word(path.as_os_str())));
    words.join(" ")
}

/// How text is laid out on standard output.
pub(super) fn layout(context: &Context, list: bool) -> text::Layout {
    let stdout = std::io::stdout();
    let palette =
        if is_colored(context.color, &stdout) { palette() } else { text::Palette::default() };
    text::Layout { width: width_of(stdout), list, palette }
}

fn palette() -> text::Palette {
    let codes = |style: Style| (style.render().to_string(), style.render_reset().to_string());
    let color = |color: AnsiColor| codes(color.on_default());
    text::Palette {
        added: color(AnsiColor::Green),
        deleted: color(AnsiColor::Red),
        changed: color(AnsiColor::Yellow),
        other: color(AnsiColor::Cyan),
        heading: codes(Style::new().bold()),
    }
}

/// A source as the JSON document tells of it.
fn described(context: &Context, side: &Side<'_>) -> Result<changes::Source, Failure> {
    let source = side.source;
    let kind = match source.kind {
        Kind::Dump => "dump",
        Kind::Image => "image",
        Kind::Dir => "dir",
    };
    let (mut digest, mut format) = (None, None);
    if source.kind == Kind::Image {
        digest = verdict::digest(context, &source.bytes).map(|digest| digest.to_string());
        let info = erofs::info(&source.bytes).ok();
        format = info.map(|info| format!("V{}", info.composefs_version));
    }
    Ok(changes::Source { name: source.name.clone(), kind, digest, format })
}

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 * 1024;

/// Output that comes in many small pieces.
struct Pieces {
    out: Output,
    bytes: Vec<u8>,
}

impl Pieces {
    fn new(out: Output) -> Self {
        Self { out, bytes: Vec::with_capacity(2 * PIECE) }
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() < PIECE {
            return Ok(());
        }
        let written = self.out.write(&self.bytes);
        self.bytes.clear();
        written
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.out.write(&self.bytes)
    }
}

/// The trouble with an option that names nothing that there is.
fn unknown(option: &str, word: &str, hint: &str) -> Failure {
    Trouble::new(format!("{option}: there is no attribute \"{word}\"")).hint(hint).into()
}
