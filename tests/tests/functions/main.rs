//! Single functions with their real clients over the embedded services: what they cost, and what becomes of their work
//! when they are killed.

mod advance;
mod bus;
mod deaths;
mod inbox_full;
mod link;
mod nights;
mod recompute;
mod runs;
mod schedule;
mod send_line;
mod surveys;
mod webhooks;
#[path = "../promises/world.rs"]
mod world;
