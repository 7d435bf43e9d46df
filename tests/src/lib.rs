//! What whole-journey tests share: a shop that runs on a virtual clock, its customers, a mail server and a system of its own that webhooks
//! go to, and a picture of its table that two runs can be compared by.

pub mod customers;
pub mod mail_server;
pub mod picture;
pub mod receiver;
pub mod shop;
mod shuffle;
