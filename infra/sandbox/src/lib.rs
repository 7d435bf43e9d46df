//! A provider of SMS, e-mail and LINE messages on loopback: it accepts messages into an inbox one can list, and seeded people
//! answer them. Nothing leaves the machine. It has no idempotency on purpose: a reference that is sent twice is
//! accepted twice and counted, which is how a double send is found.

mod act;
mod agenda;
mod calls;
mod chance;
mod faults;
mod inbox;
mod kept;
mod listing;
mod options;
mod page;
mod parts;
mod people;
mod people_stats;
mod sandbox;
mod server;
mod shop;
mod urls;

pub use faults::Faults;
pub use listing::{Channel, ChannelStats, Entry, InboxQuery, Stats};
pub use options::{Hook, Options, Phase};
pub use people::{Action, Addressed, PeopleSettings, Words, plan};
pub use people_stats::PeopleStats;
pub use sandbox::Sandbox;
pub use shop::{Purchase, PurchaseKind, PurchaseSink, Shop, UserIds};
