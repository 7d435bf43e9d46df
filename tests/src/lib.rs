//! What whole-journey tests share: a shop that runs on a virtual clock, its customers, and a picture of its table that
//! two runs can be compared by.

pub mod customers;
pub mod picture;
pub mod shop;
mod shuffle;
