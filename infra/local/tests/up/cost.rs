//! `tsunagi cost`, as it is typed, and what the runbook says of it.

use std::process::Command;

use serde_json::Value;

const TSUNAGI: &str = env!("CARGO_BIN_EXE_tsunagi");

/// Units of the table that a message may take, from the timer to the receipt, and those of clicks and of beginning beside it.
const WRITE_UNITS: f64 = 20.0;

/// By how much a figure of the runbook may be off: it is rounded, and logs tell of milliseconds.
const TOLERANCE: f64 = 0.03;

fn cost(arguments: &[&str]) -> Value {
    let output = Command::new(TSUNAGI).args(["cost", "--json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What a list of lines says of one.
fn quantity(lines: &Value, what: &str) -> f64 {
    let line = lines.as_array().unwrap().iter().find(|line| line["what"] == what);
    number(&line.unwrap_or_else(|| panic!("no line {what} in {lines}"))["quantity"])
}

/// The figures of the runbook's table `What it costs`: the name of each row, and its yen.
fn documented() -> Vec<(String, f64)> {
    let runbook = include_str!("../../../README.md");
    let section = runbook.split("## What it costs").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows =
        section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let figures = rows.filter_map(|(name, yen)| {
        let yen = yen.strip_prefix('¥')?.replace(',', "");
        Some((name.to_owned(), yen.parse().unwrap_or_else(|_| panic!("{name}: {yen} is no figure"))))
    });
    figures.collect()
}

#[test]
fn a_stack_is_reckoned_and_the_runbook_has_its_figures() {
    let told = cost(&[]);
    assert_eq!(told["prices_as_of"], "2026-09-01");
    // Nine queues, asked by five three times a minute for 730 hours; and twenty metrics.
    assert!((quantity(&told["idle"], "asking 9 empty queues") - 5_913_000.0).abs() < 0.5);
    assert!((quantity(&told["idle"], "alarms") - 20.0).abs() < 1e-9);
    let written = quantity(&told["message"], "table, written");
    assert!(written > 8.0 && written <= WRITE_UNITS, "{written} write units a message");
    let [message, idle] = ["yen_per_message", "yen_idle_month"].map(|name| number(&told[name]));
    let aims = &told["aims"];
    println!("¥{message} a message, ¥{idle} idle; aims {aims}");
    let month = number(&told["yen_1000000_messages_month"]);
    assert!((month - idle - 1e6 * message).abs() < 1.0, "{month}");
    // An SMS of one part at least, at $0.0745; and no journey with fewer steps than messages.
    assert!(number(&told["sms"]["yen_each"]) >= 0.0745 * number(&told["yen_per_dollar"]["yen"]) - 1e-9);
    assert!(number(&told["step_functions"]["transitions_per_message"]) >= 1.0);

    let names = [
        ("an idle month, at list prices", "/yen_idle_month_at_list_prices"),
        ("an idle month, beyond what every account gets for nothing", "/yen_idle_month_beyond_free"),
        ("a message", "/yen_per_message"),
        ("a month with 10,000 messages", "/yen_10000_messages_month"),
        ("a month with 1,000,000 messages", "/yen_1000000_messages_month"),
        ("10,000 customers, a month in which nothing happens to them", "/yen_10000_customers_month"),
        ("the same journey on Step Functions, a message", "/step_functions/yen_per_message"),
        ("AWS's fee of an SMS", "/sms/yen_each"),
    ];
    let figures = names.map(|(name, figure)| (name, number(told.pointer(figure).unwrap())));
    let documented = documented();
    let right = figures
        .iter()
        .zip(&documented)
        .all(|((name, is), (row, said))| row == name && (said - is).abs() <= TOLERANCE * is);
    let wanted: Vec<String> = figures.iter().map(|(name, is)| format!("| {name} | ¥{is} |")).collect();
    assert!(
        right && documented.len() == figures.len(),
        "infra/README.md, What it costs, has {documented:?}; it is\n{}",
        wanted.join("\n")
    );
}

#[test]
fn a_price_file_is_taken_or_refused_by_its_field() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prices.yaml");
    let tokyo = include_str!("../../data/prices/aws-tokyo.yaml");
    std::fs::write(&file, tokyo.replace("usd: 0.715", "usd: many")).unwrap();
    let output = Command::new(TSUNAGI).args(["cost", "--prices"]).arg(&file).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("prices.yaml can't be taken: prices.table_writes: "), "{complaint}");
    assert!(output.stdout.is_empty());

    std::fs::write(&file, tokyo.replace("yen: 155,", "yen: 100,")).unwrap();
    let told =
        cost(&["--customers", "20", "--free", "--architecture", "arm64", "--prices", file.to_str().unwrap()]);
    assert_eq!((&told["architecture"], &told["free_taken_off"]), (&"arm64".into(), &true.into()));
    // $0.10 for each of ten metrics beyond the ten that are free, and no dashboard.
    let lines = told["idle"].as_array().unwrap();
    let beyond =
        |what: &str| number(&lines.iter().find(|line| line["what"] == what).unwrap()["yen_beyond_free"]);
    assert!((beyond("alarms") - 100.0).abs() < 1e-9 && beyond("dashboard") == 0.0, "{lines:?}");
    assert_eq!(told["yen_idle_month"], told["yen_idle_month_beyond_free"]);
}

#[test]
fn the_table_is_readable() {
    let output = Command::new(TSUNAGI).args(["cost", "--customers", "20"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for wanted in [
        "Prices of 2026-09-01 in ap-northeast-1, x86_64; ",
        "asking 9 empty queues",
        "Step Functions",
        "Aims: ¥0.003",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
}
