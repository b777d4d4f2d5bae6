//! Images as file systems: mounts, the ways to build them, what they show and what is left of them.
//!
//! What needs root runs on threads with a mount namespace of their own, so that nothing leaks.

#[path = "mount/command.rs"]
mod command;
#[path = "mount/failures.rs"]
mod failures;
#[path = "mount/kills.rs"]
mod kills;
#[path = "laws/mod.rs"]
mod laws;
#[path = "mount/options.rs"]
mod options;
#[path = "cli/schema.rs"]
mod schema;
mod support;
#[path = "mount/table.rs"]
mod table;
#[path = "mount/ways.rs"]
mod ways;
#[path = "mount/world.rs"]
mod world;
