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
    then: Then,
}

/// What is made of the tree.
#[derive(Debug)]
enum Then {
    Windows(Vec<usize>),
    Text(Vec<u8>),
    DamagedText(Vec<u8>),
    DamagedImage(Vec<u8>),
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut choices = Choices(u);
        let kind = choices.below(4);
        let plan = laws::generate(&mut choices);
        let then = match kind {
            0 => Then::Windows((0..4).map(|_| 1 + choices.below(6000)).collect()),
            1 => Then::Text(laws::spell(&plan, &mut choices)),
            2 => {
                let mut text = laws::spell(&plan, &mut choices);
                laws::spoil_text(&mut text, &mut choices);
                Then::DamagedText(text)
            }
            _ => {
                let mut image = laws::write(&plan.tree(), Version::V1);
                laws::spoil_image(&mut image, &mut choices);
                Then::DamagedImage(image)
            }
        };
        Ok(Self { plan, then })
    }
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let tree = case.plan.tree();
    match case.then {
        Then::Windows(lengths) => {
            laws::tree_keeps_all_laws(&tree);
            let layout = layout(&tree, Version::V0).expect("a tree that an image can hold");
            laws::windows_are_pieces_of_the_whole(&layout, &lengths);
        }
        Then::Text(text) => laws::text_says_what_was_planned(&case.plan, &text),
        Then::DamagedText(text) => laws::dump_accepts_or_points(&text),
        Then::DamagedImage(image) => laws::image_accepts_or_points(&image),
    }
});
