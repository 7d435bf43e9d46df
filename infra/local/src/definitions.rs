//! Definitions in files and in the table: checked together, stored as immutable versions, announced on the bus.

pub mod check;
pub mod files;
pub mod list_file;
pub mod names;
pub mod plan;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::bus::Bus;
use cloud::table::Table;
use domain::definition::Mistake;
use domain::definitions::{self, Definitions, Kind, Version};
use domain::message::CodeKey;
use recompute::{DEFINITION_APPLIED, DefinitionApplied};

use self::check::{Checked, Told, check};
use self::files::File;
use crate::runtime::Runtime;

/// All definitions of a table.
pub async fn current(table: &Table) -> Result<Definitions> {
    let versions = table.definitions().await?;
    Definitions::new(&versions, CodeKey::none()).map_err(|mistakes| anyhow::anyhow!("{}", join(&mistakes)))
}

/// Versions put together, whether references between them lead anywhere or not.
pub fn gather(versions: &[Version]) -> Result<Definitions> {
    Definitions::gather(versions, CodeKey::none()).map_err(|mistakes| anyhow::anyhow!("{}", join(&mistakes)))
}

/// A definition that was applied, or had not changed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What it is of.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Whether the version is a new one.
    pub new: bool,
}

/// Checks definitions together with those that are stored, and stores what is new: what was applied, and the number of the
/// definitions afterwards. `Err` lists the mistakes.
pub async fn store(
    table: &Table,
    files: &[File],
) -> Result<std::result::Result<(Vec<Applied>, u32), Vec<Told>>> {
    let Checked { applied, versions, stored, mistakes } = check(files, table.definitions().await?)?;
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    add(table, &versions[stored..]).await?;
    Ok(Ok((applied, definitions::number(&versions))))
}

/// Adds versions to those that are stored.
pub async fn add(table: &Table, versions: &[Version]) -> Result<()> {
    let new: Vec<&Version> = versions.iter().collect();
    if !new.is_empty() && !table.put_definitions(&new).await? {
        bail!("someone else applied one of these just now; look at what is current and try again");
    }
    Ok(())
}

/// As [`store`], of texts with the names of their files; mistakes are lines to read.
pub async fn put(
    table: &Table,
    files: &[(String, String)],
) -> Result<std::result::Result<(Vec<Applied>, u32), Vec<String>>> {
    let files: Vec<File> = files.iter().map(|(path, yaml)| File::definition(path, yaml.clone())).collect();
    let stored = store(table, &files).await?;
    Ok(stored.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect()))
}

/// Tells the bus that definitions were applied, which begins a recomputation.
pub async fn announce(runtime: &Arc<Runtime>, number: u32) -> Result<()> {
    let bus = runtime.template().buses.first().context("the template has no bus")?.clone();
    let bus = Bus::new(aws_sdk_eventbridge::Client::new(&runtime.region().sdk_config("tsunagi")), bus);
    bus.put(&[(DEFINITION_APPLIED, DefinitionApplied { number })]).await
}

/// Stores definitions and tells the bus; what does not fit is an error that lists every mistake.
pub async fn apply(runtime: &Arc<Runtime>, files: &[(String, String)]) -> Result<u32> {
    let table = runtime.table("tsunagi")?;
    match put(&table, files).await? {
        Ok((_, number)) => {
            announce(runtime, number).await?;
            Ok(number)
        }
        Err(mistakes) => bail!("{}", mistakes.join("\n")),
    }
}

/// Mistakes, a line each.
pub fn join(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
