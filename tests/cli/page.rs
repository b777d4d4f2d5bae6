//! What the page of `cfs diff --html` holds.

use std::collections::BTreeMap;

use serde_json::Value;

/// A page, taken apart.
pub(crate) struct Page<'p> {
    text: &'p str,
    pub(crate) data: Value,
}

impl<'p> Page<'p> {
    pub(crate) fn of(text: &'p str) -> Self {
        let data = between(text, "<script type=\"application/json\" id=\"data\">", "</script>");
        Self { text, data: serde_json::from_str(data).unwrap() }
    }

    fn lines(&self, column: &str) -> Vec<&str> {
        let lines = self.data[column].as_str().unwrap();
        assert!(lines.ends_with('\n'), "{column}");
        lines.split_terminator('\n').collect()
    }

    fn numbers(&self, column: &str) -> Vec<usize> {
        let list = self.data[column].as_array().unwrap().iter();
        list.map(|number| usize::try_from(number.as_u64().unwrap()).unwrap()).collect()
    }

    /// The letter of each path, and what is told of it.
    pub(crate) fn rows(&self) -> BTreeMap<String, (char, &str)> {
        let (names, words, list) =
            (self.lines("names"), self.numbers("words"), self.lines("word_list"));
        let letters: Vec<char> = self.data["letters"].as_str().unwrap().chars().collect();
        assert_eq!((letters.len(), words.len()), (names.len(), names.len()));
        let (mut rows, mut above) = (BTreeMap::new(), Vec::new());
        for (row, depth) in self.numbers("depths").into_iter().enumerate() {
            above.truncate(depth.saturating_sub(1));
            if depth > 0 {
                above.push(names[row].trim_end_matches('/'));
            }
            let path = format!("/{}", above.join("/"));
            let before = rows.insert(path, (letters[row], list[words[row]]));
            assert_eq!(before, None, "row {row}");
        }
        rows
    }

    /// On how many rows each attribute differs.
    fn attributes(&self) -> BTreeMap<&str, u64> {
        let names = self.data["attributes"].as_array().unwrap();
        let mut counts = BTreeMap::new();
        for set in self.numbers("sets") {
            for attribute in self.data["set_list"][set].as_array().unwrap() {
                let at = usize::try_from(attribute.as_u64().unwrap()).unwrap();
                *counts.entry(names[at].as_str().unwrap()).or_default() += 1;
            }
        }
        counts
    }
}

pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, behind) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    behind.split_once(end).unwrap().0
}

/// The numbers of a summary by the letters of their kinds.
pub(crate) fn by_letter(summary: &Value) -> [(char, u64); 7] {
    let count = |value: &Value| value.as_u64().unwrap();
    [
        ('A', count(&summary["added"]["entries"])),
        ('D', count(&summary["deleted"]["entries"])),
        ('M', count(&summary["content"]["entries"])),
        ('m', count(&summary["metadata"])),
        ('T', count(&summary["type"])),
        ('R', count(&summary["moved"]["entries"])),
        ('L', count(&summary["hardlink"])),
    ]
}

/// Compares a page with the JSON document of the same comparison.
pub(crate) fn agrees(page: &[u8], document: &Value) {
    let page = Page::of(std::str::from_utf8(page).unwrap());
    let (rows, summary) = (page.rows(), &document["summary"]);
    for (letter, count) in by_letter(summary) {
        let found = rows.values().filter(|row| row.0 == letter).count();
        assert_eq!(u64::try_from(found).unwrap(), count, "rows with {letter}");
        if count > 0 {
            let row = between(page.text, &format!("<tr data-kind=\"{letter}\">"), "</tr>");
            let told = between(row, "<td>", "</td>").replace(',', "");
            assert_eq!(told, count.to_string(), "the figure of {letter}");
        }
    }
    let attributes = page.attributes();
    for (name, count) in summary["attributes"].as_object().unwrap() {
        assert_eq!(attributes.get(&**name).copied(), count.as_u64(), "{name}");
    }
    let letters = BTreeMap::from([
        ("added", 'A'),
        ("deleted", 'D'),
        ("content", 'M'),
        ("metadata", 'm'),
        ("type", 'T'),
        ("moved", 'R'),
        ("hardlink", 'L'),
    ]);
    for change in document["changes"].as_array().unwrap() {
        // What is not shown as it is in the document is not looked for.
        let Some(path) = change["path"].as_str() else { continue };
        if path.chars().all(|c| c != '\\' && (c == ' ' || c.is_ascii_graphic())) {
            let row = rows.get(path).map(|row| row.0);
            assert_eq!(row, letters.get(change["kind"].as_str().unwrap()).copied(), "{path}");
        }
    }
    let sizes = &page.data["sizes"];
    assert_eq!(sizes["old"][0], document["old"]["bytes"]);
    assert_eq!(sizes["new"][0], document["new"]["bytes"]);
    let verdict = document["verdict"]["words"].as_str().unwrap().replace('\'', "&#39;");
    assert!(page.text.contains(&format!("<b>Verdict</b> {verdict}</p>")), "{verdict}");
    let notices = page.text.matches("<li><button class=\"path\"").count();
    assert_eq!(notices, document["notices"].as_array().unwrap().len().min(notices.max(100)));
}

/// Names that would be markup, would end what they stand in, or would be shown as something else.
pub(crate) const HOSTILE: [(&str, &str); 8] = [
    ("</script><script>document.title='owned'</script>", "dir"),
    (r"\x3c!--\x3cscript>", "<!--<script>"),
    ("<img\\x20src=x\\x20onerror=document.title='owned'>", "img"),
    (r#""'&amp;{{style}}"#, "quotes"),
    (r"line\nend\ttab", "controls"),
    (r"\xe2\x80\xaegnp.exe", "bidi"),
    (r"\xff\xfe", "bytes"),
    (r"back\\slash", "backslash"),
];

/// A dump with hostile names, each in a directory of its own.
pub(crate) fn hostile() -> String {
    let mut text = "/ 4096 40755 2 0 0 0 0.0 - - -\n".to_owned();
    for (name, _) in HOSTILE {
        let name = name.replace('/', r"\x2f");
        // A slash is no part of a name.
        let name = name.replace(r"\x2f", "|");
        text.push_str(&format!("/{name} 3 104755 1 0 0 0 0.0 - abc - user.<b>=<\\x2fscript>\n"));
    }
    text
}
