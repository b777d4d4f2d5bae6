//! `cfs diff --html` without a browser: what the page holds, and that nothing in it comes from
//! elsewhere or becomes markup.

use crate::page::{Page, between, hostile};
use crate::world::World;

#[test]
fn hostile_names_are_data_and_nothing_is_loaded() {
    let world = World::with(&[("old", "/ 4096 40755 2 0 0 0 0.0 - - -\n"), ("new", &hostile())]);
    let ran = world.cfs("diff -q --html old new");
    ran.says(1, "");
    let text = ran.out();
    let page = Page::of(&text);
    let names: Vec<String> = page.rows().into_keys().collect();
    for shown in [
        r"/<!--<script>",
        "/<img src=x onerror=document.title='owned'>",
        r#"/"'&amp;{{style}}"#,
        r"/line\nend\ttab",
        r"/\xe2\x80\xaegnp.exe",
        r"/\xff\xfe",
        r"/back\\slash",
    ] {
        assert!(names.contains(&shown.to_owned()), "{shown} is not in {names:?}");
    }
    // The only elements that could run or load anything are the page's own.
    for (what, count) in [("<script", 2), ("</script", 2), ("<style", 1), ("<img", 0), ("<!--", 0)]
    {
        assert_eq!(text.to_lowercase().matches(what).count(), count, "{what}");
    }
    for what in ["http:", "https:", "src=", "href", "url(", "@import", "\u{202e}"] {
        let data = between(&text, "id=\"data\">", "</script>");
        let outside = text.replace(data, "").replace("&lt;img src=x", "");
        assert!(!outside.contains(what), "{what}");
    }
    let policy = between(&text, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn what_the_page_tells_is_what_was_compared() {
    let old = "/ 4096 40755 2 0 0 0 0.0 - - -\n/a 4096 40755 2 0 0 0 0.0 - - -\n/a/f 3 100644 1 0 0 0 0.0 x - -\n";
    let new = "/ 4096 40755 2 0 0 0 0.0 - - -\n/a 4096 40755 2 0 0 0 0.0 - - -\n/a/f 5 100644 1 0 0 0 0.0 y - -\n\
               /b 4096 40755 2 0 0 0 0.0 - - -\n/b/g 2048 100644 1 0 0 0 0.0 z - -\n";
    let world = World::with(&[("old", old), ("new", new)]);
    let text = world.cfs("diff -q --html old new").out();
    let page = Page::of(&text);
    let rows: Vec<(String, (char, &str))> = page.rows().into_iter().collect();
    let row = |path: &str, letter, words| (path.to_owned(), (letter, words));
    let expected = [
        row("/", '.', ""),
        row("/a", '.', ""),
        row("/a/f", 'M', "3 B\x7f5 B (+2 B)"),
        row("/b", 'A', "directory, 1 entry, 2 KiB"),
        row("/b/g", 'A', "file, 2 KiB"),
    ];
    assert_eq!(rows, expected);
    let sizes = &page.data["sizes"];
    let list = |name: &str| sizes[name].to_string();
    assert_eq!(sizes["names"], "/\nb\na\n");
    assert_eq!(list("parents"), "[-1,0,0]");
    assert_eq!((list("old"), list("new")), ("[3,0,3]".into(), "[2053,2048,5]".into()));
    assert_eq!((list("gone"), list("fresh")), ("[3,0,3]".into(), "[2053,2048,5]".into()));
    assert!(text.contains("<h1>Filesystem changes: 2 KiB larger</h1>"), "{text}");
    let part = world.cfs("diff -q --html --path a/** old new").out();
    assert!(part.contains("<dt>Ignored</dt>"), "{part}");
    assert_eq!(Page::of(&part).rows().len(), 3);
}

#[test]
fn a_name_that_is_gone_and_one_that_was_moved_there_are_two_rows() {
    let files = |dir: &str| {
        let file = |at: u32| format!("{dir}/f{at} 30000 100644 1 0 0 0 0.0 {at}/x - -\n");
        format!("{dir} 4096 40755 2 0 0 0 0.0 - - -\n{}", (0..5).map(file).collect::<String>())
    };
    let root = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
    let old = format!("{root}/a 3 100644 1 0 0 0 0.0 z - -\n{}", files("/b"));
    let world = World::with(&[("old", &old), ("new", &format!("{root}{}", files("/a")))]);
    let text = world.cfs("diff -q --html old new").out();
    let page = Page::of(&text);
    assert_eq!(page.data["letters"], ".DR");
    assert_eq!(page.data["names"], "/\na\na/\n");
    assert_eq!(page.data["word_list"], "\nfile, 3 B\nfrom /b; directory, 5 entries\n");
}
