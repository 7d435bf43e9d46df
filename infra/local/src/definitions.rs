//! Definitions in files and in the table: checked together, stored as immutable versions, announced on the bus.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::bus::Bus;
use cloud::table::Table;
use domain::definition::Mistake;
use domain::definitions::{self, Definitions, Kind, Version};
use domain::message::CodeKey;
use recompute::{DEFINITION_APPLIED, DefinitionApplied};

use crate::runtime::Runtime;

/// All definitions of a table.
pub async fn current(table: &Table) -> Result<Definitions> {
    let versions = table.definitions().await?;
    Definitions::new(&versions, CodeKey::none()).map_err(|mistakes| anyhow::anyhow!("{}", join(&mistakes)))
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

/// Checks definitions together with those that are stored, and stores what is new. `Err` lists the mistakes, each with
/// the name of its file.
pub async fn put(
    table: &Table,
    files: &[(String, String)],
) -> Result<std::result::Result<(Vec<Applied>, u32), Vec<String>>> {
    let mut versions = table.definitions().await?;
    let stored = versions.len();
    let (mut applied, mut mistakes) = (Vec::new(), Vec::new());
    for (file, yaml) in files {
        match definitions::read(yaml) {
            Ok((kind, name)) => {
                let latest = versions
                    .iter()
                    .filter(|version| version.kind == kind && version.name == name)
                    .max_by_key(|version| version.number);
                let new = latest.is_none_or(|latest| latest.yaml != *yaml);
                let number = latest.map_or(0, |latest| latest.number) + u32::from(new);
                if new {
                    versions.push(Version { kind, name: name.clone(), number, yaml: yaml.clone() });
                }
                applied.push(Applied { kind, name, version: number, new });
            }
            Err(found) => mistakes.extend(found.iter().map(|mistake| format!("{file}:{mistake}"))),
        }
    }
    if mistakes.is_empty()
        && let Err(found) = Definitions::new(&versions, CodeKey::none())
    {
        mistakes.extend(found.iter().map(ToString::to_string));
    }
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    let new: Vec<&Version> = versions.iter().skip(stored).collect();
    if !new.is_empty() && !table.put_definitions(&new).await? {
        bail!("someone else applied one of these just now; look at what is current and apply again");
    }
    Ok(Ok((applied, definitions::number(&versions))))
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

/// The YAML files of a directory, by name.
pub fn yaml_files(directory: &Path) -> Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .with_context(|| format!("reading {}", directory.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    paths.sort();
    let read = |path: &PathBuf| {
        let yaml = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Ok((path.display().to_string(), yaml))
    };
    paths.iter().map(read).collect()
}

fn join(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
