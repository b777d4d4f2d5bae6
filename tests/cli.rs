//! The programs as they are used: arguments in; results, messages, exit statuses and files out.

#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/extract.rs"]
mod extract;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/mkimage.rs"]
mod mkimage;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/sources.rs"]
mod sources;
#[path = "cli/world.rs"]
mod world;
