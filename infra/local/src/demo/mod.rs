//! The demonstration: a shop with a real history and fictional people.

pub mod calls;
mod names;
pub mod people;
pub mod purchases;
