//! What whole-journey tests share: a shop that runs on a virtual clock, its customers, a system of its own that webhooks
//! go to, a stand-in of LINE, and a picture of its table that two runs can be compared by.

pub mod codes;
pub mod customers;
pub mod line;
pub mod picture;
pub mod receiver;
pub mod shop;
mod shuffle;
