//! A provider of SMS and e-mail on loopback: it accepts messages into an inbox one can list, and seeded people
//! answer them. Nothing leaves the machine. It has no idempotency on purpose: a reference that is sent twice is
//! accepted twice and counted, which is how a double send is found.

mod act;
mod agenda;
mod chance;
mod faults;
mod inbox;
mod options;
mod page;
mod parts;
mod people;
mod sandbox;
mod server;
mod shop;
mod urls;

pub use act::PeopleStats;
pub use faults::Faults;
pub use inbox::{Channel, Entry, InboxQuery, Stats};
pub use options::{Hook, Options, Phase};
pub use people::{Action, Addressed, PeopleSettings, Words, plan};
pub use sandbox::Sandbox;
pub use shop::{Purchase, PurchaseKind, PurchaseSink, Shop, UserIds};
