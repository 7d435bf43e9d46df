//! Providers of SMS and e-mail: requests, receipts, signatures.
//!
//! A provider is one file and one variant of [`sms::SmsProvider`] or [`email::EmailProvider`].

mod abroad;
pub mod account;
pub mod answer;
pub mod aws_events;
mod aws_sms;
mod cm;
pub mod email;
mod exchange;
#[cfg(test)]
mod fake;
mod generic;
pub mod http;
mod infobip;
mod karaden;
#[cfg_attr(not(test), expect(dead_code, reason = "no channel of its own yet"))]
pub mod line;
mod media_sms;
pub mod post;
mod reading;
pub mod receipts;
pub mod sandbox;
mod segment;
pub mod settings;
pub mod signature;
pub mod sms;
pub mod sns;
mod twilio;
mod vonage;
mod zettai_reach;
