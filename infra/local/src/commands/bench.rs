//! `tsunagi bench`.

use anyhow::Result;
use clap::Args;

/// Measures this machine.
#[derive(Debug, Args)]
pub struct Bench {}

impl Bench {
    pub(super) async fn run(self) -> Result<()> {
        Ok(())
    }
}
