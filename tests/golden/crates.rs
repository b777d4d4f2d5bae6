//! A tree is text for the crates that keep text, as they are.

use cfs::sketch::Sketch;
use cfs::tree::Tree;
use snapbox::data::IntoData;

fn tree() -> Tree<'static> {
    Sketch::new().file("/etc/hostname", "host\n").mode(0o600).build().unwrap()
}

#[test]
fn insta_takes_a_tree() {
    insta::assert_snapshot!(tree(), @r"
    / 4096 40755 3 0 0 0 0.0 - - -
    /etc 47 40755 2 0 0 0 0.0 - - -
    /etc/hostname 5 100600 1 0 0 0 0.0 - host\n -
    ");
}

#[test]
fn expect_test_takes_a_tree() {
    let expected = expect_test::expect![[r"
        / 4096 40755 3 0 0 0 0.0 - - -
        /etc 47 40755 2 0 0 0 0.0 - - -
        /etc/hostname 5 100600 1 0 0 0 0.0 - host\n -
    "]];
    expected.assert_eq(&tree().to_string());
}

#[test]
fn snapbox_takes_a_tree() {
    let expected = snapbox::str![[r"
/ 4096 40755 3 0 0 0 0.0 - - -
/etc 47 40755 2 0 0 0 0.0 - - -
/etc/hostname 5 100600 1 0 0 0 0.0 - host\n -

"]];
    // Without this, a backslash counts as a slash.
    snapbox::assert_data_eq!(tree().to_string(), expected.raw());
}
