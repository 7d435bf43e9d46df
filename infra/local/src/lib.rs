//! Stub.

pub mod demo;
pub mod dynamodb;
pub mod events;
pub mod faults;
pub mod import;
pub mod meter;
pub mod region;
pub mod sqs;
pub mod template;
