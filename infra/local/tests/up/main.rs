//! `tsunagi up` as a process: what it is told, and what it survives.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these files are tests as a whole")]

mod audience;
mod cards;
mod dead_letters;
mod definitions;
mod kill;
mod place;
mod providers;
mod recompute;
mod sandbox;
mod shop;
mod simulate;
