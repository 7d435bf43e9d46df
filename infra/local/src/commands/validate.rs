//! `tsunagi validate`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use domain::definitions::Version;
use domain::spelling::counted;

use super::Data;
use super::place;
use super::text::say;
use super::told::{all_counted, all_shown};
use crate::definitions::check::check;
use crate::definitions::files;

/// Checks definitions and changes nothing.
#[derive(Debug, Args)]
pub struct Validate {
    /// The directory of the definitions, or the file of one.
    #[arg(value_name = "DIR")]
    path: PathBuf,
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
