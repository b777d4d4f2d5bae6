//! What a reviewer reads first, as HTML.

use super::escape::{text, text_into};
use crate::diff::figures;
use crate::diff::text::{ignored, objects, totals};
use crate::diff::words::{counted, printable};
use crate::diff::{Counted, Diff, Group};
use crate::num::wide;

/// Notices of a kind that are told one by one.
const MAX_LOOKS: usize = 100;
/// Groups that are told.
const MAX_GROUPS: usize = 60;
/// Characters that are told of what a group has in common.
const MAX_WORDS: usize = 400;

/// The table of figures, and what they come to.
pub(super) fn figures(diff: &Diff<'_>, out: &mut String) {
    if diff.changes().is_empty() {
        return;
    }
    out.push_str("<table class=\"figures\"><thead><tr><th scope=\"col\">Change</th>");
    out.push_str("<th scope=\"col\">Entries</th><th scope=\"col\">Size</th></tr></thead>\n<tbody>");
    for figure in figures::figures(diff) {
        let letter = figure.kind.letter();
        out.push_str(&format!(
            "\n<tr data-kind=\"{letter}\"><th scope=\"row\"><b class=\"kind\" data-kind=\"{letter}\">{letter}</b> {}</th>\
             <td>{}</td><td>{}</td></tr>",
            figure.name,
            Counted(figure.entries),
            figure.size
        ));
    }
    out.push_str("\n</tbody></table>\n<p class=\"totals\">");
    let words = totals(diff);
    let (entries, size) = (words.split(':').next(), words.split_once("; "));
    text_into(entries.unwrap_or_default(), out);
    if let Some((_, size)) = size {
        out.push_str("<br>");
        text_into(size, out);
    }
    out.push_str("</p>");
}

/// Objects, what was ignored, and hints.
pub(super) fn notes(diff: &Diff<'_>, out: &mut String) {
    let mut note = |name: &str, words: &str| {
        out.push_str(&format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", text(words)));
    };
    if let Some(objects) = objects(diff).filter(|_| !diff.changes().is_empty()) {
        note("Objects", &objects);
    }
    if !diff.ignored().is_empty() {
        note("Ignored", &ignored(diff));
    }
    for hint in diff.hints() {
        note("Hint", &hint.text);
    }
}

/// What must not be missed, by kind.
pub(super) fn worth_a_look(diff: &Diff<'_>, out: &mut String) {
    let counts = figures::notice_counts(diff);
    if counts.is_empty() {
        out.push_str("<p class=\"none\">Nothing: no setuid, setgid or capability, nothing that anybody may write, no device, no digest missing.</p>");
    }
    for (kind, count) in counts {
        let words = text(kind.words());
        out.push_str(&format!("<h3>{words} <span>{}</span></h3>\n<ul>", Counted(count)));
        let notices = diff.notices().iter().filter(|notice| notice.kind == kind);
        for notice in notices.take(MAX_LOOKS) {
            let path = text(&printable(&diff.new_path(notice.node)));
            out.push_str(&format!(
                "\n<li><button class=\"path\" data-path=\"{path}\">{path}</button></li>"
            ));
        }
        let more = count.saturating_sub(wide(MAX_LOOKS));
        if more > 0 {
            let words = counted(more, "more", "more");
            out.push_str(&format!("\n<li class=\"more\">{words}, which the tree below shows</li>"));
        }
        out.push_str("\n</ul>\n");
    }
}

/// What is the same for many, the largest groups first.
pub(super) fn groups(diff: &Diff<'_>, out: &mut String) {
    let mut groups: Vec<&Group> = diff.groups().iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    if groups.is_empty() {
        return;
    }
    out.push_str("<section class=\"groups\"><h2>The same for many</h2>\n<table><tbody>");
    for group in groups.iter().take(MAX_GROUPS) {
        out.push_str(&format!(
            "\n<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
            text(&group.label),
            group.count(),
            text(&short(group.words()))
        ));
    }
    out.push_str("\n</tbody></table>");
    let more = wide(groups.len().saturating_sub(MAX_GROUPS));
    if more > 0 {
        let words = counted(more, "smaller group", "smaller groups");
        out.push_str(&format!("<p class=\"more\">{words} not shown</p>"));
    }
    out.push_str("</section>");
}

fn short(words: String) -> String {
    match words.char_indices().nth(MAX_WORDS) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default()),
        None => words,
    }
}
