//! Any bytes as an image that is looked at in place, as the FUSE mount does.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|image: &[u8]| laws::view_answers_or_points(image));
