//! `tsunagi validate`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use cloud::clock::Clock;
use domain::definitions::{Kind, Version};
use domain::names::JourneyName;
use domain::rendering::Sender;
use domain::spelling::counted;

use super::text::say;
use super::told::{all_counted, all_shown};
use super::{Data, place, real_cases};
use crate::definitions::check::check;
use crate::definitions::files;

/// Checks definitions and changes nothing.
#[derive(Debug, Args)]
pub struct Validate {
    /// The directory of the definitions, or the file of one.
    #[arg(value_name = "DIR")]
    path: PathBuf,
    /// Fill every text in for every stored customer, whether they agreed to it or not: the longest and the dearest real case
    /// of each, how many lack a value that it needs and which, who needs its shorter text, and what phones of au can't show.
    #[arg(long)]
    against_customers: bool,
    /// The shop's name in messages, which counts towards their length.
    #[arg(long, default_value = "つなぎ書店", env = "TSUNAGI_SENDER")]
    sender: String,
    /// What links in messages begin with, which counts towards their length.
    #[arg(long, default_value = "https://t.example.jp", value_name = "URL")]
    link_base: String,
    #[command(flatten)]
    data: Data,
}

impl Validate {
    pub(super) async fn run(self) -> Result<()> {
        let files = files::read(&self.path)?;
        let live = live(&self.data.data).await?;
        let checked = check(&files, live.clone().unwrap_or_default())?;
        let known = match &live {
            Some(_) => format!("together with what is live in {}", self.data.data.display()),
            None => format!("by themselves: there is no installation in {}", self.data.data.display()),
        };
        if !checked.mistakes.is_empty() {
            say(&all_shown(&checked.mistakes));
            bail!("{}; they were checked {known}", all_counted(&checked.mistakes));
        }
        say(&format!("{} without a mistake, {known}", counted(files.len() as u64, "definition")));
        if self.against_customers {
            let reader = place::reader(&self.data.data)?;
            let definitions = checked.definitions()?;
            let journeys = checked.applied.iter().filter(|applied| applied.kind == Kind::Journey);
            let journeys =
                journeys.map(|applied| JourneyName::parse(&applied.name)).collect::<Result<_, _>>()?;
            let sender = Sender { base: &self.link_base, name: &self.sender };
            let now = Clock::system().now();
            say(&tokio::task::block_in_place(|| {
                real_cases::told(&reader.table, &definitions, &journeys, sender, now)
            })?);
        }
        Ok(())
    }
}

/// The versions that are stored in an installation; none when there is no installation.
async fn live(data: &Path) -> Result<Option<Vec<Version>>> {
    if place::check_exists(data).is_err() {
        return Ok(None);
    }
    Ok(Some(place::reader(data)?.table.definitions().await?))
}
