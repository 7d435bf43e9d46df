//! `tsunagi dead-letters`.

use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Data;
use super::place::{self, Holder, Up};
use super::text::say;
use crate::control;
use crate::dead_letters::{self, DeadLetters, Redriven};
use crate::region::Durability;

/// Messages that were given up.
#[derive(Debug, Args)]
pub struct DeadLettersArgs {
    /// Send them back to the queues they failed in, to be handled once more.
    ///
    /// Do it when what they failed on is mended; one that fails again comes back here. It is harmless: what was sent to
    /// a person is not sent again.
    #[arg(long)]
    redrive: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

impl DeadLettersArgs {
    pub(super) async fn run(self) -> Result<()> {
        let data = &self.data.data;
        place::check_exists(data)?;
        let (found, redriven) = match place::hold(data)? {
            Holder::We(_held) => {
                let stack = place::stack(data, Durability::Durable).await?;
                let queues = stack.runtime.region().queues();
                let found = dead_letters::list(queues).await?;
                let redriven = if self.redrive { Some(dead_letters::redrive(queues).await?) } else { None };
                (found, redriven)
            }
            Holder::Up(up) => {
                let key = place::secrets(data)?.write_key;
                let found = ask(&up, &key, Method::GET).await?;
                let redriven = if self.redrive { Some(ask(&up, &key, Method::POST).await?) } else { None };
                (found, redriven)
            }
        };
        if self.json {
            let redriven = redriven.map(|redriven| redriven.moved);
            let DeadLetters { count, letters } = found;
            say(&serde_json::to_string_pretty(
                &json!({ "count": count, "letters": letters, "redriven": redriven }),
            )?);
        } else {
            say(&describe(&found, redriven));
        }
        Ok(())
    }
}

/// Asks the installation that is up.
async fn ask<T: DeserializeOwned>(up: &Up, write_key: &str, method: Method) -> Result<T> {
    let request = providers::http::client().request(method, format!("{}{}", up.url, control::DEAD_LETTERS));
    let answer = request.basic_auth(write_key, Some("")).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.context("asking `tsunagi up`; stop it, and this command does without it")?;
    Ok(answer.json().await?)
}

fn describe(found: &DeadLetters, redriven: Option<Redriven>) -> String {
    let DeadLetters { count, letters } = found;
    if *count == 0 {
        return "There are no dead letters.".to_owned();
    }
    let mut text = String::new();
    for letter in letters {
        let queue = letter.queue.as_deref().unwrap_or("(not noted)");
        let customer = letter.customer.as_ref().map_or("-", |customer| customer.as_str());
        let cause = letter.cause.replace(['\n', '\r'], " ");
        let _ = writeln!(text, "{queue:<15} {:<20} {customer:<16} {cause}", letter.sent_at);
    }
    let shown = letters.len();
    if *count > shown as u64 {
        let _ = writeln!(text, "… and {} more", count - shown as u64);
    }
    let _ = match redriven {
        None => {
            write!(text, "\n{count} in all. Once what they failed on is mended, --redrive sends them back.")
        }
        Some(Redriven { moved }) => {
            let rest = if moved as u64 >= *count { "" } else { " Those that name no queue stay here." };
            write!(text, "\n{moved} of {count} sent back; `tsunagi up` handles them once more.{rest}")
        }
    };
    text
}
