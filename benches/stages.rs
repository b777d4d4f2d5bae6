//! Stages, to come.
fn main() {}
