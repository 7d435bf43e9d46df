//! What the product promises to those who use it, each shown over the real functions: budgets, bad input, opt-outs,
//! and the demo on real records.

#![expect(clippy::print_stdout, reason = "what was measured is told")]

mod bad_input;
mod budgets;
mod definitions;
mod email;
mod expiry;
mod explain;
mod import_twice;
mod mail;
mod optout;
mod outage;
mod paused;
mod quiet_day;
mod spending;
mod stale_check;
mod world;
