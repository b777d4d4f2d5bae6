//! Hard links, resolved once all lines are there.

use super::error::{Code, Field};
use super::paths::find;
use super::report::{Line, Report, issue};
use crate::tree::{Builder, NodeId};

/// A hard link that waits for its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingLink<'a> {
    pub(super) node: NodeId,
    pub(super) line: usize,
    /// PATH, escaped; the line starts with it.
    pub(super) path: &'a [u8],
    /// PAYLOAD, escaped.
    pub(super) target: &'a [u8],
}

/// What is known of where a link leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// To a node that carries its inode.
    Node(NodeId),
    /// To another link, by its place in the list.
    Link(usize),
    /// Nowhere; that has been said.
    Nowhere,
    /// Round in a circle.
    Circle,
    /// It is being followed.
    OnTheWay,
}

/// Resolves all links, and reports those that lead nowhere, to a directory or in a circle.
pub(super) fn resolve<'a>(
    builder: &mut Builder<'a>,
    links: &[PendingLink<'a>],
    report: &mut Report<'a>,
) {
    if links.is_empty() {
        return;
    }
    builder.names_done();
    let mut leads: Vec<Lead> = Vec::with_capacity(links.len());
    for link in links {
        let lead = lead(builder, links, link).unwrap_or_else(|code| {
            complain(report, link, code);
            Lead::Nowhere
        });
        leads.push(lead);
    }
    let chained: Vec<bool> = leads.iter().map(|lead| matches!(lead, Lead::Link(_))).collect();
    for (i, (link, is_chain)) in links.iter().zip(chained).enumerate() {
        match follow(&mut leads, i) {
            Lead::Node(target) => {
                if is_chain {
                    complain(report, link, Code::HardlinkChain);
                }
                // The target is no directory and carries its inode: `lead` has looked.
                let _ = builder.resolve(link.node, target);
            }
            Lead::Circle => complain(report, link, Code::HardlinkCycle),
            Lead::Link(_) | Lead::Nowhere | Lead::OnTheWay => {}
        }
    }
}

fn lead(
    builder: &mut Builder<'_>,
    links: &[PendingLink<'_>],
    link: &PendingLink<'_>,
) -> Result<Lead, Code> {
    let target = find(builder, link.target).ok_or(Code::HardlinkMissing)?;
    if target == link.node {
        return Err(Code::HardlinkSelf);
    }
    if builder.is_directory(target) {
        return Err(Code::HardlinkToDirectory);
    }
    if !builder.is_link(target) {
        return Ok(Lead::Node(target));
    }
    // Links are listed in the order of their nodes.
    let place = links.binary_search_by_key(&target, |link| link.node);
    Ok(place.map_or(Lead::Nowhere, Lead::Link))
}

/// Follows a chain to its end, and notes the end at every link on the way.
fn follow(leads: &mut [Lead], from: usize) -> Lead {
    let mut passed = Vec::new();
    let mut at = from;
    let end = loop {
        match leads.get(at).copied().unwrap_or(Lead::Nowhere) {
            Lead::Link(next) => {
                passed.push(at);
                if let Some(lead) = leads.get_mut(at) {
                    *lead = Lead::OnTheWay;
                }
                at = next;
            }
            Lead::OnTheWay => break Lead::Circle,
            end => break end,
        }
    };
    for link in passed {
        if let Some(lead) = leads.get_mut(link) {
            *lead = end;
        }
    }
    end
}

fn complain<'a>(report: &mut Report<'a>, link: &PendingLink<'a>, code: Code) {
    let text = report.line_at(link.path);
    let start = report.column_in(text, link.target);
    let issue = issue(code, Field::Payload, start, link.target.len());
    report.add(Line { number: link.line, text }, &issue);
}
