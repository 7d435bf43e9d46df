//! How calls of the API get into an installation, whether it is up or not.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use domain::time::Timestamp;
use serde_json::Value;

use super::place::{self, Held, Holder};
use crate::region::Durability;
use crate::stack::{Stack, post_batch};
use crate::virtual_time::{Driver, VirtualClock};

/// Where calls go.
pub struct Intake {
    to: To,
    /// While it lives, nothing else comes up.
    _held: Option<Held>,
}

enum To {
    Here(Stack, Box<Driver>),
    Up(reqwest::Client, String, String),
}

impl Intake {
    /// Finds the installation that is up, or handles calls in this process.
    pub async fn open(data: &Path, now: Timestamp) -> Result<Self> {
        let (to, held) = match place::hold(data)? {
            Holder::We(held) => {
                let stack = place::stack(data, Durability::Durable).await?;
                let clock = VirtualClock::at(now);
                let driver = Driver::new(Arc::clone(&stack.runtime), stack.sandbox.clone(), clock)?;
                (To::Here(stack, Box::new(driver)), Some(held))
            }
            Holder::Up(up) => {
                let secrets = place::secrets(data)?;
                (To::Up(providers::http::client(), up.url, secrets.write_key), None)
            }
        };
        Ok(Self { to, _held: held })
    }

    /// Delivers a batch that the API takes as one.
    pub async fn deliver(&self, calls: &[Value]) -> Result<()> {
        let answer = match &self.to {
            To::Here(stack, driver) => {
                let answer = stack.ingest(calls).await?;
                // Only customers: messages wait for `up` and its provider.
                driver.drain("advance").await?;
                answer
            }
            To::Up(client, url, key) => post_batch(client, url, key, calls).await?,
        };
        // Every call was read by the API's own parser before, so this is a matter of versions, not of calls.
        let rejected = answer["rejected"].as_array().into_iter().flatten().next();
        rejected.map_or(Ok(()), |rejected| bail!("the API does not take a call: {rejected}"))
    }

    /// Whether an installation that is up takes the calls.
    pub const fn is_up(&self) -> bool {
        match self.to {
            To::Up(..) => true,
            To::Here(..) => false,
        }
    }
}
