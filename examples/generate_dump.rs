//! Writes a made-up composefs dump to standard output, for benchmarks and stress tests.
//!
//! ```text
//! cargo run --release --example generate_dump -- --entries 1000000 > tree.dump
//! cargo run --release --example generate_dump -- --shape wide --seed 7 > wide.dump
//! ```
//!
//! The same arguments give the same bytes on every machine. `--entries` counts the lines, the
//! root's included. The shapes:
//!
//! * `distribution` (the default): names, depths, sizes, times and labels as in an installed system;
//! * `wide`: every name in one directory;
//! * `deep`: one chain of at most 10,000 directories, with a file on every hundredth level. The text
//!   grows with the square of the depth, to 100 MB, so this shape ignores a larger `--entries`;
//! * `unsorted`: the lines of `distribution` in a random order that names parents before their children
//!   and the target of a hard link before or after it.
//!
//! All but `unsorted` are in the order of the canonical form: depth first, siblings by the bytes of
//! their names. Digests are random numbers: there are no objects behind them.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

const USAGE: &str =
    "usage: generate_dump [--entries N] [--shape distribution|wide|deep|unsorted] [--seed N]";

const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;

/// Levels of the `deep` shape, and how many of them lie between two files.
const DEEPEST: usize = 10_000;
const FILE_EVERY: usize = 100;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("generate_dump: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        // A reader that has seen enough is no trouble.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("generate_dump: standard output: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write(options, &mut out)?;
    out.flush()
}

/// The text of `distribution` with so many lines; for benchmarks, which have this file as a module.
#[allow(dead_code, reason = "the program itself writes to a stream")]
pub(crate) fn distribution(entries: usize) -> Vec<u8> {
    let options = Options { entries: entries.max(1), shape: Shape::Distribution, seed: 1 };
    let mut text = Vec::new();
    // A vector takes all that is written to it.
    let _ = write(&options, &mut text);
    text
}

fn write(options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut tree = match options.shape {
        Shape::Distribution | Shape::Unsorted => Builder::new(options).distribution(),
        Shape::Wide => Builder::new(options).wide(),
        Shape::Deep => Builder::new(options).deep(),
    };
    tree.settle();
    let order = match options.shape {
        Shape::Unsorted => tree.shuffled(&mut Random(!options.seed)),
        _ => tree.walk(),
    };
    let mut text = Vec::new();
    for id in order {
        tree.print(id, &mut text);
        if text.len() > 1 << 20 {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)
}

// ---- The command line ----

#[derive(Clone, Copy)]
enum Shape {
    Distribution,
    Wide,
    Deep,
    Unsorted,
}

struct Options {
    entries: usize,
    shape: Shape,
    seed: u64,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { entries: 1_000_000, shape: Shape::Distribution, seed: 1 };
        while let Some(flag) = args.next() {
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), value.to_owned()),
                None => {
                    let value = args.next().ok_or(format!("{flag}: expected a value after it"))?;
                    (flag, value)
                }
            };
            match flag.as_str() {
                "--entries" => options.entries = number::<usize>(&value)?.max(1),
                "--seed" => options.seed = number(&value)?,
                "--shape" => options.shape = shape(&value)?,
                _ => return Err(format!("{flag}: unknown option")),
            }
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("expected a decimal number, found {text:?}"))
}

fn shape(text: &str) -> Result<Shape, String> {
    match text {
        "distribution" => Ok(Shape::Distribution),
        "wide" => Ok(Shape::Wide),
        "deep" => Ok(Shape::Deep),
        "unsorted" => Ok(Shape::Unsorted),
        _ => Err(format!("expected a shape, found {text:?}")),
    }
}

// ---- Random numbers ----

/// `SplitMix64`: small, fast, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0 if that is 0. The bias of the remainder does not matter here.
    fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// An index into something that is `len` long.
    fn index(&mut self, len: usize) -> usize {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(len)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// True in `n` of 1000 cases.
    fn permille(&mut self, n: u64) -> bool {
        self.below(1000) < n
    }

    fn digest(&mut self) -> [u8; 32] {
        let mut digest = [0; 32];
        for part in digest.chunks_exact_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes());
        }
        digest
    }

    /// File sizes: the middle one is some 4 KiB, one in 200 goes up to 128 MiB.
    fn size(&mut self) -> u64 {
        let bits =
            if self.permille(5) { 17 + self.below(11) } else { 6 + self.below(7) + self.below(7) };
        65 + self.below(1 << bits)
    }

    /// A time of the last few years.
    fn time(&mut self) -> Mtime {
        Mtime {
            seconds: 1_610_000_000 + self.below(110_000_000),
            nanoseconds: self.below(1_000_000_000),
        }
    }

    /// A time as packages carry it: most have whole seconds only.
    fn build_time(&mut self, number: u64) -> Mtime {
        let time = self.time();
        if number.is_multiple_of(8) { time } else { Mtime { nanoseconds: 0, ..time } }
    }

    fn word(&mut self, out: &mut Vec<u8>) {
        if self.permille(550) {
            out.extend_from_slice(self.pick(WORDS).as_bytes());
        } else {
            for _ in 0..2 + self.below(4) / 3 {
                out.extend_from_slice(self.pick(SYLLABLES).as_bytes());
            }
        }
    }
}

// ---- The tree ----

#[derive(Clone, Copy)]
struct Mtime {
    seconds: u64,
    nanoseconds: u64,
}

/// What a name stands for, without the metadata that all types share.
#[derive(Clone)]
enum Kind {
    Directory(Vec<usize>),
    External {
        size: u64,
        digest: [u8; 32],
    },
    Inline(Vec<u8>),
    Symlink(Vec<u8>),
    Special {
        rdev: u32,
    },
    /// A hard link to another node, not chosen yet while the tree grows.
    Link(Option<usize>),
}

struct Node {
    parent: usize,
    name: Vec<u8>,
    kind: Kind,
    mode: u32,
    nlink: usize,
    uid: u32,
    mtime: Mtime,
    label: Option<&'static str>,
    capability: Option<&'static str>,
    /// SIZE of a directory, see [`directory_size`].
    size: u64,
}

struct Tree {
    nodes: Vec<Node>,
    random: Random,
}

impl Tree {
    /// Does what can only be done once all names are there: sorts, counts, ties hard links.
    fn settle(&mut self) {
        self.sort();
        self.count();
        self.tie_links();
    }

    fn children(&self, id: usize) -> &[usize] {
        match &self.nodes[id].kind {
            Kind::Directory(children) => children,
            _ => &[],
        }
    }

    /// Components of the path.
    fn depth(&self, id: usize) -> usize {
        std::iter::successors(Some(id), |id| Some(self.nodes[*id].parent))
            .take_while(|id| *id != 0)
            .count()
    }

    fn sort(&mut self) {
        for id in 0..self.nodes.len() {
            if let Kind::Directory(children) = &mut self.nodes[id].kind {
                let mut children = std::mem::take(children);
                children.sort_unstable_by(|a, b| self.nodes[*a].name.cmp(&self.nodes[*b].name));
                self.nodes[id].kind = Kind::Directory(children);
            }
        }
    }

    /// SIZE and NLINK of the directories.
    fn count(&mut self) {
        for id in 0..self.nodes.len() {
            if let Kind::Directory(children) = &self.nodes[id].kind {
                let below =
                    children.iter().filter(|c| matches!(self.nodes[**c].kind, Kind::Directory(_)));
                let nlink = 2 + below.count();
                let names = children.iter().map(|c| self.nodes[*c].name.as_slice()).collect();
                let size = directory_size(names, id == 0);
                self.nodes[id].nlink = nlink;
                self.nodes[id].size = size;
            }
        }
    }

    /// Ties every hard link to one of the last regular files before it in the canonical order.
    fn tie_links(&mut self) {
        let mut files = Vec::new();
        for id in self.walk() {
            match self.nodes[id].kind {
                Kind::External { .. } => files.push(id),
                Kind::Link(_) if files.is_empty() => self.nodes[id].kind = Kind::Inline(Vec::new()),
                Kind::Link(_) => {
                    let back = self.random.index(files.len().min(8));
                    let target = files[files.len() - 1 - back];
                    self.nodes[id].kind = Kind::Link(Some(target));
                    self.nodes[target].nlink += 1;
                }
                _ => {}
            }
        }
    }

    /// All nodes, depth first, siblings by name.
    fn walk(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut waiting = vec![0];
        while let Some(id) = waiting.pop() {
            order.push(id);
            waiting.extend(self.children(id).iter().rev());
        }
        order
    }

    /// All nodes in a random order, parents before their children.
    fn shuffled(&self, random: &mut Random) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut waiting = vec![0];
        while !waiting.is_empty() {
            let id = waiting.swap_remove(random.index(waiting.len()));
            order.push(id);
            waiting.extend(self.children(id));
        }
        order
    }

    // ---- Text ----

    fn print(&self, id: usize, out: &mut Vec<u8>) {
        self.path(id, out);
        let (link, inode) = match self.nodes[id].kind {
            Kind::Link(Some(target)) => (Some(target), &self.nodes[target]),
            _ => (None, &self.nodes[id]),
        };
        let size = match &inode.kind {
            Kind::Directory(_) => inode.size,
            Kind::External { size, .. } => *size,
            Kind::Inline(bytes) | Kind::Symlink(bytes) => length(bytes),
            Kind::Special { .. } | Kind::Link(_) => 0,
        };
        let rdev = if let Kind::Special { rdev } = inode.kind { rdev } else { 0 };
        let at = if link.is_some() { "@" } else { "" };
        let Node { mode, nlink, uid, mtime: Mtime { seconds, nanoseconds }, .. } = inode;
        let numbers = format_args!(
            " {size} {at}{mode:o} {nlink} {uid} {uid} {rdev} {seconds}.{nanoseconds} "
        );
        // Writing to a vector cannot fail.
        let _ = out.write_fmt(numbers);
        match link {
            Some(target) => self.path(target, out),
            None => payload(inode, out),
        }
        content_and_digest(inode, out);
        xattrs(inode, out);
        out.push(b'\n');
    }

    fn path(&self, id: usize, out: &mut Vec<u8>) {
        if id == 0 {
            out.push(b'/');
            return;
        }
        let mut names = Vec::with_capacity(16);
        let mut at = id;
        while at != 0 {
            names.push(self.nodes[at].name.as_slice());
            at = self.nodes[at].parent;
        }
        for name in names.into_iter().rev() {
            out.push(b'/');
            escape(name, out);
        }
    }
}

fn payload(inode: &Node, out: &mut Vec<u8>) {
    match &inode.kind {
        Kind::External { digest, .. } => {
            hex(&digest[..1], out);
            out.push(b'/');
            hex(&digest[1..], out);
        }
        Kind::Symlink(target) => escape(target, out),
        _ => out.push(b'-'),
    }
}

fn content_and_digest(inode: &Node, out: &mut Vec<u8>) {
    out.push(b' ');
    match &inode.kind {
        Kind::Inline(content) if !content.is_empty() => escape(content, out),
        _ => out.push(b'-'),
    }
    out.push(b' ');
    match &inode.kind {
        Kind::External { digest, .. } => hex(digest, out),
        _ => out.push(b'-'),
    }
}

fn xattrs(inode: &Node, out: &mut Vec<u8>) {
    if let Some(value) = inode.capability {
        out.extend_from_slice(b" security.capability=");
        out.extend_from_slice(value.as_bytes());
    }
    if let Some(label) = inode.label {
        out.extend_from_slice(b" security.selinux=system_u:object_r:");
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(b"_t:s0\\x00");
    }
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x21..=0x7e => out.push(*byte),
            _ => {
                out.extend_from_slice(b"\\x");
                hex(&[*byte], out);
            }
        }
    }
}

/// Bytes that the names of a directory take in an image: 12 and the name for each, in blocks of 4096
/// that no name crosses. An image's root holds all names from `00` to `ff`, though no dump shows them.
fn directory_size(names: Vec<&[u8]>, is_root: bool) -> u64 {
    let hidden: Vec<String> =
        if is_root { (0..256).map(|n| format!("{n:02x}")).collect() } else { Vec::new() };
    let mut names = names;
    names.extend(hidden.iter().map(String::as_bytes));
    names.extend([&b"."[..], b".."]);
    names.sort_unstable();
    names.dedup();
    let (mut blocks, mut last) = (0, 0);
    for name in names {
        let cost = 12 + length(name);
        if last + cost > 4096 {
            blocks += 1;
            last = 0;
        }
        last += cost;
    }
    if last > 2048 { 4096 * (blocks + 1) } else { 4096 * blocks + last }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

// ---- Growing a tree ----

struct Builder {
    tree: Tree,
    /// Nodes the tree may have.
    entries: usize,
    /// Hashes of (parent, name), to give no name twice.
    taken: HashSet<u64>,
    /// Files whose content may occur again.
    externals: Vec<usize>,
    build_times: Vec<Mtime>,
}

impl Builder {
    fn new(options: &Options) -> Self {
        let mut random = Random(options.seed);
        let build_times: Vec<Mtime> = (0..24).map(|number| random.build_time(number)).collect();
        let root = Node {
            parent: 0,
            name: Vec::new(),
            kind: Kind::Directory(Vec::new()),
            mode: DIRECTORY | 0o755,
            nlink: 2,
            uid: 0,
            mtime: build_times[0],
            label: Some("root"),
            capability: None,
            size: 0,
        };
        Self {
            tree: Tree { nodes: vec![root], random },
            entries: options.entries,
            taken: HashSet::new(),
            externals: Vec::new(),
            build_times,
        }
    }

    fn distribution(mut self) -> Tree {
        // `None` says that there is no room for more, which is how this ends.
        let _ = self.fill_distribution();
        self.tree
    }

    fn wide(mut self) -> Tree {
        let place = &PLACES[0];
        if let Some(directory) = self.directory(0, b"wide".to_vec(), place) {
            let mtime = self.build_times[1];
            while self.leaf(directory, place, mtime).is_some() {}
        }
        self.tree
    }

    fn deep(mut self) -> Tree {
        let place = &PLACES[0];
        let mut directory = 0;
        for level in 1..=DEEPEST {
            let Some(next) = self.directory(directory, b"d".to_vec(), place) else {
                break;
            };
            directory = next;
            if level % FILE_EVERY == 0 {
                let kind = self.external();
                self.add(directory, b"f".to_vec(), kind, REGULAR | 0o644, place);
            }
        }
        self.tree
    }

    fn fill_distribution(&mut self) -> Option<()> {
        for (name, target) in
            [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"), ("sbin", "usr/sbin")]
        {
            let kind = Kind::Symlink(target.into());
            self.add(0, name.into(), kind, SYMLINK | 0o777, &PLACES[0])?;
        }
        let mut roots = Vec::new();
        for place in PLACES {
            roots.push(self.place(place)?);
        }
        self.specials()?;
        let mut grown = Vec::new();
        for (place, root) in PLACES.iter().zip(roots) {
            grown.push((place, self.directories(place, root)?));
        }
        for (place, directories) in &grown {
            let files = self.share(place.files, 900, PLACES.iter().map(|p| p.files).sum());
            self.files(place, directories, files)?;
        }
        // What rounding left over.
        let (place, directories) = grown.first()?;
        self.files(place, directories, self.entries)
    }

    /// Entries that fall to a place which has `weight` of `sum`, out of `permille` of all.
    fn share(&self, weight: usize, permille: usize, sum: usize) -> usize {
        self.entries * permille / 1000 * weight / sum
    }

    /// The directory of a place, and those above it.
    fn place(&mut self, place: &'static Place) -> Option<usize> {
        let mut at = 0;
        for name in place.path.split('/') {
            let there = self
                .tree
                .children(at)
                .iter()
                .find(|c| self.tree.nodes[**c].name == name.as_bytes());
            at = match there {
                Some(id) => *id,
                None => self.directory(at, name.into(), place)?,
            };
        }
        Some(at)
    }

    fn specials(&mut self) -> Option<()> {
        let place = PLACES.iter().find(|place| place.path == "dev")?;
        let parent = self.place(place)?;
        for (name, mode, rdev) in SPECIALS {
            let kind = Kind::Special { rdev: *rdev };
            self.add(parent, name.as_bytes().to_vec(), kind, *mode, place)?;
        }
        Some(())
    }

    /// Grows subtrees, each the size of a package, until the place has its share.
    fn directories(&mut self, place: &'static Place, root: usize) -> Option<Vec<usize>> {
        let mut directories = vec![root];
        let count = self.share(place.directories, 100, PLACES.iter().map(|p| p.directories).sum());
        for _ in 0..count {
            let random = &mut self.tree.random;
            let recent = directories.len() - 1 - random.index(directories.len().min(10));
            let is_new_package = random.permille(300) || self.tree.depth(directories[recent]) > 11;
            let parent = if is_new_package { root } else { directories[recent] };
            let name = self.name(parent, |random, name| {
                random.word(name);
                match random.below(10) {
                    0 => name.extend_from_slice(
                        format!("-{}.{}", random.below(9), random.below(30)).as_bytes(),
                    ),
                    1 => name.extend_from_slice(format!("{}", random.below(100)).as_bytes()),
                    _ => {}
                }
            });
            directories.push(self.directory(parent, name, place)?);
        }
        Some(directories)
    }

    /// Adds files in runs that lie in one directory and mostly share a time.
    fn files(&mut self, place: &'static Place, directories: &[usize], count: usize) -> Option<()> {
        let mut left = count;
        while left > 0 {
            let random = &mut self.tree.random;
            let directory = *random.pick(directories);
            let mtime = *random.pick(&self.build_times);
            let bits = random.below(7);
            let run = 1 + random.index(1 << bits);
            for _ in 0..run.min(left) {
                self.leaf(directory, place, mtime)?;
            }
            left -= run.min(left);
        }
        Some(())
    }

    /// Adds one name that is no directory.
    fn leaf(&mut self, parent: usize, place: &'static Place, mtime: Mtime) -> Option<usize> {
        let name = self.name(parent, |random, name| file_name(random, place, name));
        let random = &mut self.tree.random;
        let (kind, mode) = match random.below(900) {
            0..5 => (Kind::Link(None), REGULAR | 0o644),
            5..85 => (Kind::Symlink(self.symlink_target(parent, &name)), SYMLINK | 0o777),
            85..135 => (Kind::Inline(small_content(random)), self.file_mode(place)),
            135..142 => (Kind::Inline(Vec::new()), self.file_mode(place)),
            _ => (self.external(), self.file_mode(place)),
        };
        let id = self.add(parent, name, kind, mode, place)?;
        let random = &mut self.tree.random;
        if random.permille(850) {
            self.tree.nodes[id].mtime = mtime;
        }
        let is_program = mode & 0o111 != 0 && mode & 0o170_000 == REGULAR;
        if is_program && random.permille(5) {
            self.tree.nodes[id].capability = Some(*random.pick(CAPABILITIES));
        }
        Some(id)
    }

    fn directory(&mut self, parent: usize, name: Vec<u8>, place: &'static Place) -> Option<usize> {
        let mode = match self.tree.random.below(100) {
            0 => 0o700,
            1 => 0o2755,
            2 => 0o1777,
            3 => 0o750,
            _ => 0o755,
        };
        self.add(parent, name, Kind::Directory(Vec::new()), DIRECTORY | mode, place)
    }

    /// A random file, or one in thirty times the content of an earlier one.
    fn external(&mut self) -> Kind {
        let random = &mut self.tree.random;
        if random.permille(33) && !self.externals.is_empty() {
            let again = *random.pick(&self.externals);
            return self.tree.nodes[again].kind.clone();
        }
        Kind::External { size: random.size(), digest: random.digest() }
    }

    fn file_mode(&mut self, place: &Place) -> u32 {
        let usual = if matches!(place.label, "bin" | "initrc_exec") { 0o755 } else { 0o644 };
        let mode = match self.tree.random.below(200) {
            0 => 0o600,
            1 => 0o640,
            2 => 0o440,
            3 if usual == 0o755 => 0o4755,
            3..11 => 0o755,
            _ => usual,
        };
        REGULAR | mode
    }

    /// A sibling, something further up, or an absolute path.
    fn symlink_target(&mut self, parent: usize, name: &[u8]) -> Vec<u8> {
        let random = &mut self.tree.random;
        let mut target = Vec::new();
        match random.below(4) {
            0 => target.extend_from_slice(b"../"),
            1 => target.extend_from_slice(b"../../share/"),
            2 if self.tree.nodes[parent].name.len() > 3 => {
                target.extend_from_slice(b"/usr/lib/");
                target.extend_from_slice(&self.tree.nodes[parent].name);
                target.push(b'/');
            }
            _ => {
                target.extend_from_slice(name);
                target.extend_from_slice(format!(".{}", random.below(20)).as_bytes());
                return target;
            }
        }
        random.word(&mut target);
        target.push(b'/');
        target.extend_from_slice(name);
        target
    }

    /// Makes names with `make` until one is free, with a number in the end.
    fn name(&mut self, parent: usize, make: impl Fn(&mut Random, &mut Vec<u8>)) -> Vec<u8> {
        let mut name = Vec::new();
        for attempt in 0_u64.. {
            name.clear();
            make(&mut self.tree.random, &mut name);
            if attempt > 2 {
                let number = self.tree.random.below(10 << attempt.min(40));
                name.extend_from_slice(format!("-{number}").as_bytes());
            }
            if !self.taken.contains(&hash(parent, &name)) {
                break;
            }
        }
        name
    }

    /// Adds a node, or `None` if the tree is full.
    fn add(
        &mut self,
        parent: usize,
        name: Vec<u8>,
        kind: Kind,
        mode: u32,
        place: &Place,
    ) -> Option<usize> {
        let id = self.tree.nodes.len();
        if id >= self.entries {
            return None;
        }
        self.taken.insert(hash(parent, &name));
        if matches!(kind, Kind::External { .. }) {
            self.externals.push(id);
        }
        let random = &mut self.tree.random;
        let label = match random.below(100) {
            0..10 => None,
            10..13 => Some(random.pick(PLACES).label),
            _ => Some(place.label),
        };
        let uid = if random.permille(4) { *random.pick(UIDS) } else { place.uid };
        let mtime =
            if random.permille(500) { *random.pick(&self.build_times) } else { random.time() };
        let node = Node {
            parent,
            name,
            kind,
            mode,
            nlink: 1,
            uid,
            mtime,
            label,
            capability: None,
            size: 0,
        };
        self.tree.nodes.push(node);
        if let Kind::Directory(children) = &mut self.tree.nodes[parent].kind {
            children.push(id);
        }
        Some(id)
    }
}

/// FNV-1a. Two names with the same hash cost one of them a second try, no more.
fn hash(parent: usize, name: &[u8]) -> u64 {
    let parent = u64::try_from(parent).unwrap_or(u64::MAX).to_le_bytes();
    parent.iter().chain(name).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn file_name(random: &mut Random, place: &Place, name: &mut Vec<u8>) {
    let ending = random.pick(place.endings);
    if ending.starts_with(".so") {
        name.extend_from_slice(b"lib");
    }
    random.word(name);
    match random.below(400) {
        // Spaces and letters beyond ASCII are rare in names, but they are there.
        0 => name.push(b' '),
        1 => name.extend_from_slice("é".as_bytes()),
        2..170 => name.push(*random.pick(b"-_.")),
        170..230 => name.extend_from_slice(format!("{}", random.below(40)).as_bytes()),
        _ => {
            name.extend_from_slice(ending.as_bytes());
            return;
        }
    }
    random.word(name);
    name.extend_from_slice(ending.as_bytes());
}

/// A line of settings, at most 64 bytes.
fn small_content(random: &mut Random) -> Vec<u8> {
    let mut content = Vec::new();
    let size = 1 + random.index(63);
    while content.len() < size {
        random.word(&mut content);
        content.push(*random.pick(b" =\n:/"));
    }
    content.truncate(size);
    content.push(b'\n');
    content
}

// ---- What is drawn from ----

/// A part of a system whose files are alike.
struct Place {
    path: &'static str,
    /// Type in the label, without `_t`.
    label: &'static str,
    uid: u32,
    /// Weights among all places.
    directories: usize,
    files: usize,
    /// Ends of file names.
    endings: &'static [&'static str],
}

const fn place(
    path: &'static str,
    label: &'static str,
    (directories, files): (usize, usize),
    endings: &'static [&'static str],
) -> Place {
    Place { path, label, uid: 0, directories, files, endings }
}

const BARE: &[&str] = &[""];
const LIBRARIES: &[&str] = &[".so", ".so.0", ".so.1.2.0", ".so.6", ".a", ".pc"];
const PYTHON: &[&str] = &[".py", ".py", ".pyc", ".pyi", ".txt"];
const HEADERS: &[&str] = &[".h", ".h", ".hpp"];
const MODULES: &[&str] = &[".ko.xz"];
const MANUALS: &[&str] = &[".1.gz", ".3.gz", ".5.gz", ".8.gz"];
const TEXTS: &[&str] = &[".txt", ".md", ".html", ".gz", ".rst"];
const ICONS: &[&str] = &[".png", ".svg", ".png"];
const SETTINGS: &[&str] = &[".conf", ".cfg", ".d", ".service", ".rules", ".json", ".xml"];
const SOURCES: &[&str] = &[".c", ".h", ".rs", ".go", ".mk", ".S"];
const DATA: &[&str] = &[".db", ".dat", ".bin", ".idx", ".cache", ".json"];

/// The first one takes what rounding leaves over.
const PLACES: &[Place] = &[
    place("usr/share", "usr", (150, 130), DATA),
    place("usr/lib", "lib", (120, 120), LIBRARIES),
    place("usr/lib64", "lib", (60, 60), LIBRARIES),
    place("usr/bin", "bin", (1, 25), BARE),
    place("usr/sbin", "bin", (1, 8), BARE),
    place("usr/libexec", "bin", (10, 12), BARE),
    place("usr/include", "usr", (60, 90), HEADERS),
    place("usr/src", "src", (90, 110), SOURCES),
    place("usr/lib/python3/site-packages", "lib", (130, 140), PYTHON),
    place("usr/lib/modules", "modules_object", (40, 30), MODULES),
    place("usr/lib/firmware", "lib", (15, 20), DATA),
    place("usr/lib/systemd/system", "systemd_unit_file", (10, 8), SETTINGS),
    place("usr/lib/fontconfig/cache", "fonts_cache", (1, 2), DATA),
    place("usr/lib/locale", "locale", (5, 5), DATA),
    place("usr/share/doc", "usr", (90, 60), TEXTS),
    place("usr/share/man", "man", (20, 60), MANUALS),
    place("usr/share/locale", "locale", (60, 40), &[".mo"]),
    place("usr/share/icons", "usr", (60, 90), ICONS),
    place("usr/share/fonts", "fonts", (8, 8), &[".ttf", ".otf", ".pcf.gz"]),
    place("usr/share/zoneinfo", "locale", (4, 8), BARE),
    place("usr/share/texmf", "usr", (30, 30), &[".tex", ".sty", ".tfm"]),
    place("usr/share/selinux", "selinux_config", (3, 4), DATA),
    place("usr/share/hwdata", "hwdata", (1, 1), DATA),
    place("usr/local/share", "usr", (2, 2), TEXTS),
    place("etc", "etc", (20, 15), SETTINGS),
    place("etc/alternatives", "alternatives_etc", (1, 1), BARE),
    place("etc/audit", "auditd_etc", (1, 1), SETTINGS),
    place("etc/cron.d", "system_cron_spool", (1, 1), SETTINGS),
    place("etc/cups", "cupsd_etc", (1, 1), SETTINGS),
    place("etc/dhcp", "dhcp_etc", (1, 1), SETTINGS),
    place("etc/httpd", "httpd_config", (2, 2), SETTINGS),
    place("etc/NetworkManager", "NetworkManager_etc", (1, 1), SETTINGS),
    place("etc/pam.d", "etc_pam", (1, 1), BARE),
    place("etc/pki", "cert", (4, 4), &[".pem", ".crt", ".key"]),
    place("etc/postfix", "postfix_etc", (1, 1), SETTINGS),
    place("etc/rc.d/init.d", "initrc_exec", (1, 1), BARE),
    place("etc/selinux", "selinux_config", (2, 2), DATA),
    place("etc/ssh", "sshd_key", (1, 1), SETTINGS),
    place("etc/udev/rules.d", "udev_rules", (1, 1), &[".rules"]),
    place("etc/X11", "xserver_etc", (1, 1), SETTINGS),
    place("boot", "boot", (2, 1), &[".img", ".cfg", ".mod"]),
    place("dev", "device", (0, 0), BARE),
    place("media", "mnt", (0, 0), DATA),
    place("opt", "usr", (30, 30), &[".js", ".map", ".css", ".ts"]),
    place("proc", "proc", (0, 0), DATA),
    place("root", "admin_home", (1, 1), SETTINGS),
    place("run", "var_run", (1, 1), DATA),
    place("srv", "public_content", (1, 1), TEXTS),
    place("sys", "sysfs", (0, 0), DATA),
    place("tmp", "tmp", (0, 0), DATA),
    Place { uid: 1000, ..place("home/user", "user_home", (10, 8), TEXTS) },
    place("var/cache", "var", (5, 5), DATA),
    place("var/lib/alternatives", "rpm_var_lib", (1, 1), BARE),
    place("var/lib/containers", "container_var_lib", (10, 10), DATA),
    place("var/lib/dnf", "rpm_var_cache", (3, 3), DATA),
    place("var/lib/flatpak", "flatpak_var_lib", (10, 8), DATA),
    Place { uid: 26, ..place("var/lib/pgsql", "postgresql_db", (2, 2), DATA) },
    place("var/lib/rpm", "rpm_var_lib", (1, 1), DATA),
    place("var/lib/systemd", "init_var_lib", (1, 1), DATA),
    place("var/lib/tftpboot", "tftpdir_rw", (1, 1), DATA),
    place("var/log", "var_log", (2, 2), &[".log", ".log.gz"]),
    place("var/mail", "mail_spool", (1, 1), BARE),
    place("var/spool", "var_spool", (1, 1), DATA),
    place("var/www", "httpd_sys_content", (3, 3), &[".html", ".css", ".php"]),
];

const UIDS: &[u32] = &[1, 2, 8, 12, 33, 65, 81, 100, 101, 994, 998, 1000, 65534];

/// Name, mode and device number.
const SPECIALS: &[(&str, u32, u32)] = &[
    ("console", 0o020_600, 0x501),
    ("full", 0o020_666, 0x107),
    ("initctl", 0o010_600, 0),
    ("log", 0o140_666, 0),
    ("loop0", 0o060_660, 0x700),
    ("null", 0o020_666, 0x103),
    ("random", 0o020_666, 0x108),
    ("sda", 0o060_660, 0x800),
    ("tty", 0o020_666, 0x500),
    ("urandom", 0o020_666, 0x109),
    ("zero", 0o020_666, 0x105),
];

/// Values of `security.capability`, escaped.
const CAPABILITIES: &[&str] = &[
    r"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    r"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    r"\x01\x00\x00\x02@\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
];

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "access", "acl", "admin", "alsa", "api", "app", "arch", "async", "audio", "auth", "backend",
    "base", "block", "boot", "browser", "build", "cache", "cert", "client", "clock", "codec",
    "color", "common", "config", "context", "control", "core", "crypto", "curl", "daemon", "data",
    "dbus", "debug", "default", "device", "dialog", "disk", "display", "dns", "doc", "drm",
    "editor", "engine", "error", "event", "export", "extra", "file", "filter", "font", "format",
    "frame", "fs", "gnome", "graph", "group", "gtk", "handler", "hash", "help", "host", "http",
    "icon", "image", "import", "index", "init", "input", "install", "io", "json", "kernel", "key",
    "layout", "lib", "linux", "list", "loader", "local", "login", "mail", "main", "manager", "map",
    "media", "memory", "menu", "model", "module", "mount", "net", "node", "object", "ocr", "option",
    "output", "package", "panel", "parser", "path", "perl", "plugin", "policy", "power", "print",
    "profile", "proto", "proxy", "python", "qt", "query", "queue", "reader", "record", "region",
    "remote", "render", "report", "rpm", "rule", "runtime", "scan", "schema", "script", "search",
    "server", "service", "session", "settings", "shell", "signal", "socket", "sound", "ssl",
    "state", "status", "storage", "stream", "style", "symbol", "sync", "system", "table", "task",
    "test", "text", "theme", "thread", "time", "token", "tool", "tree", "types", "ui", "unit",
    "update", "usb", "user", "util", "value", "vendor", "version", "video", "view", "virt", "web",
    "widget", "window", "writer", "xml", "zone",
];

const SYLLABLES: &[&str] = &[
    "al", "an", "ar", "bo", "cor", "da", "del", "di", "en", "er", "fa", "fi", "gar", "go", "ha",
    "il", "in", "ka", "ki", "la", "lo", "ma", "mi", "mon", "na", "no", "o", "or", "pa", "po",
    "qua", "ra", "ri", "sa", "se", "so", "ta", "ter", "ti", "to", "u", "un", "va", "vi", "wa",
    "xe", "ya", "zo",
];
