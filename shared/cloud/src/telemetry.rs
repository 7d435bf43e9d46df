//! Logs: one line of JSON an event, no personal data.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::Vars;

/// Sends logs to standard output as JSON, at the level of `LOG_LEVEL` (default `info`). Called once per process.
pub fn start(vars: &Vars) {
    let level = vars.get("LOG_LEVEL").unwrap_or_else(|| "info".to_owned());
    // A second subscriber in one process is a test's; the first one stays.
    let _ = tracing::subscriber::set_global_default(lines(&level, std::io::stdout));
}

/// Writes each event as a line of JSON, as the functions log.
pub fn lines<W>(level: &str, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_target(false);
    lines.with_env_filter(filter).with_writer(writer).finish()
}
