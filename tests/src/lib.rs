//! What whole-journey tests share: a shop that runs on a virtual clock, its customers, a mail server, a stand-in of LINE and a
//! system of its own that webhooks go to, and a picture of its table that two runs can be compared by.

pub mod codes;
pub mod customers;
pub mod line;
pub mod mail_server;
pub mod picture;
pub mod receiver;
pub mod shop;
mod shuffle;
