//! `tsunagi`: customer journeys on this machine.

use std::process::ExitCode;

use clap::Parser;
use local::commands::{self, Cli};

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
