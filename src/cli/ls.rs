//! `cfs ls`: what is in a directory of a source.

mod long;

use super::args::LsArgs;
use super::failure::{Answer, Failure};
use super::load::{Context, Form, Source};
use super::lookup;
use super::output::{Output, Target};
use super::text::{Ending, Lines};
use crate::tree::{FileType, NodeId, Tree};
use long::Columns;

/// Lists each path: what is in it if it is a directory, else the path itself. Goes on after one that
/// does not exist.
pub(super) fn run(context: &Context, args: &LsArgs) -> Result<Answer, Failure> {
    let source = Source::read(context, &args.source, args.reading, &Target::Stdout)?;
    let tree = source.tree(context, Form::Given)?;
    let (found, missing) = lookup::find_all(context, &tree, &source.name, &args.paths);
    let listing = Listing::new(&tree, found.into_iter().map(|(_, node)| node), args);
    let mut columns = args.long.then(Columns::default);
    if let Some(columns) = &mut columns {
        listing.each(|node, _| {
            columns.widen(&tree.facts(node));
            Ok(())
        })?;
    }
    let mut lines = Lines::new(Output::stdout()?, Ending::of(args.null));
    listing.each(|node, name| {
        if let Some(columns) = &columns {
            lines.raw(columns.line(&tree.facts(node)).as_bytes())?;
        }
        lines.name(name)?;
        if columns.is_some() && tree.facts(node).file_type() == FileType::Symlink {
            lines.raw(b" -> ")?;
            lines.name(tree.facts(node).payload().unwrap_or_default())?;
        }
        lines.end()
    })?;
    lines.finish()?;
    if missing { Err(Failure::Reported) } else { Ok(Answer::Yes) }
}

/// What is listed.
struct Listing<'t> {
    tree: &'t Tree<'t>,
    /// Each path that exists, and its node.
    tops: Vec<(Vec<u8>, NodeId)>,
    recursive: bool,
    /// Whether names come with the path they were found under.
    full_paths: bool,
}

impl<'t> Listing<'t> {
    fn new(tree: &'t Tree<'t>, nodes: impl Iterator<Item = NodeId>, args: &LsArgs) -> Self {
        let mut tops: Vec<_> = nodes.map(|node| (tree.path(node), node)).collect();
        if args.paths.is_empty() {
            tops.push((b"/".to_vec(), NodeId::ROOT));
        }
        let full_paths = args.recursive || args.paths.len() > 1;
        Self { tree, tops, recursive: args.recursive, full_paths }
    }

    /// Gives each node and its name or path to `list`.
    fn each(
        &self,
        mut list: impl FnMut(NodeId, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (path, top) in &self.tops {
            if self.tree.facts(*top).file_type() != FileType::Directory {
                list(*top, path)?;
            } else if self.recursive {
                self.below(*top, path, &mut list)?;
            } else {
                self.inside(*top, path, &mut list)?;
            }
        }
        Ok(())
    }

    /// Lists the names in a directory.
    fn inside(
        &self,
        top: NodeId,
        path: &[u8],
        list: &mut impl FnMut(NodeId, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut path = path.to_vec();
        let len = if path == b"/" { 0 } else { path.len() };
        for child in self.tree.children(top) {
            path.truncate(len);
            path.push(b'/');
            path.extend_from_slice(self.tree.name(child));
            list(child, if self.full_paths { &path } else { self.tree.name(child) })?;
        }
        Ok(())
    }

    /// Lists all that is below a directory.
    fn below(
        &self,
        top: NodeId,
        path: &[u8],
        list: &mut impl FnMut(NodeId, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut path = path.to_vec();
        let base = if path == b"/" { 0 } else { path.len() };
        // The directories above the node: where they end, and the length of their path.
        let mut above: Vec<(NodeId, usize)> = Vec::new();
        for number in top.number() + 1..self.tree.end(top).number() {
            let node = NodeId::from_number(number);
            while above.last().is_some_and(|&(end, _)| end <= node) {
                above.pop();
            }
            path.truncate(above.last().map_or(base, |&(_, len)| len));
            path.push(b'/');
            path.extend_from_slice(self.tree.name(node));
            above.push((self.tree.end(node), path.len()));
            list(node, &path)?;
        }
        Ok(())
    }
}
