//! A change of the definitions of an installation, whether it is up or not.

use std::path::Path;

use anyhow::Result;
use cloud::table::Table;
use serde_json::json;

use super::place::{self, Holder, Up};
use super::recompute;
use super::text::say;
use crate::region::Durability;
use crate::{control, definitions};

/// Has `store` store a change, and customers looked at by it. `store` returns the number of the definitions afterwards, or
/// none when nothing changed.
pub async fn change(data: &Path, store: impl AsyncFnOnce(&Table) -> Result<Option<u32>>) -> Result<()> {
    match place::hold(data)? {
        Holder::We(_held) => {
            let stack = place::stack(data, Durability::Durable).await?;
            let table = stack.runtime.table("tsunagi")?;
            if let Some(number) = store(&table).await? {
                definitions::announce(&stack.runtime, number).await?;
                say("Customers are looked at anew once `tsunagi up` runs.");
            }
        }
        Holder::Up(up) => {
            let reader = place::reader(data)?;
            if let Some(number) = store(&reader.table).await? {
                announce(data, &up, number).await?;
                recompute::follow_if_seen(data).await?;
            }
        }
    }
    Ok(())
}

async fn announce(data: &Path, up: &Up, number: u32) -> Result<()> {
    let secrets = place::secrets(data)?;
    let request = providers::http::client().post(format!("{}{}", up.url, control::DEFINITION_APPLIED));
    let answer =
        request.basic_auth(secrets.write_key, Some("")).json(&json!({ "number": number })).send().await?;
    answer.error_for_status()?;
    Ok(())
}
