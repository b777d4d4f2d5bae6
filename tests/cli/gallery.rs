//! The gallery of comparisons in `fixtures/diff`: what is printed for each, as golden files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::page;
use crate::schema;
use crate::support::{fixture, read};
use crate::world::World;

/// A pair of sources.
struct Pair {
    folder: PathBuf,
    world: World,
    /// What is compared, as arguments.
    args: String,
}

impl Pair {
    fn open(folder: &Path) -> Self {
        let world = World::new();
        let how = fs::read_to_string(folder.join("how")).unwrap_or_default();
        let said = |name: &str| how.lines().find_map(|line| line.strip_prefix(name));
        let mut args = said("args=").unwrap_or_default().to_owned();
        for side in ["old", "new"] {
            let given = said(&format!("{side}="));
            let text = match given.filter(|given| given.contains('/')) {
                Some(other) => read(&fixture(other)),
                None => source(folder, side),
            };
            let name = format!("{side}.dump");
            world.write(&name, text);
            let format = said(&format!("{side}_image=")).map(str::to_owned);
            match format {
                None => args += &format!(" {name}"),
                Some(format) => {
                    let command = format!("mkimage -q --format={format} {name} {side}.cfs");
                    world.cfs(&command).is_silent_success();
                    args += &format!(" {side}.cfs");
                }
            }
        }
        Self { folder: folder.to_owned(), world, args }
    }

    /// Compares what is printed with the golden file.
    fn check(&self, form: &str, name: &str) -> Vec<u8> {
        let ran = self.world.cfs(&format!("diff -q {form} {}", self.args));
        let packed = self.folder.join(format!("{name}.gz"));
        let golden = self.folder.join(name);
        assert_eq!(ran.err(), "", "{}", golden.display());
        let printed = ran.0.stdout;
        if std::env::var_os("CFS_UPDATE").is_some_and(|value| value == "1") {
            return update(&golden, &packed, printed);
        }
        let wanted = if packed.exists() { read(&packed) } else { read(&golden) };
        let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        assert!(printed == wanted, "{}:\n{}", golden.display(), shown(&printed));
        printed
    }
}

impl Pair {
    /// Compares the page with the document, which has the same figures.
    fn check_page(&self, document: &Value) {
        let print = |threads: &str| {
            let command = format!("diff -q --html --threads={threads} {}", self.args);
            self.world.cfs(&command).0.stdout
        };
        let made = print("1");
        page::agrees(&made, document);
        assert!(made == print("3"), "{}: the page depends on threads", self.folder.display());
    }
}

/// Golden files of more bytes are kept packed.
const MAX_PLAIN: usize = 64 * 1024;

fn update(golden: &Path, packed: &Path, printed: Vec<u8>) -> Vec<u8> {
    let (write, other) =
        if printed.len() > MAX_PLAIN { (packed, golden) } else { (golden, packed) };
    let _ = fs::remove_file(other);
    if write == packed {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &printed).unwrap();
        fs::write(write, encoder.finish().unwrap()).unwrap();
    } else {
        fs::write(write, &printed).unwrap();
    }
    printed
}

fn source(folder: &Path, side: &str) -> Vec<u8> {
    let plain = folder.join(format!("{side}.dump"));
    if plain.exists() { read(&plain) } else { read(&folder.join(format!("{side}.dump.gz"))) }
}

#[test]
fn each_pair_is_told_as_it_was_reviewed() {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(fixture("diff")).unwrap().map(|it| it.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 25, "{}", folders.len());
    for folder in folders {
        let pair = Pair::open(&folder);
        pair.check("", "text");
        let comment = pair.check("--markdown", "markdown.md");
        assert!(String::from_utf8(comment).unwrap().chars().count() <= 65_000);
        let json = pair.check("--json", "json");
        let document: Value = serde_json::from_slice(&json).unwrap();
        schema::follows("diff.schema.json", &document);
        pair.check_page(&document);
        if document["complete"] == true {
            pair.world.write("changes.json", &json);
            let sources: Vec<&str> = pair.args.split(' ').rev().take(2).collect();
            let patched = pair.world.cfs(&format!("patch -q {} changes.json", sources[1]));
            patched.is_silent_success();
            let wanted = pair.world.cfs(&format!("dump -q {}", sources[0])).out();
            assert!(patched.out() == wanted, "{}: the patched dump is another", folder.display());
        }
    }
}
