//! The AWS side: the table, the queues, the bus, configuration, telemetry.

pub mod clock;
