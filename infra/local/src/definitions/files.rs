//! The files that hold definitions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use domain::definition::Mistake;
use domain::definitions::Kind;

use super::list_file;

/// A file that holds a definition.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as it is shown.
    pub path: String,
    /// What is in it, as it is shown.
    pub text: String,
    /// What kind of definition it holds and which name that has, where its path tells.
    pub of: Option<(Kind, String)>,
    /// The definition.
    pub yaml: Result<String, Vec<Mistake>>,
}

impl File {
    /// A file with a definition as it is written.
    pub fn definition(path: &str, yaml: String) -> Self {
        Self { path: path.to_owned(), text: yaml.clone(), of: None, yaml: Ok(yaml) }
    }
}

/// The definitions of a directory in the order of their paths, or the one in a file: *.yaml and *.yml, and lists as *.csv
/// and *.txt. It is an error when there are none.
pub fn read(path: &Path) -> Result<Vec<File>> {
    let mut paths: Vec<PathBuf> = if path.is_file() {
        vec![path.to_owned()]
    } else {
        fs::read_dir(path)
            .with_context(|| format!("reading {}", path.display()))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?
    };
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => files.push(yaml(&path, shown)?),
            Some("csv") => files.push(list_file::read(&path, &shown, list_file::Form::Csv)?),
            Some("txt") => files.push(list_file::read(&path, &shown, list_file::Form::Lines)?),
            Some(_) | None => {}
        }
    }
    if files.is_empty() && path.is_file() {
        bail!(
            "{} holds no definition; its name ends neither in .yaml nor, for a list, in .csv or .txt",
            path.display()
        );
    }
    if files.is_empty() {
        bail!("there is no *.yaml in {}", path.display());
    }
    Ok(files)
}

fn yaml(path: &Path, shown: String) -> Result<File> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => File::definition(&shown, text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = place(&text, valid);
            let mistake =
                Mistake { place, what: "not UTF-8 from here on; save the file as UTF-8".to_owned() };
            File { path: shown, text, of: None, yaml: Err(vec![mistake]) }
        }
    })
}

/// The line and column of a byte.
pub(super) fn place(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}
