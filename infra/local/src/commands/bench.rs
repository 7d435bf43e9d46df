//! `tsunagi bench`: how fast this machine is and what a message uses, at shops of several sizes.
//!
//! Each size is measured in a process of its own, since the peak of memory is a process's. That process holds
//! everything: the product, the sandbox, and whoever posts the calls.

mod load;
mod measure;
mod phase;
mod replay;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use self::measure::Shop;
use super::text::say;
use super::up::Lasting;

/// Measures this machine.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct Bench {
    /// How many customers the shops have, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000", value_name = "N,N",
        value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    customers: Vec<u32>,
    /// When a write counts as done: on disk (safe against a power cut), or with the system (safe against kill -9).
    #[arg(long, value_enum, default_value_t = Lasting::Fast)]
    durability: Lasting,
    /// One JSON object, alone on standard output.
    #[arg(long)]
    json: bool,
    /// Where the shops' data goes and stays; a temporary directory, if none is given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only import and scans: what a run of `recompute` that changes nobody takes, by a bare scan of the table.
    #[arg(long)]
    scans: bool,
    /// Only a dry run: a year of the 23,570 customers of CDNOW through all journeys of the library at once, on all cores.
    #[arg(long, conflicts_with_all = ["customers", "scans", "here", "data"])]
    replay: bool,
    /// Measures the one size in this process, in the directory given, and prints its figures as JSON.
    #[arg(long, hide = true, requires = "data")]
    here: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    durability: &'static str,
    cores: usize,
    shops: Vec<Shop>,
}

impl Bench {
    pub(super) async fn run(self) -> Result<()> {
        if self.replay {
            let replay = tokio::task::block_in_place(replay::run)?;
            say(&if self.json { serde_json::to_string_pretty(&replay)? } else { replay.to_string() });
            return Ok(());
        }
        if self.here {
            let (Some(data), [customers]) = (&self.data, self.customers.as_slice()) else {
                anyhow::bail!("--here measures one size in the directory given by --data");
            };
            let shop = measure::shop(data, *customers, self.durability.into(), !self.scans).await?;
            say(&serde_json::to_string(&shop)?);
            return Ok(());
        }
        let scratch = tempfile::tempdir()?;
        let data = self.data.as_deref().unwrap_or(scratch.path());
        let mut shops = Vec::new();
        for customers in &self.customers {
            shops.push(self.child(*customers, &data.join(customers.to_string())).await?);
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let measured = Measured { durability: self.durability.name(), cores, shops };
        say(&if self.json { table::json(&measured)?.to_string() } else { table::describe(&measured) });
        Ok(())
    }

    async fn child(&self, customers: u32, data: &Path) -> Result<Shop> {
        let used = data.join("tables.sqlite").exists();
        ensure!(!used, "{} holds a shop already; name another directory with --data", data.display());
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            "bench",
            "--here",
            "--durability",
            self.durability.name(),
            "--customers",
            &customers.to_string(),
        ]);
        if self.scans {
            command.arg("--scans");
        }
        command.arg("--data").arg(data).stderr(Stdio::inherit());
        let ended = tokio::task::spawn_blocking(move || command.output())
            .await?
            .context("starting a process to measure in")?;
        ensure!(ended.status.success(), "measuring {customers} customers failed");
        serde_json::from_slice(&ended.stdout).context("reading what was measured")
    }
}
