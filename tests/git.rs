//! `cfs git`, with the real git in repositories of its own.

#[path = "git/diffs.rs"]
mod diffs;
#[path = "git/install.rs"]
mod install;
#[path = "git/merges.rs"]
mod merges;
#[path = "git/page.rs"]
mod page;
#[path = "git/repository.rs"]
mod repository;
mod support;
#[path = "cli/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the other commands")]
mod world;
