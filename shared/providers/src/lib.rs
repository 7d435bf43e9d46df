//! Providers of SMS, e-mail and LINE messages: requests, receipts, signatures.
//!
//! A provider is one file and one variant of [`sms::SmsProvider`], [`email::EmailProvider`] or
//! [`push::LineProvider`].

mod abroad;
pub mod account;
pub mod addresses;
pub mod answer;
mod aws_account;
pub mod aws_events;
mod aws_sms;
mod cm;
pub mod email;
mod exchange;
#[cfg(test)]
mod fake;
mod generic;
mod gone;
pub mod http;
mod infobip;
mod karaden;
mod line;
mod media_sms;
mod mime;
pub mod post;
pub mod push;
mod reading;
pub mod receipts;
pub mod sandbox;
mod segment;
pub mod ses;
pub mod settings;
pub mod signature;
pub mod sms;
pub mod smtp;
pub mod sns;
mod twilio;
mod vonage;
mod zettai_reach;
