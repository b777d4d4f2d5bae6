//! Any bytes, checked as a dump text and as an image.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::checking_points_and_mends(bytes));
