//! The laws, held by generated trees, texts and images.

#[path = "laws/mod.rs"]
mod laws;

use std::collections::BTreeSet;

use cfs::dump;
use cfs::erofs::{Version, layout};
use laws::{Bytes, Inode, Plan, Planned, What};
use proptest::collection::vec;
use proptest::prelude::*;

/// Choices enough for most plans.
fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..700)
}

fn plans() -> impl Strategy<Value = Plan> {
    choices().prop_map(|bytes| laws::generate(&mut Bytes(&bytes)))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn generated_trees_keep_all_laws(plan in plans()) {
        laws::tree_keeps_all_laws(&plan.tree());
    }

    #[test]
    fn any_spelling_says_what_was_planned(plan in plans(), spelling in choices()) {
        let text = laws::spell(&plan, &mut Bytes(&spelling));
        laws::text_says_what_was_planned(&plan, &text);
        laws::dump_accepts_or_points(&text);
    }

    #[test]
    fn damaged_texts_are_taken_or_pointed_at(plan in plans(), spelling in choices(), damage in vec(any::<u8>(), 40)) {
        let mut text = laws::spell(&plan, &mut Bytes(&spelling));
        laws::spoil_text(&mut text, &mut Bytes(&damage));
        laws::dump_accepts_or_points(&text);
    }

    #[test]
    fn damaged_images_are_taken_or_pointed_at(plan in plans(), damage in vec(any::<u8>(), 40)) {
        let mut image = laws::write(&plan.tree(), Version::V1);
        laws::spoil_image(&mut image, &mut Bytes(&damage));
        laws::image_accepts_or_points(&image);
    }

    #[test]
    fn images_are_looked_at_in_place_as_they_are_read(plan in plans(), damage in vec(any::<u8>(), 40)) {
        for version in Version::ALL {
            let mut image = laws::write(&plan.tree(), version);
            laws::view_answers_or_points(&image);
            laws::spoil_image(&mut image, &mut Bytes(&damage));
            laws::view_answers_or_points(&image);
        }
    }

    #[test]
    fn an_image_may_be_written_in_any_pieces(plan in plans(), cuts in vec(1..6000usize, 1..20)) {
        let tree = plan.tree();
        let layout = layout(&tree, Version::V1).expect("a tree that an image can hold");
        laws::windows_are_pieces_of_the_whole(&layout, &cuts);
        laws::digests_are_those_of_the_bytes(&layout.to_vec(), &cuts);
    }

    #[test]
    fn random_bytes_are_refused_with_a_place(bytes in vec(any::<u8>(), 0..300)) {
        laws::dump_accepts_or_points(&bytes);
        laws::image_accepts_or_points(&bytes);
    }
}

#[test]
fn names_are_found_in_place_in_directories_of_many_blocks() {
    let mut text =
        String::from("/ 4096 40755 2 0 0 0 0.0 - - -\n/d 4096 40755 2 0 0 0 0.0 - - -\n");
    for n in 0..3000 {
        // Names on both sides of `.` and `..`, which lie among them.
        let first = ["+", "-", "..", ".a", "z"][n % 5];
        text += &format!("/d/{first}{n:o} 0 100644 1 0 0 0 0.0 - - -\n");
    }
    let tree = dump::parse(text.as_bytes(), &dump::Options::default()).unwrap().tree;
    for version in Version::ALL {
        laws::view_answers_or_points(&laws::write(&tree, version));
    }
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn threads_make_no_difference(plan in plans()) {
        let tree = many_copies(&plan, 2_000_000).tree();
        let text = dump::print(&tree);
        laws::threads_read_what_one_thread_reads(&text);
        for version in Version::ALL {
            let layout = layout(&tree, version).expect("a tree that an image can hold");
            laws::threads_write_what_one_thread_writes(&layout);
        }
    }
}

#[test]
fn every_field_of_every_kind_of_line_is_taken_or_pointed_at_whatever_it_holds() {
    let (mut taken, mut refused) = (0, 0);
    for text in laws::odd_lines() {
        match laws::readers_agree(&text) {
            Ok(parsed) => {
                taken += 1;
                for version in Version::ALL {
                    assert!(layout(&parsed.tree, version).is_ok(), "{}", text.escape_ascii());
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(taken > 2000 && refused > 5000, "{taken} taken, {refused} refused");
}

/// Directories within each other, or beside each other.
fn directories(count: usize, parent: fn(usize) -> usize) -> Plan {
    let entry = |number: usize| Planned {
        parent: if number == 0 { 0 } else { parent(number) },
        name: format!("{number:x}").into_bytes(),
        what: What::Inode(Inode::new(0o40755)),
    };
    Plan { entries: (0..count).map(entry).collect() }
}

#[test]
fn deep_and_wide_trees_keep_all_laws() {
    laws::tree_keeps_all_laws(&directories(1200, |number| number - 1).tree());
    laws::tree_keeps_all_laws(&directories(20_000, |_| 0).tree());
}

/// The plan in many directories, so that its text is about so long.
fn many_copies(plan: &Plan, bytes: usize) -> Plan {
    let one = dump::print(&plan.tree()).len() + 40;
    let mut many = Plan { entries: vec![plan.entries[0].clone()] };
    for copy in 0..bytes / one {
        let start = many.entries.len();
        for entry in &plan.entries {
            let mut entry = entry.clone();
            entry.parent += start;
            if let What::Link(target) = &mut entry.what {
                *target += start;
            }
            many.entries.push(entry);
        }
        many.entries[start].parent = 0;
        many.entries[start].name = format!("copy-{copy}").into_bytes();
    }
    many
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn findings_point_and_what_a_form_mends_is_mended(plan in plans(), spelling in choices(), damage in vec(any::<u8>(), 40)) {
        let mut text = laws::spell(&plan, &mut Bytes(&spelling));
        laws::findings_in_a_text_point_and_are_mended(&text);
        laws::spoil_text(&mut text, &mut Bytes(&damage));
        laws::findings_in_a_text_point_and_are_mended(&text);
        let mut image = laws::write(&plan.tree(), Version::V1);
        laws::findings_in_an_image_point(&image);
        laws::spoil_image(&mut image, &mut Bytes(&damage));
        laws::findings_in_an_image_point(&image);
    }

    #[test]
    fn every_byte_of_an_image_has_a_name(plan in plans(), step in 50..150usize) {
        laws::every_byte_of_an_image_has_a_name(&plan, step);
    }
}

#[test]
fn the_generator_reaches_every_class() {
    let mut reached = BTreeSet::new();
    for seed in 1..=3000 {
        reached.extend(laws::classes(&laws::planned(seed)));
    }
    let missing: Vec<String> =
        expected_classes().filter(|class| !reached.contains(class)).collect();
    assert!(missing.is_empty(), "not reached: {missing:#?}");
}

fn expected_classes() -> impl Iterator<Item = String> {
    let listed = include_str!("laws/classes.txt").lines().map(str::to_owned);
    let bytes = (1..=255u8).filter(|&byte| byte != b'/');
    listed.chain(bytes.map(|byte| format!("byte {byte:02x} in a name")))
}
