//! The README's table of providers and what they can do: each cell has a test that exists, or a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use domain::routes::{EMAIL_PROVIDERS, LINE_PROVIDERS, SMS_PROVIDERS};

const YES: &str = "✓";
const NO: &str = "–";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The table's cells by provider and column.
fn table(readme: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let cells = |line: &str| -> Vec<String> {
        line.trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let mut lines = readme.lines().skip_while(|line| !line.starts_with("| provider |"));
    let columns = cells(lines.next().context("the README has no table of providers")?);
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(|line| {
        let row = cells(line);
        ensure!(row.len() == columns.len(), "a row of {} cells: {line}", row.len());
        let named = columns.iter().cloned().zip(row.iter().cloned()).skip(1).collect();
        Ok((row[0].clone(), named))
    });
    rows.collect()
}

/// What `PROVIDERS.md` says of each provider and column.
fn shown(text: &str) -> BTreeMap<(String, String), String> {
    let mut provider = String::new();
    let mut shown = BTreeMap::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut provider);
        } else if let Some((column, what)) = line.strip_prefix("- ").and_then(|line| line.split_once(": "))
            && !provider.is_empty()
        {
            shown.insert((provider.clone(), column.to_owned()), what.to_owned());
        }
    }
    shown
}

/// Whether `path::name` is a test.
fn is_a_test(named: &str) -> Result<()> {
    let (path, name) = named.trim_matches('`').split_once("::").context("write it as `path::name`")?;
    let source = fs::read_to_string(root().join(path)).with_context(|| format!("there is no {path}"))?;
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = [format!("fn {name}("), format!("async fn {name}(")];
    let at = lines.iter().position(|line| declared.iter().any(|it| line.starts_with(it)));
    let at = at.with_context(|| format!("there is no {name} in {path}"))?;
    let before = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    ensure!(before.into_iter().any(|line| line.contains("test")), "{name} in {path} is no test");
    Ok(())
}

#[test]
fn every_cell_has_a_test_or_a_reason() -> Result<()> {
    let table = table(&fs::read_to_string(root().join("README.md"))?)?;
    let shown = shown(&fs::read_to_string(root().join("PROVIDERS.md"))?);
    let mut wrong = Vec::new();
    for name in SMS_PROVIDERS.iter().chain(&EMAIL_PROVIDERS).chain(&LINE_PROVIDERS) {
        if !table.contains_key(*name) {
            wrong.push(format!("{name} has no row"));
        }
    }
    let mut used = BTreeSet::new();
    for (provider, cells) in &table {
        for (column, cell) in cells {
            let key = (provider.clone(), column.clone());
            let what = shown.get(&key).map(String::as_str).unwrap_or_default();
            let right = match cell.as_str() {
                YES => is_a_test(what),
                NO if what.starts_with("none; ") => Ok(()),
                _ => Err(anyhow::anyhow!("the cell says {cell:?}, PROVIDERS.md {what:?}")),
            };
            if let Err(error) = right {
                wrong.push(format!("{provider}, {column}: {error:#}"));
            }
            used.insert(key);
        }
    }
    wrong.extend(shown.keys().filter(|key| !used.contains(*key)).map(|key| format!("{key:?} has no cell")));
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

#[test]
fn a_cell_without_its_test_is_found() {
    let ours = "tests/tests/promises/providers_table.rs";
    assert!(is_a_test(&format!("`{ours}::a_cell_without_its_test_is_found`")).is_ok());
    for named in
        [format!("{ours}::is_a_test"), format!("{ours}::nothing"), "nowhere.rs::x".to_owned(), "x".to_owned()]
    {
        assert!(is_a_test(&named).is_err(), "{named}");
    }
}
