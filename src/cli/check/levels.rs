//! How much each finding matters here.

use super::NAME;
use crate::check::{Code, Finding, Level, Rule};
use crate::cli::args::{CheckArgs, Selected};
use crate::cli::failure::Failure;

/// What `--deny`, `--allow` and `--deny-warnings` ask for.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    deny: &'a [Selected],
    allow: &'a [Selected],
    warnings_are_errors: bool,
}

impl<'a> Levels<'a> {
    /// Fails if something is asked for both ways.
    pub(super) fn new(args: &'a CheckArgs, warnings_are_errors: bool) -> Result<Self, Failure> {
        if let Some(both) = args.deny.iter().find(|selected| args.allow.contains(selected)) {
            let name = match both {
                Selected::All => "all",
                Selected::One(rule) => rule.name(),
            };
            return Err(Failure::Usage(NAME, format!("{name} is both denied and allowed")));
        }
        Ok(Self { deny: &args.deny, allow: &args.allow, warnings_are_errors })
    }

    /// Removes findings that are allowed, and raises those that are denied.
    pub(super) fn apply(&self, found: &mut Vec<Finding>) {
        found.retain_mut(|finding| {
            let level = self.level(finding);
            finding.level = level.unwrap_or(finding.level);
            level.is_some()
        });
    }

    /// The level that a finding has here; `None` if it is allowed.
    fn level(&self, finding: &Finding) -> Option<Level> {
        let one = Selected::One(finding.rule);
        let is_denied = self.deny.contains(&one)
            || self.deny.contains(&Selected::All) && !self.allow.contains(&one);
        let is_allowed = self.allow.contains(&one) || self.allow.contains(&Selected::All);
        if is_denied || makes_unreadable(finding) {
            Some(Level::Error)
        } else if is_allowed {
            None
        } else if self.warnings_are_errors && finding.level == Level::Warning {
            Some(Level::Error)
        } else {
            Some(finding.level)
        }
    }
}

/// Whether nothing else is known of the source because of this.
fn makes_unreadable(finding: &Finding) -> bool {
    match finding.rule {
        Rule::Text(_) => finding.level == Level::Error,
        Rule::Check(code) => matches!(code, Code::DamagedImage | Code::UnsupportedImage),
    }
}
