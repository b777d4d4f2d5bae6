//! Trees that are made real in a temporary directory, and looked at there.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|choices: &[u8]| {
    let plan = laws::generate(&mut laws::Bytes(choices));
    laws::extracted_tree_is_on_disk(&plan.tree());
});
