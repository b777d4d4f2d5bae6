//! Three small images, each damaged in every place: an error or a tree, and memory within a small
//! multiple of the image.
#![allow(unsafe_code, reason = "an allocator that counts")]

#[path = "laws/mod.rs"]
mod laws;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cfs::dump::{self, Options};
use cfs::erofs::{Version, info, read};

/// Counts the bytes that each thread has allocated, less those it has freed, whoever allocated them.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: all work is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.get() + layout.size().cast_signed();
        NOW.set(now);
        PEAK.set(PEAK.get().max(now));
        // SAFETY: the caller's own.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.set(NOW.get() - layout.size().cast_signed());
        // SAFETY: the caller's own.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most that is allocated at once while something is done.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    PEAK.set(before);
    let done = work();
    (done, (PEAK.get() - before).cast_unsigned())
}

/// Bytes that reading may allocate for each byte of the image.
const MOST_PER_BYTE: usize = 8;

/// One in so many trees that were read from a damaged image is held against all laws.
const SAMPLE: usize = 211;

const FILES: &str = "\
/ 4096 40755 2 0 0 0 0.0 - - - user.k=v
/b 0 60644 1 0 0 259 0.0 - - - security.selinux=f\\x00
/c 0 20644 1 0 65536 1281 1.999999999 - - -
/e 5000 100644 1 0 0 0 1.5 01/23 - 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef security.selinux=f\\x00
/e2 8796093022209 100644 1 0 0 0 1.5 01/23 - - user.k=v
/i 5 100600 1 0 0 0 0.0 - a\\x20b\\n- - security.selinux=f\\x00
/p 0 10644 1 0 0 0 0.0 - - -
/s 0 140755 1 0 0 0 0.0 - - - system.posix_acl_access=
/y 3 120777 1 0 0 0 0.0 a/b - -
/z 0 100644 1 0 0 0 0.0 - - - user.k=v trusted.overlay.redirect=r user.=
";

const LINKS: &str = "\
/ 4096 40755 2 0 0 0 0.0 - - -
/a 4 100644 3 0 0 0 0.0 - data - user.k=v
/b 0 @100644 3 0 0 0 0.0 /a - -
/d 0 40755 2 0 0 0 0.0 - - - trusted.overlay.opaque=y
/d/a 0 @100644 3 0 0 0 0.0 /a - -
/d/d 0 40755 2 0 0 0 0.0 - - - user.k=v
/d/d/w 0 @20644 2 0 0 0 0.0 /d/w - -
/d/w 0 20644 2 0 0 0 0.0 - - - user.k=w
";

/// Names that fill a block, and a content that lies in one. The names that the writer would add are
/// links, which take less room than devices.
fn blocks() -> String {
    let content = "c".repeat(4097);
    let mut text =
        format!("/ 4096 40755 2 0 0 0 0.0 - - -\n/00 4097 100644 9 0 0 0 0.0 - {content} -\n");
    for number in 1..256 {
        text += &format!("/{number:02x} 0 @100644 1 0 0 0 0.0 /00 - -\n");
    }
    text += "/d 0 40755 2 0 0 0 0.0 - - -\n";
    for number in 0..12 {
        text += &format!("/d/{number:02}{} 0 100644 1 0 0 0 0.0 - - -\n", "x".repeat(200));
    }
    text
}

fn image(text: &str, version: Version) -> Vec<u8> {
    let parsed = dump::parse(text.as_bytes(), &Options::default());
    laws::write(&parsed.unwrap_or_else(|error| panic!("{error}")).tree, version)
}

fn images() -> [Vec<u8>; 3] {
    [image(FILES, Version::V0), image(LINKS, Version::V1), image(&blocks(), Version::V0)]
}

/// Reads damaged images one after another.
#[derive(Default)]
struct Reader {
    trees: usize,
    errors: usize,
    peak: usize,
}

impl Reader {
    fn read(&mut self, image: &[u8]) {
        let (outcome, peak) = peak_of(|| match read(image) {
            Ok(tree) => {
                assert!(
                    tree.len() <= image.len() / 13 + 1 && tree.inode_count() <= image.len() / 32
                );
                true
            }
            Err(error) => {
                assert!(
                    usize::try_from(error.offset()).is_ok_and(|at| at <= image.len()),
                    "{error}"
                );
                false
            }
        });
        assert!(peak <= MOST_PER_BYTE * image.len(), "{peak} bytes for {}", image.len());
        self.peak = self.peak.max(peak);
        if outcome {
            self.trees += 1;
            if self.trees.is_multiple_of(SAMPLE) {
                laws::image_accepts_or_points(image);
            }
        } else {
            self.errors += 1;
        }
    }
}

/// Damages the bytes at all places of one remainder, so that several threads share the work.
fn damage(original: &[u8], first: usize, step: usize) -> Reader {
    let mut image = original.to_vec();
    let mut reader = Reader::default();
    for at in (first..image.len()).step_by(step) {
        let flipped = (0..8).map(|bit| original[at] ^ 1 << bit);
        for byte in flipped.chain([0xff]) {
            image[at] = byte;
            reader.read(&image);
        }
        image[at] = original[at];
    }
    reader
}

#[test]
fn every_flipped_bit_and_every_0xff_gives_an_error_or_a_tree() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for original in images() {
        assert!(original.len() <= 20 * 1024, "{} bytes", original.len());
        let readers: Vec<Reader> = std::thread::scope(|scope| {
            let start = |first| {
                scope.spawn({
                    let original = &original;
                    move || damage(original, first, threads)
                })
            };
            let started: Vec<_> = (0..threads).map(start).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sum = |of: fn(&Reader) -> usize| readers.iter().map(of).sum::<usize>();
        let (trees, errors) = (sum(|reader| reader.trees), sum(|reader| reader.errors));
        assert_eq!(trees + errors, 9 * original.len());
        assert!(trees > 1000 && errors > 1000, "{trees} trees, {errors} errors");
        let peak = readers.iter().map(|reader| reader.peak).max().unwrap_or_default();
        println!("{} bytes: {trees} trees, {errors} errors, {peak} bytes at most", original.len());
    }
}

#[test]
fn every_truncated_image_is_refused() {
    for image in images() {
        for len in 0..image.len() {
            let (outcome, peak) = peak_of(|| read(&image[..len]).is_err());
            assert!(outcome && peak == 0, "{len} bytes: {peak} allocated");
        }
    }
}

#[test]
fn every_image_whose_end_is_missing_gives_an_error_or_a_tree() {
    for mut image in images() {
        // A superblock that tells no length.
        image[1024 + 36..1024 + 40].fill(0);
        let mut reader = Reader::default();
        for len in 4096..image.len() {
            reader.read(&image[..len]);
        }
        assert!(reader.errors > 0);
    }
}

#[test]
fn an_image_that_claims_much_gets_little() {
    let mut image = image(LINKS, Version::V1);
    // The number of inodes in the superblock, and the size of the root.
    image[1024 + 16..1024 + 24].fill(0xff);
    Reader::default().read(&image);
    let root = 32 * usize::from(u16::from_le_bytes([image[1024 + 14], image[1024 + 15]]));
    image[root + 8..root + 12].fill(0xff);
    Reader::default().read(&image);
    assert!(info(&image).is_ok() && read(&image).is_err());
}
