//! `tsunagi cost`.

mod measure;
mod shown;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use self::measure::Measured;
use super::text::say;
use crate::cost::{Architecture, Basis, Line, Prices, TOKYO, each, idle, sum, times};

/// What a stack costs.
#[derive(Debug, Args)]
pub struct Cost {
    /// How many customers the campaign has by which a message is measured.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(20..=2_000))]
    customers: u32,
    /// Another price file; the one that is built in is infra/local/data/prices/aws-tokyo.yaml.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What functions are built for.
    #[arg(long, value_enum, default_value_t)]
    architecture: Architecture,
    /// Takes off what AWS gives every account each month for nothing, as if nothing else in the account used it up.
    #[arg(long)]
    free: bool,
    /// One JSON object, alone on standard output.
    #[arg(long)]
    json: bool,
}

/// What things come to, before prices.
struct Lines {
    /// A month in which nobody is there.
    idle: Vec<Line>,
    /// A message.
    message: Vec<Line>,
    /// A month of one customer who is only there.
    customer: Vec<Line>,
}

impl Cost {
    pub(super) async fn run(self) -> Result<()> {
        let prices = read(self.prices.as_deref())?;
        let customers = self.customers;
        let measured = tokio::task::spawn_blocking(move || measure::alone(customers)).await??;
        let basis = Basis { template: &measured.template, prices: &prices, architecture: self.architecture };
        let lines = lines(&measured, basis)?;
        let told = shown::Told { basis, measured: &measured, lines: &lines, free: self.free };
        say(&if self.json { told.json().to_string() } else { told.table() });
        Ok(())
    }
}

fn read(file: Option<&Path>) -> Result<Prices> {
    let Some(path) = file else { return Prices::parse(TOKYO) };
    let yaml = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Prices::parse(&yaml).with_context(|| format!("{} can't be taken", path.display()))
}

/// A message is what the campaign used beyond what the clock asks for anyway, be there messages or none.
fn lines(measured: &Measured, basis: Basis<'_>) -> Result<Lines> {
    let clock = measured.peopled.iter().flat_map(|(function, ticked)| {
        let ticks = measured.ticks.get(function).copied().unwrap_or(0);
        times(&ticked.lines(basis), ticks as f64)
    });
    let clock: Vec<Line> = clock.collect();
    let campaign: Vec<Line> = measured.campaign.iter().flat_map(|used| used.lines(basis)).collect();
    let message = each(&campaign, &clock, measured.messages());
    let empty = idle(basis, &measured.empty)?;
    let peopled = idle(basis, &measured.peopled)?;
    let customer = each(&peopled, &empty, u64::from(measured.customers));
    Ok(Lines { idle: sum(empty), message, customer: sum(customer) })
}
