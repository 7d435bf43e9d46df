//! Logs: one line of JSON an event, no personal data.

use tracing_subscriber::EnvFilter;

use crate::config::Vars;

/// Sends logs to standard output as JSON, at the level of `LOG_LEVEL` (default `info`). Called once per process.
pub fn start(vars: &Vars) {
    let level = vars.get("LOG_LEVEL").unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber in one process is a test's; the first one stays.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_env_filter(filter)
        .try_init();
}
