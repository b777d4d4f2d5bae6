//! Patterns: what a golden file leaves open, and what becomes of it when a tree is accepted.

#[path = "laws/mod.rs"]
mod laws;

use cfs::diff::{self, text};
use cfs::dump::Code;
use cfs::pattern::{Expected, Normal, Pattern};
use cfs::tree::Tree;
use laws::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

const TREE: &str = "\
/ 4096 40755 4 0 0 0 0.0 - - -
/a 5 100644 2 0 7 0 12.5 - hello - security.selinux=x user.k=v
/d 53 40755 3 0 0 0 9.0 - - -
/d/b 5 @100644 2 0 7 0 12.5 /a hello - security.selinux=x user.k=v
/d/e 27 40700 2 0 0 0 0.0 - - -
/n 0 20666 1 0 0 259 0.0 - - -
/s 3 120777 1 0 0 0 0.0 d/b - -
";

#[track_caller]
fn tree(text: &str) -> Tree<'_> {
    laws::tree_of(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
}

fn words(words: &str) -> Normal {
    Normal::from_words(words.split(',').filter(|word| !word.is_empty())).unwrap()
}

/// What is told of [`TREE`] where it is held against a pattern.
#[track_caller]
fn told(pattern: &str, normal: &str) -> String {
    let tree = tree(TREE);
    let pattern = Pattern::parse(pattern.as_bytes()).unwrap();
    let expected = pattern.expected(&tree, &words(normal));
    let options = diff::Options::default();
    let found = expected.diff(&tree, &options);
    let mut out = String::new();
    let layout = text::Layout::default();
    let all: Result<(), ()> = text::write(&found, &Expected::verdict(&found), &layout, |piece| {
        out.push_str(piece);
        Ok(())
    });
    all.unwrap();
    out
}

#[track_caller]
fn is_as(pattern: &str) {
    assert_eq!(told(pattern, ""), "verdict: as the golden says\n", "{pattern}");
}

/// Starts with these lines, and is another tree.
#[track_caller]
fn is_not(pattern: &str, lines: &str) {
    let told = told(pattern, "");
    assert!(told.starts_with(&format!("{lines}\n\n")), "expected {lines:?} in:\n{told}");
    assert!(told.contains("verdict: not as the golden says\n"), "{told}");
}

/// [`TREE`] with texts replaced by others.
#[track_caller]
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(TREE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn a_star_stands_for_any_value_of_any_field() {
    let line = "/a 5 100644 2 0 7 0 12.5 - hello - security.selinux=x user.k=v";
    let fields: Vec<&str> = line.split(' ').collect();
    for number in 1..11 {
        let mut open = fields.clone();
        open[number] = "*";
        is_as(&with(&[(line, &open.join(" "))]));
        let other = with(&[(line, &open.join(" ")), ("/n 0 20666", "/n 0 20600")]);
        let changed = "m\t/n\tmode 0600 → 0666 (group and others may read/write)";
        assert!(told(&other, "").starts_with(changed), "{}", told(&other, ""));
    }
    is_as(&with(&[(line, "/a * * * * * * * * * * *")]));
    is_as(&with(&[("/s 3 120777 1 0 0 0 0.0 d/b", "/s 9 120* 1 0 0 0 * *")]));
}

#[test]
fn a_star_stands_for_one_field_alone() {
    is_not(
        &with(&[("/a 5 100644 2 0 7", "/a * * * 1 *")]),
        "m\t/a\towner 1:7 → 0:7 (with 1 other name)",
    );
    is_not(
        &with(&[("user.k=v\n/d 53", "user.k=w\n/d *")]),
        "m\t/a\txattr user.k: \"w\" → \"v\" (with 1 other name)",
    );
}

#[test]
fn permissions_are_left_open_and_the_type_is_not() {
    is_as(&with(&[("/d 53 40755", "/d 53 40*"), ("20666", "20*"), ("100644", "100*")]));
    is_not(
        &with(&[("/n 0 20666", "/n 0 60*")]),
        "T\t/n\tblock device 1:3, anybody may write → character device 1:3, anybody may write",
    );
}

#[test]
fn xattrs_are_left_open_by_value_by_prefix_and_all() {
    let with_xattrs = |xattrs| with(&[("security.selinux=x user.k=v", xattrs)]);
    for open in [
        "*",
        "security.selinux=* user.k=*",
        "user.k=v security.selinux*",
        "user.k=v security.* system.*",
        "security.* user.*",
        "user.k=v *",
    ] {
        is_as(&with_xattrs(open));
    }
    is_not(
        &with_xattrs("user.* security.selinux=x user.l=*"),
        "m\t/a\txattr user.l: removed, was \"*\" (with 1 other name)",
    );
    is_not(
        &with_xattrs("security.selinux=* user.k=w"),
        "m\t/a\txattr user.k: \"w\" → \"v\" (with 1 other name)",
    );
    is_not(
        &with_xattrs("user.k=v"),
        "m\t/a\txattr security.selinux: added, \"x\" (with 1 other name)",
    );
}

#[test]
fn anything_may_be_below_a_directory_and_nothing() {
    let root = "/ * 40755 * 0 0 0 0.0 - - -\n";
    is_as(&format!("{root}/...\n"));
    is_as(&format!("{root}/...\n/d * 40* * 0 0 0 * - - -\n/d/e * 40700 * 0 0 0 * - - -\n"));
    is_as(&TREE.replace("/d/e", "/d/...\n/d/e/...\n/d/e"));
    is_not(
        &format!("{root}/...\n/d 0 40700 2 0 0 0 9.0 - - -\n"),
        "m\t/d\tmode 0700 → 0755 (group and others may read/enter)",
    );
    let missing = format!("{root}/...\n/d/x 0 100644 1 0 0 0 0.0 - - -\n");
    let error = Pattern::parse(missing.as_bytes()).unwrap_err();
    assert_eq!(error.findings.errors[0].code(), Code::ParentMissing);
    is_not(
        &TREE.replace("/d/e", "/x 27 40700 2 0 0 0 0.0 - - -\n/x/...\n/d/e"),
        "D\t/x/\tdirectory, empty",
    );
}

#[test]
fn notes_and_empty_lines_say_nothing() {
    is_as(&format!("# first\n\n{TREE}\n# last"));
    is_as(&TREE.replace("/n ", "# * a device\n\n/n "));
}

#[test]
fn a_hard_link_is_one_name_of_a_file_or_left_open() {
    is_not(
        &with(&[("@100644 2 0 7 0 12.5 /a", "100644 2 0 7 0 12.5 -")]),
        "L\t/d/b\tnow a hard link of /a",
    );
    is_as(&with(&[("/d/b 5 @100644 2 0 7 0 12.5 /a", "/d/b 5 * 2 0 7 0 12.5 -")]));
    is_as(&with(&[("/d/b 5 @100644", "/d/b * @100*")]));
    // The name that comes second may carry the file.
    let swapped = with(&[
        ("/a 5 100644 2 0 7 0 12.5 -", "/a 5 @* * * * * * /d/b"),
        ("/d/b 5 @100644 2 0 7 0 12.5 /a", "/d/b 5 100644 2 0 7 0 12.5 -"),
    ]);
    is_as(&swapped);
    is_as(&swapped.replace("/d/b 5 100644 2", "/d/b 5 * 2").replace("/n ", "/d/e/...\n/n "));
}

#[test]
fn a_star_that_is_meant_is_escaped() {
    let text = "/ 4096 40755 2 0 0 0 0.0 - - -\n/a 1 100644 1 0 0 0 0.0 - * - user.k=*\n";
    let tree = tree(text);
    let made = cfs::pattern::fresh(&tree, &Normal::default()).text;
    let expected = text.replace(" * ", r" \x2a ").replace("=*", r"=\x2a");
    assert_eq!(String::from_utf8(made).unwrap(), expected);
    let is = |text: &str| {
        let pattern = Pattern::parse(text.as_bytes()).unwrap();
        let expected = pattern.expected(&tree, &Normal::default());
        expected.diff(&tree, &diff::Options::default()).changes().is_empty()
    };
    assert!(is(&expected) && is(text));
    assert!(!is(&expected.replace(r"1 100644 1 0 0 0 0.0 - \x2a", "1 100644 1 0 0 0 0.0 - +")));
}

#[test]
fn what_is_left_open_beside_is_counted() {
    let other =
        with(&[("12.5", "13.0"), ("9.0", "9.1"), ("security.selinux=x", "security.selinux=y")]);
    let counted = "ignored: mtime on 2 entries, some xattrs on 1 entry\n\
                   verdict: as the golden says, except for what was ignored: mtime, some xattrs\n";
    assert_eq!(told(&other, "@portable"), counted);
    assert_eq!(
        told(&other.replace("20666", "20600"), "mtime,selinux,mode").lines().next(),
        Some("ignored: mode on 1 entry, mtime on 2 entries, some xattrs on 1 entry")
    );
    assert_eq!(told(TREE, "@layout"), "verdict: as the golden says\n");
    let bare = "/ 0 40700 0 1 1 0 1.0 - - -\n/a 9 100600 1 1 1 0 1.0 - notheres! -\n/d 0 40700 0 1 1 0 1.0 - - -\n/d/b 0 @100644 0 0 0 0 0.0 /a - -\n/d/e 0 40755 0 0 0 0 0.0 - - -\n/n 0 20600 1 0 0 0 0.0 - - -\n/s 1 120777 1 0 0 0 0.0 x - -\n";
    assert!(
        told(bare, "@layout").contains("verdict: as the golden says, except"),
        "{}",
        told(bare, "@layout")
    );
}

#[track_caller]
fn accepts(pattern: &str, normal: &str, to: &str) {
    let tree = tree(TREE);
    let accepted = Pattern::parse(pattern.as_bytes()).unwrap().accept(&tree, &words(normal));
    assert_eq!(String::from_utf8(accepted.text).unwrap(), to);
    laws::accepted_is_what_is_said(pattern.as_bytes(), &tree, &words(normal));
}

#[test]
fn accepting_writes_what_differs_and_keeps_what_is_open() {
    accepts(
        &with(&[("/a 5 100644 2 0 7 0 12.5", "/a 5 100600 2 * 7 0 *")]),
        "",
        &with(&[("/a 5 100644 2 0 7 0 12.5", "/a 5 100644 2 * 7 0 *")]),
    );
    let odd =
        with(&[("/a 5 100644 2 0 7 0 12.5 - hello", "/a 05 0100644 2 0 9 0 +12.5 - hell\\x6f")]);
    accepts(&odd, "", &odd.replace("0 9 0", "0 7 0"));
    let xattrs = |xattrs| with(&[("security.selinux=x user.k=v", xattrs)]);
    accepts(&xattrs("user.gone=1 user.k=* *"), "", &xattrs("user.k=* *"));
    accepts(&xattrs("user.k=w security.*"), "", &xattrs("user.k=v security.*"));
    accepts(&xattrs("user.k=* user.l=*"), "", &xattrs("user.k=* security.selinux=x"));
    accepts(&with(&[("/n 0 20666", "/n 0 60*")]), "", &with(&[("/n 0 20666", "/n 0 20*")]));
    accepts(
        &with(&[("/s 3 120777 1 0 0 0 0.0 d/b", "/s 1 100644 1 0 0 0 * x")]),
        "",
        &with(&[("/s 3 120777 1 0 0 0 0.0", "/s 3 120777 1 0 0 0 *")]),
    );
}

#[test]
fn accepting_puts_new_lines_in_their_place_and_keeps_notes() {
    let golden = "\
# the top
/ 4096 40755 3 0 0 0 0.0 - - -

# gone
/b 0 100644 1 0 0 0 0.0 - - -
/d 57 40755 2 0 0 0 * - - -
# also gone
/d/x 0 100644 1 0 0 0 0.0 - - -
/d/...
# a device
/n 0 20666 1 0 0 259 0.0 - - -
";
    let accepted = "\
# the top
/ 4096 40755 3 0 0 0 0.0 - - -
/a 5 100644 2 0 7 0 12.5 - hello - security.selinux=x user.k=v

# gone
/d 57 40755 2 0 0 0 * - - -
# also gone
/d/...
# a device
/n 0 20666 1 0 0 259 0.0 - - -
/s 3 120777 1 0 0 0 0.0 d/b - -
";
    accepts(golden, "", accepted);
    let root = "/ 4096 40755 4 0 0 0 0.0 - - -\n";
    accepts(root, "", TREE);
    // The names that follow from a directory that was right are right again.
    accepts(
        &TREE
            .replace("/d 53 40755 3", "/d 40 40755 2")
            .replace("/d/e 27 40700 2 0 0 0 0.0 - - -\n", ""),
        "",
        TREE,
    );
}

#[test]
fn accepting_makes_hard_links_and_takes_them_apart() {
    let apart = with(&[("@100644 2 0 7 0 12.5 /a", "100644 2 0 7 0 12.5 -")]);
    accepts(&apart, "", TREE);
    let linked = with(&[("/s 3 120777 1 0 0 0 0.0 d/b - -", "/s 5 @100644 2 * * * * /a - -")]);
    accepts(&linked, "", &with(&[("/s 3 120777 1 0 0 0 0.0", "/s 3 120777 1 * * * *")]));
}

#[test]
fn accepting_with_attributes_leaves_them_open_in_each_line() {
    let open = "\
/ 4096 40* 4 0 0 0 * - - - user.*
/a 5 100* 2 0 7 0 * - hello - security.selinux=x user.*
/d 53 40* 3 0 0 0 * - - - user.*
/d/b 5 @100* 2 0 7 0 * /a hello - security.selinux=x user.*
/d/e 27 40* 2 0 0 0 * - - - user.*
/n 0 20* 1 0 0 259 * - - - user.*
/s 3 120* 1 0 0 0 * d/b - - user.*
";
    accepts(TREE, "mtime,mode,xattr:user.", open);
    accepts(open, "mtime,mode,xattr:user.", open);
    accepts(&open.replacen("0 7 0", "0 8 0", 1), "mtime,mode,xattr:user.", open);
}

#[track_caller]
fn points(pattern: &str, code: Code, line: usize, column: usize) {
    let error = Pattern::parse(pattern.as_bytes()).unwrap_err();
    let found = &error.findings.errors[0];
    let position = found.position();
    assert_eq!((found.code(), position.line, position.column), (code, line, column), "{found}");
    laws::pattern_accepts_or_points(pattern.as_bytes());
}

#[test]
fn errors_point_into_the_pattern() {
    let root = "# note\n/ * 40* * * * * * * * * *\n";
    let line = |line: &str| format!("{root}\n{line}\n");
    points(&line("/a * 100* * * 1x * * - - -"), Code::BadNumber, 4, 16);
    points(&line("/a * 47* * * * * * - - -"), Code::BadNumber, 4, 8);
    points(&line("/a * 100644 1 * * * 0.0 - - abc *"), Code::BadDigest, 4, 29);
    points(&line("/a * * * * * * * * * * user.* nothing"), Code::XattrNoEquals, 4, 31);
    points(&line("* * * * * * * * * * *"), Code::PathEmpty, 4, 1);
    points(&line("/a * @* * * * * * * - -"), Code::HardlinkNoTarget, 4, 19);
    points(
        &line("/a * * * * * * * * * *\n/b 0 100644 1 0 0 0 0.0 - - -\n/a * * * * * * * * * *"),
        Code::DuplicatePath,
        6,
        1,
    );
    points(&line("/d/..."), Code::ParentMissing, 4, 1);
    points(&line("/d * 100* * * * * * * * *\n/d/..."), Code::ParentNotDirectory, 5, 1);
    points("# nothing\n\n", Code::NoRoot, 1, 1);
    points("", Code::NoRoot, 1, 1);
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..500)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn what_accepts_a_tree_says_what_it_is(bytes in choices(), spelling in choices()) {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&bytes));
        let mut choose = Bytes(&spelling);
        let normal = laws::normal(&mut choose);
        let texts = [&old, &new].map(|plan| laws::spell(plan, &mut choose));
        let pattern = laws::opened(&texts[0], &mut choose);
        laws::pattern_accepts_or_points(&pattern);
        for tree in texts.iter().filter_map(|text| laws::tree_of(text)) {
            laws::accepted_is_what_is_said(&pattern, &tree, &normal);
            laws::dump_is_its_own_pattern(&tree, &normal);
        }
    }

    #[test]
    fn damaged_patterns_are_taken_or_point(bytes in choices(), damage in choices()) {
        let mut choose = Bytes(&damage);
        let text = laws::spell(&laws::generate(&mut Bytes(&bytes)), &mut choose);
        let mut pattern = laws::opened(&text, &mut choose);
        laws::spoil_text(&mut pattern, &mut choose);
        laws::pattern_accepts_or_points(&pattern);
        if let Some(tree) = laws::tree_of(&text) {
            laws::accepted_is_what_is_said(&pattern, &tree, &laws::normal(&mut choose));
        }
    }
}
