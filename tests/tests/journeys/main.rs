//! Whole journeys over the real functions and the embedded services.

#![expect(clippy::print_stdout, reason = "a test says how many calls it broke, and how long that took")]

mod campaign;
mod crash;
mod killer;
mod logs;
mod lost;
mod provider;
mod shuffled;
mod stale;
