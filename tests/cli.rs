//! The programs as they are used: arguments in; results, messages, exit statuses and files out.

#[path = "cli/check.rs"]
mod check;
#[path = "cli/check_fix.rs"]
mod check_fix;
#[path = "cli/check_images.rs"]
mod check_images;
#[path = "cli/check_sarif.rs"]
mod check_sarif;
#[path = "cli/check_texts.rs"]
mod check_texts;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/directories.rs"]
mod directories;
#[path = "cli/extract.rs"]
mod extract;
#[path = "cli/gallery.rs"]
mod gallery;
#[path = "cli/golden.rs"]
mod golden;
#[path = "cli/html.rs"]
mod html;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/mkimage.rs"]
mod mkimage;
#[path = "cli/nobody.rs"]
mod nobody;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/page.rs"]
mod page;
#[path = "cli/round_trip.rs"]
mod round_trip;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/sources.rs"]
mod sources;
#[path = "cli/store.rs"]
mod store;
mod support;
#[path = "cli/verity.rs"]
mod verity;
#[path = "cli/world.rs"]
mod world;
