//! Speed of each stage from text to image and back, in memory: `cargo bench --bench stages`.
//!
//! The text is made by `examples/generate_dump.rs`: 100,000 entries, or `CFS_BENCH_ENTRIES`. The
//! median of five runs counts. The first table has the CPU time of one thread, the second the time
//! that passes with all processors at work.

#[allow(dead_code, reason = "its program is not used here")]
#[path = "../examples/generate_dump.rs"]
mod generate;

use std::convert::Infallible;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use cfs::canon;
use cfs::dump::{self, Batch, BatchReader, Options, Profile};
use cfs::erofs::{self, Layout, Version};
use cfs::threads::{self, Threads};
use cfs::tree::Tree;
use cfs::verity::Algorithm;

const RUNS: usize = 5;
/// Bytes of an image that are emitted at a time.
const WINDOW: usize = 256 * 1024;

fn main() {
    let entries = std::env::var("CFS_BENCH_ENTRIES").ok();
    let entries = entries.map_or(100_000, |text| text.parse().expect("a number of entries"));
    let text = generate::distribution(entries);
    let tree = parse(&text, Threads::ONE);
    let layout = erofs::layout(&tree, Version::V0).expect("an image holds it");
    let image = layout.to_vec();
    println!(
        "{} entries, {} bytes of text, {} bytes of image",
        tree.len(),
        text.len(),
        image.len()
    );
    let one = Table { clock: cpu_nanoseconds, entries: tree.len() };
    one.head("one thread, CPU time");
    one_thread(&one, &text, &tree, &image);
    let all = Table { clock: nanoseconds, entries: tree.len() };
    all.head("all processors, wall time");
    all_processors(&all, &text, &tree, &layout);
}

fn one_thread(table: &Table, text: &[u8], tree: &Tree<'_>, image: &[u8]) {
    table.row("text: scan", text.len(), || (), |()| scan(text));
    table.row("text: parse, scan included", text.len(), || (), |()| parse(text, Threads::ONE));
    table.row(
        "tree: canonicalise",
        text.len(),
        || tree.clone(),
        |mut tree| {
            let changes = canon::canonicalise(&mut tree);
            (tree, changes)
        },
    );
    table.row("tree: lay out", image.len(), || (), |()| erofs::layout(tree, Version::V0));
    let layout = erofs::layout(tree, Version::V0).expect("an image holds it");
    table.row("image: emit", image.len(), || (), |()| emit(&layout));
    table.row("image: emit and digest", image.len(), || (), |()| write(&layout, Threads::ONE));
    table.row("image: read", image.len(), || (), |()| erofs::read(image));
    table.row("text: print", text.len(), || (), |()| dump::print(tree));
}

fn all_processors(table: &Table, text: &[u8], tree: &Tree<'_>, layout: &Layout<'_>) {
    let all = Threads::available();
    let len = usize::try_from(layout.len()).expect("the image is in memory");
    table.row("text: parse", text.len(), || (), |()| parse(text, all));
    table.row("tree: lay out", len, || (), |()| threads::layout(tree, Version::V0, all));
    table.row("image: emit and digest", len, || (), |()| write(layout, all));
}

/// Reads every line, and puts none together.
fn scan(text: &[u8]) {
    let mut reader = BatchReader::new(Profile::Lenient);
    let mut batch = Batch::default();
    for part in dump::parts(text) {
        reader.read(part, &mut batch);
        black_box(&batch);
    }
}

fn parse(text: &[u8], threads: Threads) -> Tree<'_> {
    let parsed = threads::parse(text, &Options::default(), threads);
    parsed.unwrap_or_else(|error| panic!("{error}")).tree
}

fn emit(layout: &Layout<'_>) {
    let mut window = Vec::new();
    let mut start = 0;
    while start < layout.len() {
        let left = usize::try_from(layout.len() - start).unwrap_or(WINDOW);
        layout.emit_into(start, left.min(WINDOW), &mut window);
        start += WINDOW as u64;
        black_box(&window);
    }
}

fn write(layout: &Layout<'_>, threads: Threads) {
    let written = threads::write_image(layout, threads, Some(Algorithm::Sha256), |bytes| {
        black_box(bytes);
        Ok::<(), Infallible>(())
    });
    let _ = black_box(written);
}

/// Rows that share a clock.
struct Table {
    clock: fn() -> u64,
    entries: usize,
}

impl Table {
    fn head(&self, title: &str) {
        let [ms, mb, entries, ns] = ["ms", "MB/s", "entries/s", "ns/entry"];
        println!("\n{title:<28} {ms:>9} {mb:>9} {entries:>12} {ns:>9}");
    }

    /// Runs a stage, and says how it went through so many bytes. What `prepare` makes is not timed,
    /// nor is it when the result goes away.
    fn row<P, R>(&self, name: &str, bytes: usize, prepare: impl Fn() -> P, stage: impl Fn(P) -> R) {
        let mut times = [0; RUNS].map(|_: u64| {
            let prepared = prepare();
            let start = (self.clock)();
            let result = black_box(stage(black_box(prepared)));
            let time = (self.clock)() - start;
            drop(result);
            time
        });
        times.sort_unstable();
        let time = times[RUNS / 2] as f64;
        let (bytes, entries) = (bytes as f64, self.entries as f64);
        println!(
            "{name:<28} {:>9.2} {:>9.0} {:>12.0} {:>9.1}",
            time / 1e6,
            bytes / time * 1e3,
            entries / time * 1e9,
            time / entries,
        );
    }
}

/// CPU time of this thread so far, from Linux's scheduler.
fn cpu_nanoseconds() -> u64 {
    // The account is brought up to date when the scheduler runs.
    std::thread::yield_now();
    let stat = fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    stat.split(' ').next().and_then(|field| field.parse().ok()).expect("a number of nanoseconds")
}

/// Time since the first call.
fn nanoseconds() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
