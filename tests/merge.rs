//! Merges: what both sides changed, by path and field.

#[path = "laws/mod.rs"]
mod laws;

use cfs::merge::{Marks, MergeErrorKind, Merged, Part, Text, merge};
use laws::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

const BASE: &str = "\
/ 4096 40755 3 0 0 0 0.0 - - -
/a 5 100644 1 0 0 0 0.0 - hello - user.k=v user.l=w
/d 42 40755 2 0 0 0 0.0 - - -
/d/b 5 100644 1 0 0 0 0.0 - world -
";

/// The base with a text replaced by another.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[track_caller]
fn merged(ours: &str, theirs: &str) -> Merged {
    merge(BASE.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &Marks::default()).unwrap()
}

#[track_caller]
fn merges(ours: &str, theirs: &str, to: &str) {
    for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
        let merged = merged(ours, theirs);
        assert_eq!(
            (String::from_utf8(merged.text).unwrap().as_str(), &merged.conflicts[..]),
            (to, &[][..])
        );
    }
}

#[track_caller]
fn conflicts(ours: &str, theirs: &str, text: &str, parts: &[(&str, &[Part])]) {
    let merged = merged(ours, theirs);
    assert_eq!(String::from_utf8(merged.text).unwrap(), text);
    let found: Vec<(&str, &[Part])> = merged
        .conflicts
        .iter()
        .map(|conflict| (std::str::from_utf8(&conflict.path).unwrap(), &conflict.parts[..]))
        .collect();
    assert_eq!(found, parts);
}

#[test]
fn fields_of_one_line_that_each_side_changed_are_both_taken() {
    let ours = with(&[("/a 5 100644 1 0 0", "/a 5 100600 1 7 0"), ("user.k=v", "user.k=vv")]);
    let theirs = with(&[("0.0 - hello", "1.5 - hello"), ("user.l=w", "user.m=x")]);
    let both = with(&[
        ("/a 5 100644 1 0 0 0 0.0", "/a 5 100600 1 7 0 0 1.5"),
        ("user.k=v user.l=w", "user.k=vv user.m=x"),
    ]);
    merges(&ours, &theirs, &both);
}

#[test]
fn lines_that_nobody_touched_keep_their_spelling() {
    let odd = BASE.replace("hello", "hell\\x6f");
    let ours = odd.replace("/d/b 5 100644", "/d/b 5 100600");
    let theirs = odd.replace("world", "earth");
    let merged = merge(odd.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &Marks::default());
    let both = odd.replace("/d/b 5 100644", "/d/b 5 100600").replace("world", "earth");
    assert_eq!(String::from_utf8(merged.unwrap().text).unwrap(), both);
}

#[test]
fn size_and_link_count_of_a_directory_follow_from_its_names() {
    // Each adds a directory; the root's size is that of its blocks, of which the stubs take the first.
    let ours = with(&[
        ("40755 3 0", "40755 4 0"),
        ("/d 42 40755 2", "/d 57 40755 3"),
        (
            "world -\n",
            "world -\n/d/one 27 40755 2 0 0 0 0.0 - - -\n/e 27 40755 2 0 0 0 0.0 - - -\n",
        ),
    ]);
    let theirs = with(&[
        ("/d 42 40755 2", "/d 57 40755 3"),
        ("world -\n", "world -\n/d/two 27 40755 2 0 0 0 0.0 - - -\n"),
    ]);
    let both = with(&[
        ("40755 3 0", "40755 4 0"),
        ("/d 42 40755 2", "/d 72 40755 4"),
        (
            "world -\n",
            "world -\n/d/one 27 40755 2 0 0 0 0.0 - - -\n/d/two 27 40755 2 0 0 0 0.0 - - -\n\
             /e 27 40755 2 0 0 0 0.0 - - -\n",
        ),
    ]);
    // 27 bytes for . and .., and 12 and the name for each other.
    let both = both.replace("/d 72", &format!("/d {}", 27 + 13 + 15 + 15));
    let ours = ours.replace("/d 57", &format!("/d {}", 27 + 13 + 15));
    let theirs = theirs.replace("/d 57", &format!("/d {}", 27 + 13 + 15));
    let base = BASE.replace("/d 42", &format!("/d {}", 27 + 13));
    let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &Marks::default());
    assert_eq!(String::from_utf8(merged.unwrap().text).unwrap(), both);
}

#[test]
fn names_of_one_file_that_each_side_added_are_all_counted() {
    let link = |name: &str| format!("{name} 5 @100644 2 0 0 0 0.0 /a - -\n");
    let side = |line: &str| {
        with(&[("/a 5 100644 1", "/a 5 100644 2"), ("/d 42", &format!("{line}/d 42"))])
    };
    let (one, two) = (link("/b"), link("/c"));
    let both = with(&[("/a 5 100644 1", "/a 5 100644 3"), ("/d 42", &format!("{one}{two}/d 42"))]);
    merges(&side(&one), &side(&two), &both);
}

#[test]
fn one_field_changed_to_two_values_is_a_conflict_with_all_else_merged() {
    let ours = with(&[("/a 5 100644", "/a 5 100600"), ("world", "earth")]);
    let theirs = with(&[("/a 5 100644 1 0", "/a 5 100400 1 9")]);
    let text = "\
/ 4096 40755 3 0 0 0 0.0 - - -
<<<<<<< ours
/a 5 100600 1 9 0 0 0.0 - hello - user.k=v user.l=w
=======
/a 5 100400 1 9 0 0 0.0 - hello - user.k=v user.l=w
>>>>>>> theirs
/d 42 40755 2 0 0 0 0.0 - - -
/d/b 5 100644 1 0 0 0 0.0 - earth -
";
    conflicts(&ours, &theirs, text, &[("/a", &[Part::Mode])]);
}

#[test]
fn each_part_can_be_a_conflict() {
    for (from, ours, theirs, part) in [
        ("/d/b 5 100644 1 0", "/d/b 5 100644 1 1", "/d/b 5 100644 1 2", Part::Uid),
        ("/d/b 5 100644 1 0 0", "/d/b 5 100644 1 0 1", "/d/b 5 100644 1 0 2", Part::Gid),
        ("/d/b 5 100644 1", "/d/b 5 100644 8", "/d/b 5 100644 9", Part::Nlink),
        ("/d/b 5 100644 1 0 0 0", "/d/b 5 100644 1 0 0 1", "/d/b 5 100644 1 0 0 2", Part::Device),
        ("0.0 - world", "1.0 - world", "2.0 - world", Part::Mtime),
        ("world", "earth", "globe", Part::Content),
        ("user.k=v", "user.k=1", "user.k=2", Part::Xattr(b"user.k".to_vec())),
        ("user.k=v ", "", "user.k=2 ", Part::Xattr(b"user.k".to_vec())),
        ("/d/b 5 100644", "/d/b 5 120777", "/d/b 5 100600", Part::Type),
        (
            "/d/b 5 100644 1 0 0 0 0.0 - world -\n",
            "",
            "/d/b 5 100600 1 0 0 0 0.0 - world -\n",
            Part::Existence,
        ),
    ] {
        let ours = with(&[(from, ours)])
            .replace("120777 1 0 0 0 0.0 - world", "120777 1 0 0 0 0.0 world -");
        let merged = merged(&ours, &with(&[(from, theirs)]));
        assert_eq!(merged.conflicts.len(), 1, "{part}: {:?}", merged.conflicts);
        assert_eq!(merged.conflicts[0].parts, [part]);
    }
    // SIZE goes with the content it speaks of.
    let (ours, theirs) =
        (with(&[("b 5", "b 6"), ("world", "worlds")]), with(&[("world", "earth")]));
    assert_eq!(merged(&ours, &theirs).conflicts[0].parts, [Part::Content]);
}

#[test]
fn a_directory_that_one_side_deleted_and_the_other_filled_is_one_conflict() {
    let ours = with(&[
        ("/d 42 40755 2 0 0 0 0.0 - - -\n", ""),
        ("/d/b 5 100644 1 0 0 0 0.0 - world -\n", ""),
    ]);
    let theirs = with(&[("world -\n", "world -\n/d/c 0 100644 1 0 0 0 0.0 - - -\n")]);
    let text = "\
/ 4096 40755 3 0 0 0 0.0 - - -
/a 5 100644 1 0 0 0 0.0 - hello - user.k=v user.l=w
<<<<<<< ours
=======
/d 42 40755 2 0 0 0 0.0 - - -
/d/c 0 100644 1 0 0 0 0.0 - - -
>>>>>>> theirs
";
    conflicts(&ours, &theirs, text, &[("/d", &[Part::Existence]), ("/d/c", &[Part::Existence])]);
    let deleted = merged(&ours, BASE);
    assert_eq!((deleted.text, deleted.conflicts), (ours.into_bytes(), Vec::new()));
}

#[test]
fn a_link_to_what_the_other_side_deleted_is_a_conflict() {
    let a = "/a 5 100644 1 0 0 0 0.0 - hello - user.k=v user.l=w\n";
    let link = "/e 5 @100644 1 0 0 0 0.0 /a - -\n";
    let merged = merged(&with(&[(a, "")]), &format!("{BASE}{link}"));
    let parts: Vec<_> = merged.conflicts.iter().map(|it| (&*it.path, &it.parts[..])).collect();
    assert_eq!(parts, [(&b"/a"[..], &[Part::Link][..]), (b"/e", &[Part::Link])]);
}

#[test]
fn texts_that_are_no_dumps_are_refused() {
    let error = |base: &str, ours: &str, theirs: &str| {
        let marks = Marks::default();
        merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &marks).unwrap_err()
    };
    let refused = error(BASE, BASE, "nonsense\n");
    assert!(matches!(refused.kind(), MergeErrorKind::Text(Text::Theirs, _)), "{refused}");
    assert!(refused.to_string().starts_with("their side is no dump: "), "{refused}");
    assert!(matches!(error("", BASE, BASE).kind(), MergeErrorKind::Text(Text::Base, _)));
    assert!(matches!(error(BASE, "x", BASE).kind(), MergeErrorKind::Text(Text::Ours, _)));
}

#[test]
fn sides_may_have_orders_of_their_own() {
    let lines: Vec<&str> = BASE.split_inclusive('\n').collect();
    let added = "/d/z 0 100644 1 0 0 0 0.0 - - -\n";
    let theirs = [lines[0], lines[2], lines[3], added, lines[1]].concat();
    let merged = merged(BASE, &theirs);
    assert_eq!(String::from_utf8(merged.text).unwrap(), format!("{BASE}{added}"));
}

#[test]
fn links_that_the_sides_tie_into_knots_are_refused() {
    let file = |name: &str| format!("/{name} 0 100644 1 0 0 0 0.0 - - -\n");
    let link = |name: &str, to: &str| format!("/{name} 0 @100644 1 0 0 0 0.0 /{to} - -\n");
    let dump = |lines: &[String]| format!("/ 4096 40755 2 0 0 0 0.0 - - -\n{}", lines.concat());
    let refused = |base: &str, ours: &str, theirs: &str| {
        let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &Marks::default());
        merged.unwrap_err()
    };
    let base = dump(&[file("x"), file("y")]);
    let ours = dump(&[link("x", "y"), file("y")]);
    let circle = refused(&base, &ours, &dump(&[file("x"), link("y", "x")]));
    assert!(matches!(circle.kind(), MergeErrorKind::Together(_)), "{circle}");
    // Ours deletes a long chain of links, theirs makes it longer.
    let mut chain = vec![file("0")];
    chain.extend((1..20).map(|n| link(&n.to_string(), &(n - 1).to_string())));
    let base = dump(&chain);
    chain.push(link("20", "19"));
    let long = refused(&base, &dump(&[]), &dump(&chain));
    assert!(matches!(long.kind(), MergeErrorKind::Entangled), "{long}");
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..500)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn a_side_alone_is_taken(bytes in choices(), spelling in choices()) {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&bytes));
        let mut spelling = Bytes(&spelling);
        let texts = [&old, &new].map(|plan| laws::spell(plan, &mut spelling));
        laws::merge_takes_the_side_that_changed(&texts[0], &texts[1]);
    }

    #[test]
    fn sides_are_treated_alike(bytes in choices(), more in choices(), spelling in choices()) {
        let base = laws::generate(&mut Bytes(&bytes));
        let mut choose = Bytes(&more);
        let sides = [laws::changed(&base, &mut choose), laws::changed(&base, &mut choose)];
        let mut spelling = Bytes(&spelling);
        let texts = [&base, &sides[0], &sides[1]].map(|plan| laws::spell(plan, &mut spelling));
        laws::merge_is_fair(&texts[0], &texts[1], &texts[2]);
    }

    #[test]
    fn changes_in_directories_of_their_own_are_both_made(left in choices(), right in choices(), spelling in choices()) {
        let (old, new) = laws::plans_that_differ(&mut Bytes(&left));
        let (other, changed) = laws::plans_that_differ(&mut Bytes(&right));
        laws::changes_apart_are_both_made((&old, &new), (&other, &changed), &mut Bytes(&spelling));
    }

    #[test]
    fn damaged_texts_are_merged_or_refused(bytes in choices(), damage in vec(any::<u8>(), 40)) {
        let (base, ours) = laws::plans_that_differ(&mut Bytes(&bytes));
        let mut texts = [&base, &ours, &ours].map(|plan| laws::spell(plan, &mut Bytes(&damage)));
        laws::spoil_text(&mut texts[1], &mut Bytes(&damage));
        laws::merge_is_fair(&texts[0], &texts[1], &texts[2]);
    }
}

#[test]
fn a_link_count_that_depends_on_a_conflict_is_one() {
    let link = |name: &str, target: &str| format!("/{name} 5 @100644 1 0 0 0 0.0 {target} - -\n");
    let a = |nlink: u32| format!("/a 5 100644 {nlink} 0 0 0 0.0");
    let ours = with(&[(&a(1), &a(3))]) + &link("l", "/a") + &link("m", "/a");
    let theirs = with(&[(&a(1), &a(2)), ("/d/b 5 100644 1", "/d/b 5 100644 2")])
        + &link("l", "/d/b")
        + &link("n", "/a");
    let either =
        |ours: &str, theirs: &str| format!("<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n");
    let line = |nlink| format!("{} - hello - user.k=v user.l=w\n", a(nlink));
    // With our hard link /a has four names, with theirs three.
    let text =
        with(&[(&line(1), &either(&line(4), &line(3))), ("/d/b 5 100644 1", "/d/b 5 100644 2")])
            + &either(&link("l", "/a"), &link("l", "/d/b"))
            + &link("m", "/a")
            + &link("n", "/a");
    conflicts(&ours, &theirs, &text, &[("/a", &[Part::Nlink]), ("/l", &[Part::Link])]);
    let text =
        with(&[(&line(1), &either(&line(3), &line(4))), ("/d/b 5 100644 1", "/d/b 5 100644 2")])
            + &either(&link("l", "/d/b"), &link("l", "/a"))
            + &link("m", "/a")
            + &link("n", "/a");
    conflicts(&theirs, &ours, &text, &[("/a", &[Part::Nlink]), ("/l", &[Part::Link])]);
}

#[test]
fn a_link_count_that_both_sides_changed_is_computed_beside_another_conflict() {
    let link = |name: &str| format!("/{name} 5 @100644 1 0 0 0 0.0 /a - -\n");
    let a = |mode: u32, nlink: u32| format!("/a 5 100{mode} {nlink} 0 0 0 0.0");
    let ours = with(&[(&a(644, 1), &a(600, 2))]) + &link("l");
    let theirs = with(&[(&a(644, 1), &a(640, 3))]) + &link("m") + &link("n");
    let line = |mode| format!("{} - hello - user.k=v user.l=w\n", a(mode, 4));
    let either = format!("<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n", line(600), line(640));
    let text = with(&[(&format!("{} - hello - user.k=v user.l=w\n", a(644, 1)), &either)]);
    let text = text + &link("l") + &link("m") + &link("n");
    conflicts(&ours, &theirs, &text, &[("/a", &[Part::Mode])]);
}
