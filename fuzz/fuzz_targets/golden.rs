//! Dumps with parts left open, and damaged, held against trees that differ from them, and accepted.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

use laws::{Bytes, Choose};

libfuzzer_sys::fuzz_target!(|choices: &[u8]| {
    let mut choose = Bytes(choices);
    let (old, new) = laws::plans_that_differ(&mut choose);
    let texts = [&old, &new].map(|plan| laws::spell(plan, &mut choose));
    let mut pattern = laws::opened(&texts[0], &mut choose);
    let normal = laws::normal(&mut choose);
    if choose.once_in(2) {
        laws::spoil_text(&mut pattern, &mut choose);
    }
    laws::pattern_accepts_or_points(&pattern);
    for tree in texts.iter().filter_map(|text| laws::tree_of(text)) {
        laws::accepted_is_what_is_said(&pattern, &tree, &normal);
        laws::dump_is_its_own_pattern(&tree, &normal);
    }
});
