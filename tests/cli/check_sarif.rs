//! `cfs check --sarif`: what SARIF 2.1.0 and code scanning ask for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::canonical;
use crate::world::{ROOT, World};

fn sarif(world: &World, sources: &str) -> Value {
    let ran = world.shell(&format!("$cfs check --sarif {sources}"));
    assert!(ran.0.status.code() < Some(2), "{}", ran.err());
    serde_json::from_str(&ran.out()).unwrap()
}

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

fn place(result: &Value) -> &Value {
    &result["locations"][0]["physicalLocation"]
}

#[test]
fn results_and_rules_have_what_code_scanning_requires() {
    let world = World::new();
    let lines = "/f 0 100666 1 0 0 0 0.0 - - -\n/su 0 104755 1 0 0 0 0.0 - - -\n";
    world.write("t", canonical(&world, lines));
    world.write("bad", "/ x 40755 2 0 0 0 0.0 - - -\n");
    world.image("i", &format!("{ROOT}{lines}"));
    let sarif = sarif(&world, "t bad i");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(run["tool"]["driver"]["name"], "cfs");
    for rule in rules {
        for part in ["shortDescription", "fullDescription", "help"] {
            let text = rule[part]["text"].as_str().unwrap();
            assert!(text.ends_with('.') && text.len() < 1024, "{part}: {text}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
        let severity = rule["properties"]["problem.severity"].as_str().unwrap();
        assert_eq!(severity == "recommendation", level == "note");
    }
    assert_eq!(results(&sarif).len(), 5);
    for result in results(&sarif) {
        let number = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[number]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let region = &place(result)["region"];
        let number = |name: &str| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert_eq!(number("startLine"), number("endLine"));
        assert!(number("startColumn") <= number("endColumn"));
    }
    // A line of the text; a byte of the image, and its path in the tree.
    let text = place(&results(&sarif)[0]);
    let region = &text["region"];
    let found = ["startLine", "startColumn", "endLine", "endColumn"].map(|name| &region[name]);
    assert_eq!(found, [2, 6, 2, 12].map(Value::from).each_ref());
    let image =
        results(&sarif).iter().find(|result| place(result)["artifactLocation"]["uri"] == "i");
    let image = image.unwrap();
    let offset = place(image)["region"]["byteOffset"].as_u64().unwrap();
    assert!(image["message"]["text"].as_str().unwrap().ends_with(&format!("(offset {offset:#x})")));
    assert_eq!(image["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "/f");
    world.cfs("check --sarif --json i").exits(2);
}

#[test]
fn columns_count_characters_as_editors_do() {
    let world = World::new();
    // Four bytes and two UTF-16 code units; two bytes and one; one byte that is no UTF-8.
    let line =
        |name: &[u8]| [ROOT.as_bytes(), b"/", name, b" 0 100666 1 0 0 0 0.0 - - -\n"].concat();
    for (name, column) in
        [("a".as_bytes(), 6), ("😀".as_bytes(), 7), ("Ä".as_bytes(), 6), (b"\xff", 6)]
    {
        world.write("t", line(name));
        let sarif = sarif(&world, "t");
        let result = results(&sarif).iter().find(|result| result["ruleId"] == "world-writable");
        let region = &place(result.unwrap())["region"];
        assert_eq!(region["startColumn"], column, "{name:?}");
        assert_eq!(region["endColumn"], column + 6, "{name:?}");
    }
}

#[test]
fn files_are_named_by_relative_uris() {
    let world = World::new();
    world.shell("mkdir 'a b'").exits(0);
    let lines = canonical(&world, "/f 0 100666 1 0 0 0 0.0 - - -\n");
    let uri = |source: &str| {
        let sarif = sarif(&world, &format!("'{source}'"));
        place(&results(&sarif)[0])["artifactLocation"]["uri"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [
        ("a b/t%.txt", "a%20b/t%25.txt"),
        ("./a b/c#d?e", "a%20b/c%23d%3Fe"),
        ("x:y", "x%3Ay"),
        ("ä", "%C3%A4"),
    ] {
        world.write(name, &lines);
        assert_eq!(uri(name), expected);
    }
    let absolute = world.path("x:y");
    let absolute = absolute.to_str().unwrap();
    let expected = format!("file:{}", absolute.replace(':', "%3A"));
    assert_eq!(uri(absolute), expected);
}

#[test]
fn fingerprints_stay_when_lines_move_and_tell_findings_apart() {
    let world = World::new();
    let prints = |text: &str| {
        world.write("t", text);
        let sarif = sarif(&world, "t");
        let print = |result: &Value| {
            let print = result["partialFingerprints"]["cfsFinding/v1"].as_str().unwrap();
            (result["ruleId"].as_str().unwrap().to_owned(), print.to_owned())
        };
        results(&sarif).iter().map(print).collect::<BTreeSet<_>>()
    };
    let lines = "/f 0 100666 2 0 0 0 0.0 - - -\n/g +0 100666 1 0 0 0 0.0 - - -\n";
    let before = prints(&format!("{ROOT}{lines}"));
    let values: BTreeSet<&str> = before.iter().map(|(_, print)| print.as_str()).collect();
    assert_eq!((before.len(), values.len()), (4, 4), "{before:?}");
    let moved = prints(&format!("{ROOT}/a 0 100644 1 0 0 0 0.0 - - -\n{lines}"));
    assert_eq!(moved, before);
    let more = prints(&format!("{ROOT}{lines}/h 0 100666 1 0 0 0 0.0 - - -\n"));
    assert!(more.is_superset(&before) && more.len() == 5, "{more:?}");
}
