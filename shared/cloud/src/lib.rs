//! The AWS side: the table, the queues, the bus, configuration, telemetry.

pub mod batch;
pub mod bus;
mod call;
pub mod caller;
pub mod clients;
pub mod clock;
pub mod concurrent;
pub mod config;
pub mod definitions;
pub mod edge;
pub mod erasure;
pub mod inbox;
pub mod keyed;
pub mod lambda;
pub mod payload;
pub mod queue;
pub mod table;
pub mod telemetry;
pub mod trail;
pub mod version;
pub mod write_key;
