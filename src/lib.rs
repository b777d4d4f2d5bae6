//! Filesystem trees as text.
mod num;
pub mod tree;
pub mod verity;
