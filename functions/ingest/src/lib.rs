//! `ingest`: customers and events over HTTP, in the form of Segment's HTTP tracking API.

use anyhow::Result;
use axum::Router;
use cloud::clock::Clock;
use cloud::config::Vars;

/// What the function needs.
#[derive(Clone)]
pub struct Ingest {
    clock: Clock,
}

impl Ingest {
    /// Wires the function.
    pub fn new(_config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        vars.required("INBOX_QUEUE_URL")?;
        vars.required("WRITE_KEY")?;
        Ok(Self { clock })
    }

    /// The function's routes.
    pub fn router(self) -> Router {
        drop(self.clock);
        Router::new()
    }
}
