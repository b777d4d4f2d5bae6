//! The program `cfs`.
fn main() {}
