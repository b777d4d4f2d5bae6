//! `cfs golden`: a source held against a golden file.

use std::io;
use std::path::Path;

use super::args::{GoldenArgs, GoldenCommand, GoldenFiles, Reading};
use super::decompress::Compression;
use super::diff::layout;
use super::failure::{Answer, Failure};
use super::input;
use super::load::{Context, Form, Kind, Source};
use super::output::{Content, Output, Target};
use super::report::{Text, Trouble, file_name};
use super::scan::Scanning;
use super::shell;
use crate::diff::{Counted, Options, TreeVerdict, text};
use crate::live::HardLinks;
use crate::pattern::{Accepted, Expected, Normal, Pattern, fresh};

const NAME: &str = "golden";

/// Runs one of the commands.
pub(super) fn run(context: &Context, args: &GoldenArgs) -> Result<Answer, Failure> {
    match &args.command {
        GoldenCommand::Check(files) => check(context, files),
        GoldenCommand::Accept(files) => accept(context, files),
    }
}

fn check(context: &Context, files: &GoldenFiles) -> Result<Answer, Failure> {
    if files.golden.as_os_str() == "-" && files.source.as_os_str() == "-" {
        let words = "standard input can only be read once";
        return Err(Failure::Usage(NAME, words.to_owned()));
    }
    let normal = normal(files)?;
    if !exists(&files.golden) {
        let name = file_name(&files.golden);
        let error = io::Error::from(rustix::io::Errno::NOENT);
        let words = format!("cannot open {name}: {}", super::failure::words(&error));
        let hint = format!("`{}` makes it", command(context));
        return Err(Trouble::new(words).about(&name).hint(hint).into());
    }
    let golden = read_golden(context, &files.golden)?;
    let pattern = parse(context, &golden)?;
    let source = read_source(context, files)?;
    let tree = source.tree(context, Form::Canonical)?;
    let expected = pattern.expected(&tree, &normal);
    let options = Options::default();
    let found = expected.diff(&tree, &options);
    let verdict = Expected::verdict(&found);
    let mut out = Output::stdout()?;
    let layout = layout(context, files.list);
    text::write(&found, &verdict, &layout, |piece| out.write(piece.as_bytes()))?;
    if TreeVerdict::of(&found) != TreeVerdict::Different {
        return Ok(Answer::Yes);
    }
    out.write(format!("to accept: {}\n", command(context)).as_bytes())?;
    Ok(Answer::No)
}

fn accept(context: &Context, files: &GoldenFiles) -> Result<Answer, Failure> {
    if files.golden.as_os_str() == "-" {
        let words = "standard input cannot be written to: name a file";
        return Err(Failure::Usage(NAME, words.to_owned()));
    }
    let normal = normal(files)?;
    let golden = match exists(&files.golden) {
        true => Some(read_golden(context, &files.golden)?),
        false => None,
    };
    let pattern = golden.as_ref().map(|golden| parse(context, golden)).transpose()?;
    let source = read_source(context, files)?;
    let tree = source.tree(context, Form::Canonical)?;
    let accepted = match &pattern {
        Some(pattern) => pattern.accept(&tree, &normal),
        None => fresh(&tree, &normal),
    };
    let name = file_name(&files.golden);
    if accepted.added + accepted.changed + accepted.removed == 0 {
        context.report.note(&format!("{name} is as it should be"));
        return Ok(Answer::Yes);
    }
    refuse_compressed(&files.golden, &name)?;
    let mut out = Output::create(&Target::Path(files.golden.clone()), Content::Text)?;
    out.write(&accepted.text)?;
    out.finish()?;
    context.report.note(&told(&name, &accepted));
    Ok(Answer::Yes)
}

fn told(name: &str, accepted: &Accepted) -> String {
    let changes =
        [(accepted.changed, "changed"), (accepted.added, "added"), (accepted.removed, "removed")];
    let changes = changes.into_iter().filter(|(count, _)| *count > 0);
    let told = changes.enumerate().map(|(at, (count, what))| {
        let noun = match (at, count) {
            (0, 1) => " line",
            (0, _) => " lines",
            _ => "",
        };
        format!("{}{noun} {what}", Counted(count))
    });
    format!("{name}: {}", told.collect::<Vec<_>>().join(", "))
}

fn exists(golden: &Path) -> bool {
    golden.as_os_str() == "-" || golden.symlink_metadata().is_ok()
}

/// A golden file is written as text, so that it is not read as something else before.
fn refuse_compressed(golden: &Path, name: &str) -> Result<(), Failure> {
    let starts =
        if exists(golden) { input::starts(golden).unwrap_or_default() } else { Vec::new() };
    let by_name = |end| golden.extension().is_some_and(|extension| extension == end);
    if Compression::of(&starts).is_none() && !by_name("gz") && !by_name("zst") {
        return Ok(());
    }
    let trouble = Trouble::new(format!("cannot write {name}: a golden file is not compressed"));
    Err(trouble.about(name).hint("keep it as plain text, which git compresses").into())
}

fn normal(files: &GoldenFiles) -> Result<Normal, Failure> {
    let words = files.normalize.iter().map(String::as_str);
    Normal::from_words(words).map_err(|error| {
        Trouble::new(format!("--normalize: {error}")).hint(Normal::known_words()).into()
    })
}

fn read_golden(context: &Context, path: &Path) -> Result<Source, Failure> {
    let reading = Reading { from: None, strict: false };
    let golden = Source::read(context, path, reading, &Target::Path(path.to_owned()))?;
    let found = match golden.kind {
        Kind::Dump => return Ok(golden),
        Kind::Image => "an EROFS image",
        Kind::Dir => "a directory",
    };
    let words = format!("expected a golden file, which is dump text, found {found}");
    let trouble = Trouble::in_file(&golden.name, words).about(&golden.name);
    Err(trouble.hint("the golden file comes first, the source second").into())
}

fn parse<'g>(context: &Context, golden: &'g Source) -> Result<Pattern<'g>, Failure> {
    let text = Text { file: &golden.name, bytes: &golden.bytes };
    match Pattern::parse_with(&golden.bytes, &context.lenient()) {
        Err(error) => {
            context.report.findings(text, &error.findings);
            Err(Failure::Reported)
        }
        Ok(pattern) => {
            let refused = context.report.findings(text, pattern.findings());
            if refused { Err(Failure::Reported) } else { Ok(pattern) }
        }
    }
}

fn read_source(context: &Context, files: &GoldenFiles) -> Result<Source, Failure> {
    let mut options = files.scan.options(NAME, files.digest_alg)?;
    if files.scan.hard_links.is_none() {
        options.hard_links = HardLinks::Keep;
    }
    let source = Source::read(context, &files.source, files.reading, &Target::Stdout)?;
    Ok(source.scanned(Scanning { options, store: None }))
}

/// The command that accepts, with the options that were given.
fn command(context: &Context) -> String {
    let mut words = Vec::from([String::from("cfs")]);
    let mut typed = context.typed.iter().map(|word| word.as_os_str());
    if context.program == "cfs" {
        let before = typed.by_ref().take_while(|word| *word != NAME);
        words.extend(before.map(shell::word));
    }
    words.push(NAME.into());
    let mut is_told = false;
    for word in typed {
        if word == "check" && !is_told {
            is_told = true;
            words.push("accept".into());
        } else {
            words.push(shell::word(word));
        }
    }
    words.join(" ")
}
