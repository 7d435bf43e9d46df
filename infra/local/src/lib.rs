//! Stub.

pub mod demo;
pub mod template;
