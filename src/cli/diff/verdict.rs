//! The verdict on two sources: as trees, as images, as files.

use std::io::Read;

use super::Side;
use crate::canon::canonicalise;
use crate::cli::failure::Failure;
use crate::cli::load::{Context, Kind};
use crate::diff::{Counted, Diff, TreeVerdict, Verdict, printable, tree_words};
use crate::erofs::{self, Part, Version};
use crate::num::{clamp_index, wide};
use crate::threads;
use crate::tree::Tree;
use crate::verity::{Algorithm, Digest};

/// The names of the formats.
const FORMATS: [&str; 2] = ["V0", "V1"];

/// Finds the verdict. Images are only written again where the trees are the same.
pub(super) fn verdict(
    context: &Context,
    diff: &Diff<'_>,
    sides: &[Side<'_>; 2],
    same_bytes: bool,
) -> Result<Verdict, Failure> {
    let tree = TreeVerdict::of(diff);
    let told = |images, words| Verdict { tree, images, bytes: same_bytes, words };
    if same_bytes {
        let words = "same tree, same image, the same bytes".to_owned();
        return Ok(told(Some(FORMATS.to_vec()), words));
    }
    let words = tree_words(diff);
    if tree != TreeVerdict::Same {
        return Ok(told(Some(Vec::new()), format!("{words}; {}", images_differ(context, sides))));
    }
    let counts = wide(diff.link_counts().len());
    if counts > 0 {
        let words = format!(
            "{words}; images differ: the link counts of {} differ (--all lists them)",
            if counts == 1 { "1 file".into() } else { format!("{} files", Counted(counts)) }
        );
        return Ok(told(Some(Vec::new()), words));
    }
    let (images, more) = same_trees(context, diff, sides)?;
    Ok(told(images, format!("{words}; {more}")))
}

/// Says that images differ, with their digests if both sides are images.
fn images_differ(context: &Context, sides: &[Side<'_>; 2]) -> String {
    let told = sides.each_ref().map(|side| {
        let digest = digest(context, &side.source.bytes)?;
        let version = erofs::info(&side.source.bytes).ok()?.composefs_version;
        let digits = digest.to_string();
        Some((version, digits.get(..12).unwrap_or_default().to_owned()))
    });
    let is_image = |side: &Side<'_>| side.source.kind == Kind::Image;
    match told {
        [Some(old), Some(new)] if sides.iter().all(is_image) => {
            let (a, b) = (format!("V{}", old.0), format!("V{}", new.0));
            let b = if a == b { String::new() } else { format!("{b} ") };
            format!("images differ ({a} sha256 {}… → {b}{}…)", old.1, new.1)
        }
        _ => "images differ in every format".into(),
    }
}

/// The fs-verity digest of an image.
pub(super) fn digest(context: &Context, image: &[u8]) -> Option<Digest> {
    let mut rest = image;
    let fill = |buffer: &mut [u8]| rest.read(buffer);
    threads::digest(Algorithm::Sha256, context.threads, fill).ok()
}

/// What there is to say of two sources that hold the same tree, and in which formats their images are
/// the same.
fn same_trees(
    context: &Context,
    diff: &Diff<'_>,
    sides: &[Side<'_>; 2],
) -> Result<(Option<Vec<&'static str>>, String), Failure> {
    let [old, new] = sides;
    match (old.source.kind, new.source.kind) {
        (Kind::Image, Kind::Image) => {
            let (a, b) = (written(context, old)?, written(context, new)?);
            let words = match (&a, &b) {
                (Written::As(a), Written::As(b)) if a == b => reasons(diff, &[None, None]),
                (Written::As(a), Written::As(b)) => format!("{a} and {b} of it"),
                _ => format!("OLD is {}, NEW is {}", a.words(), b.words()),
            };
            Ok((Some(Vec::new()), format!("images differ: {words}")))
        }
        (Kind::Image, _) => image_and_other(context, diff, [old, new], ["OLD", "NEW"]),
        (_, Kind::Image) => image_and_other(context, diff, [new, old], ["NEW", "OLD"]),
        _ => texts(context, diff, sides),
    }
}

/// Why the images of one tree differ: the names that carry an inode, and the marks of a format.
fn reasons(diff: &Diff<'_>, carriers: &[Option<Vec<u8>>; 2]) -> String {
    let names = ["OLD", "NEW"];
    let moved = names.into_iter().zip(carriers);
    let moved = moved.filter_map(|(side, path)| Some((side, printable(path.as_ref()?))));
    let moved = moved.map(|(side, path)| {
        format!("in {side}, not {path} but a later name of its hard link carries the inode")
    });
    let mut marked = [0_u64; 2];
    for (old, new) in diff.marks() {
        let is_new = diff.marks_of(old, new).iter().all(|mark| mark.new.is_some());
        marked[usize::from(is_new)] += 1;
    }
    let marked = names.into_iter().zip(marked).filter(|(_, count)| *count > 0);
    let marked = marked.map(|(side, count)| {
        let directories = match count {
            1 => "the directory".to_owned(),
            _ => format!("{} directories", Counted(count)),
        };
        format!(
            "only {side} has the marks of V1 on {directories} with whiteouts (--all lists them)"
        )
    });
    let all: Vec<String> = moved.chain(marked).collect();
    if all.is_empty() { "in what no tree tells".into() } else { all.join("; ") }
}

/// What an image is of its own tree.
pub(in crate::cli) enum Written {
    /// What this program writes, in this format.
    As(String),
    /// Nothing that this program writes; it says that it has this format, and first differs from it
    /// at a byte, where this lies.
    Otherwise(String, u64, Part),
    /// It says that it has this format, in which its tree is not written, for this reason.
    Never(String, String),
}

impl Written {
    fn words(&self) -> String {
        match self {
            Self::As(format) => format!("{format} of it"),
            Self::Otherwise(format, at, part) => {
                let part = part.words(printable);
                format!("no {format} that this program writes, from byte {at} on, in {part}")
            }
            Self::Never(format, why) => format!("no {format} that this program writes: {why}"),
        }
    }
}

/// Writes the image of a tree again, and compares.
fn written(context: &Context, side: &Side<'_>) -> Result<Written, Failure> {
    rebuilt(context, &side.source.bytes, side.tree)
}

/// Writes the image of its own tree again, and compares.
pub(in crate::cli) fn rebuilt(
    context: &Context,
    image: &[u8],
    tree: &Tree<'_>,
) -> Result<Written, Failure> {
    let number = erofs::info(image).map_or(0, |info| info.composefs_version);
    let name = format!("V{number}");
    let Some(version) = Version::from_number(number) else {
        return Ok(Written::Never(name, "it writes no images of that version".into()));
    };
    let layout = match threads::layout(tree, version, context.threads) {
        Ok(layout) => layout,
        Err(error) => {
            let path = printable(&tree.path(error.node()));
            return Ok(Written::Never(name, format!("{path}: {error}")));
        }
    };
    let (mut at, mut differs) = (0_u64, None);
    threads::write_image(&layout, context.threads, None, |piece| {
        let rest = image.get(clamp_index(at)..).unwrap_or_default();
        let same = piece.iter().zip(rest).take_while(|(a, b)| a == b).count();
        if differs.is_none() && same < piece.len() {
            differs = Some(at + wide(same));
        }
        at += wide(piece.len());
        Ok::<(), Failure>(())
    })?;
    let longer = (wide(image.len()) > at).then_some(at);
    Ok(match differs.or(longer) {
        None => Written::As(name),
        Some(at) => Written::Otherwise(name, at, layout.part_at(at)),
    })
}

/// An image, and a text or directory with the same tree.
fn image_and_other(
    context: &Context,
    diff: &Diff<'_>,
    [image, other]: [&Side<'_>; 2],
    [this, that]: [&str; 2],
) -> Result<(Option<Vec<&'static str>>, String), Failure> {
    let given = other.source.given(context);
    let tree = given.as_ref().unwrap_or(other.tree);
    if let Written::As(format) = rebuilt(context, &image.source.bytes, tree)? {
        let known = FORMATS.iter().find(|name| **name == format).copied();
        let words = format!("{this} is the image of {that} as {format}");
        return Ok((Some(known.into_iter().collect()), words));
    }
    let why = match written(context, image)? {
        Written::As(_) => {
            let moved = given.as_ref().and_then(moved_carrier);
            let is_old = this == "OLD";
            reasons(diff, &if is_old { [None, moved] } else { [moved, None] })
        }
        otherwise => format!("it is {}", otherwise.words()),
    };
    Ok((Some(Vec::new()), format!("{this} is not the image of {that}: {why}")))
}

/// The path of the first name that should carry an inode and does not.
fn moved_carrier(tree: &Tree<'_>) -> Option<Vec<u8>> {
    let mut canonical = tree.clone();
    let carriers = canonicalise(&mut canonical).carriers;
    carriers.first().map(|&node| canonical.path(node))
}

/// Texts or directories with the same tree. Their images differ if another name of a hard link
/// carries the inode, or if one has the marks that only one format adds.
fn texts(
    context: &Context,
    diff: &Diff<'_>,
    sides: &[Side<'_>; 2],
) -> Result<(Option<Vec<&'static str>>, String), Failure> {
    let given = sides.each_ref().map(|side| side.source.given(context));
    let moved = given.each_ref().map(|tree| tree.as_ref().and_then(moved_carrier));
    if moved == [None, None] && diff.marks().len() == 0 {
        let what = match sides.each_ref().map(|side| side.source.kind) {
            [Kind::Dir, Kind::Dir] => "",
            [Kind::Dump, Kind::Dump] => "; the texts are only written differently",
            _ => "; one is a text, the other a directory",
        };
        let words = format!("same image in every format{what}");
        return Ok((Some(FORMATS.to_vec()), words));
    }
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (name, version) in FORMATS.into_iter().zip(Version::ALL) {
        let digests = [0, 1].map(|at| {
            let tree = given[at].as_ref().unwrap_or(sides[at].tree);
            let layout = threads::layout(tree, version, context.threads).ok()?;
            let sink = |_: &[u8]| Ok::<(), ()>(());
            threads::write_image(&layout, context.threads, Some(Algorithm::Sha256), sink).ok()?
        });
        match digests {
            [Some(a), Some(b)] if a == b => same.push(name),
            _ => other.push(name),
        }
    }
    let words = match (same.is_empty(), other.is_empty()) {
        (_, true) => "same image in every format".to_owned(),
        (true, _) => format!("images differ: {}", reasons(diff, &moved)),
        _ => {
            let why = reasons(diff, &moved);
            format!("same image as {}; as {} they differ: {why}", same.join(""), other.join(""))
        }
    };
    Ok((Some(same), words))
}
