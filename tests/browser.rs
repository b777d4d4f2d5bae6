//! The page of `cfs diff --html` in a browser: what it shows, and what it does when it is used.

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "cli/page.rs"]
#[allow(dead_code, reason = "shared with the tests of the commands")]
mod page;
mod support;
#[path = "cli/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the other commands")]
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use chromium::Browser;
use serde_json::Value;
use support::{fixture, read};
use world::World;

/// A comparison as a page, and what else tells of it.
struct Update {
    world: World,
    document: Value,
    /// Letter and path of every entry, from the text that lists each.
    entries: Vec<(String, String)>,
}

impl Update {
    /// A distribution before and after its next release.
    fn real() -> Self {
        let world = World::new();
        world.write("old.dump", read(&fixture("distribution/debian-minbase.dump.gz")));
        world.write("new.dump", read(&fixture("diff/debian-12-to-13/new.dump.gz")));
        world.write("page.html", world.cfs("diff -q --html old.dump new.dump").0.stdout);
        let document = world.cfs("diff -q --json old.dump new.dump").0.stdout;
        let listed = world.cfs("diff -q -l old.dump new.dump").out();
        let lines = listed.lines().take_while(|line| !line.is_empty());
        let entry = |line: &str| {
            let mut fields = line.split('\t');
            let (letter, path) = (fields.next().unwrap(), fields.next().unwrap());
            let path = path.split(" → ").last().unwrap();
            (letter.to_owned(), path.to_owned())
        };
        let entries = lines.map(entry).collect();
        Self { world, document: serde_json::from_slice(&document).unwrap(), entries }
    }

    /// How many entries have a text in their paths.
    fn with(&self, text: &str) -> usize {
        self.entries.iter().filter(|(_, path)| path.contains(text)).count()
    }
}

/// A number as the page shows it.
fn shown(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn row(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('.row')].find(it => it.querySelector('.name').textContent === {name:?})"
    )
}

const STATUS: &str = "document.getElementById('status').textContent";
const SELECTED: &str = "document.querySelector('[aria-selected=true] .name').textContent";

/// A row of the tree, as it is shown.
struct Row {
    level: u64,
    letter: String,
    name: String,
}

/// All rows there are to scroll to, although few of them are made at a time.
fn rows(browser: &mut Browser) -> Vec<Row> {
    let rows = browser.value(
        "(async () => {
            const tree = document.getElementById('tree'), rows = new Map();
            for (let top = 0; top < tree.scrollHeight; top += tree.clientHeight) {
                tree.scrollTop = top;
                for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
                for (const row of document.querySelectorAll('.row')) {
                    const kind = row.querySelector(':scope > .kind');
                    rows.set(Number(row.id.slice(4)), [Number(row.ariaLevel), kind ? kind.textContent : '', row.querySelector('.name').textContent]);
                }
            }
            return [...rows].sort((a, b) => a[0] - b[0]).map(row => row[1]);
        })()",
    );
    let row = |row: &Value| Row {
        level: row[0].as_u64().unwrap(),
        letter: row[1].as_str().unwrap().to_owned(),
        name: row[2].as_str().unwrap().trim_end_matches('/').to_owned(),
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

/// The figures that the page shows are those of the document.
fn check_figures(browser: &mut Browser, update: &Update) {
    let summary = &update.document["summary"];
    for (letter, count) in page::by_letter(summary).into_iter().filter(|(_, count)| *count > 0) {
        let count = shown(usize::try_from(count).unwrap());
        let told = browser.texts(&format!(".figures tr[data-kind={letter}] td"));
        assert_eq!(told[0], count, "{letter}");
        let chip = browser.texts(&format!("#kinds [data-letter={letter}] span"));
        assert_eq!(chip, [count], "{letter}");
    }
    for (name, count) in summary["attributes"].as_object().unwrap() {
        let chip = browser.texts(&format!("[data-attribute={name}] span"));
        assert_eq!(chip, [shown(usize::try_from(count.as_u64().unwrap()).unwrap())], "{name}");
    }
    let notices: Vec<&str> = update.document["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert_eq!(browser.texts(".look .path"), notices);
    let verdict = browser.text("document.querySelector('.verdict').textContent");
    assert_eq!(
        verdict,
        format!("Verdict {}", update.document["verdict"]["words"].as_str().unwrap())
    );
    let all = format!("{} changed entries", shown(update.entries.len()));
    assert_eq!(browser.text(STATUS), all);
}

/// Folds with the mouse and with keys.
fn check_folding(browser: &mut Browser, update: &Update) {
    let in_usr: BTreeSet<String> = update
        .entries
        .iter()
        .filter_map(|(_, path)| path.strip_prefix("/usr/"))
        .map(|path| path.split('/').next().unwrap().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    browser.value("document.getElementById('tree').focus()");
    browser.press(&["End"]);
    browser.click(&row("usr/"));
    assert_eq!(browser.text(&format!("{}.ariaExpanded", row("usr/"))), "true");
    assert_eq!(browser.text(SELECTED), "usr/");
    let below = rows(browser).into_iter().filter(|row| row.level == 3);
    assert_eq!(below.map(|row| row.name).collect::<BTreeSet<_>>(), in_usr);
    assert_eq!(browser.text("document.querySelector('#detail .path').textContent"), "/usr/");
    // As in every tree: into it, out of it, folded, to both ends.
    browser.press(&["ArrowRight"]);
    assert_eq!(browser.text(SELECTED).trim_end_matches('/'), in_usr.first().unwrap());
    browser.press(&["ArrowLeft"]);
    assert_eq!(browser.text(SELECTED), "usr/");
    browser.press(&["ArrowLeft"]);
    assert_eq!(browser.text(&format!("{}.ariaExpanded", row("usr/"))), "false");
    assert_eq!(browser.number("document.querySelectorAll('.row[aria-level=\"3\"]').length"), 0);
    browser.press(&["ArrowDown"]);
    assert_eq!(browser.text(SELECTED), "var/");
    browser.press(&["Home", "ArrowUp"]);
    assert_eq!(browser.text(SELECTED), "/");
    browser.press(&["End"]);
    assert_eq!(browser.text(SELECTED), "var/");
    let active = "document.getElementById(document.getElementById('tree').getAttribute('aria-activedescendant')).ariaSelected";
    assert_eq!(browser.text(active), "true");
    browser.press(&["Enter"]);
    assert_eq!(browser.text(&format!("{}.ariaExpanded", row("var/"))), "true");
    browser.press(&["Enter"]);
}

fn check_filters(browser: &mut Browser, update: &Update) {
    let all = shown(update.entries.len());
    browser.click("document.querySelector('[data-letter=T]')");
    let types = update.entries.iter().filter(|(letter, _)| letter == "T");
    let mut types: Vec<&str> = types.map(|(_, path)| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(browser.text(STATUS), format!("{} of {all} changed entries", types.len()));
    browser.click("document.getElementById('unfold')");
    let found = rows(browser);
    let mut found: Vec<&str> =
        found.iter().filter(|row| row.letter == "T").map(|row| &*row.name).collect();
    types.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, types);
    browser.click("document.querySelector('[data-letter=T]')");
    assert_eq!(browser.text(STATUS), format!("{all} changed entries"));
    browser.click("document.querySelector('[data-attribute=owner]')");
    let owners = &update.document["summary"]["attributes"]["owner"];
    assert_eq!(browser.text(STATUS), format!("{owners} of {all} changed entries"));
    browser.click("document.getElementById('clear')");
    assert_eq!(browser.text(STATUS), format!("{all} changed entries"));
    browser.click("document.getElementById('fold')");
}

fn check_search(browser: &mut Browser, update: &Update) {
    let all = shown(update.entries.len());
    for text in ["keyrings", "/usr/share/doc/", "share/doc/l", "dpkg/info/util-linux.p"] {
        browser.click("document.getElementById('tree')");
        browser.press(&["/"]);
        browser.type_text(text);
        let wanted = format!("{} of {all} changed entries", shown(update.with(text)));
        let arrived = format!(
            "new Promise(done => {{ const look = () => {STATUS} === {wanted:?} ? done({STATUS}) : setTimeout(look, 20);
             look(); setTimeout(() => done({STATUS}), 3000); }})"
        );
        assert_eq!(browser.text(&arrived), wanted, "{text}");
        assert!(browser.number("document.querySelectorAll('.row').length") > 2);
        browser.press(&["Escape"]);
        assert_eq!(browser.text(STATUS), format!("{all} changed entries"));
    }
    browser.click("document.querySelector('.look .path')");
    let first = update.document["notices"][0]["path"].as_str().unwrap();
    assert_eq!(browser.text("document.querySelector('#detail .path').textContent"), first);
}

/// The map of sizes leads into a directory, and back.
fn check_sizes(browser: &mut Browser, update: &Update) {
    for side in ["old", "new"] {
        let label = browser.text(&format!("document.getElementById('{side}-map').ariaLabel"));
        let total = browser.text(&format!("document.getElementById('{side}-total').textContent"));
        let bytes = update.document[side]["bytes"].as_u64().unwrap();
        assert_eq!(total, cfs::diff::bytes(bytes));
        assert!(label.contains(&total), "{label}");
    }
    let cells = browser.number("document.querySelectorAll('#new-map .cell').length");
    assert!((10..=700).contains(&cells), "{cells}");
    let names = "#size-table th[scope=row]";
    assert_eq!(browser.texts(names)[..3], ["usr", "var", "etc"]);
    browser.click("document.querySelector('#new-map .cell')");
    assert_eq!(browser.text("document.querySelector('#crumbs [aria-current]').textContent"), "usr");
    assert!(browser.texts(names).contains(&"lib".to_owned()));
    browser.click("document.querySelector('#crumbs button')");
    assert_eq!(browser.texts(names)[0], "usr");
}

/// The contrast of text and ground, in tenths, as WCAG defines it: the least of all that is checked.
const CONTRAST: &str = "(() => {
    const light = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(part => part / 255)
        .map(part => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
    const ground = light(getComputedStyle(document.body).backgroundColor);
    const texts = ['body', 'h1', '.sources', '.totals', '.path', '.row .words', '.row .kind', '#kinds .kind', '.legend'];
    const all = texts.flatMap(text => [...document.querySelectorAll(text)]).map(it => light(getComputedStyle(it).color));
    return Math.floor(10 * Math.min(...all.map(it => (Math.max(it, ground) + .05) / (Math.min(it, ground) + .05)))); })()";

fn keep_screenshot(browser: &mut Browser, name: &str, (width, height): (u32, u32)) {
    browser.value("scrollTo(0, 0)");
    let png = browser.screenshot();
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (width, height), "{name}");
    // One colour alone takes a tenth of this.
    assert!(png.len() > 30_000, "{name}: {} bytes", png.len());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join(format!("diff-page-{name}.png")), png).unwrap();
}

#[test]
fn a_real_update_is_shown_at_a_desk_and_on_a_phone() {
    let Some(mut browser) = Browser::start() else { return };
    let update = Update::real();
    for (name, size, phone) in [("desktop", (1280, 900), false), ("phone", (390, 844), true)] {
        browser.size(size, phone);
        browser.scheme("light");
        browser.open(&update.world.path("page.html"));
        assert_eq!(browser.troubles(), Vec::<&Value>::new());
        assert_eq!(browser.number("innerWidth"), u64::from(size.0));
        assert!(browser.number("document.documentElement.scrollWidth") <= u64::from(size.0));
        check_figures(&mut browser, &update);
        keep_screenshot(&mut browser, name, size);
        check_folding(&mut browser, &update);
        check_filters(&mut browser, &update);
        check_search(&mut browser, &update);
        check_sizes(&mut browser, &update);
        assert!(browser.number("document.documentElement.scrollWidth") <= u64::from(size.0));
        for scheme in ["light", "dark"] {
            browser.scheme(scheme);
            let contrast = browser.number(CONTRAST);
            assert!(contrast >= 45, "{scheme}: {contrast}");
        }
        keep_screenshot(&mut browser, &format!("{name}-dark"), size);
        assert_eq!(browser.troubles(), Vec::<&Value>::new());
    }
}

#[test]
fn on_paper_there_is_a_list_that_says_what_it_leaves_out() {
    let Some(mut browser) = Browser::start() else { return };
    let update = Update::real();
    browser.open(&update.world.path("page.html"));
    browser.value("dispatchEvent(new Event('beforeprint'))");
    let lines = browser.texts("#printed li");
    let told = browser.texts("#printed li > .kind").len();
    let left = shown(update.entries.len() - told);
    let last = format!("{left} more changed entries are not shown on paper");
    assert_eq!((lines.len(), lines.last().unwrap()), (1501, &last));
    browser.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.texts("#printed li").len(), 0);
}

#[test]
fn hostile_names_are_shown_and_never_run() {
    let Some(mut browser) = Browser::start() else { return };
    let world =
        World::with(&[("old", "/ 4096 40755 2 0 0 0 0.0 - - -\n"), ("new", &page::hostile())]);
    world.write("page.html", world.cfs("diff -q --html old new").0.stdout);
    browser.open(&world.path("page.html"));
    assert_eq!(browser.troubles(), Vec::<&Value>::new());
    assert_eq!(browser.number("document.images.length + document.scripts.length"), 2);
    let title = browser.text("document.title");
    assert!(title.starts_with("Filesystem changes: "), "{title}");
    let names = browser.texts(".row .name");
    assert_eq!(names.len(), 1 + page::HOSTILE.len());
    for name in ["<!--<script>", r"\xe2\x80\xaegnp.exe", r"line\nend\ttab", r"back\\slash"] {
        assert!(names.contains(&name.to_owned()), "{name} is not in {names:?}");
    }
}

/// A tree of a million files in a thousand directories, of which each has an owner and a time of its own.
fn million(add: u32) -> String {
    let mut text = String::from("/ 4096 40755 2 0 0 0 0.0 - - -\n");
    for dir in 0..1000 {
        text.push_str(&format!("/dir{dir:03} 4096 40755 2 0 0 0 0.0 - - -\n"));
        for file in 0..1000 {
            let owner = dir * 1000 + file + add;
            let line = format!(
                "/dir{dir:03}/file-{file:03} {file} 100644 1 {owner} 0 0 {owner}.0 object{file} - -\n"
            );
            text.push_str(&line);
        }
    }
    text
}

/// How long a page of a million entries may take to show its first rows.
const MAX_MILLISECONDS: f64 = 2000.0;

#[test]
fn a_million_changed_entries_open_in_under_two_seconds() {
    let Some(mut browser) = Browser::start() else { return };
    let world = World::with(&[("old", &million(0)), ("new", &million(1))]);
    world.write("page.html", world.cfs("diff -q --html old new").0.stdout);
    let mut times = Vec::new();
    for _ in 0..3 {
        browser.open(&world.path("page.html"));
        // The map of sizes is drawn after the rows, and both before this.
        let loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd";
        times.push(browser.value(loaded).as_f64().unwrap());
    }
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    println!("first rows of a million after {times:?} ms");
    assert!(first > 0.0 && first < MAX_MILLISECONDS, "{times:?} ms");
    assert_eq!(browser.text(STATUS), "1,000,000 changed entries");
    browser.value("document.getElementById('tree').focus()");
    browser.click("document.getElementById('unfold')");
    browser.value("document.getElementById('tree').focus()");
    browser.press(&["End"]);
    assert_eq!(browser.text(SELECTED), "file-999");
    assert_eq!(
        browser.text("document.querySelector('#detail .path').textContent"),
        "/dir999/file-999"
    );
    let words = browser.texts(".row[aria-selected=true] .words");
    assert!(words[0].starts_with("owner 999999:0 → 1000000:0"), "{words:?}");
    assert!(browser.number("document.querySelectorAll('.row').length") < 100);
}
