//! Providers of SMS and e-mail over HTTP: requests, receipts, signatures.
//!
//! A provider is one file and one variant of [`sms::SmsProvider`] or [`email::EmailProvider`]; its receipts are one
//! arm of [`receipts::parse`].

pub mod answer;
pub mod email;
pub mod http;
pub mod receipts;
pub mod sandbox;
pub mod settings;
pub mod signature;
pub mod sms;
