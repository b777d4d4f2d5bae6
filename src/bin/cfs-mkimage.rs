//! The program `cfs-mkimage`.
fn main() {}
