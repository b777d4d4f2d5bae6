//! Any bytes as a dump text.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &[u8]| laws::dump_accepts_or_points(text));
