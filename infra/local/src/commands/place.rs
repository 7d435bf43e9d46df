//! An installation's directory: its secrets, whether it is up, and how commands reach it.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::bus::Bus;
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::table::Table;
use domain::definitions::{self, Definitions, Kind, Version};
use domain::message::CodeKey;
use recompute::{DEFINITION_APPLIED, DefinitionApplied};
use sandbox::PeopleSettings;
use serde::{Deserialize, Serialize};

use crate::region::{Durability, Region};
use crate::runtime::Runtime;
use crate::stack::{Provider, SandboxSetup, Secrets, Setup, Stack};

/// How to reach an installation that is up.
#[derive(Clone, Serialize, Deserialize)]
pub struct Up {
    /// Its HTTP API.
    pub url: String,
}

/// The lock that says whether an installation is up; held as long as this lives.
pub struct Held(#[expect(dead_code, reason = "dropping it gives the lock back")] File);

/// Takes the lock, or says how to reach who has it.
pub fn hold(data: &Path) -> Result<Result<Held, Up>> {
    fs::create_dir_all(data).with_context(|| format!("creating {}", data.display()))?;
    let file = File::create(data.join("lock")).with_context(|| format!("opening {}/lock", data.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Ok(Held(file))),
        Err(TryLockError::WouldBlock) => {
            let path = data.join("up.json");
            let up = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            Ok(Err(up.with_context(|| {
                format!("another command is at work in {}; try again when it has ended", data.display())
            })?))
        }
        Err(TryLockError::Error(error)) => Err(error).context("locking the data directory"),
    }
}

/// Says where the API is.
pub fn announce(data: &Path, url: &str) -> Result<()> {
    Ok(fs::write(data.join("up.json"), serde_json::to_vec(&Up { url: url.to_owned() })?)?)
}

/// The installation's secrets, made when there are none yet; readable by their owner only.
pub fn secrets(data: &Path) -> Result<Secrets> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    fs::create_dir_all(data).with_context(|| format!("creating {}", data.display()))?;
    let path = data.join("secrets.json");
    if let Ok(mut file) = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        let secrets = Secrets::random();
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        return Ok(secrets);
    }
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

/// A stack by the real clock, with quiet people, for commands that work while nothing is up.
pub async fn stack(data: &Path, durability: Durability) -> Result<Stack> {
    let provider = SandboxSetup {
        seed: 1,
        people: PeopleSettings::quiet(),
        faults: sandbox::Faults::default(),
        concurrency: 8,
        keep_texts: true,
        on_request: None,
    };
    Stack::start(Setup {
        data: data.to_owned(),
        durability,
        clock: Clock::system(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        link_base: None,
        sender: "つなぎ書店".to_owned(),
        secrets: secrets(data)?,
        provider: Provider::Sandbox(Box::new(provider)),
        faults: None,
    })
    .await
}

/// The tables of an installation, whether it is up or not, for reading.
pub struct Reader {
    /// The table.
    pub table: Table,
    #[expect(dead_code, reason = "the scratch queues live in it")]
    scratch: tempfile::TempDir,
}

/// Opens an installation for reading.
pub fn reader(data: &Path) -> Result<Reader> {
    if !data.join("tables.sqlite").exists() {
        bail!(
            "there is no installation in {}; begin with `tsunagi demo` or `tsunagi up`, or name one with --data",
            data.display()
        );
    }
    let scratch = tempfile::tempdir()?;
    let region = Region::open_tables(data, scratch.path(), Clock::system())?;
    let vars = Vars::new(|name| (name == "TABLE_NAME").then(|| "Table".to_owned()));
    let table = Table::from_vars(aws_sdk_dynamodb::Client::new(&region.sdk_config("tsunagi")), &vars)?;
    Ok(Reader { table, scratch })
}

/// All definitions of a table.
pub async fn definitions(table: &Table) -> Result<Definitions> {
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
pub async fn put_definitions(
    table: &Table,
    files: &[(String, String)],
) -> Result<std::result::Result<(Vec<Applied>, u32), Vec<String>>> {
    let mut versions = table.definitions().await?;
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
    for change in applied.iter().filter(|change| change.new) {
        let version = versions.iter().find(|version| {
            version.kind == change.kind && version.name == change.name && version.number == change.version
        });
        if let Some(version) = version
            && !table.put_definition(version).await?
        {
            bail!(
                "version {} of {} was applied by someone else just now; look at it and apply again",
                change.version,
                change.name
            );
        }
    }
    let number = u32::try_from(versions.len()).unwrap_or(u32::MAX);
    Ok(Ok((applied, number)))
}

/// Tells the bus that definitions were applied, which begins a recomputation.
pub async fn announce_definitions(runtime: &Arc<Runtime>, number: u32) -> Result<()> {
    let bus = runtime.template().buses.first().context("the template has no bus")?.clone();
    let bus = Bus::new(aws_sdk_eventbridge::Client::new(&runtime.region().sdk_config("tsunagi")), bus);
    bus.put(&[(DEFINITION_APPLIED, DefinitionApplied { number })]).await
}

/// Applies definitions to a stack that runs in this process.
pub async fn seed_definitions(stack: &Stack, files: &[(String, String)]) -> Result<u32> {
    let table = stack.runtime.table("tsunagi")?;
    match put_definitions(&table, files).await? {
        Ok((_, number)) => {
            announce_definitions(&stack.runtime, number).await?;
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

fn join(mistakes: &[definition::Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

use domain::definition;
