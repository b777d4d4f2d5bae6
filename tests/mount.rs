//! Images as file systems: mounts, the ways to build them, what they show and what is left of them.
//!
//! What needs root runs on threads with a mount namespace of their own, so that nothing leaks.

#[path = "mount/attached.rs"]
mod attached;
#[path = "mount/command.rs"]
mod command;
#[path = "mount/failures.rs"]
mod failures;
#[path = "mount/helper.rs"]
mod helper;
#[path = "mount/kills.rs"]
mod kills;
#[path = "laws/mod.rs"]
mod laws;
#[path = "mount/names.rs"]
mod names;
#[path = "mount/options.rs"]
mod options;
#[path = "mount/round_trip.rs"]
mod round_trip;
#[path = "cli/schema.rs"]
mod schema;
mod support;
#[path = "mount/table.rs"]
mod table;
#[path = "mount/ways.rs"]
mod ways;
#[path = "mount/world.rs"]
mod world;
