//! What Tsunagi decides, as functions from values to values. No clock, no random source, no I/O.

pub mod time;
