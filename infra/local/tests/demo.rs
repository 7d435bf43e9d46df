//! `tsunagi demo --json` on real records, as a process.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::time::{DAY, Timestamp};
use serde_json::Value;

/// What everyone who reads `--json` may rely on.
const KEYS: [&str; 21] = [
    "customers",
    "purchases",
    "lapsed",
    "audience",
    "sent",
    "failed",
    "skipped",
    "unknown",
    "delivered",
    "clicked",
    "converted",
    "cost_yen",
    "revenue_yen",
    "ctr",
    "cvr",
    "cpa_yen",
    "wru_per_message",
    "rru_per_message",
    "messages_per_second",
    "wall_seconds",
    "peak_memory_mb",
];

/// What the command prints: one object, alone on standard output, and exit 0.
fn demo(data: &Path, seed: u64, days: u32) -> Result<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    command.args(["demo", "--json", "--seed", &seed.to_string(), "--days", &days.to_string(), "--data"]);
    json(command.arg(data))
}

/// What a command prints as JSON.
fn json(command: &mut Command) -> Result<Value> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("standard output is no JSON")
}

/// Every figure of the report's steps has its people, and each of them once.
fn lists_are_the_people_behind_the_figures(data: &Path) -> Result<()> {
    let report = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
        json(command.args(["report", "win-back", "--json", "--data"]).arg(data).args(arguments))
    };
    let figures = report(&[])?;
    let steps = figures["steps"].as_array().context("steps")?;
    let mut clicks = 0;
    for which in ["sent", "failed", "skipped", "unknown", "delivered", "opened", "clicked", "bots", "replied"]
    {
        let list = report(&["--list", which])?;
        let list = list.as_array().context("a list")?;
        for step in steps {
            let of_step: Vec<&str> = list
                .iter()
                .filter(|one| one["step"] == step["step"])
                .filter_map(|one| one["customer"].as_str())
                .collect();
            assert_eq!(step[which], of_step.len(), "{which} of {step}");
            assert_eq!(of_step.iter().collect::<BTreeSet<_>>().len(), of_step.len(), "{which} of {step}");
        }
        clicks += if which == "clicked" { list.len() } else { 0 };
    }
    assert!(clicks > 0, "nobody clicked, which shows nothing: {figures}");
    for (which, figure) in [("entered", "audience"), ("converted", "converted")] {
        let list = report(&["--list", which])?;
        assert_eq!(
            Some(list.as_array().context("a list")?.len() as u64),
            figures[figure].as_u64(),
            "{which}"
        );
    }
    let missed = report(&["--list", "missed"])?.as_array().context("a list")?.len();
    let figure = |name: &str| figures[name].as_u64().unwrap_or_default();
    assert_eq!(missed as u64, figure("failed") + figure("skipped") + figure("unknown"));
    assert!(missed > 0, "nobody was missed, which shows nothing: {figures}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tsunagi"));
    let csv = command.args(["report", "win-back", "--list", "clicked", "--data"]).arg(data).output()?.stdout;
    let csv = String::from_utf8(csv)?;
    let first = csv.lines().nth(1).context("a row")?;
    assert!(csv.starts_with("customer,step,when,detail\n"), "{csv}");
    assert!(first.contains(",hello,1998-07-0") && first.ends_with("+09:00,shop"), "{first}");
    assert_eq!(csv.lines().count(), 1 + clicks);
    Ok(())
}

/// Counted over the raw file by the eye of a spreadsheet: the last day of each customer, 180 days of 24 hours before
/// 1998-07-01T00:00+09:00 or earlier.
fn lapsed_in_the_record() -> Result<usize> {
    let compressed = include_bytes!("../data/cdnow-master.txt.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_string(&mut text)?;
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut columns = line.split_whitespace();
        if let (Some(customer), Some(day)) = (columns.next(), columns.next()) {
            let latest = last.entry(customer).or_insert(day);
            *latest = (*latest).max(day);
        }
    }
    let start = Timestamp::parse("1998-07-01T00:00:00+09:00")?;
    let midnight =
        |day: &str| Timestamp::parse(&format!("{}-{}-{}T00:00:00+09:00", &day[..4], &day[4..6], &day[6..]));
    let mut lapsed = 0;
    for day in last.values() {
        lapsed += usize::from(start.since(midnight(day)?) >= 180 * DAY);
    }
    Ok(lapsed)
}

fn adds_up_within_its_budgets(figures: &Value) -> Result<()> {
    for key in KEYS {
        assert!(!figures[key].is_null(), "{key} is missing: {figures}");
    }
    let count =
        |key: &str| figures[key].as_u64().with_context(|| format!("{key} is no count: {}", figures[key]));
    assert_eq!(count("lapsed")?, lapsed_in_the_record()? as u64);
    assert_eq!((count("customers")?, count("purchases")?), (23_570, 69_659));
    assert_eq!(count("audience")?, count("sent")? + count("failed")? + count("skipped")? + count("unknown")?);
    assert_eq!(count("audience")?, count("lapsed")? + count("entered_later")?);
    assert_eq!((count("duplicates")?, count("unknown")?), (0, 0));
    let number = |key: &str| figures[key].as_f64().unwrap_or(f64::MAX);
    assert!(number("wru_per_message") <= 16.0, "{}", figures["wru_per_message"]);
    assert!(number("rru_per_message") <= 6.0, "{}", figures["rru_per_message"]);
    Ok(())
}

#[test]
fn two_days_add_up_within_the_budgets() -> Result<()> {
    let data = tempfile::tempdir()?;
    adds_up_within_its_budgets(&demo(data.path(), 1, 2)?)?;
    lists_are_the_people_behind_the_figures(data.path())
}

#[test]
#[ignore = "long: two demos of ninety days"]
fn ninety_days_add_up_and_the_same_seed_gives_the_same_figures() -> Result<()> {
    let figures = || {
        let data = tempfile::tempdir()?;
        let mut figures = demo(data.path(), 7, 90)?;
        adds_up_within_its_budgets(&figures)?;
        for key in ["messages_per_second", "wall_seconds", "peak_memory_mb"] {
            figures[key] = Value::Null;
        }
        anyhow::Ok(figures)
    };
    assert_eq!(figures()?, figures()?);
    Ok(())
}
