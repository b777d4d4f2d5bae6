//! Images mounted through FUSE, looked at beside the kernel's own mount of them.

#[path = "fuse/agree.rs"]
mod agree;
#[path = "fuse/command.rs"]
mod command;
#[path = "fuse/contents.rs"]
mod contents;
#[path = "fuse/ends.rs"]
mod ends;
#[path = "laws/mod.rs"]
mod laws;
#[path = "fuse/look.rs"]
mod look;
mod support;
#[path = "fuse/users.rs"]
mod users;
#[path = "fuse/world.rs"]
mod world;
