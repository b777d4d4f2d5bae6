//! What holds for any text, any image and any tree.
//!
//! Property tests and fuzz targets share these. A law takes a value, does nothing where the value is
//! none it speaks of, and panics where it is broken.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each user takes a part of it"
)]

mod change;
mod check;
mod choose;
mod classes;
#[cfg(feature = "json")]
mod diff;
#[cfg(feature = "live")]
mod extract;
mod facts;
mod generate;
mod image;
mod lines;
mod merge;
#[cfg(feature = "live")]
mod mount;
mod pattern;
mod plan;
mod spell;
mod spoil;
mod text;
mod tree;
mod view;

pub use change::{changed, plans_that_differ};
pub use check::{
    checking_points_and_mends, every_byte_of_an_image_has_a_name,
    findings_in_a_text_point_and_are_mended, findings_in_an_image_point,
};
pub use choose::{Bytes, Choose, pseudorandom};
pub use classes::{Class, classes};
#[cfg(feature = "json")]
pub use diff::{any_changes_are_taken_or_refused, diff_is_what_differs, spoil_document};
#[cfg(feature = "live")]
pub use extract::extracted_tree_is_on_disk;
pub use generate::{Oddness, generate};
pub use image::{
    digests_are_those_of_the_bytes, image_accepts_or_points, image_keeps_all_it_can_hold,
    threads_write_what_one_thread_writes, windows_are_pieces_of_the_whole, write,
};
pub use lines::odd_lines;
pub use merge::{
    changes_apart_are_both_made, merge_is_fair, merge_takes_the_side_that_changed, side_by_side,
};
#[cfg(feature = "live")]
pub use mount::{option_list, options_are_what_their_list_says};
pub use pattern::{
    accepted_is_what_is_said, dump_is_its_own_pattern, normal, opened, pattern_accepts_or_points,
    tree_of,
};
pub use plan::{Inode, Plan, Planned, What};
pub use spell::spell;
pub use spoil::{spoil_image, spoil_text};
pub use text::{
    dump_accepts_or_points, readers_agree, text_says_what_was_planned,
    threads_read_what_one_thread_reads,
};
pub use tree::{
    canonical_form_is_a_fixed_point, print_is_a_fixed_point, tree_is_what_its_walk_says,
};
pub use view::view_answers_or_points;

use cfs::tree::Tree;

/// One of many plans, the same every time.
pub fn planned(seed: u64) -> Plan {
    generate(&mut Bytes(&pseudorandom(seed)))
}

/// All laws about a tree that a text can say.
pub fn tree_keeps_all_laws(tree: &Tree<'_>) {
    tree_is_what_its_walk_says(tree);
    print_is_a_fixed_point(tree);
    canonical_form_is_a_fixed_point(tree);
    image_keeps_all_it_can_hold(tree);
}
