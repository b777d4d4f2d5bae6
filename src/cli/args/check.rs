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
all, and so do --json and --sarif. What makes a source unreadable cannot be allowed. A code that is named wins \
over \"all\".
Exits with 0 if there are no findings but notes, with 1 if there are, with 2 for trouble.")]
pub(crate) struct CheckArgs {
    /// Directories, images or dump texts; "-" is standard input
    #[arg(required_unless_present = "explain", value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Say what a code means, and check nothing
    #[arg(long, value_name = "CODE", value_parser = rule, conflicts_with = "sources")]
    pub(crate) explain: Option<Rule>,
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

fn rule(name: &str) -> Result<Rule, String> {
    Rule::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Rule::all().map(Rule::name).collect();
        format!("there is no such code; there are {}", names.join(", "))
    })
}

fn selected(name: &str) -> Result<Selected, String> {
    if name == "all" { Ok(Selected::All) } else { rule(name).map(Selected::One) }
}
