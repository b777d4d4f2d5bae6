//! Any bytes as the options of a mount.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|list: &[u8]| {
    laws::options_are_what_their_list_says(list);
    laws::options_are_what_their_list_says(&laws::option_list(list));
});
