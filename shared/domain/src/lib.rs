//! What Tsunagi decides, as functions from values to values. No clock, no random source, no I/O.
//!
//! A [`customer::Customer`] is one value. [`step::step`] takes it, what reached it, the time and the
//! [`definitions::Definitions`], and returns the customer afterwards, what is to be done outside, the next instant at
//! which anything can change, and the decisions it took.

mod amend;
pub mod calendar;
pub mod chance;
mod check;
pub mod condition;
pub mod consent;
pub mod contact;
pub mod customer;
pub mod definition;
pub mod definitions;
pub mod due;
pub mod enrollment;
mod entry;
pub mod era;
pub mod erasure;
pub mod event;
pub mod event_match;
pub mod experiment;
mod holidays;
pub mod input;
pub mod journey;
pub mod ledger;
pub mod list;
pub mod mailbox;
pub mod message;
mod mistakes;
pub mod money;
pub mod names;
pub mod optout;
pub mod parts;
mod place;
pub mod population;
pub mod project;
mod quote;
pub mod rendering;
pub mod replies;
pub mod report;
pub mod routes;
pub mod schema;
mod shorthand;
pub mod simulate;
pub mod spelling;
pub mod spend;
pub mod step;
pub mod tariff;
pub mod text;
pub mod time;
pub mod verification;
pub mod walk;
pub mod webhook;
pub mod words;
