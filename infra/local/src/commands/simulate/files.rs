//! Customers from files, without an installation.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use cloud::clock::Clock;
use domain::customer::Customer;
use domain::input::Input;
use domain::names::CustomerId;
use domain::time::Timestamp;
use import::{Calls, Import, Kind};

use crate::commands::takes;
use crate::commands::text::complain;
use crate::simulation::customers;

/// Files to read customers from, instead of an installation.
#[derive(Debug, Args)]
pub struct Files {
    /// Customers from a CSV file, as `tsunagi import customers` takes it, instead of those that are stored.
    #[arg(long, value_name = "FILE")]
    customers: Option<PathBuf>,
    /// Their orders, as `tsunagi import orders` takes them.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// What else they did, as `tsunagi import events` takes it.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Customers from files.
pub struct FromFiles {
    /// In the order of their ids.
    pub customers: Vec<Customer>,
}

impl Files {
    /// Reads the files that are named; none when none is. Rows that can't be taken are told of and left out.
    pub fn read(&self) -> Result<Option<FromFiles>> {
        let named =
            [(Kind::Customers, &self.customers), (Kind::Orders, &self.orders), (Kind::Events, &self.events)];
        let named: Vec<_> =
            named.into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?))).collect();
        if named.is_empty() {
            return Ok(None);
        }
        let now = Clock::system().now();
        let mut said: BTreeMap<CustomerId, Vec<Input>> = BTreeMap::new();
        for (kind, path) in named {
            one(kind, path, now, |customer, input| said.entry(customer).or_default().push(input))?;
        }
        let customers = customers(said, now)?;
        ensure!(!customers.is_empty(), "the files hold no customer that can be taken");
        Ok(Some(FromFiles { customers }))
    }
}

/// Reads one file as an import would; nothing is written, rejected rows neither.
fn one(kind: Kind, path: &Path, now: Timestamp, mut said: impl FnMut(CustomerId, Input)) -> Result<()> {
    let name = path.display().to_string();
    let open = || File::open(path).with_context(|| format!("{name}: cannot be opened"));
    let import = Import {
        kind,
        name: name.clone(),
        encoding: import::detect(&name, open()?)?,
        maps: Vec::new(),
        wording: None,
        as_of: now,
        rejected: PathBuf::new(),
    };
    let calls = Calls {
        check: |call: &serde_json::Value| takes(call, now),
        progress: |_| {},
        open: |_: &Path| Ok(std::io::sink()),
        deliver: |calls: Vec<serde_json::Value>, _| {
            for call in &calls {
                let read = ingest::parse(call, now);
                let (customer, input) =
                    read.map_err(|why| anyhow::anyhow!("{}: {}", why.field, why.error))?;
                said(customer, input);
            }
            Ok(())
        },
    };
    let summary = import::stream(&import, BufReader::new(open()?), calls)?;
    if summary.rejected > 0 {
        complain(&format!(
            "{name}: {} of {} rows left out; `tsunagi import` tells of all of them\n  {}",
            summary.rejected,
            summary.rejected + summary.taken + summary.repeated,
            summary.reasons.join("\n  ")
        ));
    }
    Ok(())
}
