//! Single functions with their real clients over the embedded services: what they cost, and what becomes of their work
//! when they are killed.

mod advance;
mod aws_events;
mod bus;
mod busy_callback;
mod codes;
mod codes_sent;
mod consents;
mod deaths;
mod inbox_full;
mod link;
mod nights;
mod paced;
mod person;
mod recompute;
mod runs;
mod schedule;
mod send_line;
mod spend_off;
mod surveys;
mod versions;
mod webhooks;
#[path = "../promises/world.rs"]
mod world;
