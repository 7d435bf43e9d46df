//! `tsunagi person`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use cloud::config::Vars;
use cloud::erasure::{EraseTask, FENCE_SECONDS};
use domain::names::CustomerId;
use domain::time::Timestamp;
use erase::{Erase, Removed};
use person::{About, Stage};
use serde::Deserialize;
use serde_json::json;

use super::Data;
use super::place::{self, Holder, Up};
use super::text::say;
use crate::region::Durability;

/// How long an erasure is waited for that an installation does which is up, in seconds.
const PATIENCE_SECONDS: i64 = 5 * FENCE_SECONDS;

/// A person's rights.
#[derive(Debug, Args)]
pub struct PersonArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Prints all that is kept of a person as one JSON document.
    ///
    /// What the shop told and the person did, consents and their record, segments, journeys with every decision, messages and
    /// where they went, what is stopped to their addresses, and lists with the id on them. Times are in seconds since 1970.
    Export {
        /// The customer's id.
        id: String,
        #[command(flatten)]
        data: Data,
    },
    /// Takes away all that is kept of a person, for good.
    ///
    /// Journeys end, nothing that waits is sent, and no item or dead letter names the person any more. What is counted stays:
    /// reports are the same as if the person had been taken out of the journeys. So do opt-outs, as keyed hashes of the
    /// addresses. What was told before and comes later, such as an older file, is dropped; what is told afterwards makes a
    /// new customer. While `tsunagi up` runs it takes about a minute: whoever is at work on the person ends first.
    Erase {
        /// The customer's id.
        id: String,
        /// Without asking.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        data: Data,
    },
}

impl PersonArgs {
    pub(super) async fn run(self) -> Result<()> {
        match self.command {
            PersonCommand::Export { id, data } => export(&CustomerId::parse(&id)?, &data).await,
            PersonCommand::Erase { id, yes, data } => {
                let id = CustomerId::parse(&id)?;
                place::check_exists(&data.data)?;
                if !yes {
                    confirm(&id)?;
                }
                erase(id, &data).await
            }
        }
    }
}

async fn export(id: &CustomerId, data: &Data) -> Result<()> {
    let reader = place::reader(&data.data)?;
    let document = person::export(&reader.table, id, super::now()?).await?;
    let document = document.context("nothing is kept of this id")?;
    say(&serde_json::to_string_pretty(&document)?);
    Ok(())
}

/// Asks for the id once more.
fn confirm(id: &CustomerId) -> Result<()> {
    if !io::stdin().is_terminal() {
        bail!("an erasure cannot be undone: say --yes, or run it in a terminal and confirm it");
    }
    write!(io::stderr(), "This cannot be undone. Type the id once more to erase the person: ")?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    ensure!(typed.trim() == id.as_str(), "that is another id; nothing was erased");
    Ok(())
}

async fn erase(id: CustomerId, data: &Data) -> Result<()> {
    match place::hold(&data.data)? {
        Holder::We(_held) => {
            let stack = place::stack(&data.data, Durability::Durable).await?;
            let declared = stack.runtime.template().functions.get("erase");
            let variables = declared.context("the template has no function `erase`")?.environment.clone();
            let vars = Vars::new(move |name| variables.get(name).cloned());
            let region = stack.runtime.region();
            let function = Erase::new(&region.sdk_config("tsunagi"), &vars, region.clock().clone())?;
            let removed = function.at_rest(&EraseTask { customer: id, at: region.clock().now() }).await?;
            say(&describe(&removed));
            Ok(())
        }
        Holder::Up(up) => {
            let key = place::secrets(&data.data)?.admin_key;
            let about = About { customer: id };
            let asked = ask(&up, &key, "erase", &about).await?.told_until;
            for _ in 0..PATIENCE_SECONDS {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let Answer { state, told_until } = ask(&up, &key, "erasure", &about).await?;
                if state == Stage::Erased && told_until >= asked {
                    say("Erased.");
                    return Ok(());
                }
            }
            bail!(
                "`tsunagi up` is still at it after {PATIENCE_SECONDS} s; `tsunagi dead-letters` says what is in the way"
            )
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    state: Stage,
    told_until: Option<Timestamp>,
}

/// Asks the installation that is up.
async fn ask(up: &Up, admin_key: &str, what: &str, about: &About) -> Result<Answer> {
    let request = providers::http::client().post(format!("{}/v1/person/{what}", up.url));
    let answer = request.basic_auth(admin_key, Some("")).json(&json!(about)).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.context("asking `tsunagi up`; stop it, and this command does without it")?;
    Ok(answer.json().await?)
}

fn describe(removed: &Removed) -> String {
    let Removed { customers, enrollments, messages, memberships, beside, lists, dead_letters } = removed;
    if *removed == Removed::default() {
        return "Nothing was kept of this id; what was told of it until now is dropped when it comes."
            .to_owned();
    }
    format!(
        "Erased: {customers} customer, {messages} messages, {memberships} rows in segments and audiences, \
         {beside} records of consents and addresses, {lists} versions of lists, {dead_letters} dead letters.\n\
         {enrollments} enrollments stay in the reports and name nobody. Take the id out of your own files, too."
    )
}
