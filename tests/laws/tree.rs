//! Laws about trees.

use std::collections::BTreeMap;

use cfs::canon::canonicalise;
use cfs::dump::{self, Code, Options, Profile, Warnings};
use cfs::tree::{Facts, FileType, NodeId, Tree};

use super::plan::{borrowed, builder};

/// Key and value of xattrs.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The most that xattrs cost in a text; see [`cost`].
const MAX_COST: usize = 32_767;

/// The same tree built again, each inode with the xattrs that `change` makes of its own.
pub fn rebuilt(tree: &Tree<'_>, change: impl Fn(NodeId, Pairs) -> Pairs) -> Tree<'static> {
    let xattrs = |node| {
        let facts = tree.facts(node);
        let own = facts.xattrs().map(|pair| (pair.key.to_vec(), pair.value.to_vec()));
        change(node, own.collect())
    };
    let root = NodeId::ROOT;
    let mut builder = builder(tree.facts(root).to_facts(), &borrowed(&xattrs(root)));
    let carriers = tree.carriers();
    let carrier = |node| carriers[usize::try_from(tree.inode_of(node).number()).expect("fits")];
    let mut nodes = BTreeMap::from([(root, root)]);
    for (parent, node) in parents(tree) {
        let (parent, name) = (nodes[&parent], tree.name(node));
        let added = if tree.is_link(node) {
            builder.link(parent, name)
        } else {
            let set = builder.xattrs(&borrowed(&xattrs(node))).expect("good xattrs");
            builder.add(parent, name, &Facts { xattrs: set, ..tree.facts(node).to_facts() })
        };
        nodes.insert(node, added.expect("a name of a tree"));
    }
    for node in tree.nodes().filter(|&node| tree.is_link(node)) {
        builder.resolve(nodes[&node], nodes[&carrier(node)]).expect("a file");
    }
    builder.finish().expect("all links are resolved")
}

/// Each node but the root, with the directory it is in.
fn parents(tree: &Tree<'_>) -> Vec<(NodeId, NodeId)> {
    let mut above: Vec<NodeId> = Vec::new();
    let mut parents = Vec::with_capacity(tree.len());
    for node in tree.nodes() {
        while above.last().is_some_and(|&directory| tree.end(directory) <= node) {
            above.pop();
        }
        parents.extend(above.last().map(|&directory| (directory, node)));
        above.push(node);
    }
    parents
}

/// Two trees are equal, and print the same.
#[track_caller]
pub fn assert_same(a: &Tree<'_>, b: &Tree<'_>) {
    let (text_a, text_b) = (dump::print(a), dump::print(b));
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    assert!(text_a == text_b, "{}\n\n{}", shown(&text_a), shown(&text_b));
    assert!(a == b, "they only print the same: {}", shown(&text_a));
}

/// The canonical form.
pub fn canonical<'a>(tree: &Tree<'a>) -> Tree<'a> {
    let mut canonical = tree.clone();
    canonicalise(&mut canonical);
    canonical
}

/// What the xattrs of a node cost by the reference's way of counting.
pub fn cost(tree: &Tree<'_>, node: NodeId) -> usize {
    let facts = tree.facts(node);
    12 + facts.xattrs().map(|pair| 7 + pair.key.len() + pair.value.len()).sum::<usize>()
}

/// Walking, listing and finding agree, and building a tree from what they say gives it again.
pub fn tree_is_what_its_walk_says(tree: &Tree<'_>) {
    let mut walk = tree.walk();
    let mut count = 0;
    while let Some(step) = walk.next() {
        assert_eq!(step.node.number(), count, "nodes are numbered in walk order");
        count += 1;
        let children: Vec<&[u8]> = tree.children(step.node).map(|child| tree.name(child)).collect();
        assert!(children.is_sorted_by(|a, b| a < b), "names are sorted, each once");
        let is_directory = tree.facts(step.node).file_type() == FileType::Directory;
        assert!(is_directory || children.is_empty(), "only directories hold names");
        if tree.len() <= 64 {
            assert_eq!(tree.path(step.node), walk.path());
            assert_eq!(tree.find(walk.path()), Some(step.node));
        }
    }
    assert_eq!(usize::try_from(count), Ok(tree.len()));
    let links = tree.nodes().filter(|&node| tree.is_link(node)).count();
    assert_eq!(tree.len() - links, tree.inode_count(), "each inode has one name that carries it");
    assert_same(&rebuilt(tree, |_, own| own), tree);
    assert_same(&tree.clone().into_owned(), tree);
}

/// What we print parses to the same tree and prints the same. Only xattrs that cost more than a text
/// may hold are refused, or those that a version 2 image can hold and a text cannot.
pub fn print_is_a_fixed_point(tree: &Tree<'_>) {
    let text = dump::print(tree);
    match dump::parse(&text, &Options::default()) {
        Ok(again) => {
            assert_same(&again.tree, tree);
        }
        Err(error) => {
            for found in &error.findings.errors {
                let allowed = match found.code() {
                    Code::XattrTooBig => tree.nodes().any(|node| cost(tree, node) > MAX_COST),
                    Code::XattrReserved => tree.nodes().any(|node| makes_a_device(tree, node)),
                    _ => false,
                };
                assert!(allowed, "{found}\n{}", text.escape_ascii());
            }
        }
    }
    let names: Vec<&[u8]> = tree.children(NodeId::ROOT).map(|child| tree.name(child)).collect();
    if !names.is_empty() && names.len() <= 64 {
        let mut filtered = Vec::new();
        let all: Result<(), ()> = dump::print_to(tree, &names, |piece| {
            filtered.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!((all, filtered), (Ok(()), text), "a filter that names all keeps all");
    }
}

/// A regular file that any reader takes for a device.
pub fn makes_a_device(tree: &Tree<'_>, node: NodeId) -> bool {
    let facts = tree.facts(node);
    let marked = facts.xattrs().any(|xattr| xattr.key == b"trusted.overlay.whiteout");
    marked && facts.file_type() == FileType::Regular
}

/// Canonicalising twice changes nothing more, and the strict profile takes the text without a
/// warning, unless the tree holds what no canonical form takes away: see `excused`.
pub fn canonical_form_is_a_fixed_point(tree: &Tree<'_>) {
    let once = canonical(tree);
    let mut twice = once.clone();
    let changes = canonicalise(&mut twice);
    assert!(changes.is_empty(), "{changes:?}");
    assert_same(&twice, &once);
    let text = dump::print(&once);
    let options =
        Options { profile: Profile::Strict, warnings: Warnings::All, max_errors: usize::MAX };
    let findings = match dump::parse(&text, &options) {
        Ok(parsed) => {
            assert_same(&parsed.tree, &once);
            parsed.findings
        }
        Err(error) => error.findings,
    };
    for found in findings.errors.iter().chain(&findings.warnings) {
        assert!(excused(&once, found.code()), "{found}\n{}", text.escape_ascii());
    }
}

/// Whether a tree in canonical form holds what gives a finding of this code.
fn excused(tree: &Tree<'_>, code: Code) -> bool {
    let any = |is_it: &dyn Fn(NodeId) -> bool| tree.nodes().any(is_it);
    let digest =
        |node, len| tree.facts(node).digest_bytes().is_some_and(|digest| digest.len() == len);
    match code {
        Code::NsecRange => any(&|node| tree.facts(node).mtime().nsec >= 1_000_000_000),
        Code::XattrTooBig => any(&|node| cost(tree, node) > MAX_COST),
        Code::MixedDigests => any(&|node| digest(node, 32)) && any(&|node| digest(node, 64)),
        Code::PathTooLong => {
            let mut walk = tree.walk();
            std::iter::from_fn(|| walk.next().map(|_| walk.path().len())).any(|len| len > 4095)
        }
        _ => false,
    }
}
