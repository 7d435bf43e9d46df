//! An installation's directory: its secrets, whether it is up, and how commands reach it.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cloud::clock::Clock;
use cloud::config::Vars;
use cloud::table::Table;
use sandbox::PeopleSettings;
use serde::{Deserialize, Serialize};

use crate::private;
use crate::region::{Durability, Region};
use crate::stack::{Particulars, Provider, SandboxSetup, Secrets, Setup, Stack};

/// How to reach an installation that is up.
#[derive(Clone, Serialize, Deserialize)]
pub struct Up {
    /// Its HTTP API.
    pub url: String,
}

/// The lock that says whether an installation is up; held as long as this lives.
pub struct Held(File);

impl Drop for Held {
    /// Closing the file would do, if no process that is being started had it open as well for a moment.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(error = %error, "the lock of the data directory was not given back");
        }
    }
}

/// Who has the lock.
pub enum Holder {
    /// We do: nothing is up, and nothing else can come up.
    We(Held),
    /// A command that is up does, and takes requests.
    Up(Up),
}

/// Where an installation that is up says how to reach it.
fn up_file(data: &Path) -> PathBuf {
    data.join("up.json")
}

/// Takes the lock, or says how to reach who has it; it is an error when they take no requests.
pub fn hold(data: &Path) -> Result<Holder> {
    private::directory(data)?;
    private::file(&data.join("lock"))?;
    let file = File::create(data.join("lock")).with_context(|| format!("opening {}/lock", data.display()))?;
    let path = up_file(data);
    match file.try_lock() {
        Ok(()) => {
            // Of an `up` that is no more: others would take whoever has the lock for it.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(error).with_context(|| format!("removing {}", path.display()))
                }
                _ => Ok(Holder::We(Held(file))),
            }
        }
        Err(TryLockError::WouldBlock) => {
            let up = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            Ok(Holder::Up(up.with_context(|| {
                format!("another command is at work in {}; try again when it has ended", data.display())
            })?))
        }
        Err(TryLockError::Error(error)) => Err(error).context("locking the data directory"),
    }
}

/// Says where the API is.
pub fn announce(data: &Path, url: &str) -> Result<()> {
    let path = up_file(data);
    private::file(&path)?;
    let text = serde_json::to_vec(&Up { url: url.to_owned() })?;
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// What keeps the messages that a sandbox accepted, whichever process it runs in.
pub fn sandbox_file(data: &Path) -> PathBuf {
    data.join("sandbox.jsonl")
}

/// The installation's secrets, made when there are none yet; readable by their owner only.
pub fn secrets(data: &Path) -> Result<Secrets> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    private::directory(data)?;
    let path = data.join("secrets.json");
    if let Ok(mut file) = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        let secrets = Secrets::random()?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        return Ok(secrets);
    }
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut secrets: Secrets =
        serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?;
    let fresh = Secrets::random()?;
    let Secrets { webhook_secret, address_key, admin_key, .. } = &mut secrets;
    let kept = [
        (webhook_secret, fresh.webhook_secret),
        (address_key, fresh.address_key),
        (admin_key, fresh.admin_key),
    ];
    let mut missing = false;
    for (secret, fresh) in kept.into_iter().filter(|(secret, _)| secret.is_empty()) {
        (*secret, missing) = (fresh, true);
    }
    if missing {
        // Beside it and then in its place, so that a death between leaves the keys that were there.
        let mut beside = tempfile::NamedTempFile::new_in(data)?;
        beside.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        beside.persist(&path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(secrets)
}

/// A stack by the real clock, with quiet people, for commands that work while nothing is up.
pub async fn stack(data: &Path, durability: Durability) -> Result<Stack> {
    let provider = SandboxSetup {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        // It is sent nothing.
        kept_in: None,
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
        particulars: Particulars::default(),
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

/// Makes sure that there is an installation to look at; the error says how to begin one.
pub fn check_exists(data: &Path) -> Result<()> {
    if !data.join("tables.sqlite").exists() {
        bail!(
            "there is no installation in {}; begin with `tsunagi demo` or `tsunagi up`, or name one with --data",
            data.display()
        );
    }
    Ok(())
}

/// Opens an installation for reading.
pub fn reader(data: &Path) -> Result<Reader> {
    check_exists(data)?;
    let scratch = tempfile::tempdir()?;
    let region = Region::open_tables(data, scratch.path(), Clock::system())?;
    // A demo keeps no secrets: its addresses are asked about by nobody.
    let address_key =
        if data.join("secrets.json").exists() { Some(secrets(data)?.address_key) } else { None };
    let vars = Vars::new(move |name| match name {
        "TABLE_NAME" => Some("Table".to_owned()),
        "ADDRESS_KEY" => address_key.clone(),
        _ => None,
    });
    let table = Table::from_vars(aws_sdk_dynamodb::Client::new(&region.sdk_config("tsunagi")), &vars)?;
    Ok(Reader { table, scratch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_installation_that_was_killed_left_misleads_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        let up = hold(data).unwrap();
        announce(data, "http://127.0.0.1:1").unwrap();
        assert!(matches!(hold(data).unwrap(), Holder::Up(Up { url }) if url == "http://127.0.0.1:1"));
        // Its end gives the lock back and leaves the file.
        drop(up);
        let command = hold(data).unwrap();
        assert!(matches!(command, Holder::We(_)));
        let error = hold(data).err().unwrap().to_string();
        assert!(error.starts_with("another command is at work in "), "{error}");
    }
}
