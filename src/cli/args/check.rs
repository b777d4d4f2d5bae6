//! The command line of `cfs check`.

use std::path::PathBuf;

use clap::Args;

use super::Reading;
use crate::check::Rule;

/// Find what is wrong with sources, or most likely not meant
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cfs check tree.txt
  cfs check --deny all --allow setuid,device image.cfs
  cfs check --fix tree.txt
  cfs check --sarif tree.txt > check.sarif
  cfs check --explain bad-digest

Findings are errors, warnings or notes. The first of each code is shown, and how many more there are; -v shows \
all, and so do --json and --sarif.
--deny makes errors of findings, and --allow drops them; --deny-warnings makes errors of all warnings. The order \
does not matter: a code that is named wins over \"all\", and one that is both denied and allowed is refused. What \
makes a source unreadable is always an error.
--fix writes each dump text in its canonical form, lists what is gone with that, and says what becomes of its \
images. What it cannot mend is found as before.
Exits with 0 if there are no findings but notes, with 1 if there are errors or warnings, with 2 for trouble.")]
pub(crate) struct CheckArgs {
    /// Directories, images or dump texts; "-" is standard input
    #[arg(required_unless_present = "explain", value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Say what a code means, and check nothing; "all" explains every code, and no CODE lists them
    #[arg(
        long,
        value_name = "CODE",
        value_parser = explained,
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "sources"
    )]
    pub(crate) explain: Option<Explained>,
    /// Take findings of these codes for errors, separated by commas; "all" for every code
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = selected)]
    pub(crate) deny: Vec<Selected>,
    /// Do not report findings of these codes, separated by commas; "all" for every code
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = selected)]
    pub(crate) allow: Vec<Selected>,
    /// Find modification times in the future too, by the clock of this machine
    #[arg(long)]
    pub(crate) future: bool,
    /// Check the objects that files need, in this directory; can be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) basedir: Vec<PathBuf>,
    /// Write each dump text in its canonical form, in place, and check what it is then
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print one JSON document
    #[arg(long, conflicts_with = "sarif")]
    pub(crate) json: bool,
    /// Print a SARIF 2.1.0 document, for code scanning
    #[arg(long)]
    pub(crate) sarif: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Codes that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// Every one.
    All,
    /// This one.
    One(Rule),
}

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Explained {
    /// Every code, on a line each.
    List,
    /// Every code.
    All,
    /// This one.
    One(Rule),
}

/// The most codes that a message names.
const NAMED: usize = 5;

fn rule(name: &str) -> Result<Rule, String> {
    Rule::from_name(name).ok_or_else(|| {
        let near = Rule::near(name);
        let near: Vec<&str> = near.iter().map(|rule| rule.name()).take(NAMED).collect();
        let near =
            if near.is_empty() { String::new() } else { format!("near are {}; ", near.join(", ")) };
        format!("there is no such code; {near}`cfs check --explain` lists all")
    })
}

fn explained(name: &str) -> Result<Explained, String> {
    match name {
        "" => Ok(Explained::List),
        "all" => Ok(Explained::All),
        name => rule(name).map(Explained::One),
    }
}

fn selected(name: &str) -> Result<Selected, String> {
    if name == "all" { Ok(Selected::All) } else { rule(name).map(Selected::One) }
}
