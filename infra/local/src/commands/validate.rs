//! `tsunagi validate`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use domain::definitions::Version;

use super::Data;
use super::place;
use super::text::say;
use super::told::{all_shown, counted};
use crate::definitions::check::check;
use crate::definitions::files;

/// Checks definitions and changes nothing.
#[derive(Debug, Args)]
pub struct Validate {
    /// The directory of the definitions.
    dir: PathBuf,
    #[command(flatten)]
    data: Data,
}

impl Validate {
    pub(super) async fn run(self) -> Result<()> {
        let files = files::read(&self.dir)?;
        if files.is_empty() {
            bail!("there is no *.yaml in {}", self.dir.display());
        }
        let live = live(&self.data.data).await?;
        let checked = check(&files, live.clone().unwrap_or_default())?;
        let known = match &live {
            Some(_) => format!("together with what is live in {}", self.data.data.display()),
            None => format!("by themselves: there is no installation in {}", self.data.data.display()),
        };
        if !checked.mistakes.is_empty() {
            say(&all_shown(&checked.mistakes));
            bail!("{}; they were checked {known}", counted(&checked.mistakes));
        }
        let count = files.len();
        say(&format!("{count} definition{} without a mistake, {known}", if count == 1 { "" } else { "s" }));
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
