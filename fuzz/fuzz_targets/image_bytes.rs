//! Any bytes as an image.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|image: &[u8]| laws::image_accepts_or_points(image));
