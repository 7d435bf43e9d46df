//! Single functions with their real clients over the embedded services: what they cost, and what becomes of their work
//! when they are killed.

mod advance;
mod deaths;
mod link;
mod recompute;
mod schedule;
#[path = "../promises/world.rs"]
mod world;
