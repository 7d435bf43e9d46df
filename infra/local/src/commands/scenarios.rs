//! `tsunagi scenarios`.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::definition::{Definition, parse};
use domain::spelling::{counted, nearest};
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};

use super::schema;
use super::text::{complain, say};

/// One folder for each scenario, the schema beside them.
static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// What says which schema a file in the library is to be checked by, and what says so of a file beside the schema.
const IN_LIBRARY: &str = "# yaml-language-server: $schema=../tsunagi.schema.json";
const BESIDE: &str = "# yaml-language-server: $schema=tsunagi.schema.json";

/// The library of definitions to start from.
#[derive(Debug, Args)]
pub struct Scenarios {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which there are, each with what it is for in Japanese and English.
    List {
        /// As JSON: an array of `{ name, purpose_ja, purpose_en, files }`.
        #[arg(long)]
        json: bool,
    },
    /// Prints the files of one.
    Show {
        /// Its name.
        name: String,
    },
    /// Copies the files of one out, with the JSON Schema that editors complete and check them by. A file that is there and
    /// differs is left as it is.
    Add {
        /// Its name.
        name: String,
        /// Where to; without it, a directory of the scenario's name.
        dir: Option<PathBuf>,
    },
}

impl Scenarios {
    pub(super) fn run(self) -> Result<()> {
        match self.command {
            Command::List { json: false } => say(&list()),
            Command::List { json: true } => say(&serde_json::to_string_pretty(&listed())?),
            Command::Show { name } => say(&show(scenario(&name)?)),
            Command::Add { name, dir } => {
                add(scenario(&name)?, &dir.unwrap_or_else(|| PathBuf::from(&name)))?;
            }
        }
        Ok(())
    }
}

fn name_of(scenario: &Dir<'_>) -> String {
    scenario.path().display().to_string()
}

fn scenario(name: &str) -> Result<&'static Dir<'static>> {
    let names: Vec<String> = LIBRARY.dirs().map(name_of).collect();
    LIBRARY.dirs().find(|scenario| name_of(scenario) == name).with_context(|| {
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("there is no scenario `{name}`; did you mean `{near}`?"),
            None => format!("there is no scenario `{name}`; there are: {}", names.join(", ")),
        }
    })
}

/// Names and texts of a scenario's files.
fn files(scenario: &'static Dir<'static>) -> Vec<(String, String)> {
    let file = |file: &include_dir::File<'_>| {
        let name = file.path().file_name()?.to_str()?.to_owned();
        Some((name, file.contents_utf8()?.replacen(IN_LIBRARY, BESIDE, 1)))
    };
    let mut files: Vec<_> = scenario.files().filter_map(file).collect();
    files.sort();
    files
}

/// All scenarios, by their names.
fn all() -> Vec<&'static Dir<'static>> {
    let mut scenarios: Vec<_> = LIBRARY.dirs().collect();
    scenarios.sort_by_key(|scenario| name_of(scenario));
    scenarios
}

/// What the README of a scenario says of it: its title, then a line on what it is for in each language.
#[derive(Debug, Default)]
struct About {
    title: String,
    purpose_ja: String,
    purpose_en: String,
}

fn about(files: &[(String, String)]) -> About {
    let text = files.iter().find(|(name, _)| name == "README.md").map_or("", |(_, text)| text);
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let title = paragraphs.next().unwrap_or_default().trim_start_matches('#').trim();
    let mut lines = paragraphs.next().unwrap_or_default().lines().map(str::to_owned);
    let mut line = || lines.next().unwrap_or_default();
    About { title: title.to_owned(), purpose_ja: line(), purpose_en: line() }
}

/// Every definition of the library once, with the path of its file in it: scenarios share some.
pub fn library() -> Vec<(String, String)> {
    let mut held = BTreeSet::new();
    let mut library = Vec::new();
    for scenario in all() {
        for (file, text) in files(scenario) {
            if Path::new(&file).extension().is_some_and(|extension| extension == "yaml")
                && held.insert(text.clone())
            {
                library.push((format!("{}/{file}", name_of(scenario)), text));
            }
        }
    }
    library
}

/// Name, title, what it is for, and what it holds.
fn list() -> String {
    let entry = |scenario: &'static Dir<'static>| {
        let files = files(scenario);
        let About { title, purpose_ja, purpose_en } = about(&files);
        let mut lines = vec![
            format!("{}   {title}", name_of(scenario)),
            format!("  {purpose_ja}"),
            format!("  {purpose_en}"),
        ];
        lines.extend(files.iter().filter_map(|(_, text)| holds(text)).map(|held| format!("    {held}")));
        lines.join("\n")
    };
    all().into_iter().map(entry).collect::<Vec<_>>().join("\n\n")
}

/// The same as data.
fn listed() -> Vec<Value> {
    let entry = |scenario: &'static Dir<'static>| {
        let files = files(scenario);
        let About { purpose_ja, purpose_en, .. } = about(&files);
        let files: Vec<&String> = files.iter().map(|(name, _)| name).collect();
        json!({ "name": name_of(scenario), "purpose_ja": purpose_ja, "purpose_en": purpose_en, "files": files })
    };
    all().into_iter().map(entry).collect()
}

/// What a file defines.
fn holds(text: &str) -> Option<String> {
    let (kind, name, title) = match parse(text).ok()? {
        Definition::Segment(source) => ("segment", source.name.to_string(), source.title.to_string()),
        Definition::Journey(source) => ("journey", source.name.to_string(), source.title.to_string()),
        Definition::Shop(_) => ("shop", String::new(), String::new()),
        Definition::Providers(_) => ("providers", String::new(), String::new()),
        Definition::List(source) => ("list", source.name.to_string(), String::new()),
    };
    Some(format!("{:<36}{title}", format!("{kind} {name}")).trim_end().to_owned())
}

fn show(scenario: &'static Dir<'static>) -> String {
    let file = |(name, text): (String, String)| format!("# {name}\n\n{}", text.trim_end());
    files(scenario).into_iter().map(file).collect::<Vec<_>>().join("\n\n")
}

fn add(scenario: &'static Dir<'static>, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    let mut files = files(scenario);
    // Every scenario has one: that of the first stays.
    for (file, text) in &mut files {
        let there = fs::read(directory.join(&*file)).is_ok_and(|there| there != text.as_bytes());
        if file == "README.md" && there {
            *file = format!("README-{}.md", name_of(scenario));
        }
    }
    files.push((schema::FILE.to_owned(), schema::text()?));
    let mut kept = 0;
    for (name, text) in files {
        let path = directory.join(name);
        match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => say(&format!("{}: is there already", path.display())),
            Ok(_) => {
                kept += 1;
                complain(&format!("{}: is there and differs; it stays as it is", path.display()));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
                say(&format!("{}: written", path.display()));
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
    if kept > 0 {
        let differ = if kept == 1 { "differs" } else { "differ" };
        bail!(
            "{} {differ} from the scenario's; add it to another directory and compare",
            counted(kept, "file")
        );
    }
    say(&format!("Look at them, then: tsunagi plan {0}, tsunagi apply {0}", directory.display()));
    Ok(())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod texts;
