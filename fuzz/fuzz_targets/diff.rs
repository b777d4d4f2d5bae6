//! Two trees that differ in some ways: compared, the comparison written down, damaged, and applied.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|choices: &[u8]| {
    let (choices, damage) = choices.split_at(choices.len() - choices.len() / 8);
    let (old, new) = laws::plans_that_differ(&mut laws::Bytes(choices));
    let (old, new) = (old.tree(), new.tree());
    laws::diff_is_what_differs(&old, &new);
    let document = laws::spoil_document((&old, &new), &mut laws::Bytes(damage));
    laws::any_changes_are_taken_or_refused(&old, &document);
});
