//! What the product promises to those who use it, each shown over the real functions: budgets, bad input, opt-outs,
//! and the demo on real records.

#![expect(clippy::print_stdout, reason = "what was measured is told")]

mod account_limits;
mod bad_input;
mod bots;
mod budgets;
mod codes;
mod definitions;
mod email;
mod expiry;
mod explain;
mod import_twice;
mod interleaved;
mod line;
mod mail;
mod optout;
mod outage;
mod paused;
mod providers_table;
mod quiet_day;
mod replies;
mod spending;
mod stale_check;
mod world;
