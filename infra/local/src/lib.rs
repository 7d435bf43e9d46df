//! The `tsunagi` command: an AWS region in one process, wired from the template, with the functions as they run on
//! Lambda, a clock that is real or virtual, and a sandbox as provider.

pub mod commands;
pub mod control;
pub mod cost;
pub mod dead_letters;
pub mod definitions;
pub mod demo;
pub mod dynamodb;
pub mod events;
mod expiry;
pub mod faults;
pub mod functions;
pub mod http;
pub mod meter;
mod private;
pub mod region;
pub mod runs;
pub mod runtime;
pub mod schedule;
pub mod simulation;
pub mod sqs;
pub mod stack;
pub mod template;
pub mod virtual_time;
