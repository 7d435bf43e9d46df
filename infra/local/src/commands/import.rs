//! `tsunagi import`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cloud::clock::Clock;
use domain::time::Timestamp;
use import::{Encoding, Kind, Mapping, Options, Reject};
use serde_json::Value;

use super::Data;
use super::place::{self, Holder};
use super::text::{bar, say};
use crate::region::Durability;
use crate::stack::{Stack, post_batch};
use crate::virtual_time::{Driver, VirtualClock};

/// Takes a CSV file.
#[derive(Debug, Args)]
pub struct Import {
    /// What the file holds.
    what: What,
    #[expect(clippy::doc_markdown, reason = "the names of columns, as the help shows them")]
    /// The file: CSV with a header line, in UTF-8, Shift_JIS (windows-31j) or EUC-JP.
    ///
    /// The exports of EC-CUBE, Rakuten RMS (orders; customers are read from them as well) and Shopify are known by their
    /// headers. Customers otherwise: id, and of name, last_name, first_name, phone, email, birthday, prefecture, city,
    /// postal_code, sms_consent, email_consent, consent_at and columns of your own as many as you like. Orders: order_id,
    /// customer_id, ordered_at, total; several rows of one order follow each other. Events: customer_id, event, at, and of
    /// event_id, total and properties of your own. Who has no id is known by email or phone.
    file: PathBuf,
    /// What a column is, where its header does not say: 会員番号=id. An empty name leaves the column out.
    #[arg(long = "map", value_name = "THEIRS=OURS", value_parser = Mapping::parse)]
    maps: Vec<Mapping>,
    /// The encoding, instead of the detected one: `utf-8`, `shift_jis` or `euc-jp`.
    #[arg(long, value_name = "NAME", value_parser = Encoding::parse)]
    encoding: Option<Encoding>,
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// People: one a row.
    Customers,
    /// Purchases: of a row each, or of a row per line.
    Orders,
    /// What people did: one a row.
    Events,
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
            What::Events => Kind::Events,
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
        let options = Options { kind, encoding: self.encoding, maps: self.maps, now };
        let handle = tokio::runtime::Handle::current();
        // The reader is synchronous; batches leave from its thread one after the other.
        let summary = tokio::task::spawn_blocking(move || {
            let deliver = |calls: Vec<Value>, _| handle.block_on(target.deliver(&calls));
            let progress = |bytes| progress.set_position(bytes);
            import::file(&file, &options, |call| takes(call, now), progress, deliver)
        })
        .await??;
        bar.finish_and_clear();
        say(&summary.to_string());
        Ok(())
    }
}

/// Whether the API takes a call that comes at `now`.
pub fn takes(call: &Value, now: Timestamp) -> Result<(), Reject> {
    match ingest::parse(call, now) {
        Ok(_) => Ok(()),
        Err(ingest::Rejection { field, error }) if field.is_empty() => Err(Reject::row(error)),
        Err(ingest::Rejection { field, error }) => Err(Reject::new(&field, error)),
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
