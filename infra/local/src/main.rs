//! `tsunagi`: customer journeys on this machine.

use std::process::ExitCode;

use clap::Parser;
use local::commands::{self, Cli};

/// A sixth of the time of a campaign goes to allocation with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
