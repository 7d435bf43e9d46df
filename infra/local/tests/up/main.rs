//! `tsunagi up` as a process: what it is told, and what it survives.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these files are tests as a whole")]

mod accounts;
mod audience;
mod cards;
mod cost;
mod dead_letters;
mod definitions;
mod kill;
mod person;
mod place;
mod providers;
mod providers_keys;
mod recompute;
mod sandbox;
mod shop;
mod simulate;
