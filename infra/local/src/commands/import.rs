//! `tsunagi import`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cloud::clock::Clock;
use serde_json::Value;

use super::Data;
use super::place::{self, Holder};
use super::text::{bar, say};
use crate::import::{self, Kind};
use crate::region::Durability;
use crate::stack::{Stack, post_batch};
use crate::virtual_time::{Driver, VirtualClock};

/// Takes a CSV file.
#[derive(Debug, Args)]
pub struct Import {
    /// What the file holds.
    what: What,
    #[expect(clippy::doc_markdown, reason = "the names of columns, as the help shows them")]
    /// The file: CSV in UTF-8 with a header line.
    ///
    /// Customers: id, and of name, phone, email, birthday, prefecture, sms_consent, email_consent, consent_at and
    /// columns of your own as many as you like. Orders: order_id, customer_id, ordered_at, total.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// People: one a row.
    Customers,
    /// Purchases: one a row.
    Orders,
}

/// Where batches go.
enum Target {
    Here(Stack, Driver),
    Up(reqwest::Client, String, String),
}

impl Import {
    pub(super) async fn run(self) -> Result<()> {
        let kind = match self.what {
            What::Customers => Kind::Customers,
            What::Orders => Kind::Orders,
        };
        let length =
            std::fs::metadata(&self.file).with_context(|| format!("reading {}", self.file.display()))?.len();
        let bar = bar("import", length, "bytes");
        let now = Clock::system().now();
        let held = place::hold(&self.data.data)?;
        let target = match &held {
            Holder::We(_) => {
                let stack = place::stack(&self.data.data, Durability::Durable).await?;
                let clock = VirtualClock::at(now);
                let driver = Driver::new(Arc::clone(&stack.runtime), stack.sandbox.clone(), clock)?;
                Target::Here(stack, driver)
            }
            Holder::Up(up) => {
                let secrets = place::secrets(&self.data.data)?;
                Target::Up(providers::http::client(), up.url.clone(), secrets.write_key)
            }
        };
        let (file, progress) = (self.file.clone(), bar.clone());
        let handle = tokio::runtime::Handle::current();
        // The reader is synchronous; batches leave from its thread one after the other.
        let summary = tokio::task::spawn_blocking(move || {
            let deliver = |calls: Vec<Value>, _| handle.block_on(target.deliver(&calls));
            import::file(kind, &file, now, |bytes| progress.set_position(bytes), deliver)
        })
        .await??;
        bar.finish_and_clear();
        say(&summary.to_string());
        Ok(())
    }
}

impl Target {
    async fn deliver(&self, calls: &[Value]) -> Result<()> {
        let answer = match self {
            Self::Here(stack, driver) => {
                let answer = stack.ingest(calls).await?;
                // Only customers: messages wait for `up` and its provider.
                driver.drain("advance").await?;
                answer
            }
            Self::Up(client, url, key) => post_batch(client, url, key, calls).await?,
        };
        // Every call was read by the API's own parser before, so this is a matter of versions, not of rows.
        let rejected = answer["rejected"].as_array().into_iter().flatten().next();
        rejected.map_or(Ok(()), |rejected| bail!("the API does not take a call: {rejected}"))
    }
}
