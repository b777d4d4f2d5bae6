//! Trees made real, looked at by other means than those that made them.

#[path = "extract/damage.rs"]
mod damage;
#[path = "extract/destinations.rs"]
mod destinations;
#[path = "extract/facts.rs"]
mod facts;
#[path = "laws/mod.rs"]
mod laws;
mod support;
#[path = "extract/world.rs"]
mod world;
