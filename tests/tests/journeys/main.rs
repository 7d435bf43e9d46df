//! Whole journeys over the real functions and the embedded services.

#![expect(clippy::cast_possible_truncation, reason = "counts of a test's few hundred customers")]

mod campaign;
mod crash;
mod killer;
mod logs;
mod provider;
mod shuffled;
