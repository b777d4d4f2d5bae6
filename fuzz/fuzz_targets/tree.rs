//! Trees that an image can hold: built, spelled as text, written as images, and damaged in both
//! forms.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

use arbitrary::{Arbitrary, Unstructured};
use cfs::erofs::{Version, layout};
use laws::{Choose, Plan};

struct Choices<'u, 'a>(&'u mut Unstructured<'a>);

impl Choose for Choices<'_, '_> {
    fn below(&mut self, end: usize) -> usize {
        self.0.int_in_range(0..=end - 1).unwrap_or(0)
    }
}

#[derive(Debug)]
struct Case {
    plan: Plan,
    text: Vec<u8>,
    damaged_text: Vec<u8>,
    damaged_image: Vec<u8>,
    cuts: Vec<usize>,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut choices = Choices(u);
        let cuts = vec![1 + choices.below(6000), 1 + choices.below(6000), 4096];
        let plan = laws::generate(&mut choices);
        let text = laws::spell(&plan, &mut choices);
        let mut damaged_text = text.clone();
        laws::spoil_text(&mut damaged_text, &mut choices);
        let mut damaged_image = laws::write(&plan.tree(), Version::V1);
        laws::spoil_image(&mut damaged_image, &mut choices);
        Ok(Self { plan, text, damaged_text, damaged_image, cuts })
    }
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let tree = case.plan.tree();
    laws::tree_keeps_all_laws(&tree);
    let layout = layout(&tree, Version::V0).expect("a tree that an image can hold");
    laws::windows_are_pieces_of_the_whole(&layout, &case.cuts);
    laws::text_says_what_was_planned(&case.plan, &case.text);
    laws::scanner_gives_what_the_parser_gives(&case.text);
    laws::dump_accepts_or_points(&case.damaged_text);
    laws::image_accepts_or_points(&case.damaged_image);
});
