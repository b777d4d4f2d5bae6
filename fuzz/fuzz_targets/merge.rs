//! Dumps that two sides changed, and damaged, merged.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

use laws::{Bytes, Choose};

libfuzzer_sys::fuzz_target!(|choices: &[u8]| {
    let mut choose = Bytes(choices);
    let kind = choose.below(3);
    let (base, ours) = laws::plans_that_differ(&mut choose);
    if kind == 0 {
        let (other, changed) = laws::plans_that_differ(&mut choose);
        return laws::changes_apart_are_both_made((&base, &ours), (&other, &changed), &mut choose);
    }
    let theirs = laws::changed(&base, &mut choose);
    let mut texts = [&base, &ours, &theirs].map(|plan| laws::spell(plan, &mut choose));
    laws::merge_takes_the_side_that_changed(&texts[0], &texts[1]);
    if kind == 2 {
        laws::spoil_text(&mut texts[1], &mut choose);
    }
    laws::merge_is_fair(&texts[0], &texts[1], &texts[2]);
});
