//! The program `cfs-dump`.
fn main() {}
