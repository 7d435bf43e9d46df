//! What commands write.

use std::io::{self, Write};
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes to standard output; a reader that went away is no error.
pub fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes to standard error.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A bar with rate and time left on standard error; silent when that is no terminal.
pub fn bar(what: &str, length: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let template = match unit {
        "bytes" => "{msg:24} {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left".to_owned(),
        _ => format!("{{msg:24}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  {{eta}} left"),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A line that shows how a figure went, from its least to its greatest; where nothing is known it has a gap.
pub fn spark(figures: &[Option<u64>]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || figures.iter().flatten().copied();
    let (least, greatest) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let height = |figure: u64| {
        let steps = (HEIGHTS.len() as u64 - 1) * (figure - least);
        let step = steps.checked_div(greatest - least).unwrap_or(0);
        HEIGHTS[usize::try_from(step).unwrap_or(0)]
    };
    figures.iter().map(|figure| figure.map_or(' ', height)).collect()
}

/// A whole number with its thousands set apart.
pub fn thousands(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// The most memory this process ever held, in MB (1,000,000 bytes); 0 where the system does not tell.
pub fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<f64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

/// A cell of CSV that no spreadsheet takes for a formula: one that might be is quoted by an apostrophe, as OWASP has it
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub fn cell(text: &str) -> String {
    let quote = if text.starts_with(FORMULA) { "'" } else { "" };
    format!("{quote}{text}")
}

/// With what a formula begins.
pub const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Rows in columns that begin two from the left: the first is for names, the others for figures, which end below each other.
/// A row of a name alone is a heading.
pub fn columns<const FIGURES: usize>(
    rows: impl IntoIterator<Item = (String, Option<[String; FIGURES]>)>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (name, figures) in rows {
        table.add_row([name].into_iter().chain(figures.into_iter().flatten()));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = table.lines().map(|line| format!(" {}", line.trim_end()));
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A share as a percentage.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_end_below_each_other_whatever_the_letters() {
        let row = |name: &str, figures: [&str; 2]| (name.to_owned(), Some(figures.map(ToOwned::to_owned)));
        let rows =
            [row("journey", ["sent", "CTR"]), ("分岐".to_owned(), None), row("  お客様", ["12", "1.50 %"])];
        assert_eq!(columns(rows), "  journey   sent     CTR\n  分岐\n    お客様    12  1.50 %\n");
    }

    #[test]
    fn a_spark_goes_from_the_least_to_the_greatest() {
        assert_eq!(spark(&[Some(10), None, Some(17), Some(24)]), "▁ ▄█");
        assert_eq!(spark(&[Some(5), Some(5)]), "▁▁");
        assert_eq!(spark(&[Some(0), Some(u64::from(u32::MAX))]), "▁█");
        assert_eq!(spark(&[None]), " ");
    }
}
